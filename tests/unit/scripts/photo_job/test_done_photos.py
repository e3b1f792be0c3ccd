"""A second run of `npm start` skips what is done."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from processing.outcomes import Outcome, RecordResult, SourceObject
from scripts.photo_job.done_photos import FILE_NAME, DonePhotos, file_etag
from scripts.photo_job.photo_folder import LocalFile

MD5 = hashlib.md5(b"photo", usedforsecurity=False).hexdigest()
RESULT = RecordResult(
    message_id="m",
    source=SourceObject(bucket="photos", key="2026/ü\n.jpg", etag=MD5),
    outcome=Outcome.PROCESSED,
    outputs=("2026/ü\n.jpg/small.jpg", "2026/ü\n.jpg/document.pdf"),
)


@pytest.fixture
def photo(tmp_path: Path) -> LocalFile:
    (tmp_path / "photo").write_bytes(b"photo")
    return LocalFile(tmp_path / "photo", "2026/ü\n.jpg", 5)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Make an output folder in which the photo is done."""
    for output in RESULT.outputs:
        (tmp_path / "out" / output).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "out" / output).write_bytes(b"output")
    DonePhotos.read(tmp_path / "out", "f1").note(RESULT)
    return tmp_path / "out"


def test_a_photo_that_is_done_and_unchanged_is_found_with_its_outputs(out: Path, photo: LocalFile) -> None:
    found = DonePhotos.read(out, "f1").find(photo)
    assert found
    assert (found.source and found.source.key, found.outcome) == (photo.key, Outcome.PROCESSED)
    assert (found.outputs, found.bytes_in, found.bytes_out) == (RESULT.outputs, 5, 12)


def test_a_photo_whose_bytes_changed_is_not_skipped(out: Path, photo: LocalFile) -> None:
    photo.path.write_bytes(b"PHOTO")  # of the same size
    assert DonePhotos.read(out, "f1").find(photo) is None


def test_after_the_settings_changed_no_photo_is_skipped(out: Path, photo: LocalFile) -> None:
    assert DonePhotos.read(out, "f2").find(photo) is None


def test_a_photo_of_another_name_is_not_skipped(out: Path, photo: LocalFile) -> None:
    assert DonePhotos.read(out, "f1").find(replace(photo, key="other.jpg")) is None


@pytest.mark.parametrize("content", [None, b"cut"])
def test_a_photo_whose_output_is_missing_or_cut_off_is_not_skipped(
    out: Path, photo: LocalFile, content: bytes | None
) -> None:
    output = out / RESULT.outputs[0]
    output.unlink()
    if content:
        output.write_bytes(content)
    assert DonePhotos.read(out, "f1").find(photo) is None


def test_the_latest_note_counts(out: Path, photo: LocalFile) -> None:
    DonePhotos.read(out, "f2").note(RESULT)
    assert DonePhotos.read(out, "f1").find(photo) is None
    assert DonePhotos.read(out, "f2").find(photo)


def test_a_line_that_a_kill_cut_off_spoils_neither_the_lines_before_nor_those_after(
    out: Path, photo: LocalFile
) -> None:
    with (out / FILE_NAME).open("a") as file:
        file.write('\n{"key": "cut')
    assert DonePhotos.read(out, "f1").find(photo)
    other = replace(RESULT, source=SourceObject(bucket="photos", key="b.jpg", etag=MD5))
    DonePhotos.read(out, "f1").note(other)
    assert DonePhotos.read(out, "f1").find(replace(photo, key="b.jpg"))


@pytest.mark.parametrize(
    "line", ["[]", "1", '{"key": "2026/x.jpg"}', '{"key": []}', "\udcff", '{"key": 1, "outputs": 2}']
)
def test_a_file_of_any_content_skips_nothing_and_fails_nothing(tmp_path: Path, photo: LocalFile, line: str) -> None:
    (tmp_path / FILE_NAME).write_bytes(line.encode("utf-8", "surrogateescape"))
    assert DonePhotos.read(tmp_path, "f1").find(replace(photo, key="2026/x.jpg")) is None


def test_outputs_outside_the_folder_prove_nothing(tmp_path: Path, photo: LocalFile) -> None:
    line = f'{{"key": "a.jpg", "etag": "{MD5}", "settings": "f1", "outputs": {{"../photo": 5}}}}'
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / FILE_NAME).write_text(line)
    assert DonePhotos.read(tmp_path / "out", "f1").find(replace(photo, key="a.jpg")) is None


def test_the_etag_of_a_large_file_is_that_of_its_parts(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"aaaabbbbc")
    parts = b"".join(hashlib.md5(part, usedforsecurity=False).digest() for part in (b"aaaa", b"bbbb", b"c"))
    assert file_etag(tmp_path / "a", part_bytes=4) == f"{hashlib.md5(parts, usedforsecurity=False).hexdigest()}-3"
    assert file_etag(tmp_path / "a", part_bytes=9) == hashlib.md5(b"aaaabbbbc", usedforsecurity=False).hexdigest()
    (tmp_path / "a").write_bytes(b"")
    assert file_etag(tmp_path / "a") == hashlib.md5(b"", usedforsecurity=False).hexdigest()
