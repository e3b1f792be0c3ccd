"""A limit on how much memory this process may still ask for."""

import resource
from pathlib import Path

# Address space is not memory: glibc reserves 64 MB for each arena and 8 MB for each thread's stack, and hardly uses
# them. Rendering reserves up to 160 MB beyond what it touches, measured over all formats.
_RESERVED_BYTES = 192 * 1024 * 1024
_SIZES = Path("/proc/self/statm")  # proc(5): the first number is the address space in pages


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
    wanted = used_bytes + _RESERVED_BYTES + more_bytes
    resource.setrlimit(resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
