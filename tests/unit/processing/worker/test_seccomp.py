"""The filter's decisions, computed by an interpreter of classic BPF: both processors on any machine."""

import errno
import struct

import pytest

from processing.worker.seccomp import ARCHITECTURES, Architecture, build_filter

X86_64, AARCH64 = ARCHITECTURES["x86_64"], ARCHITECTURES["aarch64"]
PROCESS_ID = 4711
ALLOW, KILL = 0x7FFF0000, 0x80000000
REFUSE = 0x00050000 | errno.EPERM
THREAD = 0x003D0F00  # the flags with which glibc's pthread_create calls clone
FORK = 0x01200011  # and those of fork


def decide(architecture: Architecture, number: int, *arguments: int, audit_number: int | None = None) -> int:
    """Run the filter on one system call."""
    padded = (*arguments, *(0,) * (6 - len(arguments)))
    data = struct.pack("=IIQ6Q", number, audit_number or architecture.audit_number, 0, *padded)
    program, accumulator, position = build_filter(architecture, PROCESS_ID), 0, 0
    while True:
        code, if_true, if_false, operand = program[position]
        position += 1
        match code:
            case 0x20:
                accumulator = struct.unpack_from("=I", data, operand)[0]
            case 0x06:
                return operand
            case _:
                is_true = {
                    0x15: accumulator == operand,
                    0x45: bool(accumulator & operand),
                    0x35: accumulator >= operand,
                }[code]
                position += if_true if is_true else if_false


@pytest.mark.parametrize(
    ("architecture", "numbers"),
    [
        (X86_64, {"read": 0, "write": 1, "lseek": 8, "brk": 12, "futex": 202, "exit_group": 231}),
        (AARCH64, {"read": 63, "write": 64, "lseek": 62, "brk": 214, "futex": 98, "exit_group": 94}),
    ],
)
def test_calls_that_rendering_needs_are_allowed(architecture: Architecture, numbers: dict[str, int]) -> None:
    assert {name: decide(architecture, number) for name, number in numbers.items()} == dict.fromkeys(numbers, ALLOW)


REFUSED = {
    "openat": (257, 56),
    "memfd_create": (319, 279),
    "io_uring_setup": (425, 425),
    "fcntl": (72, 25),
    "ioctl": (16, 29),
    "socket": (41, 198),
    "connect": (42, 203),
    "pipe2": (293, 59),
    "unlinkat": (263, 35),
    "truncate": (76, 45),
    "symlinkat": (266, 36),
    "mkdirat": (258, 34),
    "execve": (59, 221),
    "setsid": (112, 157),
    "shmget": (29, 194),
    "kill": (62, 129),
    "pidfd_open": (434, 434),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "setrlimit": (160, 164),
    "prctl": (157, 167),
    "seccomp": (317, 277),
    "bpf": (321, 280),
}


@pytest.mark.parametrize("call", REFUSED)
def test_calls_that_open_name_signal_or_execute_are_refused(call: str) -> None:
    for architecture in (X86_64, AARCH64):
        assert decide(architecture, REFUSED[call][architecture.column]) == REFUSE


@pytest.mark.parametrize(("architecture", "clone"), [(X86_64, 56), (AARCH64, 220)])
def test_threads_may_start_and_processes_may_not(architecture: Architecture, clone: int) -> None:
    assert decide(architecture, clone, THREAD) == ALLOW
    assert decide(architecture, clone, FORK) == REFUSE


@pytest.mark.parametrize("architecture", [X86_64, AARCH64])
def test_clone3_does_not_exist_so_that_glibc_calls_clone(architecture: Architecture) -> None:
    assert decide(architecture, 435) == 0x00050000 | errno.ENOSYS


@pytest.mark.parametrize(
    ("architecture", "mmap", "mprotect"), [(X86_64, 9, 10), (AARCH64, 222, 226)], ids=["x86_64", "aarch64"]
)
def test_memory_may_be_mapped_but_not_as_code(architecture: Architecture, mmap: int, mprotect: int) -> None:
    read_write, with_execute = 3, 7
    for call in (mmap, mprotect):
        assert decide(architecture, call, 0, 4096, read_write) == ALLOW
        assert decide(architecture, call, 0, 4096, with_execute) == REFUSE


@pytest.mark.parametrize(("architecture", "tgkill"), [(X86_64, 234), (AARCH64, 131)])
def test_a_process_may_only_signal_itself(architecture: Architecture, tgkill: int) -> None:
    assert decide(architecture, tgkill, PROCESS_ID, PROCESS_ID, 6) == ALLOW
    assert decide(architecture, tgkill, PROCESS_ID - 1, PROCESS_ID - 1, 9) == REFUSE


@pytest.mark.parametrize(("architecture", "prlimit64"), [(X86_64, 302), (AARCH64, 261)])
def test_limits_may_be_read_but_not_set(architecture: Architecture, prlimit64: int) -> None:
    new_limit = 0x7FFD_0000_1000
    assert decide(architecture, prlimit64, 0, 3, 0, new_limit) == ALLOW
    assert decide(architecture, prlimit64, 0, 7, new_limit, 0) == REFUSE
    assert decide(architecture, prlimit64, 0, 7, 0x1_0000_0000, 0) == REFUSE  # its lower half alone is zero
    assert decide(architecture, prlimit64, 1, 7, 0, new_limit) == REFUSE  # of another process


def test_calls_by_another_architectures_numbers_kill_the_process() -> None:
    i386 = 0x40000003
    assert decide(X86_64, 4, audit_number=i386) == KILL
    assert decide(X86_64, 0x40000000 + 1) == KILL  # x32
