import pytest

from processing.images.formats.input_format import InputFormat
from processing.images.formats.registry import FORMATS, read_header
from tests.support.forged_headers import stills


def test_every_format_has_a_name_of_its_own() -> None:
    assert sorted(known.name for known in FORMATS) == ["avif", "gif", "heic", "jpeg", "png", "tiff", "webp"]


@pytest.mark.parametrize("data", stills().values(), ids=stills())
def test_no_two_formats_claim_the_same_file(data: bytes) -> None:
    assert [known for known in FORMATS if known.detect(data)] == [read_header(data).format]


@pytest.mark.parametrize("known", FORMATS, ids=lambda known: known.name)
def test_no_format_claims_an_empty_file(known: InputFormat) -> None:
    assert not known.detect(b"")
