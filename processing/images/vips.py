"""Imports libvips: checks its version, limits its threads and cache, and allows only the input formats' loaders.

All other modules import `pyvips` from here, so that no image is opened before these lines have run.
"""

from pathlib import Path

import pyvips

from processing.images.formats.registry import FORMATS

__all__ = ["pyvips"]

_WHEEL = "pyvips_binary"
_LOADERS = "VipsForeignLoad"


class WrongLibvipsError(RuntimeError):
    """The loaded libvips is not the pinned wheel's, or lacks a loader."""


def check_library() -> None:
    """Check that the loaded libvips is the installed wheel's.

    If the wheel's binding is missing or was overwritten, pyvips silently loads whatever libvips the system has, with
    other codecs, other bugs and other limits.

    Raises:
        WrongLibvipsError: with the expected version and the version found.
    """
    loaded = ".".join(str(pyvips.version(part)) for part in range(3))
    if not pyvips.API_mode:
        raise WrongLibvipsError(f"libvips {loaded} of the system was loaded: the binding of {_WHEEL} is missing")
    expected = _wheel_version(Path(pyvips.__file__).parent.parent)
    if loaded != expected:
        raise WrongLibvipsError(f"libvips {loaded} was loaded, the installed {_WHEEL} has {expected}")


def _wheel_version(site_packages: Path) -> str:
    # importlib.metadata says the same, but takes 15 ms to import: a seventh of a worker's start.
    for folder in site_packages.glob(f"{_WHEEL}-*.dist-info"):
        return ".".join(folder.name.removesuffix(".dist-info").split("-")[1].split(".")[:3])
    return "nothing"


def restrict_loaders() -> None:
    """Block every loader of libvips but those of `FORMATS`.

    Raises:
        WrongLibvipsError: libvips was built without one of them.
    """
    pyvips.block_untrusted_set(True)
    pyvips.operation_block_set(_LOADERS, True)
    for allowed in FORMATS:
        if allowed.loader is None:
            continue
        loader = pyvips.type_find(_LOADERS, allowed.loader)
        if not loader:
            raise WrongLibvipsError(f"this libvips was built without {allowed.loader}")
        pyvips.operation_block_set(pyvips.type_name(loader), False)


check_library()
pyvips.cache_set_max(0)  # no photo is read twice, so a cache would only hold memory
pyvips.concurrency_set(1)  # its threads gain nothing for one photo; photos are processed in parallel processes
restrict_loaders()
