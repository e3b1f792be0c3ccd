import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.settings import Limits, RenderSettings, Rendition, parse_renditions

LIMITS = Limits(max_bytes=1, max_pixels=1, max_pages=1)
names = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
renditions = st.builds(Rendition, names, st.integers(1, 16_383), st.integers(1, 100))


@given(st.lists(renditions, min_size=1, max_size=5, unique_by=lambda r: r.name))
def test_renditions_are_read_back_from_the_largest_to_the_smallest(expected: list[Rendition]) -> None:
    read = parse_renditions(", ".join(f"{r.name}:{r.box_px}:{r.quality}" for r in expected))
    assert set(read) == set(expected)
    assert [r.box_px for r in read] == sorted((r.box_px for r in expected), reverse=True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "large",
        "large:1200",
        "large:0:80",
        "large:99999:80",
        "large:1200:0",
        "large:1200:101",
        "a/b:10:80",
        "x:1:1,",
    ],
)
def test_a_wrong_rendition_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_renditions(text)


def test_every_wrong_rendition_is_named_at_once() -> None:
    with pytest.raises(ValueError, match=r"large:0:80.*small:300:900.*'x' is used twice"):
        parse_renditions("large:0:80,small:300:900,x:1:1,x:2:2")


def test_the_fingerprint_changes_with_the_renditions_and_not_with_the_limits() -> None:
    def fingerprint(text: str, limits: Limits = LIMITS) -> str:
        return RenderSettings(parse_renditions(text), limits).fingerprint

    assert fingerprint("a:10:80") == fingerprint("a:10:80", Limits(max_bytes=2, max_pixels=2, max_pages=2))
    assert len({fingerprint(text) for text in ("a:10:80", "b:10:80", "a:11:80", "a:10:81", "a:10:80,b:5:80")}) == 5
