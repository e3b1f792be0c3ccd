"""Ctrl-C and SIGTERM mean the same: stop, and clean up in peace."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def interrupt_once() -> None:
    """Makes the first Ctrl-C or SIGTERM raise KeyboardInterrupt and the following ones do nothing.

    At a terminal Ctrl-C reaches us twice, once directly and once through npm.
    """
    for name in _SIGNALS:
        signal.signal(name, _interrupt)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Runs the block to its end; a Ctrl-C or SIGTERM that came meanwhile takes effect after it.

    Only in the main thread, which is where Python handles signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pending: list[int] = []
    handlers = {number: signal.signal(number, lambda number, _: pending.append(number)) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if pending:
            signal.raise_signal(pending[0])


def _interrupt(*_: object) -> NoReturn:
    for name in _SIGNALS:
        signal.signal(name, lambda *_: None)  # unlike SIG_IGN, not inherited by processes started while cleaning up
    raise KeyboardInterrupt
