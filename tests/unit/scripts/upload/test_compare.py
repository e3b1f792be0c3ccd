import hashlib
from pathlib import Path
from typing import Any

import pytest

from scripts.upload.compare import Why, decide
from scripts.upload.folder import LocalFile

MD5 = hashlib.md5(b"photo", usedforsecurity=False).hexdigest()
SHA256 = hashlib.sha256(b"photo").hexdigest()


@pytest.fixture
def file(tmp_path: Path) -> LocalFile:
    (tmp_path / "a.jpg").write_bytes(b"photo")
    return LocalFile(tmp_path / "a.jpg", "a.jpg", 5)


def there(*, size: int = 5, etag: str = "0-2", sha256: str = "") -> dict[str, Any]:
    return {"ContentLength": size, "ETag": f'"{etag}"', "Metadata": {"sha256": sha256} if sha256 else {}}


@pytest.mark.parametrize(
    ("head", "why"),
    [
        (None, Why.NEW),
        (there(sha256=SHA256), Why.UNCHANGED),
        (there(sha256="0" * 64), Why.CHANGED),
        (there(sha256="0" * 64, etag=MD5), Why.CHANGED),
        (there(size=6, sha256=SHA256), Why.CHANGED),
        (there(etag=MD5), Why.UNCHANGED),
        (there(etag="0" * 32), Why.CHANGED),
        (there(size=6, etag=MD5), Why.CHANGED),
        (there(etag=f"{MD5}-2"), Why.CHANGED),
    ],
)
def test_a_file_is_unchanged_when_size_and_checksum_agree(
    file: LocalFile, head: dict[str, Any] | None, why: Why
) -> None:
    assert decide(file, head).why is why


def test_a_file_of_another_size_is_not_even_read(file: LocalFile) -> None:
    file.path.unlink()
    assert decide(file, there(size=6, etag=MD5)).why is Why.CHANGED


def test_a_file_that_cannot_be_read_for_its_checksum_is_an_error(file: LocalFile) -> None:
    file.path.unlink()
    with pytest.raises(FileNotFoundError):
        decide(file, there(etag=MD5))
