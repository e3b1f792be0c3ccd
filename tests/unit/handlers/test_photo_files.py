import errno
import os
import tempfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from handlers.photo_files import open_photo_files, size_of
from processing.failures import FailureCode, RetryableError
from processing.renditions import Rendition
from tests.support.rendering import SETTINGS

NAMES = ["large.jpg", "medium.jpg", "small.jpg", "document.pdf"]
LARGE = replace(SETTINGS, renditions=(Rendition("large", 6000, 80), Rendition("small", 100, 80)))


@pytest.fixture(autouse=True)
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_photos_file_has_no_name_and_is_closed_after_its_photo(disk: Path) -> None:
    with open_photo_files(SETTINGS) as photo:
        assert os.fstat(photo.source.fileno()).st_nlink == 0
        assert list(disk.iterdir()) == []
    assert photo.source.closed


def test_outputs_are_in_memory_unless_they_may_be_large(disk: Path) -> None:
    with open_photo_files(SETTINGS) as photo:
        assert list(photo.outputs) == NAMES
        assert {type(output) for output in photo.outputs.values()} == {BytesIO}
    with open_photo_files(LARGE) as photo:
        assert [isinstance(output, BytesIO) for output in photo.outputs.values()] == [False, True, False]
        assert os.fstat(photo.outputs["large.jpg"].fileno()).st_nlink == 0
        assert list(disk.iterdir()) == []


def test_a_source_that_another_process_changed_is_downloaded_again() -> None:
    with open_photo_files(SETTINGS) as photo:
        photo.source.write(b"photo")
        photo.seal_source()
        photo.check_source()
        os.truncate(f"/proc/self/fd/{photo.source.fileno()}", 0)
        with pytest.raises(RetryableError) as caught:
            photo.check_source()
    assert caught.value.code is FailureCode.INTERNAL_ERROR


def test_the_size_of_a_file_counts_bytes_that_are_still_in_its_buffer() -> None:
    with open_photo_files(SETTINGS) as photo:
        photo.source.write(b"photo")
        assert size_of(photo.source) == 5


def test_a_full_disk_is_a_retryable_failure() -> None:
    with pytest.raises(RetryableError) as caught, open_photo_files(SETTINGS):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.code is FailureCode.DISK_FULL
