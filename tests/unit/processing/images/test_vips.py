from dataclasses import replace
from pathlib import Path

import pytest

from processing.images import vips
from processing.images.formats.registry import FORMATS
from processing.images.vips import WrongLibvipsError, check_library, pyvips
from tests.support import photos
from tests.support.every_kind import one_of_each
from tests.support.rendering import render


def test_the_libvips_of_the_installed_wheel_passes_the_check() -> None:
    check_library()


def test_a_libvips_of_another_version_is_refused_with_both_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyvips, "version", lambda part: (8, 14, 1)[part])
    with pytest.raises(WrongLibvipsError, match=r"libvips 8\.14\.1 was loaded.*has 8\.\d+\.\d+"):
        check_library()


def test_the_systems_libvips_in_place_of_the_wheels_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyvips, "API_mode", False)
    with pytest.raises(WrongLibvipsError, match="binding"):
        check_library()


def test_a_format_whose_loader_the_wheel_lacks_is_refused_at_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vips, "FORMATS", (*FORMATS, replace(FORMATS[0], loader="bmpload")))
    with pytest.raises(WrongLibvipsError, match="built without bmpload"):
        vips.restrict_loaders()


def test_the_cache_is_off_and_photos_take_one_thread() -> None:
    assert vips.pyvips.cache_get_max() == 0
    assert vips.pyvips.concurrency_get() == 1


@pytest.mark.parametrize("loader", ["svgload", "vipsload", "csvload", "rawload", "uhdrload"])
def test_loaders_beyond_the_formats_we_read_are_blocked(tmp_path: Path, loader: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"1,2,3")
    with pytest.raises(pyvips.Error, match="blocked"):
        _call(loader, str(path))


def test_guessing_the_format_finds_no_blocked_loader(tmp_path: Path) -> None:
    path = tmp_path / "drawing"
    path.write_bytes(b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    with pytest.raises(pyvips.Error):
        pyvips.Image.new_from_file(str(path))


def test_a_jpeg_loads() -> None:
    assert pyvips.Image.jpegload_source(pyvips.Source.new_from_memory(photos.jpeg())).width == photos.SIZE[0]


def test_pillow_opens_no_uploaded_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = list(one_of_each().values())

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("Pillow was asked to open a file")

    monkeypatch.setattr("PIL.Image.open", refuse)
    for photo in data:
        render(tmp_path, photo)


def _call(loader: str, path: str) -> pyvips.Image:
    if loader == "rawload":
        return pyvips.Image.rawload(path, 1, 1, 1)
    return getattr(pyvips.Image, loader)(path)
