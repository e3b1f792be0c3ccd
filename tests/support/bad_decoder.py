"""A worker with a bad decoder: it crashes, hangs or exhausts memory when the end of a file asks for it.

Run as `python -m tests.support.bad_decoder SETTINGS`; other files are rendered as usual.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from processing.images.formats.input_format import Header
from processing.images.pipeline import render_photo
from processing.images.rendered import Rendered
from processing.settings import RenderSettings
from processing.worker.__main__ import main


def _crash(_: Path) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def _be_killed(_: Path) -> None:
    os.kill(os.getpid(), signal.SIGKILL)  # as by the kernel, when memory runs out


def _stop(_: Path) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def _spin(_: Path) -> None:
    while True:
        pass


def _exhaust_memory(_: Path) -> None:
    kept = []
    while True:
        kept.append(bytes(50_000_000))  # address space alone: nothing is written to it


def _send_garbage(_: Path) -> None:
    os.write(_replies(), b"a line that is not a reply\n")


def _flood(_: Path) -> None:
    while True:
        os.write(_replies(), b"x" * 65_536)


def _replies() -> int:
    """Return the file descriptor of the replies: the copy of stdout that the worker made."""
    return max(int(link.name) for link in Path("/proc/self/fd").iterdir() if _is_a_pipe(link))


def _is_a_pipe(link: Path) -> bool:
    with suppress(OSError):
        return str(link.readlink()).startswith("pipe:")
    return False


def _be_slow(into: Path) -> None:
    """Take half a second; write down its start and end."""
    start = time.monotonic()
    (into / "begun").touch()
    time.sleep(0.5)
    (into.parent / f"slow-{uuid4()}").write_text(f"{start} {time.monotonic()}")


def _slow_and_crash(into: Path) -> None:
    _be_slow(into)
    _crash(into)


FAULTS: dict[bytes, Callable[[Path], None]] = {
    b"CRASH": _crash,
    b"BE KILLED": _be_killed,
    b"STOP": _stop,
    b"SPIN": _spin,
    b"EXHAUST MEMORY": _exhaust_memory,
    b"SEND GARBAGE": _send_garbage,
    b"FLOOD": _flood,
    b"BE SLOW": _be_slow,
    b"SLOW AND CRASH": _slow_and_crash,
}
MARK = b"\n##"  # between a photo and the fault that it asks for


def asking_for(fault: bytes, photo: bytes) -> bytes:
    """Return a photo that causes a fault in this decoder."""
    return photo + MARK + fault


def render(source: Path, into: Path, settings: RenderSettings, mark: str, header: Header | None) -> Rendered:
    fault = source.read_bytes().rpartition(MARK)[2]
    if fault in FAULTS:
        FAULTS[fault](into)
    return render_photo(source, into, settings, mark, header)


if __name__ == "__main__":
    main(sys.argv[1], render)
