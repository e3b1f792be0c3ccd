import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image
from PIL.PdfParser import PdfParser

from processing.settings import RenderSettings, Rendition
from tests.support import photos
from tests.support.rendering import LIMITS, render


def test_the_document_has_one_page_in_the_shape_of_the_photo_at_150_dpi(tmp_path: Path) -> None:
    render(tmp_path, photos.oriented_jpeg(6, (450, 600)))
    with PdfParser(str(tmp_path / "document.pdf")) as pdf:
        assert len(pdf.pages) == 1
        page = pdf.read_indirect(pdf.pages[0])
        assert page[b"MediaBox"] == [0, 0, 300 * 72 / 150, 400 * 72 / 150]


def test_the_document_holds_the_large_renditions_own_bytes(tmp_path: Path) -> None:
    render(tmp_path, photos.jpeg())
    assert (tmp_path / "large.jpg").read_bytes() in (tmp_path / "document.pdf").read_bytes()


def test_the_document_is_made_of_the_first_rendition_whatever_its_name(tmp_path: Path) -> None:
    render(tmp_path, photos.jpeg(), RenderSettings((Rendition("poster", 300, 70), Rendition("stamp", 50, 70)), LIMITS))
    assert (tmp_path / "poster.jpg").read_bytes() in (tmp_path / "document.pdf").read_bytes()


def test_the_dates_in_the_document_are_fixed(tmp_path: Path) -> None:
    render(tmp_path, photos.jpeg())
    with PdfParser(str(tmp_path / "document.pdf")) as pdf:
        assert pdf.info[b"CreationDate"] == pdf.info[b"ModDate"] == b"D:20000101000000Z"


@pytest.mark.skipif(shutil.which("qpdf") is None, reason="qpdf is not installed")
@pytest.mark.parametrize("size", [(640, 480), (1, 1), (3000, 2)])
def test_qpdf_finds_nothing_wrong_with_the_document(tmp_path: Path, size: tuple[int, int]) -> None:
    render(tmp_path, photos.png(image=Image.new("RGB", size, photos.BLUE)))
    check = subprocess.run(["qpdf", "--check", tmp_path / "document.pdf"], capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stdout + check.stderr
