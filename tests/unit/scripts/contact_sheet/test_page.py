import json
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from processing.failures import FailureCode
from scripts.cli.output import key_text
from scripts.contact_sheet.links import relative_links
from scripts.contact_sheet.page import Heading, totals_of, write_contact_sheet
from scripts.photo_job.photo_folder import not_uploaded
from tests.support.contact_sheet import HEADING, Elements, collection_of, dead_lettered, page_of, processed

HOSTILE = ["<script>alert(1)<", '"><img src=x onerror=alert(1)>', "' onclick='alert(1)", "{{ 7*7 }}", "a&lt;b"]


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
    (card,) = [attributes for _, attributes in elements if "data-photo" in attributes]
    assert card["title"] == key_text(key)
    pictures = json.loads(card["data-photo"] or "")["pictures"]
    assert [unquote(address) for _, address, *_ in pictures] == [f"./{key}/medium.jpg", f"./{key}/large.jpg"]


@pytest.mark.parametrize(
    ("key", "link"),
    [
        ("day 2/100% #1?é.jpg", "./day%202/100%25%20%231%3F%C3%A9.jpg/large.jpg"),
        ("javascript:alert(1)", "./javascript%3Aalert%281%29/large.jpg"),
    ],
)
def test_a_link_is_a_file_name_whatever_the_key_looks_like(tmp_path: Path, key: str, link: str) -> None:
    elements = Elements(page_of(tmp_path, [processed(tmp_path, key)])).found
    assert [attributes["href"] for _, attributes in elements if attributes.get("class") == "card"] == [link]


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


def test_the_longest_bar_of_the_chart_fills_it(tmp_path: Path) -> None:
    with collection_of(tmp_path, [processed(tmp_path, "a.jpg", size_bytes=1_000_000)]) as collection:
        totals = totals_of(collection, HEADING)
    bars = [(bar.label, bar.percent) for bar in totals.bars]
    assert bars[0] == ("originals", 100.0)
    assert {label for label, _ in bars[1:]} == {"small.jpg", "medium.jpg", "large.jpg", "document.pdf"}
    assert (totals.before, totals.processed) == ("1.0 MB", 1)


def test_failures_that_were_not_kept_are_counted(tmp_path: Path) -> None:
    heading = Heading(title="holiday", after_failures="Look.", failed=12)
    with collection_of(tmp_path, [], [not_uploaded("a.jpg", "why")]) as collection:
        assert (totals_of(collection, heading).failed, totals_of(collection, heading).not_listed) == (12, 11)


def pages_of(folder: Path, photos: int) -> list[str]:
    """Write pages of two photos each; return their texts."""
    results = [processed(folder, f"{number}.jpg") for number in range(photos)]
    page_of(folder, [*results, dead_lettered("failed.jpg", FailureCode.TOO_SLOW, "")], page_photos=2)
    files = [folder / "index.html", *(folder / f"index-{number}.html" for number in (2, 3))]
    return [file.read_text("utf-8") for file in files if file.exists()]


def test_many_photos_are_spread_over_pages_in_the_order_of_their_names(tmp_path: Path) -> None:
    pages = pages_of(tmp_path, 5)
    titles = [[a["title"] for _, a in Elements(page).found if a.get("class") == "card"] for page in pages]
    assert titles == [["0.jpg", "1.jpg"], ["2.jpg", "3.jpg"], ["4.jpg"]]


def test_every_page_links_to_all_others_and_says_what_its_search_covers(tmp_path: Path) -> None:
    for number, page in enumerate(pages_of(tmp_path, 5), start=1):
        links = [a for tag, a in Elements(page).found if tag == "a" and "photos" in str(a.get("title"))]
        assert [a["href"] for a in links[:3]] == ["./index.html", "./index-2.html", "./index-3.html"]
        assert [i for i, a in enumerate(links[:3], start=1) if a.get("aria-current") == "page"] == [number]
        covers = ["the failures, and photos 1 to 2 of 5", "photos 3 to 4 of 5", "photos 5 to 5 of 5"][number - 1]
        assert f"Searches this page only: {covers}" in page


def test_failures_and_totals_are_on_the_first_page_only(tmp_path: Path) -> None:
    assert ["too-slow" in page and "Bytes before" in page for page in pages_of(tmp_path, 3)] == [True, False]


def test_a_page_for_all_photos_says_nothing_about_pages(tmp_path: Path) -> None:
    assert "Searches this page only" not in pages_of(tmp_path, 2)[0]


def test_photos_that_have_no_outcome_are_counted_beside_the_failures(tmp_path: Path) -> None:
    heading = Heading(title="holiday", after_failures="Look.", notices=["Interrupted."], not_done=1_234)
    with collection_of(tmp_path, []) as collection:
        (file,) = write_contact_sheet(collection, tmp_path / "index.html", heading, relative_links())
    assert "<dt>not done</dt><dd>1,234</dd>" in file.read_text()
    assert '<p class="notice">Interrupted.</p>' in file.read_text()
