import hashlib
from pathlib import Path
from typing import Any

import pytest

from scripts.photo_job.photo_folder import FileState, LocalFile
from scripts.upload.compare import with_state

MD5 = hashlib.md5(b"photo", usedforsecurity=False).hexdigest()
SHA256 = hashlib.sha256(b"photo").hexdigest()


@pytest.fixture
def file(tmp_path: Path) -> LocalFile:
    (tmp_path / "a.jpg").write_bytes(b"photo")
    return LocalFile(tmp_path / "a.jpg", "a.jpg", 5)


def head(*, size: int = 5, etag: str = "0-2", sha256: str = "") -> dict[str, Any]:
    return {"ContentLength": size, "ETag": f'"{etag}"', "Metadata": {"sha256": sha256} if sha256 else {}}


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (head(sha256=SHA256), FileState.UNCHANGED),
        (head(sha256="0" * 64), FileState.CHANGED),
        (head(sha256="0" * 64, etag=MD5), FileState.CHANGED),
        (head(size=6, sha256=SHA256), FileState.CHANGED),
        (head(etag=MD5), FileState.UNCHANGED),
        (head(etag="0" * 32), FileState.CHANGED),
        (head(size=6, etag=MD5), FileState.CHANGED),
        (head(etag=f"{MD5}-2"), FileState.CHANGED),
    ],
)
def test_a_file_is_unchanged_when_size_and_checksum_agree(
    file: LocalFile, found: dict[str, Any], state: FileState
) -> None:
    assert with_state(file, found).state is state


def test_a_file_of_another_size_is_not_even_read(file: LocalFile) -> None:
    file.path.unlink()
    assert with_state(file, head(size=6, etag=MD5)).state is FileState.CHANGED


def test_a_file_that_cannot_be_read_for_its_checksum_is_an_error(file: LocalFile) -> None:
    file.path.unlink()
    with pytest.raises(FileNotFoundError):
        with_state(file, head(etag=MD5))
