from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageCms

from processing.images.colour import profile_name
from tests.support.icc_profiles import DISPLAY_P3


def test_the_name_of_a_version_2_profile_is_read() -> None:
    assert profile_name(DISPLAY_P3) == "Display P3"


def test_the_name_of_a_version_4_profile_is_read() -> None:
    assert profile_name(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()) == "sRGB built-in"


@given(st.binary(max_size=300))
def test_what_is_no_profile_has_no_name(data: bytes) -> None:
    assert profile_name(data) == ""


@given(st.integers(0, len(DISPLAY_P3)), st.binary(min_size=1, max_size=8))
def test_a_damaged_profile_never_raises(position: int, damage: bytes) -> None:
    assert isinstance(profile_name(DISPLAY_P3[:position] + damage + DISPLAY_P3[position + len(damage) :]), str)
