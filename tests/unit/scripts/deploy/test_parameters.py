import pytest

from scripts.deploy.parameters import find_parameter_mistakes

KNOWN = ("renditions", "concurrency", "summaryEmail")


def test_good_parameters_have_no_mistakes() -> None:
    assert find_parameter_mistakes(["concurrency=7", "renditions=large:1600:82,small:400:80"], KNOWN) == []


def test_a_value_may_hold_an_equals_sign() -> None:
    assert find_parameter_mistakes(["summaryEmail=a=b@example.com"], KNOWN) == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["rendition=large:1600:82"], "did you mean renditions?"),
        (["nonsense=1"], "there are concurrency, renditions, summaryEmail"),
        (["concurrency"], "--param=concurrency: it must be name=value"),
        (["concurrency=7", "concurrency=8"], "--param=concurrency=... is given twice"),
    ],
)
def test_each_mistake_is_named_once(given: list[str], words: str) -> None:
    (mistake,) = find_parameter_mistakes(given, KNOWN)
    assert words in mistake
