"""Reads processed photos from the output folder of `npm start`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from processing.outcomes import Outcome, RecordResult
from processing.output_keys import DOCUMENT_NAME
from scripts.cli.failures import Failure
from scripts.contact_sheet.collection import Collection
from scripts.contact_sheet.photo import OutputFile, SheetPhoto


def collect(collection: Collection, out: Path, results: Sequence[RecordResult], failures: Iterable[Failure]) -> None:
    """Collect the photos and failures of a job.

    Args:
        collection: gets them.
        out: the output folder; the page is written there.
        results: records of digests, in any order.
        failures: of the service and of this machine; a photo among them is not shown as processed.
    """
    failed = set()
    for failure in failures:
        failed.add(failure.key)
        collection.add_failure(failure)
    for photo in _photos_in(out, results):
        if photo.key not in failed:
            collection.add_photo(photo)


def _photos_in(out: Path, results: Iterable[RecordResult]) -> Iterator[SheetPhoto]:
    """Yield the processed photos whose outputs are in a folder, with the shapes of the files."""
    out = out.resolve()
    for result in results:
        if result.source and result.outcome is Outcome.PROCESSED:
            # The outputs are listed from the largest: reversed, so that renditions of one shape keep their order.
            shapes = result.layout.sizes if result.layout else {}
            files = [file for output in reversed(result.outputs) if (file := _output_file(out, output, shapes))]
            if photo := SheetPhoto.of(result.source.key, result.bytes_in, files):
                yield photo


def _output_file(out: Path, output: str, shapes: Mapping[str, tuple[int, int]]) -> OutputFile | None:
    """Read an output's size and shape; return None for a file that is not in the output folder."""
    path, name = out / output, output.rpartition("/")[2]
    try:
        if not path.resolve().is_relative_to(out):
            return None
        width, height = (0, 0) if name == DOCUMENT_NAME else shapes.get(name) or _shape(path)
        return OutputFile(name=name, size_bytes=path.stat().st_size, width=width, height=height)
    except (OSError, ValueError, UnidentifiedImageError):
        return None


def _shape(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:  # reads the header only
        return image.size
