"""Drops the worker's rights to files, sockets and privileges before the first byte of a photo."""

import ctypes
import errno
import platform
import resource
from contextlib import suppress
from pathlib import Path

from processing.worker.seccomp import install_filter

# linux/prctl.h
_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 4, 38
# linux/capability.h: capset(2) takes two sets of 32 bits.
_CAPABILITY_VERSION = 0x20080522
# rlimits hold on every kernel; AWS Lambda may refuse prctl(2) and seccomp(2), but then process_vm_readv(2), too.
EXPECTED_LAYERS = ("core", "fsize", "nofile", "parents_memory")
REQUIRED_LAYERS = ("nofile",)


def enter_sandbox(largest_output_bytes: int) -> dict[str, bool]:
    """Give up everything that rendering from open descriptors does not need.

    Call it before any thread starts: capabilities belong to a thread. There is no way back. rlimits are the layers that
    hold everywhere; AWS Lambda may refuse prctl(2) and seccomp(2).

    Args:
        largest_output_bytes: no file may grow beyond this.

    Returns:
        Whether each layer holds. Only `nofile` must.
    """
    parent = _parent_id()
    layers = {
        "core": _set_limit(resource.RLIMIT_CORE, 0),
        "fsize": _set_limit(resource.RLIMIT_FSIZE, largest_output_bytes),
        "capabilities": _drop_capabilities(),
        "no_new_privs": _prctl(_PR_SET_NO_NEW_PRIVS, 1),
        "dumpable": protect_memory(),
        "nofile": _set_limit(resource.RLIMIT_NOFILE, 0) and not _can_open(),
        # Last: it refuses the calls above. machine() reads no file: Python asked uname(2) for all of it at once.
        "seccomp": install_filter(platform.machine()),
    }
    return layers | {"parents_memory": _is_memory_closed(parent)}


def protect_memory() -> bool:
    """Keep processes of the same user out of this process's memory and /proc/PID (PR_SET_DUMPABLE).

    Returns:
        False if the kernel refuses.
    """
    return _prctl(_PR_SET_DUMPABLE, 0)


def _set_limit(limit: int, value: int) -> bool:
    hard = resource.getrlimit(limit)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    with suppress(OSError, ValueError):
        resource.setrlimit(limit, (value, value))
    return resource.getrlimit(limit) == (value, value)


def _can_open() -> bool:
    with suppress(OSError), Path("/dev/null").open("rb"):
        return True
    return False


def _parent_id() -> int:
    return int(ctypes.CDLL(None).getppid())


def _is_memory_closed(process_id: int) -> bool:
    """Try to read another process's memory, which holds credentials; permission is checked before the address."""
    with suppress(AttributeError):  # not Linux
        nowhere = (ctypes.c_size_t * 2)(0, 1)  # struct iovec: the address, which is never mapped, and one byte
        libc = ctypes.CDLL(None, use_errno=True)
        libc.process_vm_readv(process_id, nowhere, 1, nowhere, 1, 0)
        return ctypes.get_errno() != errno.EFAULT
    return False


def _drop_capabilities() -> bool:
    # Without CAP_SYS_RESOURCE root too cannot raise a limit again. Lambda's user has no capability anyway.
    with suppress(AttributeError):  # no Linux
        header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
        return bool(ctypes.CDLL(None).capset(header, (ctypes.c_uint32 * 6)()) == 0)
    return False


def _prctl(option: int, value: int) -> bool:
    with suppress(AttributeError):  # no Linux
        return bool(ctypes.CDLL(None).prctl(option, value, 0, 0, 0) == 0)
    return False
