"""Peers as processes: what they take is measured from outside, and one that fails stops nobody else."""

import sys
from pathlib import Path

import pytest

from scripts.bench.comparison import BURST, Arena
from scripts.bench.peer_process import ContenderError, Job, Peer, running
from scripts.bench.photos import Photo
from scripts.bench.renditions import RENDITIONS

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
FAILS = "import sys\nprint('ready', flush=True)\nsys.stdin.readline()\nsys.exit('no such codec')"


def peer(name: str, program: str) -> Peer:
    return Peer(
        name=name,
        title=f"the {name}",
        command=(sys.executable, "-c", program),
        request=lambda job: f"{job.source}\t{job.into}\n".encode(),
        environment={},
    )


def photo(folder: Path) -> tuple[Photo, Path]:
    file = folder / "photo.jpg"
    file.write_bytes(b"pixels")
    about = Photo(name=file.name, title="a photo", width_px=1, height_px=1, write=print, has_reference=False)
    return about, file


def test_the_time_of_a_job_is_the_processor_time_of_the_peer(tmp_path: Path) -> None:
    _, file = photo(tmp_path)
    with running(peer("slow", WRITES.format(seconds=0.2)), tmp_path) as contender:
        usage = contender.render(Job(source=file, into=tmp_path, reference=tmp_path))
    assert 0.2 <= usage.cpu_seconds < 0.4
    assert usage.wall_seconds >= 0.2


def test_a_peer_that_ends_is_reported_with_what_it_wrote(tmp_path: Path) -> None:
    _, file = photo(tmp_path)
    with (
        pytest.raises(ContenderError, match="the broken failed: no such codec"),
        running(peer("broken", FAILS), tmp_path) as contender,
    ):
        contender.render(Job(source=file, into=tmp_path, reference=tmp_path))


def test_a_peer_that_does_not_start_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ContenderError, match="not here"), running(peer("broken", "exit('not here')"), tmp_path):
        pass


def test_a_peer_that_fails_is_left_out_and_the_others_are_compared(tmp_path: Path) -> None:
    said: list[str] = []
    arena = Arena(folder=tmp_path, rounds=2, say=said.append)
    peers = [
        peer("darkroom", WRITES.format(seconds=0.01)),
        peer("broken", FAILS),
        peer("slow", WRITES.format(seconds=0.05)),
    ]
    scores = {score.peer: score for score in arena.compare(peers, [photo(tmp_path)])}
    assert scores.keys() == {"darkroom", "slow"}
    assert scores["darkroom"].cpu_to_darkroom.median == 1
    assert scores["slow"].cpu_to_darkroom.median > 2
    assert scores["slow"].output_bytes == 3 * len(b"pixels")
    assert any("no such codec" in line for line in said)


def test_every_turn_renders_several_photos_each_under_a_name_of_its_own(tmp_path: Path) -> None:
    arena = Arena(folder=tmp_path, rounds=1, say=print)
    arena.compare([peer("darkroom", WRITES.format(seconds=0))], [photo(tmp_path)])
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
