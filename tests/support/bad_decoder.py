"""A worker whose decoder is as bad as decoders can be: what a file's text asks for happens, for real.

Run as `python -m tests.support.bad_decoder`; anything else than these words is rendered as usual.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import processing.worker.__main__
from processing.images.pipeline import render_photo
from processing.images.rendered import Rendered
from processing.settings import RenderSettings


def _crash(_: Path) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def _be_killed(_: Path) -> None:
    os.kill(os.getpid(), signal.SIGKILL)  # as by the kernel, when memory runs out


def _stop(_: Path) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def _spin(_: Path) -> None:
    while True:
        pass


def _starve(_: Path) -> None:
    hoard = []
    while True:
        hoard.append(bytes(50_000_000))  # address space alone: nothing is written to it


def _babble(_: Path) -> None:
    os.write(_replies(), b"a line that is no answer\n")


def _flood(_: Path) -> None:
    while True:
        os.write(_replies(), b"x" * 65_536)


def _replies() -> int:
    """The file descriptor that answers go through: the copy of stdout that the worker made."""
    return max(int(link.name) for link in Path("/proc/self/fd").iterdir() if _leads_to_a_pipe(link))


def _leads_to_a_pipe(link: Path) -> bool:
    with suppress(OSError):
        return str(link.readlink()).startswith("pipe:")
    return False


def _dawdle(into: Path) -> None:
    """Takes its time, and notes from when to when."""
    start = time.monotonic()
    (into / "begun").touch()
    time.sleep(0.5)
    (into.parent / f"dawdled-{uuid4()}").write_text(f"{start} {time.monotonic()}")


def _dawdle_and_crash(into: Path) -> None:
    _dawdle(into)
    _crash(into)


DEEDS: dict[bytes, Callable[[Path], None]] = {
    b"CRASH": _crash,
    b"BE KILLED": _be_killed,
    b"STOP": _stop,
    b"SPIN": _spin,
    b"STARVE": _starve,
    b"BABBLE": _babble,
    b"FLOOD": _flood,
    b"DAWDLE": _dawdle,
    b"DAWDLE AND CRASH": _dawdle_and_crash,
}
MARK = b"\n##"  # after a photo: what the decoder should do when it comes across it


def asking_for(deed: bytes, photo: bytes) -> bytes:
    """A photo that makes this decoder do something bad."""
    return photo + MARK + deed


def render(source: Path, into: Path, settings: RenderSettings, mark: str) -> Rendered:
    deed = source.read_bytes().rpartition(MARK)[2]
    if deed in DEEDS:
        DEEDS[deed](into)
    return render_photo(source, into, settings, mark)


if __name__ == "__main__":
    setattr(processing.worker.__main__, "render_photo", render)  # noqa: B010 (mypy: the worker only imports it)
    processing.worker.__main__.main(sys.argv[1:])
