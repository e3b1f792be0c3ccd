"""Memory of the worker: its allocator's settings, its address space limit, its place in the OOM killer's order."""

import resource
from contextlib import suppress
from pathlib import Path

_MB = 1024 * 1024

# Environment of the worker; glibc reads it when the process starts (mallopt(3)). By default glibc returns every buffer
# of a rendition (3 to 6 MB) to the kernel, which zeroes new pages for the next: 2,400 page faults for a photo of 12
# megapixels and a tenth of its CPU time, against 60 faults with these. Two arenas, because each of libvips' threads
# would otherwise keep its own: 150 MB in all after 500 photos.
ALLOCATOR_SETTINGS = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": str(16 * _MB),
    "MALLOC_TRIM_THRESHOLD_": str(32 * _MB),
}

# Address space is more than memory: glibc reserves 64 MB for each arena and 8 MB for each thread's stack, and touches
# little of them. Rendering reserves up to 160 MB beyond what it touches, measured over all formats.
RESERVED_BYTES = 192 * _MB
_SIZES = Path("/proc/self/statm")  # proc(5): the first number is the address space in pages
_OOM_SCORE = Path("/proc/self/oom_score_adj")  # proc(5): -1000 to 1000, the highest is killed first


def limit_growth(more_bytes: int) -> None:
    """Limit the address space to its present size plus `more_bytes`.

    Allocations beyond it fail and the process lives on. Without /proc there is no limit.

    Args:
        more_bytes: memory that one photo may take.
    """
    if not _SIZES.exists():
        return
    used_bytes = int(_SIZES.read_text().split()[0]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = used_bytes + RESERVED_BYTES + more_bytes
    resource.setrlimit(resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def prefer_oom_kill() -> None:
    """Make the kernel's OOM killer choose this process before its parent."""
    with suppress(OSError):
        _OOM_SCORE.write_text("1000")
