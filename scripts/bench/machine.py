"""What was measured on: what a reader needs to judge the figures, and nothing that names the machine."""

import os
import platform
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

import pyvips
from PIL import features

from scripts.bench.environments import TOOLS

_UNKNOWN = "unknown"


def describe_machine() -> dict[str, str]:
    """Processor, memory and the versions of everything that takes part."""
    return {
        "processor": f"{_processor()}, {len(os.sched_getaffinity(0))} cores, {platform.machine()}",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.0f} GB",
        "system": f"Linux {platform.release().partition('-')[0]}",
        "Python": platform.python_version(),
        "libvips": ".".join(str(pyvips.version(part)) for part in range(3)),
        "Pillow": f"{version('pillow')}, libjpeg-turbo {features.version_feature('libjpeg_turbo')}",
        "Node.js": _node("process.versions.node"),
        "sharp": _node("(v => `${v.sharp}, libvips ${v.vips}`)(require('sharp').versions)"),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return _UNKNOWN


def _node(expression: str) -> str:
    node = shutil.which("node")
    if node is None:
        return _UNKNOWN
    done = subprocess.run([node, "-p", expression], cwd=TOOLS / "sharp", capture_output=True, text=True, check=False)
    return done.stdout.strip() or _UNKNOWN
