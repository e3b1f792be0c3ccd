"""Makes TIFFs of the kinds that scanners and old programs write, and camera raw files."""

import io
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile
from PIL import Image
from skimage.color import xyz2lab

from tests.support import photos

# The sRGB colours of IEC 61966-2-1, adapted to D50 by the Bradford transform, as ICC profiles have them.
_SRGB_TO_XYZ_D50 = np.array(
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
)
Field = tuple[int, int, tuple[int, ...]]  # tag, type (3 SHORT, 4 LONG), values
_SIZES = {3: "H", 4: "I"}
NEW_SUBFILE_TYPE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 254, 256, 257, 258, 259, 262
STRIP_OFFSETS, ORIENTATION, CHANNELS, ROWS, STRIP_BYTES, SUB_DIRECTORIES = 273, 274, 277, 278, 279, 330
JPEG_OFFSET, JPEG_BYTES, SUBSAMPLING, DNG_VERSION = 513, 514, 530, 50706


def write_tiff(pixels: npt.NDArray[Any], **options: Any) -> bytes:
    """Write with tifffile, which knows what Pillow and libvips cannot write."""
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, **options)
    return file.getvalue()


def planar_tiff(image: Image.Image, *, bits: int = 8, **options: Any) -> bytes:
    """Write each channel in tiles of its own."""
    pixels = np.asarray(image.convert("RGB"))
    deep = pixels.astype(np.uint16) * 257 if bits == 16 else pixels
    planes = np.ascontiguousarray(np.moveaxis(deep, 2, 0))
    return write_tiff(planes, photometric="rgb", planarconfig="separate", tile=(64, 64), **options)


def lab_tiff(colours: npt.NDArray[np.float64], *, bits: int) -> bytes:
    """Write sRGB colours from 0 to 1 as CIE Lab of the white D50, as TIFF 6.0, section 23 defines it."""
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    lab = xyz2lab(linear @ _SRGB_TO_XYZ_D50.T, illuminant="D50")
    scale = np.array([255 / 100, 1, 1]) if bits == 8 else np.array([65535 / 100, 256, 256])
    numbers = np.rint(lab * scale).astype(np.int32).astype(np.uint8 if bits == 8 else np.uint16)
    return write_tiff(numbers, photometric="cielab")


def subsampled_tiff(image: Image.Image) -> bytes:
    """Write YCbCr without compression, with a quarter of the colours (TIFF 6.0, section 21)."""
    planes = np.asarray(image.convert("YCbCr"))
    height, width, _ = planes.shape
    blocks = planes.reshape(height // 2, 2, width // 2, 2, 3)
    luma = blocks[..., 0].transpose(0, 2, 1, 3).reshape(height // 2, width // 2, 4)
    chroma = blocks[..., 1:].mean(axis=(1, 3)).round().astype(np.uint8)
    pixels = np.concatenate((luma, chroma), axis=2).tobytes()
    return one_strip_tiff(image.size, pixels, compression=1, photometric=6, more=[(SUBSAMPLING, 3, (2, 2))])


def twelve_bit_tiff(image: Image.Image, channels: int = 1) -> bytes:
    """Write numbers of 12 bits, two in three bytes."""
    grey = np.asarray(image.convert("L")).astype(np.uint32) * 4095 // 255
    numbers = np.repeat(grey[..., None], channels, axis=2).reshape(grey.shape[0], -1)
    first, second = numbers[:, 0::2], numbers[:, 1::2]
    packed = np.stack((first >> 4, (first & 15) << 4 | second >> 8, second & 255), axis=2).astype(np.uint8)
    photometric = 2 if channels == 3 else 1
    return one_strip_tiff(
        image.size, packed.tobytes(), compression=1, photometric=photometric, bits=12, channels=channels
    )


def old_jpeg_tiff(image: Image.Image) -> bytes:
    """Write the old kind of JPEG compression: a whole JPEG, and where it is (TIFF 6.0, section 22)."""
    jpeg = photos.jpeg(image=image)
    place = 8  # behind the header
    more = [(JPEG_OFFSET, 4, (place,)), (JPEG_BYTES, 4, (len(jpeg),))]
    return one_strip_tiff(image.size, jpeg, compression=6, photometric=6, more=more)


def one_strip_tiff(
    size: tuple[int, int],
    pixels: bytes,
    *,
    compression: int,
    photometric: int,
    bits: int = 8,
    channels: int = 3,
    more: Sequence[Field] = (),
) -> bytes:
    """Write a page of one strip."""
    width, height = size
    fields = [
        (WIDTH, 4, (width,)),
        (HEIGHT, 4, (height,)),
        (BITS, 3, (bits,) * channels),
        (COMPRESSION, 3, (compression,)),
        (PHOTOMETRIC, 3, (photometric,)),
        (STRIP_OFFSETS, 4, (8,)),
        (CHANNELS, 3, (channels,)),
        (ROWS, 4, (height,)),
        (STRIP_BYTES, 4, (len(pixels),)),
        *more,
    ]
    start = 8 + len(pixels) + len(pixels) % 2
    return struct.pack("<2sHI", b"II", 42, start) + pixels.ljust(start - 8, b"\0") + directory(start, fields)


def directory(start: int, fields: Sequence[Field]) -> bytes:
    """Write a directory that begins at a position; longer values follow it."""
    entries, values = b"", b""
    place = start + 2 + 12 * len(fields) + 4
    for tag, kind, numbers in sorted(fields):
        packed = struct.pack(f"<{len(numbers)}{_SIZES[kind]}", *numbers)
        entries += struct.pack("<HHI", tag, kind, len(numbers))
        if len(packed) > 4:
            entries += struct.pack("<I", place + len(values))
            values += packed + bytes(len(packed) % 2)
        else:
            entries += packed.ljust(4, b"\0")
    return struct.pack("<H", len(fields)) + entries + bytes(4) + values


def camera_raw(
    preview: bytes,
    *,
    full_size: tuple[int, int] = (1600, 1200),
    orientation: int = 1,
    in_strip: bool = False,
    dng: bool = False,
    signature: bytes = b"",
) -> bytes:
    """Write a camera raw file: a thumbnail, a JPEG preview, and sensor data that nothing here can decode.

    Args:
        preview: a JPEG, or no bytes.
        full_size: of the sensor.
        orientation: of the first directory.
        in_strip: store the preview as a strip, as DNG does; by its own tags otherwise, as NEF and ARW do.
        dng: with DNG's version.
        signature: after the header, such as CR2's.
    """
    head = struct.pack("<2sHI", b"II", 42, 0) + signature.ljust(8, b"\0")
    start = len(head)
    sub_start = start + len(preview) + len(preview) % 2
    place = (STRIP_OFFSETS, STRIP_BYTES) if in_strip else (JPEG_OFFSET, JPEG_BYTES)
    preview_fields: list[Field] = [(NEW_SUBFILE_TYPE, 4, (1,)), (COMPRESSION, 3, (7 if in_strip else 6,))]
    preview_fields += [(place[0], 4, (start,)), (place[1], 4, (len(preview),))]
    sensor_start = sub_start + len(directory(sub_start, preview_fields))
    sensor: list[Field] = [(WIDTH, 4, full_size[:1]), (HEIGHT, 4, full_size[1:]), (PHOTOMETRIC, 3, (32803,))]
    first_start = sensor_start + len(directory(sensor_start, sensor))
    subs = (sub_start, sensor_start) if preview else (sensor_start, sensor_start)
    first: list[Field] = [
        (NEW_SUBFILE_TYPE, 4, (1,)),
        (WIDTH, 4, (160,)),
        (HEIGHT, 4, (120,)),
        (ORIENTATION, 3, (orientation,)),
        (SUB_DIRECTORIES, 4, subs),
        *([(DNG_VERSION, 4, (0x0401,))] if dng else []),
    ]
    body = preview.ljust(sub_start - start, b"\0") + directory(sub_start, preview_fields)
    body += directory(sensor_start, sensor) + directory(first_start, first)
    return head[:4] + struct.pack("<I", first_start) + head[8:] + body
