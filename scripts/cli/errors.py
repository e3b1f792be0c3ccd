"""The error that ends a command with a message and without a traceback."""


class OperatorError(Exception):
    """The command cannot do what was asked; the message gives the reason and the next step."""
