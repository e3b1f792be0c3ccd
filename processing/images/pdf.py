"""The PDF: one page in the shape of the photo, around the bytes of a JPEG. No second lossy generation."""

from dataclasses import replace
from pathlib import Path

from PIL.PdfParser import IndirectReference, PdfDict, PdfName, PdfParser

from processing.images.rendered import RenderedFile

_DPI = 150  # a 1200 px photo is 20 cm wide on paper
_POINTS_PER_INCH = 72
_DATE = b"D:20000101000000Z"  # fixed: the same photo gives the same bytes


def write_document(path: Path, jpeg: Path, picture: RenderedFile) -> RenderedFile:
    """Writes the PDF.

    Args:
        path: the file to write.
        jpeg: what to put into it: three components of 8 bits.
        picture: the size of that JPEG.
    """
    width, height = (side * _POINTS_PER_INCH / _DPI for side in (picture.width_px, picture.height_px))
    with path.open("w+b") as file, PdfParser(f=file) as pdf:
        pdf.start_writing()
        pdf.write_header()
        page, contents = pdf.next_object_id(0), pdf.next_object_id(0)
        pdf.pages.append(page)
        pdf.write_catalog()
        image = _write_image(pdf, jpeg.read_bytes(), picture)
        resources = PdfDict(XObject=PdfDict(photo=image))
        pdf.write_page(page, Resources=resources, MediaBox=[0, 0, width, height], Contents=contents)
        pdf.write_obj(contents, stream=b"q %f 0 0 %f 0 0 cm /photo Do Q\n" % (width, height))
        pdf.info.update({b"CreationDate": _DATE, b"ModDate": _DATE})
        pdf.write_xref_and_trailer()
    return replace(picture, name=path.name, size_bytes=path.stat().st_size)


def _write_image(pdf: PdfParser, jpeg: bytes, picture: RenderedFile) -> IndirectReference:
    return pdf.write_obj(
        None,
        stream=jpeg,
        Type=PdfName("XObject"),
        Subtype=PdfName("Image"),
        Width=picture.width_px,
        Height=picture.height_px,
        BitsPerComponent=8,
        ColorSpace=PdfName("DeviceRGB"),
        Filter=PdfName("DCTDecode"),
    )
