"""Writes a one-page PDF that embeds a JPEG unchanged."""

from io import SEEK_END, BufferedWriter, FileIO

from PIL.PdfParser import IndirectReference, PdfDict, PdfName, PdfParser

from processing.images.geometry import Size
from processing.images.rendered import RenderedFile
from processing.output_keys import DOCUMENT_NAME

_DPI = 150  # a 1200 px photo is 20 cm wide on paper
_POINTS_PER_INCH = 72
_DATE = b"D:20000101000000Z"  # fixed, so that the same photo gives the same bytes


def write_pdf(file: FileIO, jpeg: bytes, size: Size) -> RenderedFile:
    """Write a PDF of one JPEG.

    Args:
        file: an empty file.
        jpeg: three components of 8 bits, embedded as it is.
        size: width and height of the JPEG in pixels.
    """
    width, height = (side * _POINTS_PER_INCH / _DPI for side in size)
    with PdfParser() as pdf:
        pdf.f = buffered = BufferedWriter(file)  # not as an argument: Pillow would map the file, by a new descriptor
        pdf.start_writing()
        pdf.write_header()
        page, contents = pdf.next_object_id(0), pdf.next_object_id(0)
        pdf.pages.append(page)
        pdf.write_catalog()
        resources = PdfDict(XObject=PdfDict(photo=_write_image(pdf, jpeg, size)))
        pdf.write_page(page, Resources=resources, MediaBox=[0, 0, width, height], Contents=contents)
        pdf.write_obj(contents, stream=b"q %f 0 0 %f 0 0 cm /photo Do Q\n" % (width, height))
        pdf.info.update({b"CreationDate": _DATE, b"ModDate": _DATE})
        pdf.write_xref_and_trailer()
        buffered.detach()
    return RenderedFile(name=DOCUMENT_NAME, width_px=size[0], height_px=size[1], size_bytes=file.seek(0, SEEK_END))


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
