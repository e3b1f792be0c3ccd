import hashlib

import pytest

from processing.renditions import parse_renditions
from processing.settings import PIPELINE_VERSION, Limits, RenderSettings, parse_avif_effort, read_render_settings

LIMITS = Limits(max_bytes=1, max_pixels=1, max_pages=1)
DEFAULT = "large:1200:80,medium:600:80,small:300:80"


def test_the_default_settings_have_the_fingerprint_that_they_had_before_there_were_formats_and_shapes() -> None:
    recipe = f"{PIPELINE_VERSION}:[('large', 1200, 80), ('medium', 600, 80), ('small', 300, 80)]"
    expected = hashlib.sha256(recipe.encode()).hexdigest()[:16]
    assert RenderSettings(parse_renditions(DEFAULT), LIMITS).fingerprint == expected


def test_the_fingerprint_changes_with_the_renditions_and_not_with_the_limits() -> None:
    def fingerprint(text: str, limits: Limits = LIMITS) -> str:
        return RenderSettings(parse_renditions(text), limits).fingerprint

    assert fingerprint("a:10:80") == fingerprint("a:10:80", Limits(max_bytes=2, max_pixels=2, max_pages=2))
    assert len({fingerprint(text) for text in ("a:10:80", "b:10:80", "a:11:80", "a:10:81", "a:10:80,b:5:80")}) == 5


def test_the_fingerprint_changes_with_the_effort_only_where_there_is_an_avif() -> None:
    def fingerprints(renditions: str) -> set[str]:
        return {RenderSettings(parse_renditions(renditions), LIMITS, effort).fingerprint for effort in range(10)}

    assert len(fingerprints(DEFAULT)) == 1
    assert len(fingerprints(f"{DEFAULT},large:1200:50:avif")) == 10


def test_the_fingerprint_changes_with_the_paper_of_the_pdf_and_its_margin_only_on_paper() -> None:
    def fingerprint(paper: str, margin: str) -> str:
        return read_render_settings({"RENDITIONS": DEFAULT, "PDF_PAGE": paper, "PDF_MARGIN": margin}).fingerprint

    assert (
        fingerprint("photo", "10")
        == fingerprint("photo", "20")
        == read_render_settings({"RENDITIONS": DEFAULT}).fingerprint
    )
    assert len({fingerprint("photo", "10"), *(fingerprint(p, m) for p in ("A4", "Letter") for m in ("0", "10"))}) == 5


def test_the_variables_of_an_earlier_version_have_its_fingerprint() -> None:
    earlier = read_render_settings({"RENDITIONS": DEFAULT, "STAGE": "prod"})
    assert earlier.fingerprint == RenderSettings(parse_renditions(DEFAULT), LIMITS).fingerprint


def test_the_variables_of_a_function_have_the_functions_fingerprint() -> None:
    read = read_render_settings({"RENDITIONS": "a:10:80:avif", "AVIF_EFFORT": "7"})
    assert read.fingerprint == RenderSettings(parse_renditions("a:10:80:avif"), LIMITS, 7).fingerprint


@pytest.mark.parametrize("variables", [{}, {"RENDITIONS": "a:10"}, {"RENDITIONS": "a:10:80", "AVIF_EFFORT": "10"}])
def test_variables_that_cannot_be_read_are_an_error(variables: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="must be"):
        read_render_settings(variables)


@pytest.mark.parametrize("text", ["", "10", "-1", "3.0", "٣", "3 "])
def test_a_wrong_effort_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"0 .* to 9"):
        parse_avif_effort(text)


def test_more_and_larger_avifs_of_a_higher_effort_are_expected_to_take_longer() -> None:
    def seconds(text: str, effort: int = 3) -> float:
        return RenderSettings(parse_renditions(text), LIMITS, effort).avif_seconds

    assert seconds(DEFAULT) == 0
    assert 0 < seconds("a:600:50:avif") < seconds("a:1200:50:avif") < seconds("a:1200:50:avif,b:600:50:avif")
    by_effort = [seconds("a:1200:50:avif", effort) for effort in range(10)]
    assert by_effort == sorted(by_effort)


def test_no_output_may_have_more_bytes_than_its_pixels_allow() -> None:
    settings = RenderSettings(parse_renditions("a:1000x2000:80,b:100:80:webp:cover"), LIMITS)
    large, small, document = settings.output_limits
    assert 4 * 1000 * 2000 < large < document < 4.2 * 1000 * 2000
    assert 4 * 100 * 100 < small < 150_000
