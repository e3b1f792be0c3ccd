import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from scripts.cli.failures import Failure
from scripts.photo_job.photo_folder import LocalFile, walk

NAMES = ["a b.jpg", "ü+%#().jpg", "z.jpg", "-rf", "*", "'quote'"]


def keys(folder: Path, prefix: str = "") -> list[str]:
    return [item.key for item in walk(folder, prefix) if isinstance(item, LocalFile)]


def unreadable(folder: Path) -> dict[str, str]:
    return {item.key: item.detail for item in walk(folder) if isinstance(item, Failure)}


def test_every_file_below_a_folder_gets_its_path_as_its_key(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "2026", tmp_path / "2026" / "07"):
        folder.mkdir(exist_ok=True)
        for name in NAMES:
            (folder / name).write_text("photo")
    expected = {f"{folder}{name}" for folder in ("", "2026/", "2026/07/") for name in NAMES}
    assert set(keys(tmp_path)) == expected
    assert set(keys(tmp_path, "in/")) == {f"in/{key}" for key in expected}


def test_two_walks_agree_on_the_order(tmp_path: Path) -> None:
    for number in (3, 1, 2):
        (tmp_path / f"{number}").mkdir()
        (tmp_path / f"{number}" / "a.jpg").touch()
    assert keys(tmp_path) == ["1/a.jpg", "2/a.jpg", "3/a.jpg"]


def test_what_is_no_file_is_reported_and_the_rest_goes_on(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a-pipe")
    (tmp_path / "b-broken").symlink_to("nowhere")
    (tmp_path / "c-circle").symlink_to(tmp_path)
    (tmp_path / "d.jpg").touch()
    assert keys(tmp_path) == ["d.jpg"]
    assert unreadable(tmp_path) == {
        "a-pipe": "not a file but a pipe, a socket or a device",
        "b-broken": "No such file or directory",
        "c-circle": "a link to a folder: not followed, it may lead in a circle",
    }


def test_a_link_to_a_file_is_that_file(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "photo").write_text("12345")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "link.jpg").symlink_to(tmp_path / "elsewhere" / "photo")
    assert [item.size_bytes for item in walk(tmp_path / "photos") if isinstance(item, LocalFile)] == [5]


def test_a_name_that_can_be_no_key_is_reported(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"bad\xff.jpg")).touch()
    deep = tmp_path
    for _ in range(5):
        deep = deep / ("d" * 240)
        deep.mkdir()
    (deep / "photo.jpg").touch()
    reasons = sorted(unreadable(tmp_path).values())
    assert reasons == [
        "its key has 1,214 bytes, S3 takes 1,024",
        "its name is not valid UTF-8, which keys must be: rename it",
    ]


def test_a_folder_that_may_not_be_read_is_reported(tmp_path: Path, closed: None) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "z.jpg").touch()
    assert unreadable(tmp_path) == {"closed/": "Permission denied"}
    assert keys(tmp_path) == ["z.jpg"]


@given(st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=60))
def test_any_name_that_a_file_can_have_becomes_a_key_below_its_folder(name: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        try:
            (Path(folder) / name).touch()
        except OSError:
            return
        if name not in (".", ".."):
            assert keys(Path(folder)) == [name]
