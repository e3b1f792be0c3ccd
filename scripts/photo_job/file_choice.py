"""Choose the photos of a folder: by name, leave out files that cannot be photos, and count them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Annotated

import typer

from processing.system_files import system_file
from processing.wording import count_of
from scripts.aws.key_filter import KeyFilter
from scripts.cli.failures import Failure
from scripts.photo_job.photo_folder import LocalFile

# No file of these is a photo; all others are told by their bytes.
_SIDECARS = "xmp aae thm pp3 dop cos on1 json xml"
_VIDEOS = "mp4 mov m4v avi mkv webm mts m2ts 3gp wmv mpg mpeg flv lrv insv"
_SOUNDS = "mp3 m4a wav aac flac ogg wma"
_DOCUMENTS = "pdf doc docx xls xlsx ppt pptx odt ods odp pages txt rtf md csv html htm log ini db"
_ARCHIVES = "zip rar 7z tar gz tgz"
_NO_PHOTO = frozenset(f"{_SIDECARS} {_VIDEOS} {_SOUNDS} {_DOCUMENTS} {_ARCHIVES}".split())
BY_OPTION = "by --only and --skip"
BY_STAGE = "by the stage's keyPrefix and keySuffixes, as it would not process them"
_BY_RULE = (BY_OPTION, BY_STAGE)
MAX_KINDS_NAMED = 8

OnlyOption = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="GLOB", help="Only these files, such as '*.jpg' or '2026/*'; repeatable."),
]
SkipOption = Annotated[
    list[str] | None, typer.Option("--skip", metavar="GLOB", help="Leave these files out; repeatable.")
]
AllOption = Annotated[
    bool, typer.Option("--all", help="Videos, documents, sidecars and system files, too; they are left out otherwise.")
]


@dataclass(frozen=True, kw_only=True)
class FileChoice:
    """Which files of a folder are uploaded.

    Globs ignore case, and `*` matches slashes, too; one without a slash also matches the name alone.

    Attributes:
        only: globs; empty for every file.
        skip: globs.
        takes_all: also files that are no photos by their name.
        processed: the keys that the stage processes; other files would wait for an outcome for ever.
    """

    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    takes_all: bool = False
    processed: KeyFilter = field(default_factory=KeyFilter)

    def reason_to_skip(self, path: str) -> str:
        """Return why a file is left out: its kind (`.mp4`), or `BY_OPTION`; "" for a file to upload.

        Args:
            path: below the folder, with slashes.
        """
        if _matches(path, self.skip) or (self.only and not _matches(path, self.only)):
            return BY_OPTION
        return "" if self.takes_all else _kind(path)


def choose(
    files: Iterable[LocalFile | Failure], choice: FileChoice, skipped: Counter[str], prefix: str = ""
) -> Iterator[LocalFile | Failure]:
    """Yield the files to upload; count the others by the reason why they are left out."""
    for file in files:
        is_processed = choice.processed.matches(file.key)
        reason = choice.reason_to_skip(file.key.removeprefix(prefix)) if is_processed else BY_STAGE
        if reason:
            skipped[reason] += 1
        else:
            yield file


def skipped_lines(skipped: Counter[str]) -> list[str]:
    """Say how many files were left out: `5 other files skipped: 2 .DS_Store, 2 .xmp, 1 .mp4`."""
    kinds = sorted(
        ((kind, count) for kind, count in skipped.items() if kind not in _BY_RULE), key=lambda k: (-k[1], k[0])
    )
    lines = []
    if kinds:
        named = [f"{count:,} {kind}" for kind, count in kinds[:MAX_KINDS_NAMED]]
        more = sum(count for _, count in kinds[MAX_KINDS_NAMED:])
        total = count_of(sum(count for _, count in kinds), "other file")
        lines.append(f"{total} skipped: {', '.join([*named, *([f'{more:,} more'] if more else [])])}.")
    return [*lines, *(f"{count_of(skipped[rule], 'file')} left out {rule}." for rule in _BY_RULE if skipped[rule])]


def _matches(path: str, globs: Iterable[str]) -> bool:
    path = path.lower()
    name = path.rpartition("/")[2]
    return any(fnmatchcase(path, glob.lower()) or fnmatchcase(name, glob.lower()) for glob in globs)


def _kind(path: str) -> str:
    system = system_file(path)
    if system:
        return system
    stem, dot, suffix = path.rpartition("/")[2].rpartition(".")
    return f".{suffix.lower()}" if stem and dot and suffix.lower() in _NO_PHOTO else ""
