"""A folder of free sample photos for the pictures, two of them damaged."""

from pathlib import Path

import skimage
from PIL import Image

from tests.support.damage import truncated
from tests.support.photos import jpeg

_DATA = Path(skimage.__file__).parent / "data"
# Key, sample photo, and the part of it: left, top, right and bottom in hundredths. All are CC0 or in the public domain;
# the docstrings in skimage/data/_fetchers.py name each source.
_PHOTOS = {
    "day 1/chelsea.jpg": ("chelsea.png", (0, 0, 100, 100)),
    "day 1/coffee.jpg": ("coffee.png", (0, 0, 100, 100)),
    "day 1/from above.jpg": ("coffee.png", (28, 5, 82, 100)),
    "day 1/whiskers.jpg": ("chelsea.png", (22, 8, 66, 96)),
    "day 1/tabby.jpg": ("chelsea.png", (45, 0, 100, 62)),
    "day 2/astronaut.jpg": ("astronaut.png", (0, 0, 100, 100)),
    "day 2/deep field.jpg": ("hubble_deep_field.jpg", (0, 0, 100, 100)),
    "day 2/galaxies.jpg": ("hubble_deep_field.jpg", (50, 30, 100, 65)),
    "day 2/launch.jpg": ("rocket.jpg", (0, 0, 100, 100)),
    "day 2/portrait.jpg": ("astronaut.png", (20, 0, 68, 58)),
}


def write_photos(folder: Path) -> None:
    """Write the sample photos below a folder, and two damaged ones."""
    photos = {key: jpeg(image=_part(name, box), quality=95) for key, (name, box) in _PHOTOS.items()}
    photos["day 1/asleep.jpg"] = truncated(photos["day 1/chelsea.jpg"], 0.6)
    photos["day 2/moon.jpg"] = truncated(photos["day 2/launch.jpg"], 0.7)
    for key, body in photos.items():
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(body)


def _part(name: str, box: tuple[int, int, int, int]) -> Image.Image:
    with Image.open(_DATA / name) as image:
        width, height = image.size
        left, top, right, bottom = box
        corners = (width * left // 100, height * top // 100, width * right // 100, height * bottom // 100)
        return image.convert("RGB").crop(corners)
