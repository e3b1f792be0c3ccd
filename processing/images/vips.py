"""libvips: checked, tamed and restricted, once, when this module is first imported.

Everything that touches libvips imports it from here, so that no image is opened before these lines ran.
"""

from pathlib import Path

import pyvips

__all__ = ["pyvips"]

_WHEEL = "pyvips_binary"
_LOADERS = ("JpegSource", "PngFile", "WebpFile", "NsgifFile", "TiffFile", "HeifFile")


class WrongLibvipsError(RuntimeError):
    """The libvips that was loaded is not the one that the pinned wheel carries."""


def check_library() -> None:
    """Holds the loaded libvips against the installed wheel's.

    If the wheel's binding is missing or was overwritten, pyvips silently loads whatever libvips the system has, with
    other codecs, other bugs and other limits.

    Raises:
        WrongLibvipsError: with what was expected and what was found.
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


def _restrict_loaders() -> None:
    pyvips.block_untrusted_set(True)
    pyvips.operation_block_set("VipsForeignLoad", True)
    for name in _LOADERS:
        pyvips.operation_block_set(f"VipsForeignLoad{name}", False)


check_library()
pyvips.cache_set_max(0)  # every photo is seen once: a cache would only hold memory
pyvips.concurrency_set(1)  # its threads gain nothing for one photo; photos run side by side in processes
_restrict_loaders()
