"""Renders one photo into its renditions and its PDF: the steps in their order, one file each."""

from collections.abc import Sequence
from pathlib import Path

from processing.images.colour import to_srgb
from processing.images.decode import full_size, open_photo
from processing.images.decoder_errors import translate_decoder_errors
from processing.images.encoders import Tags, jpeg_for_pdf, write_rendition
from processing.images.flatten import flatten_on_white
from processing.images.formats.input_format import Header
from processing.images.geometry import Size, choose_shrink, plan_sizes
from processing.images.header import check_pixels, inspect_header
from processing.images.metadata import exif_block, read_rights
from processing.images.orientation import apply_orientation, read_orientation, swaps_sides
from processing.images.pdf import write_pdf
from processing.images.pixels import Picture, resize_to
from processing.images.rendered import Rendered, RenderedFile
from processing.output_keys import DOCUMENT_NAME
from processing.settings import RenderSettings


def render_photo(source: Path, into: Path, settings: RenderSettings, mark: str = "") -> Rendered:
    """Write every rendition and the PDF of one photo into a folder.

    Args:
        source: the photo.
        into: an existing folder; receives each rendition's `file_name`, and `document.pdf`.
        settings: the renditions, and the limits.
        mark: stored in every output, so that versions of one photo differ in their bytes; see `Marker.mark`.

    Raises:
        PermanentError: the photo is empty, unsupported, damaged, or beyond a limit.
        RetryableError: the disk failed.
    """
    header = inspect_header(source, settings.limits)
    with translate_decoder_errors(source, header.format):
        largest, sizes, exif = _decode(source, header, settings)
        files = _encode(largest, sizes, into, settings, Tags(exif, mark))
    return Rendered(
        source_format=header.format.name,
        source_width_px=header.width_px,
        source_height_px=header.height_px,
        files=files,
    )


def _decode(source: Path, header: Header, settings: RenderSettings) -> tuple[Picture, Sequence[Size], bytes]:
    """Decode the photo in one pass, and close it to free its memory before encoding.

    Returns:
        The picture of the largest rendition, the sizes of all renditions, and their EXIF block.
    """
    with open_photo(source, header.format, choose_shrink(header.size, settings.renditions[0].box_px)) as photo:
        size = full_size(photo, header)
        check_pixels(size, settings.limits)
        exif = exif_block(read_rights(source, header.format, photo))
        orientation = read_orientation(photo)
        sizes = plan_sizes(size, settings.renditions)
        opaque = flatten_on_white(photo, has_alpha=header.has_alpha)
        largest = Picture.of(to_srgb(resize_to(opaque, sizes[0])))
        del photo, opaque  # frees the decoder before the picture is turned
    if swaps_sides(orientation):
        sizes = tuple((height, width) for width, height in sizes)
    return apply_orientation(largest, orientation), sizes, exif


def _encode(
    picture: Picture, sizes: Sequence[Size], into: Path, settings: RenderSettings, tags: Tags
) -> tuple[RenderedFile, ...]:
    """Write the renditions, each resized from the one before, and the PDF of the largest."""
    first, *others = settings.renditions
    renditions = [write_rendition(picture, into, first, tags)]
    pdf = write_pdf(into / DOCUMENT_NAME, jpeg_for_pdf(picture, into, first, tags), picture.size)
    for rendition, size in zip(others, sizes[1:], strict=True):
        picture = picture.resized(size)
        renditions.append(write_rendition(picture, into, rendition, tags))
    return (*renditions, pdf)
