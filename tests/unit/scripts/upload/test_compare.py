import hashlib
from pathlib import Path
from typing import Any

import pytest

from scripts.photo_job.photo_folder import LocalFile
from scripts.upload.compare import Why, decide

MD5 = hashlib.md5(b"photo", usedforsecurity=False).hexdigest()
SHA256 = hashlib.sha256(b"photo").hexdigest()


@pytest.fixture
def file(tmp_path: Path) -> LocalFile:
    (tmp_path / "a.jpg").write_bytes(b"photo")
    return LocalFile(tmp_path / "a.jpg", "a.jpg", 5)


def head(*, size: int = 5, etag: str = "0-2", sha256: str = "") -> dict[str, Any]:
    return {"ContentLength": size, "ETag": f'"{etag}"', "Metadata": {"sha256": sha256} if sha256 else {}}


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (None, Why.NEW),
        (head(sha256=SHA256), Why.UNCHANGED),
        (head(sha256="0" * 64), Why.CHANGED),
        (head(sha256="0" * 64, etag=MD5), Why.CHANGED),
        (head(size=6, sha256=SHA256), Why.CHANGED),
        (head(etag=MD5), Why.UNCHANGED),
        (head(etag="0" * 32), Why.CHANGED),
        (head(size=6, etag=MD5), Why.CHANGED),
        (head(etag=f"{MD5}-2"), Why.CHANGED),
    ],
)
def test_a_file_is_unchanged_when_size_and_checksum_agree(
    file: LocalFile, found: dict[str, Any] | None, why: Why
) -> None:
    assert decide(file, found).why is why


def test_a_file_of_another_size_is_not_even_read(file: LocalFile) -> None:
    file.path.unlink()
    assert decide(file, head(size=6, etag=MD5)).why is Why.CHANGED


def test_a_file_that_cannot_be_read_for_its_checksum_is_an_error(file: LocalFile) -> None:
    file.path.unlink()
    with pytest.raises(FileNotFoundError):
        decide(file, head(etag=MD5))
