"""The contact sheet in a real browser, from disk."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from processing.failures import FailureCode
from tests.support.chromium import NO_CHROMIUM, chromium, console_of, is_chromium_installed, screen_of
from tests.support.contact_sheet import dead_lettered, page_of, processed

KEYS = ("beach.jpg", 'day 2/100% #1? "<b>.jpg', "day 2/cliff.jpg")


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    if not is_chromium_installed():
        pytest.skip(NO_CHROMIUM)
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Chrome, tmp_path: Path) -> Iterator[Chrome]:
    """Open the page of three photos and a failure; no test may leave an error in the console."""
    failed = dead_lettered("cut off.jpg", FailureCode.TRUNCATED_IMAGE, "no end marker")
    text = page_of(tmp_path, [*(processed(tmp_path, key) for key in KEYS), failed])
    (tmp_path / "index.html").write_text(text, "utf-8")
    browser.get((tmp_path / "index.html").as_uri())
    yield browser
    assert console_of(browser) == []


def shown(page: Chrome, selector: str) -> list[WebElement]:
    return [element for element in page.find_elements(By.CSS_SELECTOR, selector) if element.is_displayed()]


def widths(page: Chrome, selector: str) -> list[int]:
    """Wait for the images and return their widths in pixels, 0 for one that did not load."""
    script = """
        const images = [...document.querySelectorAll(arguments[0])];
        const loaded = images.map((image) => image.decode().catch(() => {}));
        Promise.all(loaded).then(() => arguments[1](images.map((image) => image.naturalWidth)));
    """
    found: list[int] = page.execute_async_script(script, selector)
    return found


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
