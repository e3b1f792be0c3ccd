"""The contact sheet in a real browser, from disk."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from processing.failures import FailureCode
from scripts.cli.repository import REPOSITORY
from scripts.contact_sheet.collection import open_collection
from scripts.contact_sheet.links import relative_links
from scripts.contact_sheet.page import write_contact_sheet
from scripts.contact_sheet.photo import OutputFile, SheetPhoto
from tests.support.chromium import console_of, screen_of, widths
from tests.support.contact_sheet import HEADING, dead_lettered, page_of, processed
from tests.support.photos import jpeg

AXE = REPOSITORY / "node_modules/axe-core/axe.min.js"
KEYS = ("beach.jpg", 'day 2/100% #1? "<b>.jpg', "day 2/cliff.jpg")


@pytest.fixture
def page(browser: Chrome, tmp_path: Path) -> Iterator[Chrome]:
    """Open the page of three photos and a failure; no test may leave an error in the console."""
    failed = dead_lettered("cut off.jpg", FailureCode.TRUNCATED_IMAGE, "no end marker")
    page_of(tmp_path, [*(processed(tmp_path, key) for key in KEYS), failed])
    browser.get((tmp_path / "index.html").as_uri())
    yield browser
    assert console_of(browser) == []


def shown(page: Chrome, selector: str) -> list[WebElement]:
    return [element for element in page.find_elements(By.CSS_SELECTOR, selector) if element.is_displayed()]


def barriers(page: Chrome) -> list[str]:
    """Return what axe-core finds: rule, impact and the first element."""
    page.execute_script(AXE.read_text("utf-8"))
    violations = page.execute_async_script("axe.run().then((found) => arguments[0](found.violations))")
    return [f"{each['id']} ({each['impact']}): {each['nodes'][0]['html']}" for each in violations]


def test_every_small_rendition_loads_from_disk(page: Chrome) -> None:
    assert widths(page, ".card img") == [30, 30, 30]


def test_a_search_by_name_leaves_the_photos_that_match(page: Chrome) -> None:
    page.find_element(By.ID, "query").send_keys("CLIFF")
    assert [card.get_attribute("title") for card in shown(page, ".card")] == ["day 2/cliff.jpg"]
    assert page.find_element(By.ID, "found").text == "1 of 4 found"


def test_a_search_by_code_leaves_the_failures_with_it(page: Chrome) -> None:
    page.find_element(By.ID, "query").send_keys("truncated-image")
    assert shown(page, ".card") == []
    assert [item.text for item in shown(page, ".group .key")] == ["cut off.jpg"]


def test_a_photo_opens_from_the_keyboard_with_its_larger_renditions_and_its_pdf(page: Chrome) -> None:
    card = page.find_elements(By.CSS_SELECTOR, ".card")[1]
    card.send_keys(Keys.ENTER)
    assert page.find_element(By.ID, "viewer-title").text == card.get_attribute("title") == KEYS[1]
    assert widths(page, "#pictures img") == [60, 120]
    assert str(page.find_element(By.ID, "pdf").get_attribute("href")).endswith("/document.pdf")


def test_the_arrow_keys_go_to_the_next_photo_and_escape_returns_to_the_page(page: Chrome) -> None:
    page.find_elements(By.CSS_SELECTOR, ".card")[0].click()
    page.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    assert page.find_element(By.ID, "viewer-title").text == KEYS[1]
    page.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert shown(page, "#viewer") == []
    assert page.switch_to.active_element.get_attribute("title") == KEYS[1]


def test_nothing_is_wider_than_the_screen_of_a_phone(page: Chrome) -> None:
    with screen_of(page, 360, 740, is_phone=True):
        width = page.execute_script("return document.documentElement.scrollWidth")
    assert width == 360


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360], ids=["desktop", "phone"])
@pytest.mark.parametrize("viewer_is_open", [False, True], ids=["page", "viewer"])
def test_axe_finds_no_barrier(page: Chrome, width: int, dark: bool, viewer_is_open: bool) -> None:
    with screen_of(page, width, 800, is_phone=width < 500, dark=dark):
        if viewer_is_open:
            page.find_elements(By.CSS_SELECTOR, ".card")[0].click()
            widths(page, "#pictures img")
        found = barriers(page)
        background = page.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert sum(map(int, re.findall(r"\d+", background))) < 384 or not dark
    assert found == []


PHOTOS = 5_000
MAX_LOAD_SECONDS = 15.0  # about a second on two cores; this allows for a busy machine


@pytest.fixture
def large_page(browser: Chrome, tmp_path: Path) -> Iterator[Chrome]:
    """Open a page of 5,000 photos; their small renditions are one file under 5,000 names."""
    one = tmp_path / "one.jpg"
    one.write_bytes(jpeg((300, 200)))
    shapes = {"small.jpg": (300, 200), "medium.jpg": (600, 400), "large.jpg": (1200, 800)}
    files = tuple(OutputFile(name=name, size_bytes=40_000, width=w, height=h) for name, (w, h) in shapes.items())
    with open_collection() as collection:
        for number in range(PHOTOS):
            key = f"day {number // 100:02}/IMG_{number:04}.jpg"
            (tmp_path / key).mkdir(parents=True)
            (tmp_path / key / "small.jpg").hardlink_to(one)
            document = OutputFile(name="document.pdf", size_bytes=160_000)
            collection.add_photo(SheetPhoto(key=key, size_bytes=4_000_000, renditions=files, document=document))
        write_contact_sheet(collection, tmp_path / "index.html", HEADING, relative_links())
    browser.get((tmp_path / "index.html").as_uri())
    yield browser
    assert console_of(browser) == []


def test_a_page_of_5_000_photos_loads_in_a_moment_and_only_the_images_in_view(large_page: Chrome) -> None:
    loaded = large_page.execute_script("return performance.getEntriesByType('navigation')[0].loadEventEnd")
    assert 0 < loaded < MAX_LOAD_SECONDS * 1000
    assert len(large_page.find_elements(By.CSS_SELECTOR, ".card")) == PHOTOS
    images = large_page.execute_script("return [...document.images].filter((image) => image.complete).length")
    assert 0 < images < PHOTOS / 10


def test_a_search_among_5_000_photos_shows_the_one_that_matches(large_page: Chrome) -> None:
    large_page.find_element(By.ID, "query").send_keys("img_4321")
    assert large_page.find_element(By.ID, "found").text == "1 of 5,000 found"
    assert widths(large_page, "li:not([hidden]) > .card img") == [300]


def test_pages_after_the_first_are_reached_by_their_links(browser: Chrome, tmp_path: Path) -> None:
    page_of(tmp_path, [processed(tmp_path, key) for key in KEYS], page_photos=2)
    browser.get((tmp_path / "index.html").as_uri())
    browser.find_element(By.LINK_TEXT, "2").click()
    assert [card.get_attribute("title") for card in shown(browser, ".card")] == ["day 2/cliff.jpg"]
    assert widths(browser, ".card img") == [30]
    assert barriers(browser) == []
    assert console_of(browser) == []
