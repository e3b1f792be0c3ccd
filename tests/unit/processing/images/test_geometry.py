from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from processing.images.geometry import choose_shrink, fit, plan_sizes
from processing.settings import Rendition

sides = st.integers(1, 70_000)
sizes = st.tuples(sides, sides)
boxes = st.integers(1, 5_000)


@given(sizes, boxes)
def test_a_rendition_never_exceeds_its_box(size: tuple[int, int], box_px: int) -> None:
    assert max(fit(size, box_px)) <= max(box_px, 1)


@given(sizes, boxes)
def test_a_rendition_is_never_larger_than_the_source(size: tuple[int, int], box_px: int) -> None:
    width, height = fit(size, box_px)
    assert width <= size[0]
    assert height <= size[1]


@given(sizes, boxes)
def test_a_rendition_has_at_least_one_pixel(size: tuple[int, int], box_px: int) -> None:
    assert min(fit(size, box_px)) >= 1


@given(sizes, boxes)
def test_the_longest_side_fills_the_box_unless_the_source_is_smaller(size: tuple[int, int], box_px: int) -> None:
    assert max(fit(size, box_px)) == min(box_px, max(size))


@given(sizes, boxes)
def test_both_sides_are_scaled_alike_to_within_half_a_pixel(size: tuple[int, int], box_px: int) -> None:
    scale = min(Fraction(1), Fraction(box_px, max(size)))
    for side, fitted in zip(size, fit(size, box_px), strict=True):
        assert abs(fitted - side * scale) <= Fraction(1, 2) or fitted == 1


@given(sizes, boxes)
def test_a_turned_source_gives_a_turned_rendition(size: tuple[int, int], box_px: int) -> None:
    assert fit(size[::-1], box_px) == fit(size, box_px)[::-1]


@given(sizes, st.lists(boxes, min_size=1, max_size=5))
def test_each_rendition_has_the_size_it_would_have_alone(size: tuple[int, int], box_sides: list[int]) -> None:
    renditions = [Rendition(f"r{box_px}", box_px, 80) for box_px in box_sides]
    assert plan_sizes(size, renditions) == tuple(fit(size, box_px) for box_px in box_sides)


@given(sizes, boxes)
def test_shrinking_while_decoding_leaves_a_factor_of_one_and_a_half(size: tuple[int, int], box_px: int) -> None:
    shrink = choose_shrink(size, box_px)
    assert shrink == 1 or max(size) / shrink >= 1.5 * box_px


@given(sizes, boxes)
def test_shrinking_while_decoding_leaves_at_least_one_pixel(size: tuple[int, int], box_px: int) -> None:
    assert min(size) // choose_shrink(size, box_px) >= 1


def test_a_12_megapixel_photo_is_decoded_at_half_its_size_for_1200_pixels() -> None:
    assert choose_shrink((4032, 3024), 1200) == 2
