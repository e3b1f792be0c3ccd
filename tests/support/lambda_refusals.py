"""Refuse prctl, seccomp, ptrace and process_vm_* with EPERM, as AWS Lambda does: for this process and its children."""

import ctypes
import errno
import platform
import struct

# The calls' numbers on x86_64 and aarch64 (asm/unistd_64.h, asm-generic/unistd.h).
_REFUSED = {
    "x86_64": {"prctl": 157, "seccomp": 317, "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311},
    "aarch64": {"prctl": 167, "seccomp": 277, "ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271},
}
_PR_SET_NO_NEW_PRIVS = 38
_CAPABILITY_VERSION = 0x20080522  # linux/capability.h
_SET_MODE_FILTER, _ALL_THREADS = 1, 1
_LOAD, _IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _FAIL = 0x7FFF0000, 0x00050000


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def refuse_as_lambda_does() -> None:
    """Install the filter; it stays for good and is inherited through execve.

    Raises:
        OSError: this kernel takes no filter.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    drop_privileges()
    calls = _REFUSED[platform.machine()]
    program = [(_LOAD, 0, 0, 0)]
    for number in calls.values():
        program += [(_IF_EQUAL, 0, 1, number), (_RETURN, 0, 0, _FAIL | errno.EPERM)]
    program.append((_RETURN, 0, 0, _ALLOW))
    packed = b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
    filter_ = _Program(len(program), packed)
    if libc.syscall(calls["seccomp"], _SET_MODE_FILTER, _ALL_THREADS, ctypes.byref(filter_)):
        raise OSError(ctypes.get_errno(), "the kernel took no seccomp filter")


def drop_privileges() -> None:
    """Give up all capabilities, for this process and its children, also where tests run as root."""
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    libc.capset(header, (ctypes.c_uint32 * 6)())
