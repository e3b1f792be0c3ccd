"""Ctrl-C and SIGTERM mean the same: stop, and clean up in peace."""

import signal
from typing import NoReturn

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def interrupt_once() -> None:
    """Makes the first Ctrl-C or SIGTERM raise KeyboardInterrupt and the following ones do nothing.

    At a terminal Ctrl-C reaches us twice, once directly and once through npm.
    """
    for name in _SIGNALS:
        signal.signal(name, _interrupt)


def _interrupt(*_: object) -> NoReturn:
    for name in _SIGNALS:
        signal.signal(name, lambda *_: None)  # unlike SIG_IGN, not inherited by processes started while cleaning up
    raise KeyboardInterrupt
