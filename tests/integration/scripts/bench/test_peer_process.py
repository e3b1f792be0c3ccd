"""Peers as child processes: their processor time is read from outside, and a failure is reported."""

import sys
from pathlib import Path

import pytest

from scripts.bench import photos
from scripts.bench.comparison import BURST, compare_peers
from scripts.bench.peer import RENDITIONS, Peer, PeerJob, start_peer
from scripts.bench.photos import BenchPhoto
from scripts.cli.errors import OperatorError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="proc(5)")

WRITES = """
import pathlib, sys, time
print("ready", flush=True)
for line in sys.stdin:
    source, into = line.rstrip("\\n").split("\\t")
    pathlib.Path(into, "seen").open("a").write(source + "\\n")
    for name in ("large", "medium", "small"):
        pathlib.Path(into, name + ".jpg").write_bytes(pathlib.Path(source).read_bytes())
    end = time.process_time() + {seconds}
    while time.process_time() < end: pass
    print("done", flush=True)
"""
PHOTO = BenchPhoto("photo-cmyk.jpg", "a photo", 1, "")  # CMYK has no reference to compare with
FAILS = "import sys\nprint('ready', flush=True)\nsys.stdin.readline()\nsys.exit('no such codec')"


def peer(name: str, program: str) -> Peer:
    return Peer(
        name=name,
        title=f"the {name}",
        command=(sys.executable, "-c", program),
        request=lambda job: f"{job.source}\t{job.into}\n".encode(),
        environment={},
    )


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(photos, "PHOTOS", tmp_path)
    file = tmp_path / PHOTO.name
    file.write_bytes(b"pixels")
    return file


def test_the_time_of_a_job_is_the_processor_time_of_the_peer(tmp_path: Path, file: Path) -> None:
    with start_peer(peer("slow", WRITES.format(seconds=0.2)), tmp_path) as process:
        cpu_seconds, wall_seconds = process.render(PeerJob(file, tmp_path, tmp_path))
    assert 0.18 <= cpu_seconds < 0.4
    assert wall_seconds >= 0.2


def test_a_peer_that_ends_is_reported_with_what_it_wrote(tmp_path: Path, file: Path) -> None:
    with (
        pytest.raises(OperatorError, match="the broken failed: no such codec"),
        start_peer(peer("broken", FAILS), tmp_path) as process,
    ):
        process.render(PeerJob(file, tmp_path, tmp_path))


def test_a_peer_that_does_not_start_is_reported(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="not here"), start_peer(peer("broken", "exit('not here')"), tmp_path):
        pass


def test_the_peers_are_compared_with_darkroom(tmp_path: Path) -> None:
    peers = [peer("darkroom", WRITES.format(seconds=0.03)), peer("slow", WRITES.format(seconds=0.1))]
    scores = {score["peer"]: score for score in compare_peers(peers, [PHOTO], tmp_path, rounds=1)}
    assert scores.keys() == {"darkroom", "slow"}
    assert scores["darkroom"]["cpu_to_darkroom"]["median"] == 1
    assert scores["slow"]["cpu_to_darkroom"]["median"] > 2
    assert scores["slow"]["output_bytes"] == 3 * len(b"pixels")


def test_a_peer_that_fails_ends_the_comparison_with_what_it_wrote(tmp_path: Path) -> None:
    peers = [peer("darkroom", WRITES.format(seconds=0.03)), peer("broken", FAILS)]
    with pytest.raises(OperatorError, match="the broken failed: no such codec"):
        compare_peers(peers, [PHOTO], tmp_path, rounds=1)


def test_every_turn_renders_several_photos_each_under_a_name_of_its_own(tmp_path: Path) -> None:
    compare_peers([peer("darkroom", WRITES.format(seconds=0.02))], [PHOTO], tmp_path, rounds=1)
    seen = (tmp_path / "out/darkroom/seen").read_text().splitlines()
    warm_up, counted, memory = BURST, BURST, 1
    assert len(seen) == warm_up + counted + memory
    assert len(set(seen)) == len(seen)


def test_all_make_the_same_renditions() -> None:
    assert [(rendition.name, rendition.box_px, rendition.quality) for rendition in RENDITIONS] == [
        ("large", 1200, 80),
        ("medium", 600, 80),
        ("small", 300, 80),
    ]
