from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from processing.images.geometry import choose_shrink, cover, fit, plan_outputs
from processing.renditions import COVER, Rendition

sides = st.integers(1, 70_000)
sizes = st.tuples(sides, sides)
box_sides = st.integers(1, 5_000)
boxes = st.tuples(box_sides, box_sides)
squares = box_sides.map(lambda side: (side, side))
fits = st.sampled_from(["inside", "cover"])


@given(sizes, boxes)
def test_a_rendition_never_exceeds_its_box(size: tuple[int, int], box: tuple[int, int]) -> None:
    width, height = fit(size, box)
    assert width <= box[0]
    assert height <= box[1]


@given(sizes, boxes)
def test_a_rendition_is_never_larger_than_the_source(size: tuple[int, int], box: tuple[int, int]) -> None:
    width, height = fit(size, box)
    assert width <= size[0]
    assert height <= size[1]


@given(sizes, boxes)
def test_a_rendition_has_at_least_one_pixel(size: tuple[int, int], box: tuple[int, int]) -> None:
    assert min(fit(size, box)) >= 1


@given(sizes, box_sides)
def test_the_longest_side_fills_a_square_box_unless_the_source_is_smaller(size: tuple[int, int], side: int) -> None:
    assert max(fit(size, (side, side))) == min(side, max(size))


@given(sizes, boxes)
def test_one_side_fills_the_box_unless_the_source_is_smaller(size: tuple[int, int], box: tuple[int, int]) -> None:
    width, height = fit(size, box)
    assert (width, height) == size or width == box[0] or height == box[1]


@given(sizes, boxes)
def test_both_sides_are_scaled_alike_to_within_half_a_pixel(size: tuple[int, int], box: tuple[int, int]) -> None:
    scale = min(Fraction(1), Fraction(box[0], size[0]), Fraction(box[1], size[1]))
    for side, fitted in zip(size, fit(size, box), strict=True):
        assert abs(fitted - side * scale) <= Fraction(1, 2) or fitted == 1


@given(sizes, boxes)
def test_a_turned_source_gives_a_turned_rendition(size: tuple[int, int], box: tuple[int, int]) -> None:
    assert fit(size[::-1], box[::-1]) == fit(size, box)[::-1]


@given(sizes, boxes)
def test_a_crop_of_a_large_source_has_exactly_the_boxs_shape(size: tuple[int, int], box: tuple[int, int]) -> None:
    if size[0] >= box[0] and size[1] >= box[1]:
        assert cover(size, box).shape == box


@given(sizes, boxes)
def test_a_crop_is_part_of_the_photo_which_is_never_enlarged(size: tuple[int, int], box: tuple[int, int]) -> None:
    placement = cover(size, box)
    for shape, whole, side in zip(placement.shape, placement.whole, size, strict=True):
        assert 1 <= shape <= whole <= side


@given(sizes, boxes)
def test_a_crop_of_a_small_source_keeps_the_boxs_proportions(size: tuple[int, int], box: tuple[int, int]) -> None:
    if size[0] < box[0] or size[1] < box[1]:
        width, height = cover(size, box).shape
        assert width == size[0] or height == size[1]
        exact = min(Fraction(size[0], box[0]), Fraction(size[1], box[1]))
        assert abs(width - box[0] * exact) <= Fraction(1, 2) or width == 1
        assert abs(height - box[1] * exact) <= Fraction(1, 2) or height == 1


@given(sizes, boxes)
def test_a_crop_loses_pixels_in_one_direction_only(size: tuple[int, int], box: tuple[int, int]) -> None:
    placement = cover(size, box)
    assert placement.shape[0] == placement.whole[0] or placement.shape[1] == placement.whole[1]


@given(sizes, st.lists(st.tuples(boxes, fits), min_size=1, max_size=6))
def test_each_rendition_is_placed_as_it_would_be_alone(
    size: tuple[int, int], wanted: list[tuple[tuple[int, int], str]]
) -> None:
    renditions = [Rendition("r", box[0], 80, fit=how, height_px=box[1]) for box, how in wanted]
    alone = [plan_outputs(size, [rendition]).renditions[0] for rendition in renditions]
    assert list(plan_outputs(size, renditions).renditions) == alone


@given(sizes, st.lists(st.tuples(boxes, fits), min_size=1, max_size=6))
def test_every_output_is_made_from_a_picture_that_is_large_enough(
    size: tuple[int, int], wanted: list[tuple[tuple[int, int], str]]
) -> None:
    plan = plan_outputs(size, [Rendition("r", box[0], 80, fit=how, height_px=box[1]) for box, how in wanted])
    areas = [step.whole[0] * step.whole[1] for step in plan.steps]
    assert areas == sorted(areas, reverse=True)
    assert set(plan.steps) == {*plan.renditions, plan.document}
    assert plan.largest == plan.steps[0].whole


@given(sizes, st.lists(st.tuples(boxes, fits), min_size=1, max_size=6))
def test_the_document_is_never_a_crop(size: tuple[int, int], wanted: list[tuple[tuple[int, int], str]]) -> None:
    renditions = [Rendition("r", box[0], 80, fit=how, height_px=box[1]) for box, how in wanted]
    document = plan_outputs(size, renditions).document
    assert not document.is_crop
    insides = [rendition for rendition in renditions if rendition.fit != COVER]
    assert document.whole == fit(size, (insides or renditions)[0].box)


@given(sizes, box_sides)
def test_shrinking_while_decoding_leaves_a_factor_of_one_and_a_half(size: tuple[int, int], longest_px: int) -> None:
    shrink = choose_shrink(size, longest_px)
    assert shrink == 1 or max(size) / shrink >= 1.5 * longest_px


@given(sizes, box_sides)
def test_shrinking_while_decoding_leaves_at_least_one_pixel(size: tuple[int, int], longest_px: int) -> None:
    assert min(size) // choose_shrink(size, longest_px) >= 1
