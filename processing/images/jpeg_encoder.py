"""Writes a JPEG.

By Pillow, because its libjpeg-turbo needs three quarters of the time that libvips' mozjpeg does (7.9 against 10.3 ms
for 1200 x 900).
"""

from pathlib import Path

from PIL import Image

from processing.images.pixels import Picture
from processing.images.rendered import RenderedFile


def write_jpeg(picture: Picture, path: Path, *, quality: int, exif: bytes, mark: str) -> RenderedFile:
    """Encodes with optimised Huffman tables and 4:2:0 chroma, into a real file.

    Args:
        picture: what to encode.
        path: the file to write.
        quality: 1 to 100.
        exif: the EXIF block, empty for none.
        mark: becomes a comment in the file, empty for none.
    """
    image = Image.frombytes("RGB", picture.size, picture.pixels)
    image.save(path, "JPEG", quality=quality, optimize=True, subsampling="4:2:0", exif=exif, comment=mark)
    width, height = picture.size
    return RenderedFile(name=path.name, width_px=width, height_px=height, size_bytes=path.stat().st_size)
