"""What a photo becomes once it is decoded: pixels in memory, from which every rendition is made."""

from dataclasses import dataclass

from processing.failures import FailureCode, PermanentError
from processing.images.geometry import Size
from processing.images.resize import resize_to
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
        """Computes the pixels of an image: here its photo is decoded.

        Raises:
            PermanentError: `unsupported-format` for other pixels than three bands of 8 bits.
            pyvips.Error: see `decode_failures`.
        """
        # Later steps would take any bytes that are enough, and make noise of those that mean something else.
        if (image.bands, image.format) != (_BANDS, _FORMAT):
            detail = f"colours of a rare kind: {image.bands} bands of {image.format}"
            raise PermanentError(FailureCode.UNSUPPORTED_FORMAT, detail)
        return cls((image.width, image.height), memoryview(image.write_to_memory()))

    def image(self) -> pyvips.Image:
        """The same pixels for libvips, which does not copy them."""
        return pyvips.Image.new_from_memory(self.pixels, *self.size, _BANDS, _FORMAT)

    def resized(self, size: Size) -> "Picture":
        """The same picture in another size."""
        return self if size == self.size else Picture.of(resize_to(self.image(), size))
