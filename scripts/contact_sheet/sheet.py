"""The contact sheet's contents: photos by folder, failures by code, bytes before and after."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

from PIL import Image, UnidentifiedImageError

from processing.failures import FailureCode
from processing.outcomes import Outcome, RecordResult
from processing.output_keys import DOCUMENT_NAME
from processing.wording import human_bytes, visible
from scripts.cli.failures import NO_OUTCOME, NOT_COPIED, NOT_UPLOADED, Failure
from scripts.cli.output import key_text

MAX_DETAIL_BYTES = 1_000
# The meanings of the codes that only the commands report.
_LOCAL_MEANINGS = {
    NOT_UPLOADED: "The file could not be read or uploaded.",
    NO_OUTCOME: "No outcome was reported in time.",
    NOT_COPIED: "The outputs exist, but could not be written to the output folder.",
}


@dataclass(frozen=True, kw_only=True)
class OutputFile:
    """A rendition or the PDF in the output folder.

    Attributes:
        name: `small.jpg`.
        href: relative link from the page, URL-encoded.
        width: in pixels; 0 for the PDF.
        height: in pixels; 0 for the PDF.
    """

    name: str
    href: str
    size_bytes: int
    width: int = 0
    height: int = 0

    @property
    def shape(self) -> str:
        return f"{self.width} × {self.height}" if self.width else ""  # noqa: RUF001 (for people)

    @property
    def size(self) -> str:
        return human_bytes(self.size_bytes)


@dataclass(frozen=True, kw_only=True)
class SheetPhoto:
    """A processed photo.

    Attributes:
        key: the source key.
        size_bytes: of the source.
        renditions: from the smallest to the largest; at least one.
        document: the PDF.
    """

    key: str
    size_bytes: int
    renditions: tuple[OutputFile, ...]
    document: OutputFile | None

    @property
    def files(self) -> tuple[OutputFile, ...]:
        return (*self.renditions, self.document) if self.document else self.renditions

    @property
    def label(self) -> str:
        """Return the whole key on one line."""
        return key_text(self.key)

    @property
    def name(self) -> str:
        """Return the key's last part on one line."""
        return key_text(self.key.rpartition("/")[2])

    @property
    def folder(self) -> str:
        return self.key.rpartition("/")[0]

    @property
    def source_size(self) -> str:
        return human_bytes(self.size_bytes)

    @property
    def viewer(self) -> dict[str, object]:
        """Return what the page's script shows after a click."""
        larger = self.renditions[1:] or self.renditions
        pictures = [[f.name, f.href, f.width, f.height, f"{f.shape} px, {f.size}"] for f in larger]
        pdf = [f"{self.document.name} ({self.document.size})", self.document.href] if self.document else None
        return {"title": self.label, "pictures": pictures, "pdf": pdf}


@dataclass(frozen=True, kw_only=True)
class FailureGroup:
    """The failed photos of one code.

    Attributes:
        meaning: of the code, one sentence; empty for an unknown code.
        what_to_do: one sentence; empty when the notes say it.
        photos: key and note of each.
    """

    code: str
    meaning: str
    what_to_do: str
    photos: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class SizeBar:
    """A bar of the chart.

    Attributes:
        percent: of the longest bar.
    """

    label: str
    size: str
    percent: float


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """Everything that the page shows.

    Attributes:
        title: of the job.
        photos: ordered by folder and name.
        groups: the most frequent code first.
        failed: the number of failures; more than the groups contain when not all were kept.
        not_done: photos without an outcome, because the job was interrupted.
    """

    title: str
    photos: tuple[SheetPhoto, ...]
    groups: tuple[FailureGroup, ...]
    failed: int
    not_done: int = 0

    @property
    def folders(self) -> list[tuple[str, list[SheetPhoto]]]:
        """List each folder with its photos; the name of the top folder is empty."""
        return [
            (key_text(name) if name else "", list(photos)) for name, photos in groupby(self.photos, lambda p: p.folder)
        ]

    @property
    def bytes_before(self) -> str:
        return human_bytes(sum(photo.size_bytes for photo in self.photos))

    @property
    def bytes_after(self) -> str:
        return human_bytes(sum(file.size_bytes for photo in self.photos for file in photo.files))

    @property
    def not_listed(self) -> int:
        return self.failed - sum(len(group.photos) for group in self.groups)

    @property
    def bars(self) -> list[SizeBar]:
        """Return the bytes of the originals and of each kind of output."""
        outputs: Counter[str] = Counter()
        for photo in self.photos:
            for file in photo.files:
                outputs[file.name] += file.size_bytes
        sizes = [("originals", sum(photo.size_bytes for photo in self.photos)), *outputs.most_common()]
        longest = max(size for _, size in [*sizes, ("", 1)])
        return [
            SizeBar(label=label, size=human_bytes(size), percent=round(100 * size / longest, 1))
            for label, size in sizes
        ]


def build_sheet(
    out: Path,
    title: str,
    results: Iterable[RecordResult],
    failures: Sequence[Failure],
    failed: int,
    not_done: int = 0,
) -> Sheet:
    """Build the contact sheet of a job from its results and the files in its output folder.

    Args:
        out: the output folder; the page is written there.
        title: of the job.
        results: records of digests, in any order; only those whose outputs are in `out` are shown.
        failures: the failures that were kept.
        failed: the number of all failures.
        not_done: photos without an outcome, because the job was interrupted.
    """
    out, listed = out.resolve(), list(results)
    processed = {r.source.key: r for r in listed if r.source and r.outcome is Outcome.PROCESSED}
    failed_keys = {failure.key for failure in failures}
    photos = [_photo(out, key, result) for key, result in processed.items() if key not in failed_keys]
    details = {r.source.key: r.detail for r in listed if r.source and r.outcome.is_failure}
    return Sheet(
        title=title,
        photos=tuple(sorted((p for p in photos if p), key=lambda photo: (photo.folder, photo.key))),
        groups=_groups(failures, details),
        failed=failed,
        not_done=not_done,
    )


def relative_link(key: str) -> str:
    """Return the link from the output folder to an output; `./` keeps `javascript:` a file name."""
    return f"./{quote(key)}"


def _photo(out: Path, key: str, result: RecordResult) -> SheetPhoto | None:
    files = [file for output in result.outputs if (file := _output_file(out, output))]
    # The outputs are listed from the largest: reversed, so that renditions of one shape keep their order.
    renditions = sorted((f for f in reversed(files) if f.width), key=lambda f: f.width * f.height)
    if not renditions:
        return None
    document = next((file for file in files if file.name == DOCUMENT_NAME), None)
    return SheetPhoto(key=key, size_bytes=result.bytes_in, renditions=tuple(renditions), document=document)


def _output_file(out: Path, output: str) -> OutputFile | None:
    """Read an output's size and shape; return None for a file that is not in the output folder."""
    path, name = out / output, output.rpartition("/")[2]
    try:
        if not path.resolve().is_relative_to(out):
            return None
        width, height = (0, 0) if name == DOCUMENT_NAME else _shape(path)
        size_bytes = path.stat().st_size
    except (OSError, ValueError, UnidentifiedImageError):
        return None
    return OutputFile(name=name, href=relative_link(output), size_bytes=size_bytes, width=width, height=height)


def _shape(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:  # reads the header only
        return image.size


def _groups(failures: Iterable[Failure], details: dict[str, str]) -> tuple[FailureGroup, ...]:
    by_code: dict[str, list[Failure]] = {}
    for failure in failures:
        by_code.setdefault(failure.code, []).append(failure)
    ordered = sorted(by_code.items(), key=lambda item: (-len(item[1]), item[0]))
    return tuple(_group(code, members, details) for code, members in ordered)


def _group(code: str, failures: list[Failure], details: dict[str, str]) -> FailureGroup:
    """Say once what all failures of a code have in common; their notes say the rest."""
    advice = {failure.what_to_do for failure in failures}
    common = advice.pop() if len(advice) == 1 else ""
    notes = [(key_text(f.key), details.get(f.key, "") if common else f.what_to_do) for f in failures]
    photos = tuple((key, visible(note, MAX_DETAIL_BYTES) if note else "") for key, note in sorted(notes))
    return FailureGroup(code=code, meaning=_meaning(code), what_to_do=common, photos=photos)


def _meaning(code: str) -> str:
    known = {member.value: member.meaning for member in FailureCode}
    return known.get(code) or _LOCAL_MEANINGS.get(code, "")
