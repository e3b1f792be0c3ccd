"""Renders one photo into its renditions and its PDF: the steps in their order, one file each."""

from collections.abc import Sequence
from io import FileIO

from processing.images.colour import to_srgb
from processing.images.decode import full_size, open_photo
from processing.images.decoder_errors import translate_decoder_errors
from processing.images.encoders import Tags, jpeg_for_pdf, write_rendition
from processing.images.flatten import flatten_on_white
from processing.images.formats.input_format import Data, Header
from processing.images.geometry import Size, choose_shrink, plan_sizes
from processing.images.header import check_pixels, inspect_header
from processing.images.metadata import exif_block, read_rights
from processing.images.orientation import apply_orientation, read_orientation, swaps_sides
from processing.images.pdf import write_pdf
from processing.images.pixels import Picture, resize_to
from processing.images.rendered import Rendered, RenderedFile
from processing.settings import RenderSettings


def render_photo(
    photo: Data, outputs: Sequence[FileIO], settings: RenderSettings, mark: str = "", header: Header | None = None
) -> Rendered:
    """Write every rendition and the PDF of one photo into open files.

    Args:
        photo: the bytes of its file.
        outputs: a file for each rendition and one for the PDF, without buffers; what is in them is overwritten.
        settings: the renditions, and the limits.
        mark: stored in every output, so that versions of one photo differ in their bytes.
        header: as `inspect_header` returned it; read here when None.

    Raises:
        PermanentError: the photo is empty, unsupported, damaged, or beyond a limit.
        RetryableError: the disk failed.
    """
    header = header or inspect_header(photo, settings.limits)
    with translate_decoder_errors(photo, header.format):
        files = _write_outputs(photo, outputs, header, settings, mark)
    return Rendered(
        source_format=header.format.name,
        source_width_px=header.width_px,
        source_height_px=header.height_px,
        files=files,
    )


def _write_outputs(
    data: Data, outputs: Sequence[FileIO], header: Header, settings: RenderSettings, mark: str
) -> tuple[RenderedFile, ...]:
    """Write renditions, each resized from the last, and the PDF."""
    for output in outputs:
        output.seek(0)
        output.truncate()
    picture, sizes, exif = _decode(data, header, settings)
    tags = Tags(exif, mark)
    (first, *others), (first_file, *other_files, document) = settings.renditions, outputs
    renditions = [write_rendition(picture, first_file, first, tags)]
    pdf = write_pdf(document, jpeg_for_pdf(picture, first_file, first, tags), picture.size)
    for rendition, file, size in zip(others, other_files, sizes[1:], strict=True):
        picture = picture.resized(size)
        renditions.append(write_rendition(picture, file, rendition, tags))
    return (*renditions, pdf)


def _decode(data: Data, header: Header, settings: RenderSettings) -> tuple[Picture, Sequence[Size], bytes]:
    """Decode the photo in one pass; free its memory before encoding.

    Returns:
        The picture of the largest rendition, the sizes of all renditions, and their EXIF block.
    """
    with open_photo(data, header, choose_shrink(header.size, settings.renditions[0].box_px)) as photo:
        size = full_size(photo, header)
        check_pixels(size, settings.limits)
        exif = exif_block(read_rights(data, header.format, photo))
        orientation = read_orientation(data, header, photo)
        sizes = plan_sizes(size, settings.renditions)
        opaque = flatten_on_white(photo, has_alpha=header.has_alpha)
        largest = Picture.of(to_srgb(resize_to(opaque, sizes[0]), header.profile))
        del photo, opaque  # frees the decoder before the picture is turned
    if swaps_sides(orientation):
        sizes = tuple((height, width) for width, height in sizes)
    return apply_orientation(largest, orientation), sizes, exif
