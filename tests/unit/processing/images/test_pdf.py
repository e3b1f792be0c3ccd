"""The PDF, as an independent reader (pikepdf, which is qpdf) and where it is installed poppler see it."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from PIL import Image
from PIL.PdfParser import PdfParser

from handlers.photo_files import MAX_BYTES_IN_MEMORY
from processing.failures import FailureCode, PermanentError
from processing.renditions import Rendition
from processing.settings import Limits, RenderSettings, parse_pdf_margin, parse_pdf_page
from tests.support import photos
from tests.support.image_comparison import corners, mean_colour
from tests.support.rendering import LIMITS, SETTINGS, opened, render

RED, BLUE = (200, 40, 40), (40, 60, 190)
A4, LETTER = (595.28, 841.89), (612.0, 792.0)


@contextmanager
def read_document(folder: Path) -> Iterator[pikepdf.Pdf]:
    """Open the PDF; fail if qpdf finds anything wrong with it."""
    with pikepdf.open(folder / "document.pdf") as pdf:
        assert pdf.check_pdf_syntax() == []
        yield pdf


def media_box(page: pikepdf.Page) -> tuple[float, float]:
    left, bottom, right, top = (float(side) for side in page.mediabox)
    assert (left, bottom) == (0, 0)
    return right, top


def photo_on(page: pikepdf.Page) -> Image.Image:
    (photo,) = page.get_images().values()
    return Image.open(BytesIO(photo.read_raw_bytes()))


def place_of(page: pikepdf.Page) -> tuple[float, float, float, float]:
    """Return left, bottom, width and height of the photo on its page, in points."""
    steps = pikepdf.parse_content_stream(page)
    (matrix,) = (step.operands for step in steps if str(step.operator) == "cm")
    width, skewed, tilted, height, left, bottom = (float(number) for number in matrix)
    assert (skewed, tilted) == (0, 0)
    return left, bottom, width, height


def pages_tiff(*images: Image.Image) -> bytes:
    file = BytesIO()
    images[0].save(file, "TIFF", save_all=True, append_images=images[1:], compression="tiff_deflate")
    return file.getvalue()


def flat(colour: tuple[int, int, int], size: tuple[int, int]) -> Image.Image:
    return Image.new("RGB", size, colour)


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


def test_every_page_of_a_tiff_is_a_page_in_its_own_shape(tmp_path: Path) -> None:
    pages = (photos.picture((640, 480)), flat(RED, (300, 900)), flat(BLUE, (80, 60)).convert("L"))
    rendered = render(tmp_path, pages_tiff(*pages))
    assert (rendered.files[-1].width_px, rendered.files[-1].height_px) == (400, 300)
    with read_document(tmp_path) as pdf:
        shown = [photo_on(page) for page in pdf.pages]
        assert [picture.size for picture in shown] == [(400, 300), (133, 400), (80, 60)]
        assert [media_box(page) for page in pdf.pages] == [
            pytest.approx([side * 72 / 150 for side in picture.size], abs=0.01) for picture in shown
        ]
        assert corners(shown[0]) == ("red", "green", "blue", "yellow")
        assert mean_colour(shown[1], 0.5, 0.5) == pytest.approx(RED, abs=4)
        assert shown[2].mode == "RGB"


def test_the_renditions_of_a_tiff_with_pages_are_those_of_its_first(tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    alone.mkdir()
    render(alone, pages_tiff(photos.picture()))
    render(tmp_path, pages_tiff(photos.picture(), flat(RED, (300, 900))))
    for name in ("large.jpg", "medium.jpg", "small.jpg"):
        assert (tmp_path / name).read_bytes() == (alone / name).read_bytes()


@pytest.mark.parametrize("kind", [1, 4])
def test_thumbnails_and_masks_behind_a_tiffs_first_page_are_no_pages(tmp_path: Path, kind: int) -> None:
    file = BytesIO()
    behind = flat(RED, (80, 60))
    behind.encoderinfo = {"tiffinfo": {254: kind}}
    photos.picture().save(file, "TIFF", save_all=True, append_images=[behind, flat(BLUE, (50, 50))])
    render(tmp_path, file.getvalue())
    with read_document(tmp_path) as pdf:
        assert [photo_on(page).size for page in pdf.pages] == [(400, 300), (50, 50)]


def test_a_page_beyond_the_limit_of_pixels_fails_the_photo(tmp_path: Path) -> None:
    small = replace(SETTINGS, limits=Limits(max_bytes=10**8, max_pixels=640 * 480, max_pages=10))
    with pytest.raises(PermanentError) as refused:
        render(tmp_path, pages_tiff(photos.picture((640, 480)), flat(RED, (641, 480))), small)
    assert refused.value.code is FailureCode.TOO_MANY_PIXELS


def test_a_damaged_page_fails_the_photo(tmp_path: Path) -> None:
    with pytest.raises(PermanentError):
        render(tmp_path, pages_tiff(photos.picture(), photos.picture((600, 400)))[:-2_000])


def test_a_pdf_that_would_have_too_many_bytes_fails_the_photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("processing.settings.MAX_PDF_BYTES", 0)
    tiny = RenderSettings((Rendition("large", 40, 100),), LIMITS)
    with pytest.raises(PermanentError) as refused:
        render(tmp_path, pages_tiff(*[photos.picture((40, 40))] * 60), tiny)
    assert refused.value.code is FailureCode.TOO_MANY_PAGES
    assert "of 60 pages fit" in refused.value.detail


def test_a_pdf_of_many_pages_has_its_own_limit_and_stays_in_the_functions_memory() -> None:
    assert SETTINGS.output_limits[-1] == MAX_BYTES_IN_MEMORY
    one_page = replace(SETTINGS, limits=Limits(max_bytes=1, max_pixels=1, max_pages=1))
    assert one_page.output_limits[-1] < 2_000_000


def test_the_document_has_the_photos_title_and_rights(tmp_path: Path) -> None:
    exif = photos.exif(artist="Jörg Müller".encode(), copyright_=b"(c) 2026 (all)", gps=True)
    render(tmp_path, photos.jpeg(exif=exif), title="Süden \\ (1)")
    with read_document(tmp_path) as pdf:
        info = {name: str(value) for name, value in pdf.docinfo.items()}
    assert info == {
        "/Title": "Süden \\ (1)",
        "/Author": "Jörg Müller",
        "/Copyright": "(c) 2026 (all)",
        "/CreationDate": "D:20000101000000Z",
        "/ModDate": "D:20000101000000Z",
    }


@pytest.mark.parametrize(("paper", "size"), [("A4", A4), ("Letter", LETTER)])
@pytest.mark.parametrize(("photo", "is_landscape"), [((640, 480), True), ((480, 640), False), ((300, 300), False)])
def test_on_paper_the_photo_fills_what_the_margins_leave_and_is_centred(
    tmp_path: Path, paper: str, size: tuple[float, float], photo: tuple[int, int], *, is_landscape: bool
) -> None:
    render(tmp_path, photos.jpeg(photo), replace(SETTINGS, pdf_page=paper, pdf_margin=20))
    with read_document(tmp_path) as pdf:
        across, down = media_box(pdf.pages[0])
        left, bottom, width, height = place_of(pdf.pages[0])
    assert (across, down) == pytest.approx(size[::-1] if is_landscape else size, abs=0.1)
    margin = 20 * 72 / 25.4
    assert min(left, bottom) == pytest.approx(margin, abs=0.1)
    assert (2 * left + width, 2 * bottom + height) == pytest.approx((across, down), abs=0.1)
    assert width / height == pytest.approx(photo[0] / photo[1], rel=0.01)


@pytest.mark.parametrize("text", ["a4", "A5", "", "letter"])
def test_a_wrong_paper_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="one of photo, A4, Letter"):
        parse_pdf_page(text)


@pytest.mark.parametrize("text", ["-1", "91", "1.5", "", "10 mm"])
def test_a_margin_that_leaves_no_room_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="0 to 90"):
        parse_pdf_margin(text)


@pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="poppler is not installed")
def test_poppler_shows_every_page_upright(tmp_path: Path) -> None:
    render(tmp_path, pages_tiff(photos.picture((640, 480)), flat(RED, (300, 900))))
    subprocess.run(["pdftoppm", "-r", "75", "-png", tmp_path / "document.pdf", tmp_path / "page"], check=True)
    assert corners(opened(tmp_path / "page-1.png")) == ("red", "green", "blue", "yellow")
    assert mean_colour(opened(tmp_path / "page-2.png"), 0.5, 0.5) == pytest.approx(RED, abs=4)
