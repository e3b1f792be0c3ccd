"""The peers in Python: `python -m scripts.bench.peers.python_peers floor|libvips|pillow OUTPUTS`.

OUTPUTS is JSON with suffix, options and sizes; Pillow alone makes others than the three JPEGs.
Prints a line when ready, and one after each JSON request on stdin, until stdin closes.
"""

import json
import sys
from functools import cache, partial
from pathlib import Path
from typing import Any

# Each peer imports its own library only, because its memory is measured.
SIZES = {"large": 1200, "medium": 600, "small": 300}


def render_floor(source: Path, into: Path, reference: Path) -> None:
    """Do the codec's least work for three JPEGs: a scaled decode and three encodes.

    Nothing is resized: the pixels to encode are those of the reference renditions.
    """
    from PIL import Image

    with Image.open(source) as image:
        image.draft("RGB", _read_reference(reference / "large.ppm").size)
        image.load()
    for name in SIZES:
        _read_reference(reference / f"{name}.ppm").save(into / f"{name}.jpg", "JPEG", quality=80, optimize=True)


def render_libvips(source: Path, into: Path, _: Path) -> None:
    """Call `thumbnail` for each size, as libvips' documentation for Python shows it."""
    import pyvips

    for name, box in SIZES.items():
        image = pyvips.Image.thumbnail(str(source), box, height=box, size="down")
        image.write_to_file(str(into / f"{name}.jpg"), Q=80, optimize_coding=True, keep="none")


def render_pillow(source: Path, into: Path, _: Path, outputs: Any) -> None:
    """Decode in full, copy for each size, save a PDF: as tutorials on S3 and Lambda do."""
    from PIL import Image

    if source.suffix == ".heic":
        import pi_heif

        pi_heif.register_heif_opener()
    with Image.open(source) as image:
        photo = image.convert("RGB")
    for number, (name, box, quality) in enumerate(outputs["sizes"]):
        resized = photo.copy()
        resized.thumbnail((box, box), Image.Resampling.LANCZOS)
        resized.save(into / f"{name}.{outputs['suffix']}", quality=quality, **outputs["options"])
        if not number:
            resized.save(into / "document.pdf", "PDF", quality=80)


@cache
def _read_reference(path: Path) -> Any:
    from PIL import Image

    with Image.open(path) as image:
        image.load()
        return image


if __name__ == "__main__":
    pillow = partial(render_pillow, outputs=json.loads(sys.argv[2]))
    render: Any = {"floor": render_floor, "libvips": render_libvips, "pillow": pillow}[sys.argv[1]]
    print("ready", flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        render(Path(request["source"]), Path(request["into"]), Path(request["reference"]))
        print("done", flush=True)
