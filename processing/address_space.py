"""A limit on how much memory this process may still ask for."""

import resource
from pathlib import Path

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
    wanted = used_bytes + more_bytes
    resource.setrlimit(resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
