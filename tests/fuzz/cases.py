"""Random damage to valid photos, reproducible from the seed and the case number."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyvips

from processing.failures import FailureCode
from tests.support import heic_photos, photos, rare_tiffs
from tests.support.forged_headers import SMALL, endless_scans, stills
from tests.support.icc_profiles import DISPLAY_P3
from tests.support.image_comparison import similarity
from tests.support.outcome_rules import PROCESSED, WorkerHarness

Damage = Callable[[random.Random, bytearray], None]
MAX_DAMAGES = 4
# Least SSIM of a cut-off photo with the complete one; JPEG noise stays above it.
MIN_SSIM = 0.99
_EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)


@dataclass(frozen=True)
class Case:
    """A damaged photo.

    Attributes:
        name: the photo's name and its damage.
        data: its bytes.
        whole: the undamaged photo, if only its end was cut off.
    """

    name: str
    data: bytes
    whole: bytes | None


@cache
def corpus() -> dict[str, bytes]:
    """Return the valid photos to damage: small ones, so that a run tries many cases."""
    image = photos.picture(SMALL)
    deep = pyvips.Image.black(*SMALL, bands=3).cast("ushort")
    return stills() | {
        "cmyk-jpeg": photos.jpeg(image=image.convert("CMYK")),
        "restart-jpeg": photos.jpeg(SMALL, restart_marker_rows=1),
        "exif-jpeg": photos.jpeg(SMALL, exif=photos.exif(orientation=6, artist=b"Ann", gps=True)),
        "profile-jpeg": photos.jpeg(SMALL, icc_profile=DISPLAY_P3),
        "jpeg-of-many-scans": endless_scans(32),
        "palette-png": photos.png(image=image.quantize(64)),
        "deep-png": bytes(deep.pngsave_buffer()),
        "interlaced-png": bytes(deep.cast("uchar").pngsave_buffer(interlace=True)),
        "alpha-webp": photos.webp(image=photos.transparent(SMALL)),
        "animated-webp": photos.webp(image=image, save_all=True, append_images=[image.rotate(90)]),
        "jpeg-tiff": photos.tiff(image=image, compression="jpeg"),
        "float-tiff": bytes(deep.cast("float").tiffsave_buffer(compression="deflate", predictor="float")),
        "tiled-tiff": bytes(deep.tiffsave_buffer(tile=True, tile_width=32, tile_height=32)),
        "lzma-tiff": photos.tiff(image=image, compression="lzma"),
        "planar-tiff": rare_tiffs.planar_tiff(image, bits=16),
        "subsampled-tiff": rare_tiffs.subsampled_tiff(image),
        "lab-tiff": rare_tiffs.lab_tiff(np.asarray(image) / 255, bits=16),
        "old-jpeg-tiff": rare_tiffs.old_jpeg_tiff(image),
        "camera-raw": rare_tiffs.camera_raw(photos.jpeg(SMALL), full_size=SMALL),
        "alpha-heic": heic_photos.heic(photos.transparent(SMALL)),
        "deep-heic": heic_photos.deep_heic(image),
        "turned-heic": heic_photos.oriented_heic(6, SMALL),
        "big-tiff": bytes(deep.tiffsave_buffer(bigtiff=True)),
    }


def make_case(seed: int, number: int) -> Case:
    """Make one case.

    Args:
        seed: of the run.
        number: of the case in it.
    """
    chance = random.Random(f"{seed} {number}")
    name = chance.choice(sorted(corpus()))
    data = bytearray(corpus()[name])
    done = []
    for _ in range(chance.randint(1, MAX_DAMAGES)):
        damage = chance.choice(_DAMAGES)
        done.append(damage.__name__.strip("_"))
        if data:
            damage(chance, data)
    whole = corpus()[name] if set(done) == {"cut"} else None
    return Case(f"{name}: {', '.join(done)}", bytes(data), whole)


def find_fault(harness: WorkerHarness, case: Case) -> str | None:
    """Return the fault of a case's outcome in one line, or None."""
    workers = len(harness.started)
    try:
        outcome = harness.outcome(case.data)
    except AssertionError as error:
        return f"outcome that is not permitted: {str(error).splitlines()[0] if str(error) else 'an assertion'}"
    if len(harness.started) > workers or outcome in (FailureCode.DECODER_CRASHED, FailureCode.TOO_SLOW):
        return f"crashed its worker: {outcome}"
    if outcome == PROCESSED and case.whole is not None:
        return _compare_with_whole(harness, case.whole)
    return None


def _compare_with_whole(harness: WorkerHarness, whole: bytes) -> str | None:
    cut = harness.largest()
    harness.outcome(whole)
    ssim = similarity(cut, harness.largest())
    return f"delivered a part of the picture: SSIM {ssim:.3f}" if ssim < MIN_SSIM else None


def _flip(chance: random.Random, data: bytearray) -> None:
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _cut(chance: random.Random, data: bytearray) -> None:
    del data[chance.randrange(len(data)) :]


def _remove(chance: random.Random, data: bytearray) -> None:
    start = chance.randrange(len(data))
    del data[start : start + chance.choice((1, 2, 16, 500))]


def _repeat(chance: random.Random, data: bytearray) -> None:
    start = chance.randrange(len(data))
    piece = data[start : start + chance.choice((1, 4, 64, 2000))]
    data[start:start] = piece * chance.choice((1, 2, 100))


def _overwrite(chance: random.Random, data: bytearray) -> None:
    start = chance.randrange(len(data))
    size = min(chance.choice((1, 4, 32, 400)), len(data) - start)
    filling = chance.choice((bytes(size), b"\xff" * size, chance.randbytes(size)))
    data[start : start + size] = filling


def _exaggerate(chance: random.Random, data: bytearray) -> None:
    """Write an extreme number where a size, a count or an offset may be, mostly near the start."""
    size = chance.choice((1, 2, 4))
    start = chance.randrange(min(len(data), chance.choice((64, 512, len(data)))))
    number = chance.choice(_EXTREMES) & ((1 << 8 * size) - 1)
    data[start : start + size] = number.to_bytes(size, chance.choice(("big", "little")))


def _splice(chance: random.Random, data: bytearray) -> None:
    """Continue with another photo from a random position."""
    other = corpus()[chance.choice(sorted(corpus()))]
    data[chance.randrange(len(data)) :] = other[chance.randrange(len(other)) :]


_DAMAGES: tuple[Damage, ...] = (_flip, _cut, _remove, _repeat, _overwrite, _exaggerate, _splice)
