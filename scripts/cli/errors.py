"""Errors that end a command with a message and without a traceback."""


class OperatorError(Exception):
    """The command cannot do what was asked; the message gives the reason and the next step."""


class StageError(OperatorError):
    """The stage cannot be found."""


class JournalError(OperatorError):
    """The journal cannot be used."""
