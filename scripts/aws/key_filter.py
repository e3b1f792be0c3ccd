"""The keys that a stage processes: its parameters keyPrefix and keySuffixes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class KeyFilter:
    """A filter of the input bucket's notification.

    Attributes:
        prefix: every processed key begins so.
        suffixes: every processed key ends in one of these; empty: in anything.
    """

    prefix: str = ""
    suffixes: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "KeyFilter":
        """Read `prefix*suffix,suffix`, the stack's output ProcessedKeys."""
        prefix, _, suffixes = text.partition("*")
        return cls(prefix, tuple(suffix.strip() for suffix in suffixes.split(",") if suffix.strip()))

    def __str__(self) -> str:
        return f"{self.prefix}*{','.join(self.suffixes)}"

    def matches(self, key: str) -> bool:
        """Return True if the stage processes an object with this key."""
        return key.startswith(self.prefix) and (not self.suffixes or key.endswith(self.suffixes))
