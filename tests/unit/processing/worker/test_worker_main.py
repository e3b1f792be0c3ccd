import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from processing.settings import Limits, RenderSettings
from processing.worker.protocol import estimate_request, parse_rendered, render_request
from scripts.bench.measurements import peak_bytes, resident_bytes
from scripts.cli.repository import REPOSITORY
from tests.support import photos
from tests.support.rendering import LIMITS, RENDITIONS, SETTINGS

ALL_PIXELS = RenderSettings(RENDITIONS, Limits(max_bytes=10**9, max_pixels=10**9, max_pages=1))
PLAIN_AND_INTERLACED = (photos.png(), photos.interlaced_png())


class Child:
    """A worker as its parent sees it: lines in, lines out."""

    def __init__(self, *command: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPOSITORY
        )

    def read(self) -> bytes:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def send(self, line: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line)
        self.process.stdin.flush()

    def ask(self, line: bytes) -> Any:
        self.send(line)
        return json.loads(self.read())

    def close_stdin(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def stop(self) -> None:
        assert self.process.stdout is not None
        self.process.kill()
        self.process.wait()
        self.close_stdin()
        self.process.stdout.close()


@pytest.fixture
def children() -> Iterator[list[Child]]:
    started: list[Child] = []
    yield started
    for child in started:
        child.stop()


def start(children: list[Child], *arguments: str) -> Child:
    """A worker that has said it is ready."""
    child = Child("-m", "processing.worker", *arguments)
    children.append(child)
    assert json.loads(child.read()) == {"ready": True}
    return child


def start_patched(children: list[Child], render_photo: str) -> Child:
    """A ready worker whose `render_photo` is replaced: by what a decoder might do at its worst."""
    imports, run = (
        "import os, processing.worker.__main__ as worker",
        "worker.render_photo = render_photo\nworker.main([])",
    )
    child = Child("-c", f"{imports}\n{render_photo}\n{run}")
    children.append(child)
    child.read()
    return child


def stored(folder: Path, data: bytes) -> Path:
    path = folder / "source"
    path.write_bytes(data)
    return path


def test_a_worker_renders_photo_after_photo(tmp_path: Path, children: list[Child]) -> None:
    child = start(children)
    source = stored(tmp_path, photos.jpeg())
    for _ in range(3):
        child.send(render_request(source, tmp_path, SETTINGS))
        rendered = parse_rendered(child.read())
        assert [(tmp_path / file.name).stat().st_size for file in rendered.files] == [
            file.size_bytes for file in rendered.files
        ]


def test_a_worker_starts_without_openssl() -> None:
    program = "import sys, processing.worker.__main__; print('_hashlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert done.stdout == "False\n"


def test_a_worker_estimates_the_memory_of_a_photo_that_it_may_render(tmp_path: Path, children: list[Child]) -> None:
    child = start(children)
    simple, interlaced = (child.ask(estimate_request(stored(tmp_path, data), LIMITS)) for data in PLAIN_AND_INTERLACED)
    assert interlaced["memory_bytes"] > simple["memory_bytes"] + 500_000
    refused = child.ask(estimate_request(stored(tmp_path, photos.png_bomb()), LIMITS))
    assert refused["failure"]["code"] == "too-many-pixels"


def test_a_bad_photo_is_answered_with_its_code_and_the_next_one_is_rendered(
    tmp_path: Path, children: list[Child]
) -> None:
    child = start(children)
    bad = stored(tmp_path, photos.not_an_image())
    reply = child.ask(render_request(bad, tmp_path, SETTINGS))
    assert reply["failure"]["code"] == "unsupported-format"
    assert "rendered" in child.ask(render_request(stored(tmp_path, photos.jpeg()), tmp_path, SETTINGS))


def test_a_line_that_is_no_request_is_answered_too(children: list[Child]) -> None:
    child = start(children)
    assert child.ask(b"hello\n") == {"failure": {"code": "internal-error", "detail": "ProtocolError"}}


def test_a_missing_file_is_answered_without_its_path(tmp_path: Path, children: list[Child]) -> None:
    child = start(children)
    reply = child.ask(render_request(tmp_path / "nothing", tmp_path, SETTINGS))
    assert reply == {"failure": {"code": "internal-error", "detail": "FileNotFoundError"}}


def test_an_unexpected_exception_is_answered_by_its_class_alone(tmp_path: Path, children: list[Child]) -> None:
    child = start_patched(children, "def render_photo(*_): raise ZeroDivisionError('/secret/path')")
    reply = child.ask(render_request(tmp_path, tmp_path, SETTINGS))
    assert reply == {"failure": {"code": "internal-error", "detail": "ZeroDivisionError"}}


@pytest.mark.parametrize("output", ["large.jpg", "small.jpg"])
def test_a_full_disk_is_no_fault_of_the_photo(tmp_path: Path, children: list[Child], output: str) -> None:
    (tmp_path / output).symlink_to("/dev/full")  # every write to it finds no space left
    child = start(children)
    reply = child.ask(render_request(stored(tmp_path, photos.jpeg()), tmp_path, SETTINGS))
    assert reply["failure"]["code"] == "disk-full"


def test_what_a_native_library_prints_does_not_reach_the_replies(tmp_path: Path, children: list[Child]) -> None:
    noisy = "def render_photo(*_):\n  os.write(1, b'noise\\n')\n  print('noise', flush=True)\n  raise MemoryError"
    reply = start_patched(children, noisy).ask(render_request(tmp_path, tmp_path, SETTINGS))
    assert reply["failure"]["code"] == "out-of-memory"


def test_a_photo_beyond_the_memory_limit_fails_alone(tmp_path: Path, children: list[Child]) -> None:
    child = start(children, str(50 * 2**20))
    bomb = stored(tmp_path, photos.png_bomb(17_000, interlaced=True))
    reply = child.ask(render_request(bomb, tmp_path, ALL_PIXELS))
    assert reply["failure"]["code"] == "out-of-memory"
    assert "rendered" in child.ask(render_request(stored(tmp_path, photos.jpeg()), tmp_path, SETTINGS))


def test_without_a_memory_limit_the_same_photo_is_rendered(tmp_path: Path, children: list[Child]) -> None:
    bomb = stored(tmp_path, photos.png_bomb(17_000, interlaced=True))
    assert "rendered" in start(children).ask(render_request(bomb, tmp_path, ALL_PIXELS))


def test_a_large_jpeg_is_never_in_memory_as_a_whole(tmp_path: Path, children: list[Child]) -> None:
    source = stored(tmp_path, photos.large_jpeg())
    child = start(children)
    before = resident_bytes(child.process.pid)
    assert "rendered" in child.ask(render_request(source, tmp_path, ALL_PIXELS))
    assert peak_bytes(child.process.pid) - before < source.stat().st_size


def test_a_worker_ends_when_its_stdin_does(children: list[Child]) -> None:
    child = start(children)
    child.close_stdin()
    assert child.process.wait(timeout=5) == 0


def test_a_worker_whose_parent_died_while_it_started_ends_without_a_word(tmp_path: Path) -> None:
    with (tmp_path / "said").open("wb") as said:
        child = subprocess.Popen(
            [sys.executable, "-m", "processing.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            cwd=REPOSITORY,
        )
        assert child.stdout is not None
        child.stdout.close()
        assert child.wait(timeout=20) == 0
        assert child.stdin is not None
        child.stdin.close()
    assert (tmp_path / "said").read_bytes() == b""


def test_a_worker_ends_with_its_stdin_even_in_the_middle_of_a_photo(tmp_path: Path, children: list[Child]) -> None:
    child = start(children)
    child.send(render_request(stored(tmp_path, photos.png_bomb(20_000)), tmp_path, ALL_PIXELS))
    time.sleep(0.2)
    child.close_stdin()
    assert child.process.wait(timeout=5) == 0
    assert child.read() == b""
