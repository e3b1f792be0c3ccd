import os
from collections import Counter
from pathlib import Path

import pytest

from scripts.cli.errors import OperatorError
from scripts.cli.failures import Failure
from scripts.photo_job.file_choice import FileChoice
from scripts.photo_job.photo_folder import LocalFile, not_uploaded
from scripts.start.photos import find_photos, keep_apart


def test_every_file_below_a_folder_is_a_photo_under_its_path(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for key in ("z.jpg", "a/b.jpg", ".hidden"):
        (tmp_path / key).touch()
    assert find_photos(tmp_path, FileChoice(), Counter()) == [
        LocalFile(tmp_path / key, key, 0) for key in (".hidden", "a/b.jpg", "z.jpg")
    ]


def test_a_folder_that_may_not_be_read_is_told_and_the_rest_goes_on(tmp_path: Path, closed: None) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "z.jpg").touch()
    assert find_photos(tmp_path, FileChoice(), Counter()) == [
        not_uploaded("closed/", "Permission denied"),
        LocalFile(tmp_path / "z.jpg", "z.jpg", 0),
    ]


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "circle").symlink_to(tmp_path)
    assert [type(found) for found in find_photos(tmp_path, FileChoice(), Counter())] == [Failure, Failure]


def test_photos_that_may_not_be_read_at_all_are_no_job(tmp_path: Path, closed: None) -> None:
    (tmp_path / "closed").mkdir()
    with pytest.raises(OperatorError, match="closed cannot be read: Permission denied"):
        find_photos(tmp_path / "closed", FileChoice(), Counter())


@pytest.mark.parametrize("out", [".", "out", "sub/../out/deeper", "../photos", "../link"])
def test_outputs_among_the_photos_are_refused(tmp_path: Path, out: str) -> None:
    (tmp_path / "photos/sub").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "photos")
    with pytest.raises(OperatorError, match="Choose another place with --out DIR"):
        keep_apart(tmp_path / "photos", tmp_path / "photos" / out)


@pytest.mark.parametrize("out", ["../out", "../photos-out", "../../elsewhere"])
def test_outputs_beside_the_photos_are_fine(tmp_path: Path, out: str) -> None:
    keep_apart(tmp_path / "photos", tmp_path / "photos" / out)


def test_a_folder_of_other_files_is_no_job_and_says_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "clip.MP4").touch()
    with pytest.raises(OperatorError, match=r"holds no photos\. 1 other file skipped: 1 \.mp4\."):
        find_photos(tmp_path, FileChoice(), Counter())
