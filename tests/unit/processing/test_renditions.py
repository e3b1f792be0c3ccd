from contextlib import suppress
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.renditions import FITS, MAX_BOX_PX, MAX_RENDITIONS, Rendition, parse_renditions

names = st.from_regex(r"[a-z0-9][a-z0-9-]{0,31}", fullmatch=True)
sides = st.integers(1, MAX_BOX_PX)
renditions = st.builds(
    Rendition,
    names,
    sides,
    st.integers(1, 100),
    st.sampled_from(["jpeg", "webp", "avif"]),
    st.sampled_from(FITS),
    st.one_of(st.just(0), sides),
).filter(lambda rendition: rendition.height_px != rendition.box_px)


def text_of(rendition: Rendition) -> str:
    size = f"{rendition.box_px}x{rendition.height_px}" if rendition.height_px else str(rendition.box_px)
    return f"{rendition.name}:{size}:{rendition.quality}:{rendition.format}:{rendition.fit}"


@given(st.lists(renditions, min_size=1, max_size=MAX_RENDITIONS, unique_by=lambda rendition: rendition.name))
def test_renditions_are_read_back_from_the_largest_to_the_smallest(expected: list[Rendition]) -> None:
    read = parse_renditions(", ".join(map(text_of, expected)))
    assert set(read) == set(expected)
    assert [r.pixels for r in read] == sorted((r.pixels for r in expected), reverse=True)


@given(st.text(alphabet="ab:x0189,webp -cover", max_size=40))
def test_any_text_is_read_the_same_way_twice_or_refused(text: str) -> None:
    with suppress(ValueError):
        read = parse_renditions(text)
        assert parse_renditions(",".join(map(text_of, read))) == read


def test_format_and_fit_may_be_left_out() -> None:
    assert parse_renditions("large:1200:80") == parse_renditions("large:1200:80:jpeg:inside")
    assert parse_renditions("tile:400x400:80:webp") == parse_renditions("tile:400:80:webp:inside")


def test_the_file_name_follows_the_format() -> None:
    read = parse_renditions("a:30:80,b:20:80:webp,c:10:80:avif:cover")
    assert [rendition.file_name for rendition in read] == ["a.jpg", "b.webp", "c.avif"]


def test_several_formats_of_one_size_may_share_a_name() -> None:
    read = parse_renditions("large:1200:80,large:1200:75:webp,large:1200:50:avif")
    assert [rendition.file_name for rendition in read] == ["large.jpg", "large.webp", "large.avif"]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("", "must be name:size:quality"),
        ("large", "must be name:size:quality"),
        ("large:1200", "must be name:size:quality"),
        ("a:1:1:jpeg:cover:more", "must be name:size:quality"),
        ("x:1:1,", "must be name:size:quality"),
        ("large:0:80", "size"),
        ("large:99999:80", "size"),
        ("large:16384x10:80", "size"),
        ("large:400x:80", "size"),
        ("large:x400:80", "size"),
        ("large:400x300x2:80", "size"),
        ("large:٤٠٠:80", "size"),
        ("large:1200:0", "quality"),
        ("large:1200:101", "quality"),
        ("large:1200:٨٠", "quality"),
        ("a/b:10:80", "name"),
        ("-a:10:80", "name"),
        ("A:10:80", "name"),
        (f"{'a' * 33}:10:80", "name"),
        ("a:10:80:jpg", "one of jpeg, webp, avif"),
        ("a:10:80:", "one of jpeg, webp, avif"),
        ("a:10:80:webp:crop", "one of inside, cover"),
        ("a:10:80,a:20:80:webp", "'a' is used for two sizes"),
        ("a:10:80,a:10:80:webp:cover", "'a' is used for two sizes"),
        ("a:10:80,a:10:70", "'a' is used twice for jpeg"),
        (",".join(f"r{number}:10:80" for number in range(21)), "at most 20"),
    ],
)
def test_a_wrong_rendition_is_refused_with_its_mistake(text: str, mistake: str) -> None:
    with pytest.raises(ValueError, match=mistake):
        parse_renditions(text)


def test_every_mistake_is_named_at_once() -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        parse_renditions("Large:0:0:gif:crop,small:300:900,x:1:1,x:2:2")
    sentence = str(refused.value)
    for mistake in (
        "the name must",
        "the size must",
        "format must",
        "fit must",
        "'small:300:900'",
        "'x' is used twice",
    ):
        assert mistake in sentence
    assert sentence.count("the quality must") == 2


def test_every_part_changes_the_recipe() -> None:
    texts = ("a:10:80", "b:10:80", "a:11:80", "a:10:81", "a:10:80:webp", "a:10:80:avif", "a:10x9:80", "a:9x10:80")
    crops = ("a:10:80:jpeg:cover", "a:10x9:80:jpeg:cover", "a:10x9:80:webp:cover")
    recipes = [parse_renditions(text)[0].recipe for text in (*texts, *crops)]
    assert all(one != other for one, other in combinations(recipes, 2))
