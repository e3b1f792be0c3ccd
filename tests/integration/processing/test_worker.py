import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import pytest
import pyvips

from processing.settings import Limits, RenderSettings
from processing.worker.files import WorkerFiles
from processing.worker.protocol import WorkerSettings, inspect_line, parse_ready, render_line
from scripts.bench.measurements import peak_bytes, resident_bytes
from scripts.cli.repository import REPOSITORY
from scripts.prove.hard_tiffs import tiff_filling
from tests.support import photos
from tests.support.rendering import RENDITIONS, SETTINGS

ALL_PIXELS = RenderSettings(RENDITIONS, Limits(max_bytes=10**9, max_pixels=10**9, max_pages=1))
PLAIN_AND_INTERLACED = (photos.png(), photos.interlaced_png())


class Child:
    """A worker process and its files: photos and lines in, lines out."""

    def __init__(self, program: Sequence[str], settings: WorkerSettings, stderr: IO[bytes] | None = None) -> None:
        self.files = WorkerFiles(settings)
        self._settings = settings.render
        with self.files.open_for_worker(settings) as described:
            self.process = subprocess.Popen(
                [sys.executable, *program, described.as_argument()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                pass_fds=described.descriptors,
                cwd=REPOSITORY,
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

    def inspect(self, photo: bytes) -> Any:
        return self.ask(inspect_line(self.files.put_source(BytesIO(photo))))

    def render(self, photo: bytes) -> Any:
        return self.ask(render_line(self.files.put_source(BytesIO(photo))))

    def outputs(self) -> list[bytes]:
        files = [BytesIO() for _ in self._settings.output_limits]
        self.files.take_outputs(files)
        return [file.getvalue() for file in files]

    def close_stdin(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def stop(self) -> None:
        assert self.process.stdout is not None
        self.process.kill()
        self.process.wait()
        self.close_stdin()
        self.process.stdout.close()
        self.files.close()


@pytest.fixture
def children() -> Iterator[list[Child]]:
    started: list[Child] = []
    yield started
    for child in started:
        child.stop()


def start(children: list[Child], settings: RenderSettings = SETTINGS, memory_limit_bytes: int = 0) -> Child:
    """Start a worker and wait until it is ready."""
    child = Child(["-m", "processing.worker"], WorkerSettings(settings, memory_limit_bytes))
    children.append(child)
    assert parse_ready(child.read())["nofile"]
    return child


def start_patched(children: list[Child], definition: str) -> Child:
    """Start a worker with another `render`, or with other changes, defined by Python code."""
    imports = "import os, resource, sys, processing.worker.__main__ as worker; render = worker.render_photo"
    program = f"{imports}\n{definition}\nworker.main(sys.argv[1], render)"
    child = Child(["-c", program], WorkerSettings(SETTINGS))
    children.append(child)
    child.read()
    return child


def test_a_worker_renders_photo_after_photo(children: list[Child]) -> None:
    child = start(children)
    for _ in range(3):
        assert child.render(photos.jpeg())["rendered"]["sizes"] == [[400, 300], [200, 150], [100, 75]]
        assert [output[:4] for output in child.outputs()] == [*[b"\xff\xd8\xff\xe0"] * 3, b"%PDF"]


def test_a_worker_starts_without_openssl() -> None:
    program = "import sys, processing.worker.__main__; print('_hashlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert done.stdout == "False\n"


def test_a_worker_estimates_the_memory_of_a_photo_that_it_may_render(children: list[Child]) -> None:
    child = start(children)
    simple, interlaced = (child.inspect(data) for data in PLAIN_AND_INTERLACED)
    assert interlaced["memory_bytes"] > simple["memory_bytes"] + 500_000
    refused = child.inspect(photos.png_bomb())
    assert refused["failure"]["code"] == "too-many-pixels"


def test_a_worker_reads_the_header_of_an_inspected_photo_once(children: list[Child]) -> None:
    counting = (
        "original, calls = worker.inspect_header, []\n"
        "def inspect_header(*arguments):\n"
        "  calls.append(arguments)\n"
        "  assert len(calls) == 1\n"
        "  return original(*arguments)\n"
        "import processing.images.pipeline as pipeline\n"
        "worker.inspect_header = pipeline.inspect_header = inspect_header"
    )
    child = start_patched(children, counting)
    assert "memory_bytes" in child.inspect(photos.jpeg())
    assert "rendered" in child.render(photos.jpeg())
    assert "failure" in child.render(photos.jpeg())


def test_a_bad_photo_is_answered_with_its_code_and_the_next_one_is_rendered(children: list[Child]) -> None:
    child = start(children)
    reply = child.render(photos.not_an_image())
    assert reply["failure"]["code"] == "unsupported-format"
    assert "rendered" in child.render(photos.jpeg())


def test_a_line_that_is_no_request_is_answered_too(children: list[Child]) -> None:
    child = start(children)
    assert child.ask(b"hello\n") == {"failure": {"code": "internal-error", "detail": "ProtocolError"}}


def test_a_photo_larger_than_the_source_file_may_be_is_refused(children: list[Child]) -> None:
    limits = Limits(max_bytes=10_000, max_pixels=10**9, max_pages=1)
    child = start(children, RenderSettings(RENDITIONS, limits))
    assert child.inspect(photos.jpeg())["failure"]["code"] == "too-many-bytes"


def test_an_unexpected_exception_is_answered_by_its_class_alone(children: list[Child]) -> None:
    child = start_patched(children, "def render(*_): raise ZeroDivisionError('/secret/path')")
    reply = child.render(photos.jpeg())
    assert reply == {"failure": {"code": "internal-error", "detail": "ZeroDivisionError"}}


@pytest.mark.parametrize("output", [0, 2, 3])
def test_a_full_disk_is_no_fault_of_the_photo(children: list[Child], output: int) -> None:
    # Every write to /dev/full finds no space left; a device cannot be truncated.
    full = (
        "class Full(worker.FileIO):\n"
        "  def truncate(self, size=None): return 0\n"
        "full = Full('/dev/full', 'r+')\n"
        "def render(photo, outputs, *others):\n"
        f"  outputs[{output}] = full\n"
        "  worker.render_photo(photo, outputs, *others)"
    )
    assert start_patched(children, full).render(photos.jpeg())["failure"]["code"] == "disk-full"


def test_what_a_native_library_prints_does_not_reach_the_replies(children: list[Child]) -> None:
    noisy = "def render(*_):\n  os.write(1, b'noise\\n')\n  print('noise', flush=True)\n  raise MemoryError\n"
    reply = start_patched(children, noisy).render(photos.jpeg())
    assert reply["failure"]["code"] == "out-of-memory"


def test_a_photo_beyond_the_memory_limit_fails_alone(children: list[Child]) -> None:
    child = start(children, ALL_PIXELS, 50 * 2**20)
    reply = child.render(photos.png_bomb(17_000, interlaced=True))
    assert reply["failure"]["code"] == "out-of-memory"
    assert "rendered" in child.render(photos.jpeg())


def test_a_photo_that_libvips_has_no_memory_for_never_comes_out_black(children: list[Child]) -> None:
    planes = tiff_filling(220 * 2**20)
    assert start(children, ALL_PIXELS, 50 * 2**20).render(planes)["failure"]["code"] == "out-of-memory"
    assert "rendered" in start(children, ALL_PIXELS).render(planes)


def test_without_a_memory_limit_the_same_photo_is_rendered(children: list[Child]) -> None:
    assert "rendered" in start(children, ALL_PIXELS).render(photos.png_bomb(17_000, interlaced=True))


def test_a_large_jpeg_is_never_in_memory_as_a_whole(children: list[Child]) -> None:
    photo = photos.large_jpeg()
    child = start(children, ALL_PIXELS)
    before = resident_bytes(child.process.pid)
    assert "rendered" in child.render(photo)
    assert peak_bytes(child.process.pid) - before < len(photo)


def test_the_estimate_of_a_wide_uncompressed_tiff_covers_its_peak(children: list[Child]) -> None:
    wide = pyvips.Image.black(100_000, 500, bands=3).copy(interpretation="srgb").tiffsave_buffer(compression="none")
    child = start(children, ALL_PIXELS)
    before = resident_bytes(child.process.pid)
    estimate = child.inspect(wide)["memory_bytes"]
    assert "rendered" in child.render(wide)
    assert peak_bytes(child.process.pid) - before < estimate


def test_a_worker_ends_when_its_stdin_does(children: list[Child]) -> None:
    child = start(children)
    child.close_stdin()
    assert child.process.wait(timeout=5) == 0


def test_a_worker_whose_parent_died_while_it_started_ends_without_a_word(tmp_path: Path, children: list[Child]) -> None:
    with (tmp_path / "said").open("wb") as said:
        child = Child(["-m", "processing.worker"], WorkerSettings(SETTINGS), said)
        children.append(child)
        assert child.process.stdout is not None
        child.process.stdout.close()
        assert child.process.wait(timeout=20) == 0
    assert (tmp_path / "said").read_bytes() == b""


def test_a_worker_ends_with_its_stdin_even_in_the_middle_of_a_photo(children: list[Child]) -> None:
    child = start(children, ALL_PIXELS)
    child.send(render_line(child.files.put_source(BytesIO(photos.png_bomb(20_000)))))
    time.sleep(0.2)
    child.close_stdin()
    assert child.process.wait(timeout=5) == 0
    assert child.read() == b""
