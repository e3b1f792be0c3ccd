"""Pillow as tutorials on S3 and Lambda use it: a full decode, a copy for each size, a PDF by save()."""

from pathlib import Path

from PIL import Image

from scripts.bench.peers.request_loop import SIZES, answer_requests


def render(source: Path, into: Path, _: Path) -> None:
    """Write three JPEGs and a PDF."""
    with Image.open(source) as image:
        photo = image.convert("RGB")
    for name, box in SIZES.items():
        resized = photo.copy()
        resized.thumbnail((box, box), Image.Resampling.LANCZOS)
        resized.save(into / f"{name}.jpg", "JPEG", quality=80, optimize=True)
        if name == "large":
            resized.save(into / "document.pdf", "PDF", quality=80)


if __name__ == "__main__":
    answer_requests(render)
