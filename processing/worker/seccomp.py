"""A seccomp filter (seccomp(2)): the system calls that rendering needs, for x86_64 and aarch64; all others fail."""

import ctypes
import errno
import struct
import sys
from dataclasses import dataclass

# Offsets into struct seccomp_data (linux/seccomp.h): the call's number, the architecture, six arguments of 64 bits.
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
# Instructions of classic BPF (linux/filter.h): load a word, jump if equal, if any bit is set, if not below; return.
_LOAD, _IF_EQUAL, _IF_ANY_BIT, _IF_NOT_BELOW, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
# linux/seccomp.h
_KILL, _FAIL, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
_SET_MODE_FILTER, _ALL_THREADS = 1, 1
_OTHER_ABI = 0x40000000  # x32 on x86_64: the same calls by other numbers
_CLONE_THREAD, _PROT_EXEC = 0x00010000, 0x4

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, operand

# The numbers on (x86_64, aarch64), from asm/unistd_64.h and asm-generic/unistd.h. None opens, names or executes a file.
_ALLOWED = {
    "read": (0, 63),
    "write": (1, 64),
    "readv": (19, 65),
    "writev": (20, 66),
    "pread64": (17, 67),
    "pwrite64": (18, 68),
    "lseek": (8, 62),
    "fstat": (5, 80),
    "ftruncate": (77, 46),
    "close": (3, 57),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "brk": (12, 214),
    "futex": (202, 98),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "set_robust_list": (273, 99),
    "rseq": (334, 293),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "getrandom": (318, 278),
    "clock_gettime": (228, 113),
    "clock_nanosleep": (230, 115),
    "gettimeofday": (96, 169),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "getrusage": (98, 165),
    "restart_syscall": (219, 128),
}
_CLONE, _CLONE3 = (56, 220), (435, 435)
_MMAP, _MPROTECT = (9, 222), (10, 226)
_TGKILL, _PRLIMIT64 = (234, 131), (302, 261)
_SECCOMP = (317, 277)


@dataclass(frozen=True)
class Architecture:
    """A processor as the kernel names it.

    Attributes:
        audit_number: AUDIT_ARCH_* of linux/audit.h.
        column: which of a call's two numbers is this architecture's.
    """

    audit_number: int
    column: int


ARCHITECTURES = {"x86_64": Architecture(0xC000003E, 0), "aarch64": Architecture(0xC00000B7, 1)}


class _Program(ctypes.Structure):
    """struct sock_fprog (linux/filter.h)."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def build_filter(architecture: Architecture, process_id: int) -> list[Instruction]:
    """Build the filter as BPF instructions.

    Args:
        architecture: of the calls that it judges.
        process_id: the process that may be sent signals: itself, so that abort(3) works.
    """
    number = architecture.column
    program = [
        _load(_ARCHITECTURE),
        *_if(_IF_EQUAL, architecture.audit_number, [_load(_NUMBER)], otherwise=[_return(_KILL)]),
        *_if(_IF_NOT_BELOW, _OTHER_ABI, [_return(_KILL)]),
    ]
    for numbers in _ALLOWED.values():
        program += _if(_IF_EQUAL, numbers[number], [_return(_ALLOW)])
    refuse_code = [_load_argument(2), *_if(_IF_ANY_BIT, _PROT_EXEC, [_fail(errno.EPERM)]), _return(_ALLOW)]
    rules = {
        _MMAP[number]: refuse_code,
        _MPROTECT[number]: refuse_code,
        _CLONE[number]: [_load_argument(0), *_if(_IF_ANY_BIT, _CLONE_THREAD, [_return(_ALLOW)]), _fail(errno.EPERM)],
        _CLONE3[number]: [_fail(errno.ENOSYS)],  # its flags are out of a filter's reach; glibc then calls clone
        _TGKILL[number]: [_load_argument(0), *_if(_IF_EQUAL, process_id, [_return(_ALLOW)]), _fail(errno.EPERM)],
        _PRLIMIT64[number]: _allow_reading_limits(),
    }
    for call, rule in rules.items():
        program += _if(_IF_EQUAL, call, rule)
    return [*program, _fail(errno.EPERM)]


def install_filter(machine: str) -> bool:
    """Filter every thread of this process and every process that it starts, for good.

    Needs PR_SET_NO_NEW_PRIVS or CAP_SYS_ADMIN.

    Args:
        machine: the processor's name, as uname(2) gives it.

    Returns:
        False if the kernel refuses, or if there is no filter for this system.
    """
    if sys.platform != "linux" or machine not in ARCHITECTURES:
        return False
    architecture = ARCHITECTURES[machine]
    libc = ctypes.CDLL(None, use_errno=True)
    instructions = build_filter(architecture, libc.getpid())
    packed = b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)
    program = _Program(len(instructions), packed)
    seccomp = _SECCOMP[architecture.column]
    return bool(libc.syscall(seccomp, _SET_MODE_FILTER, _ALL_THREADS, ctypes.byref(program)) == 0)


def _allow_reading_limits() -> list[Instruction]:
    # prlimit64(pid, resource, new, old): only with no new limit, and only of this process. glibc asks for each thread.
    allow = _if(_IF_EQUAL, 0, [_return(_ALLOW)])
    no_process = [_load_argument(0), *allow]
    upper_half_of_new = [_load_argument(2, upper_half=True), *_if(_IF_EQUAL, 0, no_process)]
    return [_load_argument(2), *_if(_IF_EQUAL, 0, upper_half_of_new), _fail(errno.EPERM)]


def _if(
    test: int, operand: int, then: list[Instruction], otherwise: list[Instruction] | None = None
) -> list[Instruction]:
    if otherwise is None:
        return [(test, 0, len(then), operand), *then]
    return [(test, len(otherwise), 0, operand), *otherwise, *then]


def _load(offset: int) -> Instruction:
    return (_LOAD, 0, 0, offset)


def _load_argument(index: int, *, upper_half: bool = False) -> Instruction:
    return _load(_ARGUMENTS + 8 * index + (4 if upper_half else 0))


def _return(action: int) -> Instruction:
    return (_RETURN, 0, 0, action)


def _fail(error: int) -> Instruction:
    return _return(_FAIL | error)
