"""One photo in, its renditions and its PDF out: the steps in their order, one file each."""

from collections.abc import Sequence
from pathlib import Path

from processing.images.colour import to_srgb
from processing.images.decode import full_size, open_photo
from processing.images.decoder_errors import decode_failures
from processing.images.flatten import flatten_on_white
from processing.images.geometry import Size, choose_shrink, plan_sizes
from processing.images.header import Header, check_pixels, inspect_header
from processing.images.jpeg_encoder import write_jpeg
from processing.images.metadata import exif_block, read_rights
from processing.images.orientation import lies_on_its_side, read_orientation, turn_upright
from processing.images.pdf import write_document
from processing.images.pixels import Picture
from processing.images.rendered import Rendered
from processing.images.resize import resize_to
from processing.output_keys import DOCUMENT_NAME
from processing.settings import RenderSettings


def render_photo(
    source: Path, into: Path, settings: RenderSettings, mark: str = "", header: Header | None = None
) -> Rendered:
    """Writes every rendition and the PDF of one photo into a folder.

    The photo is decoded once, in one pass from top to bottom, into the largest rendition; each smaller one is made
    from the one before.

    Args:
        source: the photo.
        into: an existing folder; receives `{name}.jpg` for each rendition, and `document.pdf`.
        settings: what to make, and the limits.
        mark: told apart by it, two outputs never have the same bytes; see `Commit.mark`.
        header: as `inspect_header` returned it; read here when None.

    Raises:
        PermanentError: the photo is empty, unsupported, damaged, or beyond a limit.
        RetryableError: the disk failed.
    """
    header = header or inspect_header(source, settings.limits)
    with decode_failures(source, header.format):
        picture, sizes, exif = _decode(source, header, settings)
        files = []
        for rendition, size in zip(settings.renditions, sizes, strict=True):
            picture = picture.resized(size)
            path = into / f"{rendition.name}.jpg"
            files.append(write_jpeg(picture, path, quality=rendition.quality, exif=exif, mark=mark))

    files.append(write_document(into / DOCUMENT_NAME, into / files[0].name, files[0]))
    return Rendered(
        source_format=header.format,
        source_width_px=header.width_px,
        source_height_px=header.height_px,
        files=tuple(files),
    )


def _decode(source: Path, header: Header, settings: RenderSettings) -> tuple[Picture, Sequence[Size], bytes]:
    """The picture of the largest rendition, the sizes of all, and their EXIF block.

    When this returns, the photo is closed: its decoder's buffers and its mapped file go before the encoders come.
    """
    with open_photo(source, header.format, choose_shrink(header.size, settings.renditions[0].box_px)) as photo:
        size = full_size(photo, header)
        check_pixels(size, settings.limits)
        exif = exif_block(read_rights(source, header.format, photo))
        orientation = read_orientation(photo)
        sizes = plan_sizes(size, settings.renditions)
        opaque = flatten_on_white(photo, has_alpha=header.has_alpha)
        largest = Picture.of(to_srgb(resize_to(opaque, sizes[0])))
        del photo, opaque  # or the decoder would stay while the picture is turned
    if lies_on_its_side(orientation):
        sizes = tuple((height, width) for width, height in sizes)
    return turn_upright(largest, orientation), sizes, exif
