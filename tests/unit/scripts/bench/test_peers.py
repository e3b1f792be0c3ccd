import json

import pytest

from processing.settings import DEFAULT_AVIF_EFFORT
from scripts.bench.comparison import can_read, replace_rows
from scripts.bench.peer import DARKROOM, FLOOR, PILLOW, SHARP_CHAIN, list_output_peers, list_peers
from scripts.bench.photos import OTHER_FORMATS
from tests.unit.scripts.bench.results import score, versus

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


@pytest.mark.parametrize("output_format", ["webp", "avif"])
def test_every_peer_makes_the_same_renditions_of_an_output_format(output_format: str) -> None:
    peers = list_output_peers(output_format)
    assert [peer.name for peer in peers] == [DARKROOM, SHARP_CHAIN, PILLOW]
    assert {tuple((r.file_name, r.box_px) for r in peer.renditions) for peer in peers} == {
        ((f"medium.{output_format}", 600), (f"small.{output_format}", 300))
    }
    for peer in peers[1:]:
        outputs = json.loads(peer.command[-1])
        assert outputs["suffix"] == output_format
        assert [size[:2] for size in outputs["sizes"]] == [["medium", 600], ["small", 300]]


def test_avif_has_the_same_effort_in_every_peer() -> None:
    sharp, pillow = (json.loads(peer.command[-1])["options"] for peer in list_output_peers("avif")[1:])
    assert (sharp, pillow) == ({"effort": DEFAULT_AVIF_EFFORT}, {"speed": 9 - DEFAULT_AVIF_EFFORT})


def test_rows_that_are_measured_again_replace_those_rows_and_no_others() -> None:
    before = versus(score("darkroom", 1.0), score("darkroom", 1.0, "12mp.avif"), score("pillow", 2.0, "12mp.avif"))
    rows = versus(score("darkroom", 1.0, "12mp.avif"), score("pillow", 0.8, "12mp.avif"))
    rows |= {"rounds": 9, "sharp_heic": None}
    after = replace_rows(before, rows, "2026-11-25")
    assert after["scores"] == [before["scores"][0], *rows["scores"]]
    assert after["photos"] == before["photos"]
    assert after["later"] == {"12mp.avif": {"rounds": 9, "measured": "2026-11-25"}}
