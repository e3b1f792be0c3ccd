"""Output keys: the whole source key stays, so `a.png` and `a.jpg` cannot collide and one prefix lists one source."""

from collections.abc import Sequence

from processing.failures import FailureCode, PermanentError
from processing.output_formats import PDF
from processing.renditions import Rendition

DOCUMENT_NAME = f"document{PDF.suffix}"
MAX_KEY_BYTES = 1024  # Amazon S3 User Guide, "Naming Amazon S3 objects": UTF-8, at most 1,024 bytes


def document_key(source_key: str) -> str:
    """Return the key of the PDF, the commit marker, stored last."""
    return f"{source_key}/{DOCUMENT_NAME}"


def output_names(renditions: Sequence[Rendition]) -> tuple[str, ...]:
    """Return the last part of every output key, the commit marker's last."""
    return (*(rendition.file_name for rendition in renditions), DOCUMENT_NAME)


def output_keys(source_key: str, renditions: Sequence[Rendition]) -> tuple[str, ...]:
    """Return every output key of a source, the commit marker last.

    Raises:
        PermanentError: `key-too-long` when an output key is longer than S3 allows.
    """
    keys = tuple(f"{source_key}/{name}" for name in output_names(renditions))
    longest = max(len(key.encode()) for key in keys)
    if longest > MAX_KEY_BYTES:
        raise PermanentError(
            FailureCode.KEY_TOO_LONG, f"an output key would have {longest} bytes, S3 allows {MAX_KEY_BYTES}"
        )
    return keys
