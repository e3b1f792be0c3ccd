"""Renders one photo into its renditions and its PDF: the steps in their order, one file each."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import FileIO
from itertools import chain

from processing.failures import FailureCode, PermanentError
from processing.images.colour import to_srgb
from processing.images.decode import full_size, open_photo, prepare_photo
from processing.images.decoder_errors import translate_decoder_errors
from processing.images.encoders import Encoding, Tags, jpeg_for_pdf, write_rendition
from processing.images.flatten import flatten_on_white
from processing.images.formats.camera_raw import PreviewHeader
from processing.images.formats.input_format import Data, Header, Prepared
from processing.images.geometry import OutputPlan, Size, choose_shrink, plan_outputs
from processing.images.header import check_pixels, further_pages, inspect_header
from processing.images.metadata import Rights, read_rights
from processing.images.orientation import apply_orientation, read_orientation, swaps_sides
from processing.images.pdf import PdfInfo, write_pdf
from processing.images.pixels import Picture, resize_to
from processing.images.rendered import Rendered, RenderedFile
from processing.images.thumb_hash import thumb_hash
from processing.output_formats import JPEG
from processing.settings import RenderSettings


def render_photo(
    photo: Data,
    outputs: Sequence[FileIO],
    settings: RenderSettings,
    mark: str = "",
    header: Header | None = None,
    title: str = "",
) -> Rendered:
    """Write every rendition and the PDF of one photo into open files.

    Args:
        photo: the bytes of its file.
        outputs: a file for each rendition and one for the PDF, without buffers; what is in them is overwritten.
        settings: the renditions, and the limits.
        mark: stored in every output, so that versions of one photo differ in their bytes.
        header: as `inspect_header` returned it; read here when None.
        title: of the PDF.

    Raises:
        PermanentError: the photo is empty, unsupported, damaged, or beyond a limit.
        RetryableError: the disk failed.
    """
    header = header or inspect_header(photo, settings.limits)
    _refuse_small_preview(header, settings)
    with translate_decoder_errors(photo, header.format):
        prepared = prepare_photo(photo, header)
        picture, plan, rights = _decode(photo, prepared, header, settings)
        tags = Tags(rights, mark)
        for output in outputs:
            output.seek(0)
            output.truncate()
        renditions, first_page, placeholder = _write_renditions(picture, plan, outputs, settings, tags)
        del picture
        pages = further_pages(photo, header, settings.limits)
        jpegs = chain([first_page], _encode_pages(photo, pages, settings, tags))
        info, limit = PdfInfo(title, rights), settings.output_limits[-1]
        document = write_pdf(outputs[-1], jpegs, 1 + len(pages), info, settings.page, limit)
    return Rendered(
        source_format=header.format.name,
        source_width_px=header.width_px,
        source_height_px=header.height_px,
        files=(*renditions, document),
        notes=prepared.notes,
        thumb_hash=placeholder,
    )


def _write_renditions(
    picture: Picture, plan: OutputPlan, outputs: Sequence[FileIO], settings: RenderSettings, tags: Tags
) -> tuple[list[RenderedFile], tuple[bytes, Size], bytes]:
    """Write renditions, each made from the smallest picture that is large enough.

    Returns:
        The files, the JPEG of the PDF's first page with its size, and the ThumbHash.
    """
    written: dict[int, RenderedFile] = {}
    for placement in plan.steps:
        shown = picture.resized(placement.whole).cropped(placement.shape)
        if not placement.is_crop:
            picture = shown
        members = [number for number, planned in enumerate(plan.renditions) if planned == placement]
        for number in members:
            rendition = settings.renditions[number]
            encoding = Encoding(rendition.quality, tags, settings.avif_effort)
            written[number] = write_rendition(shown, outputs[number], rendition, encoding)
        if placement == plan.document:
            jpegs = [outputs[number] for number in members if settings.renditions[number].format == JPEG]
            jpeg = _content(jpegs[0]) if jpegs else jpeg_for_pdf(shown, settings.document.quality, tags)
    return [written[number] for number in range(len(written))], (jpeg, plan.document.whole), thumb_hash(picture)


def _encode_pages(
    data: Data, pages: Sequence[Header], settings: RenderSettings, tags: Tags
) -> Iterator[tuple[bytes, Size]]:
    """Yield the JPEG and the size of each further page of the PDF, decoded one at a time."""
    alone = replace(settings, renditions=(settings.document,))
    for page in pages:
        picture, _, _ = _decode(data, prepare_photo(data, page), page, alone)
        yield jpeg_for_pdf(picture, settings.document.quality, tags), picture.size


def _decode(
    data: Data, prepared: Prepared, header: Header, settings: RenderSettings
) -> tuple[Picture, OutputPlan, Rights]:
    """Decode the photo in one pass; free its memory before encoding.

    Returns:
        The upright picture that all outputs are made from, their plan, and the photo's rights.
    """
    shrink = choose_shrink(header.size, _longest_side(header, settings))
    with open_photo(data, prepared, header, shrink) as photo:
        size = full_size(photo, header)
        check_pixels(size, settings.limits)
        rights = read_rights(data, header.format, photo)
        orientation = read_orientation(data, header, photo)
        plan = plan_outputs(_turned(size, orientation), settings.renditions)
        opaque = flatten_on_white(photo, has_alpha=header.has_alpha)
        largest = Picture.of(to_srgb(resize_to(opaque, _turned(plan.largest, orientation)), header.profile))
        del photo, opaque  # frees the decoder before the picture is turned
    return apply_orientation(largest, orientation), plan, rights


def _refuse_small_preview(header: Header, settings: RenderSettings) -> None:
    """Refuse a camera raw file whose preview is smaller than its own largest rendition would be."""
    if isinstance(header, PreviewHeader):
        wanted = max(plan_outputs(header.full_size, settings.renditions).largest)
        if max(header.size) < wanted:
            width, height = header.size
            detail = f"a camera raw file whose largest preview has {width} x {height} pixels"
            raise PermanentError(FailureCode.UNSUPPORTED_FORMAT, detail)


def _longest_side(header: Header, settings: RenderSettings) -> int:
    """Return the longest side to decode to; before its orientation is known, of both."""
    sizes = (header.size, header.size[::-1])
    return max(max(plan_outputs(size, settings.renditions).largest) for size in sizes)


def _turned(size: Size, orientation: int) -> Size:
    """Swap width and height where the orientation does."""
    return (size[1], size[0]) if swaps_sides(orientation) else size


def _content(file: FileIO) -> bytes:
    file.seek(0)
    return file.read()
