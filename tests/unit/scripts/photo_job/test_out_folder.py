import os
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.cli.files import save
from scripts.photo_job.out_folder import OutsideFolderError, output_path


@pytest.mark.parametrize(
    "key", ["/etc/passwd", "../up.jpg", "a/../../up.jpg", "a//b", "", "a/", ".", "a/./b", "nul\0.jpg"]
)
def test_a_key_that_is_no_plain_path_below_the_folder_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(OutsideFolderError):
        output_path(tmp_path, key)


def test_a_key_that_passes_through_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutsideFolderError):
        output_path(tmp_path / "out", "link/a.jpg/small.jpg")


@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("./\\"), max_size=40))
def test_whatever_the_key_nothing_lands_outside_the_folder(key: str) -> None:
    folder = Path("/some/folder")
    try:
        target = output_path(folder, key)
    except OutsideFolderError:
        return
    assert Path(os.path.normpath(target)).is_relative_to(folder)
    assert target != folder


def test_names_survive_as_they_are(tmp_path: Path) -> None:
    save(BytesIO(b"x"), output_path(tmp_path, "ü b/100% #1+(2).jpg/small.jpg"))
    assert (tmp_path / "ü b" / "100% #1+(2).jpg" / "small.jpg").read_bytes() == b"x"


def test_a_file_that_breaks_off_is_not_there(tmp_path: Path) -> None:
    class BreaksOff:
        def __init__(self) -> None:
            self.chunks = iter([b"half"])

        def read(self, _: int = -1, /) -> bytes:
            for chunk in self.chunks:
                return chunk
            raise ConnectionError

    with pytest.raises(ConnectionError):
        save(BreaksOff(), tmp_path / "a.jpg")
    assert list(tmp_path.iterdir()) == []
