"""Decoded pixels in memory, and resizing."""

from dataclasses import dataclass

from processing.failures import FailureCode, PermanentError
from processing.images.decoder_errors import raise_missing_memory
from processing.images.geometry import Size
from processing.images.vips import pyvips

_BANDS, _FORMAT = 3, "uchar"


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture in 8-bit sRGB.

    Attributes:
        size: width and height in pixels.
        pixels: the rows from top to bottom, three bytes a pixel.
    """

    size: Size
    pixels: memoryview

    @classmethod
    def of(cls, image: pyvips.Image) -> "Picture":
        """Compute the pixels of an image, which decodes its photo.

        Raises:
            PermanentError: `unsupported-format` for other pixels than three bands of 8 bits; `out-of-memory`.
            pyvips.Error: see `translate_decoder_errors`.
        """
        # Later steps would take other bytes for pixels and turn them into noise.
        if (image.bands, image.format) != (_BANDS, _FORMAT):
            detail = f"colours of a rare kind: {image.bands} bands of {image.format}"
            raise PermanentError(FailureCode.UNSUPPORTED_FORMAT, detail)
        pixels = memoryview(image.write_to_memory())
        raise_missing_memory()
        return cls((image.width, image.height), pixels)

    def image(self) -> pyvips.Image:
        """Return a libvips image of the same pixels, without a copy."""
        return pyvips.Image.new_from_memory(self.pixels, *self.size, _BANDS, _FORMAT)

    def resized(self, size: Size) -> "Picture":
        """Return the picture in another size."""
        return self if size == self.size else Picture.of(resize_to(self.image(), size))

    def cropped(self, size: Size) -> "Picture":
        """Return the part of this size that people look at first (libvips: smartcrop by attention)."""
        if size == self.size:
            return self
        return Picture.of(self.image().copy(interpretation="srgb").smartcrop(*size, interesting="attention"))


def resize_to(image: pyvips.Image, size: Size) -> pyvips.Image:
    """Resize to an exact size with libvips' Lanczos kernel."""
    width, height = size
    if (image.width, image.height) == size:
        return image
    return image.resize(width / image.width, vscale=height / image.height)
