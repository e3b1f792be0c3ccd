from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.aws.key_filter import KeyFilter
from scripts.cli.failures import Failure
from scripts.photo_job.file_choice import BY_OPTION, FileChoice, choose, skipped_lines
from scripts.photo_job.photo_folder import LocalFile, not_uploaded, refuse_too_large


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("a.jpg", ""),
        ("a.HEIC", ""),
        ("no suffix", ""),
        ("trip/a.unknown", ""),
        (".hidden.jpg", ""),
        (".mp4", ""),  # a hidden file without a suffix
        ("trip/.DS_Store", ".DS_Store"),
        ("trip/._a.jpg", "._*"),
        ("Thumbs.db", "Thumbs.db"),
        ("a.jpg.xmp", ".xmp"),
        ("IMG_1.AAE", ".aae"),
        ("MVI_1.THM", ".thm"),
        ("clip.MP4", ".mp4"),
        ("clip.mov", ".mov"),
        ("notes.pdf", ".pdf"),
    ],
)
def test_files_that_cannot_be_photos_are_left_out_by_their_names(path: str, reason: str) -> None:
    assert FileChoice().reason_to_skip(path) == reason
    assert FileChoice(takes_all=True).reason_to_skip(path) == ""


@pytest.mark.parametrize(
    ("choice", "taken"),
    [
        (FileChoice(only=("*.jpg",)), ["2026/B.JPG", "a.jpg"]),
        (FileChoice(only=("2026/*",)), ["2026/B.JPG", "2026/c.png"]),
        (FileChoice(only=("a.*", "c.*")), ["2026/c.png", "a.jpg"]),
        (FileChoice(skip=("*.png", "a*")), ["2026/B.JPG"]),
        (FileChoice(only=("2026/*",), skip=("*.jpg",)), ["2026/c.png"]),
    ],
)
def test_globs_choose_by_path_or_by_name_in_any_case(choice: FileChoice, taken: list[str]) -> None:
    assert [path for path in ("2026/B.JPG", "2026/c.png", "a.jpg") if not choice.reason_to_skip(path)] == taken


@given(st.lists(st.text(), max_size=3), st.text())
def test_any_glob_can_be_compared_with_any_name(globs: list[str], path: str) -> None:
    assert FileChoice(skip=tuple(globs)).reason_to_skip(path) is not None


def test_what_is_left_out_is_counted_by_its_kind() -> None:
    skipped = Counter[str]()
    keys = ["in/a.jpg", "in/.DS_Store", "in/b/.DS_Store", "in/1.xmp", "in/2.xmp", "in/c.mp4", "in/no.jpg"]
    files = [LocalFile(Path(key), key, 1) for key in keys]
    chosen = choose(files, FileChoice(skip=("no.*",)), skipped, "in/")
    assert [file.key for file in chosen] == ["in/a.jpg"]
    assert skipped_lines(skipped) == [
        "5 other files skipped: 2 .DS_Store, 2 .xmp, 1 .mp4.",
        "1 file left out by --only and --skip.",
    ]


def test_many_kinds_are_summed_up() -> None:
    (line,) = skipped_lines(Counter({f".{number}": 1 for number in range(11)}))
    assert line.startswith("11 other files skipped: 1 .0, 1 .1, ")
    assert line.endswith("1 .6, 3 more.")
    assert skipped_lines(Counter({BY_OPTION: 0})) == []


def test_an_entry_that_cannot_be_read_is_still_reported() -> None:
    failure = not_uploaded("closed/", "Permission denied")
    assert list(choose([failure], FileChoice(), Counter())) == [failure]


def test_a_file_above_the_limit_is_refused_before_its_upload() -> None:
    small, large = (LocalFile(Path(name), name, size) for name, size in (("s.jpg", 100), ("l.jpg", 101)))
    refused = Failure("l.jpg", "too-many-bytes", "advice", "101 bytes, the limit is 100 bytes; not uploaded")
    assert list(refuse_too_large([small, large], 100, "advice")) == [small, refused]
    assert list(refuse_too_large([small, large], 0, "advice")) == [small, large]


def test_files_that_the_stage_would_not_process_are_left_out_and_counted() -> None:
    choice = FileChoice(takes_all=True, processed=KeyFilter("photos/", (".jpg",)))
    keys = ["photos/a.jpg", "photos/b.png", "photos/c.mp4"]
    skipped: Counter[str] = Counter()
    files = [LocalFile(Path(key), key, 1) for key in keys]
    assert [file.key for file in choose(files, choice, skipped, "photos/")] == ["photos/a.jpg"]
    assert skipped_lines(skipped) == [
        "2 files left out by the stage's keyPrefix and keySuffixes, as it would not process them."
    ]
