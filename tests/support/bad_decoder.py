"""A worker with a bad decoder: it crashes, hangs or exhausts memory when the end of a file asks for it.

Run as `python -m tests.support.bad_decoder SETTINGS`; other files are rendered as usual, in the same sandbox as always.
"""

import gc
import io
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from io import FileIO
from pathlib import Path

from processing.images.formats.input_format import Data, Header
from processing.images.pipeline import render_photo
from processing.images.rendered import Rendered
from processing.settings import RenderSettings
from processing.worker.__main__ import main

NOTES = "slow-renderings"


def _crash(_: str) -> None:
    signal.raise_signal(signal.SIGSEGV)


def _complain_and_crash(label: str) -> None:
    os.write(2, b"x" * 5_000 + b"free(): invalid pointer\n")
    _crash(label)


def _be_killed(_: str) -> None:
    signal.raise_signal(signal.SIGKILL)  # as by the kernel, when memory runs out


def _abort_for_memory(_: str) -> None:
    os.write(2, b"(process:7): GLib-ERROR **: 21:16:27.959: ../glib/gmem.c:139: failed to allocate 104856000 bytes\n")
    signal.raise_signal(signal.SIGTRAP)


def _stop(_: str) -> None:
    signal.raise_signal(signal.SIGSTOP)


def _spin(_: str) -> None:
    while True:
        pass


def _exhaust_memory(_: str) -> None:
    kept = []
    while True:
        kept.append(bytes(50_000_000))  # address space alone: nothing is written to it


def _send_garbage(_: str) -> None:
    os.write(replies_descriptor(), b"a line that is not a reply\n")


def _flood(_: str) -> None:
    while True:
        os.write(replies_descriptor(), b"x" * 65_536)


def _be_slow(label: str) -> None:
    """Take half a second; write down its start and end."""
    start = time.monotonic()
    os.write(_notes.fileno(), f"{label} begun\n".encode())
    time.sleep(0.5)
    os.write(_notes.fileno(), f"{label} {start} {time.monotonic()}\n".encode())


def _slow_and_crash(label: str) -> None:
    _be_slow(label)
    _crash(label)


FAULTS: dict[bytes, Callable[[str], None]] = {
    b"CRASH": _crash,
    b"COMPLAIN AND CRASH": _complain_and_crash,
    b"BE KILLED": _be_killed,
    b"ABORT FOR MEMORY": _abort_for_memory,
    b"STOP": _stop,
    b"SPIN": _spin,
    b"EXHAUST MEMORY": _exhaust_memory,
    b"SEND GARBAGE": _send_garbage,
    b"FLOOD": _flood,
    b"BE SLOW": _be_slow,
    b"SLOW AND CRASH": _slow_and_crash,
}
MARK = b"\n##"  # between a photo and the fault that it asks for


def asking_for(fault: bytes, photo: bytes, label: str = "photo") -> bytes:
    """Return a photo that causes a fault in this decoder; the label tells photos apart in the notes."""
    return photo + MARK + fault + MARK + label.encode()


def replies_descriptor() -> int:
    """Return the file descriptor of the replies: the copy of stdout that the worker made."""
    writers = (found for found in gc.get_objects() if isinstance(found, io.BufferedWriter) and not found.closed)
    return max(writer.fileno() for writer in writers)


def render(
    photo: Data, outputs: Sequence[FileIO], settings: RenderSettings, mark: str, header: Header | None, title: str
) -> Rendered:
    _, fault, label = (b"", b"", *bytes(photo[-200:]).rsplit(MARK, 2))[-3:]
    if fault in FAULTS:
        FAULTS[fault](label.decode())
    return render_photo(photo, outputs, settings, mark, header, title)


if __name__ == "__main__":
    # Opened before the sandbox, in which nothing can be.
    _notes = Path(tempfile.gettempdir(), NOTES).open("ab", buffering=0)  # noqa: SIM115 (until the process ends)
    main(sys.argv[1], render)
