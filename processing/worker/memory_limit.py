"""A limit on how much memory this process may still ask for, and who goes first when there is none left."""

import resource
from contextlib import suppress
from pathlib import Path

# Address space is not memory: glibc reserves 64 MB for each arena and 8 MB for each thread's stack, and hardly uses
# them. Rendering reserves up to 160 MB beyond what it touches, measured over all formats.
RESERVED_BYTES = 192 * 1024 * 1024
_SIZES = Path("/proc/self/statm")  # proc(5): the first number is the address space in pages
_PREFERENCE = Path("/proc/self/oom_score_adj")  # proc(5): from -1000 to 1000, the process to be killed first


def limit_growth(more_bytes: int) -> None:
    """Lets the address space grow by so many bytes and no more; beyond that, allocations fail instead of killing us.

    Counted from the present size, which differs by platform and library. Where there is no /proc, nothing is limited.

    Args:
        more_bytes: what one photo may take at most.
    """
    if not _SIZES.exists():
        return
    used_bytes = int(_SIZES.read_text().split()[0]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = used_bytes + RESERVED_BYTES + more_bytes
    resource.setrlimit(resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def go_first() -> None:
    """Asks the kernel to kill this process, not its parent, when the machine runs out of memory."""
    with suppress(OSError):
        _PREFERENCE.write_text("1000")
