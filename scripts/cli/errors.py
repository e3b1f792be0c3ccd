"""The error that ends a command with a message and without a traceback."""


class OperatorError(Exception):
    """The command cannot do what was asked; the message gives the reason and the next step.

    Args:
        lines: of the message. Each is printed on one line, whatever is in it.
    """

    def __init__(self, *lines: str) -> None:
        super().__init__(*lines)
        self.lines = lines

    def __str__(self) -> str:
        return "\n".join(self.lines)
