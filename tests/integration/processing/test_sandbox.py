"""The sandbox's layers, each entered for good by a process of its own."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.cli.repository import REPOSITORY

LARGEST_OUTPUT_BYTES = 1_000_000
Confined = Callable[..., Any]
PREAMBLE = f"""
import ctypes, errno, json, os, resource, signal, socket, threading
from processing.worker.sandbox import enter_sandbox
spare = os.open(os.environ["SPARE"], os.O_RDWR)
def attempt(action, *arguments):
    try:
        action(*arguments)
        return "done"
    except OSError as error:
        return errno.errorcode[error.errno]
    except ValueError as error:  # Python's own word for setrlimit's EPERM
        return str(error)
layers = enter_sandbox({LARGEST_OUTPUT_BYTES})
"""


@pytest.fixture
def confined(tmp_path: Path) -> Confined:
    """Run a program in a sandbox; return the value of its last expression."""

    def run(expression: str, *, preamble: str = PREAMBLE) -> Any:
        (tmp_path / "spare").touch()
        program = f"{preamble}\nprint(json.dumps({expression}))"
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=REPOSITORY,
            env={"PATH": "/usr/bin:/bin", "SPARE": str(tmp_path / "spare")},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return json.loads(done.stdout)

    return run


def test_every_layer_holds_on_a_machine_that_refuses_none(confined: Confined) -> None:
    layers = confined("layers")
    sure = {"core", "fsize", "nofile"}
    assert set(layers) == sure | {"capabilities", "no_new_privs", "dumpable", "seccomp", "parents_memory"}
    assert all(layers.values()), layers


def test_nothing_can_be_opened_any_more(confined: Confined) -> None:
    openings = """[attempt(action, *arguments) for action, *arguments in (
        (os.open, "/dev/null", os.O_RDONLY), (os.pipe,), (os.dup, 1), (socket.socket,), (socket.socketpair,),
        (os.memfd_create, "x"), (os.listdir, "/"), (os.open, "/proc/self/environ", os.O_RDONLY))]"""
    # Whichever layer answers first.
    assert set(confined(openings)) <= {"EMFILE", "EPERM"}


def test_descriptors_that_are_open_stay_usable(confined: Confined) -> None:
    assert confined("[os.pwrite(spare, b'abc', 0), os.pread(spare, 3, 0).decode()]") == [3, "abc"]


def test_no_file_grows_beyond_the_largest_output(confined: Confined) -> None:
    grow = f"[attempt(os.ftruncate, spare, {LARGEST_OUTPUT_BYTES}), attempt(os.ftruncate, spare, {10**9})]"
    assert confined(grow) == ["done", "EFBIG"]


@pytest.mark.parametrize("with_seccomp", [True, False])
def test_no_limit_can_be_raised_again(confined: Confined, *, with_seccomp: bool) -> None:
    switch_off = "import processing.worker.sandbox\nprocessing.worker.sandbox.install_filter = bool\n"
    raising = (
        "[attempt(resource.setrlimit, limit, (64, 64)) for limit in (resource.RLIMIT_NOFILE, resource.RLIMIT_CORE)]"
    )
    answers = confined(raising, preamble=PREAMBLE if with_seccomp else switch_off + PREAMBLE)
    assert set(answers) == {"not allowed to raise maximum limit"}


def test_threads_can_still_start(confined: Confined) -> None:
    make_thread = "done = []\nthread = threading.Thread(target=done.append, args=(1,))\n"
    assert confined("[thread.start(), thread.join(), done]", preamble=PREAMBLE + make_thread) == [None, None, [1]]


def test_an_abort_still_ends_the_process(confined: Confined) -> None:
    with pytest.raises(subprocess.CalledProcessError) as ended:
        confined("os.abort()")
    assert ended.value.returncode == -signal.SIGABRT


def test_a_kernel_that_refuses_prctl_and_seccomp_is_reported_and_files_stay_out_of_reach(confined: Confined) -> None:
    refused = "from tests.support.lambda_refusals import refuse_as_lambda_does\nrefuse_as_lambda_does()\n" + PREAMBLE
    layers, opening = confined('[layers, attempt(os.open, "/dev/null", os.O_RDONLY)]', preamble=refused)
    assert {name for name, holds in layers.items() if not holds} == {"no_new_privs", "dumpable", "seccomp"}
    assert opening == "EMFILE"


def test_memory_that_can_be_read_is_told_from_memory_that_cannot(confined: Confined) -> None:
    before = "import os, processing.worker.sandbox as sandbox\nown = sandbox._is_memory_closed(os.getpid())\n"
    assert confined("[own, layers['parents_memory']]", preamble=before + PREAMBLE) == [False, True]


REACH = """
import json, os, sys, tempfile
from contextlib import suppress
from processing.worker import sandbox
from tests.support.lambda_refusals import drop_privileges
drop_privileges()
photo = tempfile.TemporaryFile()
def reached():
    child = os.fork()
    if child == 0:
        reached = 0 if sandbox._is_memory_closed(os.getppid()) else 1
        for bit, call in ((2, lambda: open(f"/proc/{os.getppid()}/environ").close()),
                          (4, lambda: os.truncate(f"/proc/{os.getppid()}/fd/{photo.fileno()}", 0))):
            with suppress(OSError):
                call()
                reached |= bit
        os._exit(reached)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
before = reached()
held = sandbox.protect_memory()
"""


def test_a_process_that_protects_its_memory_is_out_of_reach_for_its_user(confined: Confined) -> None:
    before, held, after = confined("[before, held, reached()]", preamble=REACH)
    if not Path("/proc/sys/kernel/yama/ptrace_scope").exists():
        assert before == 1 | 2 | 4  # its memory, its environment, and the files that it has open
    assert held
    assert after == 0
