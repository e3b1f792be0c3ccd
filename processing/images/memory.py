"""Estimates the memory that a photo needs for its outputs, before any pixel is decoded."""

from processing.images.formats.input_format import Header
from processing.images.geometry import plan_outputs
from processing.output_formats import AVIF, WEBP
from processing.settings import RenderSettings

_MB = 1024 * 1024
# Bytes per pixel, measured with outputs of 1 to 12 megapixels: the picture, its copy for Pillow and the last resizing
# step; beyond these what an encoder needs. A worker peaks at 156 MB for a JPEG of 12 megapixels, 189 for a WebP and 311
# for an AVIF, of which 37 are its own.
_PICTURE = 10
_ENCODER = {WEBP: 3, AVIF: 14}
# `Header.memory_bytes` contains the encoding of as much as the default renditions have.
_INCLUDED_BYTES = 14 * _MB
_AVIF_BYTES = 16 * _MB  # its threads and tables, however small the picture


def memory_bytes(header: Header, settings: RenderSettings) -> int:
    """Estimate the memory for rendering a photo, without the worker's own, rather too high."""
    plan = plan_outputs(header.size, settings.renditions)
    pictures = _PICTURE * plan.largest[0] * plan.largest[1]
    encoders = (
        _ENCODER.get(rendition.format, 0) * placement.shape[0] * placement.shape[1]
        for rendition, placement in zip(settings.renditions, plan.renditions, strict=True)
    )
    outputs = pictures + max(encoders) + (_AVIF_BYTES if settings.has_avif else 0)
    return header.memory_bytes + max(0, outputs - _INCLUDED_BYTES)
