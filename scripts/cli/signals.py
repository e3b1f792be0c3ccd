"""Handle Ctrl-C and SIGTERM alike: stop, and finish the clean-up."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def interrupt_once() -> None:
    """Let the first Ctrl-C or SIGTERM raise KeyboardInterrupt, and ignore the next ones.

    At a terminal Ctrl-C arrives twice, once directly and once through npm.
    """
    for name in _SIGNALS:
        signal.signal(name, _interrupt)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Delay Ctrl-C and SIGTERM until the block has ended.

    Only in the main thread, where Python handles signals.
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
        signal.signal(name, lambda *_: None)  # unlike SIG_IGN not inherited by child processes
    raise KeyboardInterrupt
