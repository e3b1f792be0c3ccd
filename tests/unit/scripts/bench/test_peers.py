import pytest

from scripts.bench.comparison import can_read
from scripts.bench.peer import DARKROOM, FLOOR, PILLOW, list_peers
from scripts.bench.photos import OTHER_FORMATS

PHOTOS = {photo.name: photo for photo in OTHER_FORMATS}
ALL = {peer.name for peer in list_peers()}


@pytest.mark.parametrize(
    ("photo", "readers"),
    [
        ("12mp-progressive.jpg", ALL),
        ("12mp-cmyk.jpg", ALL - {FLOOR}),
        ("12mp.avif", ALL - {FLOOR}),
        ("12mp.heic", {DARKROOM, PILLOW}),
    ],
)
def test_a_photo_goes_to_the_peers_that_read_its_format(photo: str, readers: set[str]) -> None:
    assert {peer.name for peer in list_peers() if can_read(peer, PHOTOS[photo])} == readers
