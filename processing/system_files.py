"""Names of the files that operating systems write into photo folders."""

_NAMES = frozenset((".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini"))
_COMPANION = "._"  # macOS keeps a file's attributes under `._` and its name, where the disk has no place for them


def system_file(key: str) -> str:
    """Return the kind of a file that an operating system wrote: `.DS_Store`, `._*`; "" for others.

    Args:
        key: an S3 key or a path with slashes.
    """
    name = key.rpartition("/")[2]
    if name.lower() in _NAMES:
        return name
    return "._*" if name.startswith(_COMPANION) and name != _COMPANION else ""
