"""The least work for the three JPEGs: a scaled decode and three encodes by libjpeg-turbo, through Pillow.

Nothing is resized. The pixels to encode come from the reference renditions, read once, so that the encoder has the same
work as each peer's.
"""

from functools import cache
from pathlib import Path

from PIL import Image

from scripts.bench.peers.request_loop import SIZES, answer_requests


def render(source: Path, into: Path, reference: Path) -> None:
    """Decode the source, not below the largest rendition; write three JPEGs."""
    with Image.open(source) as image:
        image.draft("RGB", _read_reference(reference / "large.ppm").size)
        image.load()
    for name in SIZES:
        _read_reference(reference / f"{name}.ppm").save(into / f"{name}.jpg", "JPEG", quality=80, optimize=True)


@cache
def _read_reference(path: Path) -> Image.Image:
    with Image.open(path) as image:
        image.load()
        return image


if __name__ == "__main__":
    answer_requests(render)
