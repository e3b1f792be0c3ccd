"""Writes a PDF that embeds JPEGs unchanged, one on each page."""

from collections.abc import Iterable
from dataclasses import dataclass
from io import SEEK_END, BufferedWriter, FileIO

from PIL.PdfParser import IndirectReference, PdfDict, PdfName, PdfParser

from processing.failures import FailureCode, PermanentError
from processing.images.geometry import Size
from processing.images.metadata import Rights
from processing.images.rendered import RenderedFile
from processing.output_keys import DOCUMENT_NAME
from processing.settings import PdfPage

_DPI = 150  # a 1200 px photo is 20 cm wide on paper
_POINTS_PER_INCH = 72
_MM_PER_INCH = 25.4
_DATE = b"D:20000101000000Z"  # fixed, so that the same photo gives the same bytes
_BYTE_ORDER_MARK = b"\xfe\xff"

Points = tuple[float, float]


@dataclass(frozen=True)
class PdfInfo:
    """The document information.

    Attributes:
        title: empty for none.
        rights: author and copyright.
    """

    title: str
    rights: Rights

    @property
    def entries(self) -> dict[str | bytes, bytes]:
        """Return the entries that are not empty, and fixed dates."""
        texts = {b"Title": self.title.encode(), b"Author": self.rights.artist, b"Copyright": self.rights.copyright}
        dates: dict[str | bytes, bytes] = {b"CreationDate": _DATE, b"ModDate": _DATE}
        return dates | {name: _text(text) for name, text in texts.items() if text}


def write_pdf(
    file: FileIO, jpegs: Iterable[tuple[bytes, Size]], number: int, info: PdfInfo, page: PdfPage, max_bytes: int
) -> RenderedFile:
    """Write a PDF with a page for each JPEG.

    Args:
        file: an empty file.
        jpegs: three components of 8 bits, embedded as they are, and their sizes in pixels; read one at a time.
        number: of JPEGs.
        info: the document information.
        page: format of the pages.
        max_bytes: of the file.

    Raises:
        PermanentError: `too-many-pages` if the file would be larger.
    """
    sizes: list[Size] = []
    with PdfParser() as pdf:
        pdf.f = buffered = BufferedWriter(file)  # not as an argument: Pillow would map the file, by a new descriptor
        pdf.start_writing()
        pdf.write_header()
        objects = [(pdf.next_object_id(0), pdf.next_object_id(0)) for _ in range(number)]
        pdf.pages.extend(reference for reference, _ in objects)
        pdf.write_catalog()
        for (reference, contents), (jpeg, size) in zip(objects, jpegs, strict=True):
            if buffered.tell() + len(jpeg) > max_bytes and sizes:
                detail = f"its PDF would have more than {max_bytes:,} bytes: {len(sizes)} of {number} pages fit"
                raise PermanentError(FailureCode.TOO_MANY_PAGES, detail)
            _write_page(pdf, reference, contents, jpeg, size, page)
            sizes.append(size)
        pdf.info.update(info.entries)
        pdf.write_xref_and_trailer()
        buffered.detach()
    width, height = sizes[0]
    return RenderedFile(name=DOCUMENT_NAME, width_px=width, height_px=height, size_bytes=file.seek(0, SEEK_END))


def _write_page(
    pdf: PdfParser, reference: IndirectReference, contents: IndirectReference, jpeg: bytes, size: Size, page: PdfPage
) -> None:
    (width, height), (left, bottom), media = _place(size, page)
    resources = PdfDict(XObject=PdfDict(photo=_write_image(pdf, jpeg, size)))
    pdf.write_page(reference, Resources=resources, MediaBox=[0, 0, *media], Contents=contents)
    pdf.write_obj(contents, stream=b"q %f 0 0 %f %s cm /photo Do Q\n" % (width, height, _offset(left, bottom)))


def _place(size: Size, page: PdfPage) -> tuple[Points, Points, Points]:
    """Return size and position of a picture on its page, and the page's size, in points."""
    if not page.millimetres:
        width, height = (side * _POINTS_PER_INCH / _DPI for side in size)
        return (width, height), (0, 0), (width, height)
    across, down = (side * _POINTS_PER_INCH / _MM_PER_INCH for side in page.millimetres)
    if size[0] > size[1]:
        across, down = down, across
    margin = page.margin_mm * _POINTS_PER_INCH / _MM_PER_INCH
    scale = min((across - 2 * margin) / size[0], (down - 2 * margin) / size[1])
    width, height = size[0] * scale, size[1] * scale
    return (width, height), ((across - width) / 2, (down - height) / 2), (across, down)


def _offset(left: float, bottom: float) -> bytes:
    return b"%f %f" % (left, bottom) if left or bottom else b"0 0"


def _text(text: bytes) -> bytes:
    """Return a PDF text string (ISO 32000-1, 7.9.2.2): ASCII, or UTF-16 with a byte order mark."""
    if text.isascii():
        return text
    try:
        readable = text.decode()
    except UnicodeDecodeError:
        readable = text.decode("latin-1")
    return _BYTE_ORDER_MARK + readable.encode("utf-16-be")


def _write_image(pdf: PdfParser, jpeg: bytes, size: Size) -> IndirectReference:
    return pdf.write_obj(
        None,
        stream=jpeg,
        Type=PdfName("XObject"),
        Subtype=PdfName("Image"),
        Width=size[0],
        Height=size[1],
        BitsPerComponent=8,
        ColorSpace=PdfName("DeviceRGB"),
        Filter=PdfName("DCTDecode"),
    )
