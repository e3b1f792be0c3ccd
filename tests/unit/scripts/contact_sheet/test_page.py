import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from processing.failures import FailureCode
from scripts.cli.output import key_text
from scripts.photo_job.photo_folder import not_uploaded
from tests.support.contact_sheet import dead_lettered, page_of, processed

HOSTILE = ["<script>alert(1)<", '"><img src=x onerror=alert(1)>', "' onclick='alert(1)", "{{ 7*7 }}", "a&lt;b"]


class Elements(HTMLParser):
    """The elements of a page with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    @property
    def tags(self) -> list[str]:
        return [tag for tag, _ in self.found]


@pytest.mark.parametrize("key", HOSTILE)
def test_a_hostile_key_adds_no_element_and_no_handler(tmp_path: Path, key: str) -> None:
    failed = dead_lettered(key, FailureCode.CORRUPT_IMAGE, key)
    hostile = Elements(page_of(tmp_path / "1", [processed(tmp_path / "1", f"{key}/{key}"), failed]))
    plain = dead_lettered("b.jpg", FailureCode.CORRUPT_IMAGE, "b")
    harmless = Elements(page_of(tmp_path / "2", [processed(tmp_path / "2", "a/a.jpg"), plain]))
    assert hostile.tags == harmless.tags
    assert not [name for _, attributes in hostile.found for name in attributes if name.startswith("on")]


@pytest.mark.parametrize("key", HOSTILE)
def test_the_script_reads_a_hostile_key_unchanged(tmp_path: Path, key: str) -> None:
    elements = Elements(page_of(tmp_path, [processed(tmp_path, key)])).found
    (data,) = [attributes["data-photo"] for _, attributes in elements if "data-photo" in attributes]
    assert json.loads(data or "")["title"] == key_text(key)


def test_the_page_names_no_address_outside_its_folder(tmp_path: Path) -> None:
    page = page_of(tmp_path, [processed(tmp_path, "http://example.com/a.jpg".replace("//", "/"))])
    links = [
        value
        for _, attributes in Elements(page).found
        for name in ("href", "src", "action", "srcset")
        if (value := attributes.get(name))
    ]
    assert links
    assert [link for link in links if not link.startswith(("./", "#", "data:,"))] == []
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest|https?://", page)


def test_a_name_that_is_not_valid_unicode_is_shown_escaped(tmp_path: Path) -> None:
    page = page_of(tmp_path, [], [not_uploaded("bad\udcff.jpg", "rename it")])
    assert b"bad\\udcff.jpg" in page.encode()


def test_each_code_is_explained_once(tmp_path: Path) -> None:
    code = FailureCode.TOO_MANY_PAGES
    page = page_of(tmp_path, [dead_lettered(f"{number}.jpg", code, "") for number in range(5)])
    assert page.count(code.meaning) == page.count(code.what_to_do) == 1


def test_images_are_loaded_lazily(tmp_path: Path) -> None:
    elements = Elements(page_of(tmp_path, [processed(tmp_path, "a.jpg")])).found
    assert [attributes["loading"] for tag, attributes in elements if tag == "img"] == ["lazy"]


def test_a_job_without_photos_makes_a_page_that_says_so(tmp_path: Path) -> None:
    assert "No photo was processed." in page_of(tmp_path, [])
