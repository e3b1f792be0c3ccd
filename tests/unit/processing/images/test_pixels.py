import pytest

from processing.failures import FailureCode, PermanentError
from processing.images.pixels import Picture
from processing.images.vips import pyvips


@pytest.mark.parametrize(("bands", "kind"), [(1, "uchar"), (4, "uchar"), (3, "ushort"), (3, "float")])
def test_pixels_that_would_become_noise_are_refused(bands: int, kind: str) -> None:
    with pytest.raises(PermanentError) as caught:
        Picture.of(pyvips.Image.black(8, 8, bands=bands).cast(kind))
    assert caught.value.code is FailureCode.UNSUPPORTED_FORMAT


def test_a_picture_that_has_the_size_already_is_not_touched() -> None:
    picture = Picture.of(pyvips.Image.black(8, 6, bands=3))
    assert picture.resized((8, 6)) is picture


def test_a_resized_picture_has_exactly_that_size() -> None:
    picture = Picture.of(pyvips.Image.black(31, 17, bands=3)).resized((10, 5))
    assert picture.size == (10, 5)
    assert len(picture.pixels) == 10 * 5 * 3
