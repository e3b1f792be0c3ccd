"""The formats that Darkroom writes: file name suffix and content type. The encoders are in `images/encoders`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class OutputFormat:
    """A format of outputs.

    Attributes:
        suffix: the end of the file name and of the output key, with its dot.
        content_type: stored with the object in S3.
    """

    suffix: str
    content_type: str


JPEG, WEBP, AVIF = "jpeg", "webp", "avif"
RENDITION_FORMATS = {
    JPEG: OutputFormat(".jpg", "image/jpeg"),
    WEBP: OutputFormat(".webp", "image/webp"),
    AVIF: OutputFormat(".avif", "image/avif"),
}
PDF = OutputFormat(".pdf", "application/pdf")
_CONTENT_TYPES = {output.suffix: output.content_type for output in (*RENDITION_FORMATS.values(), PDF)}


def content_type(file_name: str) -> str:
    """Return the content type of an output by its suffix."""
    return _CONTENT_TYPES[file_name[file_name.rindex(".") :]]
