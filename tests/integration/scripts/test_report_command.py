"""`npm run report` on a local AWS."""

import json
import re
from html import unescape
from pathlib import Path
from urllib.request import urlopen

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from processing.commit_marker import Marker
from processing.failures import FailureCode
from processing.layout import Layout
from processing.output_keys import document_key
from scripts.report.__main__ import app
from tests.support.bare_stage import BareStage, fill_dlq
from tests.support.chromium import console_of, widths
from tests.support.command_line import CommandLine
from tests.support.contact_sheet import Elements
from tests.support.dead_letters import dead_letter
from tests.support.fake_function import SETTINGS, store_outputs
from tests.support.photos import jpeg


@pytest.fixture
def report(bare_stage: BareStage, short_waits: None, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(app, bare_stage.name, capsys)


def put_source(stage: BareStage, key: str) -> str:
    """Store a source object; return its eTag."""
    bucket = stage.target.outputs.input_bucket
    return str(stage.client("s3").put_object(Bucket=bucket, Key=key, Body=key.encode())["ETag"].strip('"'))


def process(stage: BareStage, key: str) -> None:
    """Store a source object and its outputs."""
    store_outputs(stage.client("s3"), stage.target.outputs.output_bucket, key, put_source(stage, key))


@pytest.fixture
def one_of_each(bare_stage: BareStage) -> None:
    """Store photos in every state."""
    s3, outputs = bare_stage.client("s3"), bare_stage.target.outputs
    for key in ("done.jpg", "2026/a b+%.jpg", "2026/ü #1?.jpg", "since done.jpg", "deleted.jpg", "partial.jpg"):
        process(bare_stage, key)
    s3.delete_object(Bucket=outputs.input_bucket, Key="deleted.jpg")
    s3.delete_object(Bucket=outputs.output_bucket, Key=document_key("partial.jpg"))
    store_outputs(s3, outputs.output_bucket, "changed.jpg", "an older version")
    for key in ("changed.jpg", "waiting.jpg", "2026/broken.jpg", ".DS_Store"):
        put_source(bare_stage, key)
    code, bucket = FailureCode.CORRUPT_IMAGE, outputs.input_bucket
    letters = [
        dead_letter(key, code=code, bucket=bucket, detail="bad data") for key in ("2026/broken.jpg", "since done.jpg")
    ]
    fill_dlq(bare_stage, [*letters, dead_letter("", body="not an event", code=FailureCode.MALFORMED_MESSAGE)])


def cards(page: str) -> list[str]:
    return [str(each["title"]) for _, each in Elements(page).found if each.get("class") == "card"]


def failures(page: str) -> dict[str, list[str]]:
    """Return the listed keys by code."""
    groups = re.findall(r"<details.*?<code>(.+?)</code>.*?</details>", page, re.DOTALL)
    listed = re.findall(r"<details(.*?)</details>", page, re.DOTALL)
    return {
        code: [unescape(key) for key in re.findall(r'class="key"[^>]*>(.*?)<', text)]
        for code, text in zip(groups, listed, strict=True)
    }


def test_photos_failures_and_what_is_not_done_come_from_the_buckets_and_the_dlq(
    report: CommandLine, one_of_each: None, tmp_path: Path
) -> None:
    said = report("--out", str(tmp_path / "page.html"))
    assert said.code == 0, said.err
    assert said.lines[0] == "5 processed, 2 failed, 3 not done."
    assert said.lines[-1] == str(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert cards(page) == ["deleted.jpg", "done.jpg", "since done.jpg", "2026/a b+%.jpg", "2026/ü #1?.jpg"]
    assert failures(page) == {
        "no-outcome": ["changed.jpg", "partial.jpg", "waiting.jpg"],
        "corrupt-image": ["2026/broken.jpg"],
        "malformed-message": ["(no name)"],
    }
    assert FailureCode.CORRUPT_IMAGE.meaning in page
    assert "bad data" in page
    assert "Not shown: 1 dead letter of photos that were processed since" in page


def test_presigned_links_open_the_outputs(report: CommandLine, one_of_each: None, tmp_path: Path) -> None:
    report("--out", str(tmp_path / "page.html"), "--expires", "2h")
    page = (tmp_path / "page.html").read_text()
    (query,) = [str(each["data-query"]) for tag, each in Elements(page).found if tag == "body"]
    assert "X-Amz-Expires=7200" in query
    links = [f"{each['href']}&{query}" for _, each in Elements(page).found if each.get("class") == "card"]
    assert [urlopen(link).read() for link in links] == [b"x"] * 5
    assert (tmp_path / "page.html").stat().st_mode & 0o777 == 0o600


def test_shapes_come_from_the_commit_marker_and_outputs_of_other_settings_are_left_out(
    report: CommandLine, bare_stage: BareStage, tmp_path: Path
) -> None:
    etag, outputs = put_source(bare_stage, "a.jpg"), bare_stage.target.outputs
    layout = Layout(sizes={"small.jpg": (300, 225), "large.jpg": (1200, 900)}, thumb_hash="")
    metadata = {**Marker(etag, "", "f").to_metadata(), **layout.to_metadata()}
    for name in ("small.jpg", "large.jpg", "tiny.webp", "document.pdf"):
        bare_stage.client("s3").put_object(
            Bucket=outputs.output_bucket, Key=f"a.jpg/{name}", Body=b"x", Metadata=metadata
        )
    report("--out", str(tmp_path / "page.html"), "--base-url", "https://cdn.example.com")
    page = (tmp_path / "page.html").read_text()
    assert "1200 × 900 px" in page  # noqa: RUF001
    assert "tiny.webp" not in page


def test_a_prefix_bounds_photos_and_failures(report: CommandLine, one_of_each: None, tmp_path: Path) -> None:
    said = report("--out", str(tmp_path / "page.html"), "--prefix", "2026/", "--json")
    counts = json.loads(said.out)
    assert (counts["processed"], counts["failed"], counts["not_done"]) == (2, 1, 0)
    assert list(failures((tmp_path / "page.html").read_text())) == ["corrupt-image"]


def test_links_below_a_base_url_are_not_signed(report: CommandLine, one_of_each: None, tmp_path: Path) -> None:
    said = report("--out", str(tmp_path / "page.html"), "--base-url", "https://cdn.example.com/p", "--prefix", "2026/ü")
    assert said.code == 0, said.err
    page = (tmp_path / "page.html").read_text()
    assert "X-Amz" not in page
    assert 'href="https://cdn.example.com/p/2026/%C3%BC%20%231%3F.jpg/large.jpg"' in page
    assert "img-src https://cdn.example.com data:" in unescape(page)


def test_the_dead_letters_are_visible_again_at_once(
    report: CommandLine, bare_stage: BareStage, one_of_each: None, tmp_path: Path
) -> None:
    report("--out", str(tmp_path / "page.html"))
    assert bare_stage.target.dlq.depth().visible == 3


@pytest.mark.parametrize("bare_stage", ["photos/*.jpg"], indirect=True)
def test_keys_that_the_stage_does_not_process_are_left_out(
    report: CommandLine, bare_stage: BareStage, tmp_path: Path
) -> None:
    for key in ("photos/a.jpg", "photos/b.txt", "other/c.jpg"):
        put_source(bare_stage, key)
    counts = json.loads(report("--out", str(tmp_path / "page.html"), "--json").out)
    assert counts["not_done"] == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--expires", "8d"], "SigV4 signs links for 7 days at most"),
        (["--expires", "0s"], "is not between 1m and 7d"),
        (["--expires", "soon"], "is not a duration"),
        (["--base-url", "cdn.example.com"], "is not an address"),
        (["--base-url", "javascript:alert(1)//"], "is not an address"),
        (["--base-url", "https://cdn.example.com/?a=b"], "has a user, a query or a fragment"),
        (["--expires", "1h", "--base-url", "https://cdn.example.com"], "Give one of both"),
        (["--out", "photo.jpg"], "is not the name of a page"),
    ],
)
def test_nonsense_is_refused_and_nothing_is_written(
    report: CommandLine, tmp_path: Path, arguments: list[str], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = report(*arguments)
    assert said.code == 1
    assert complaint in said.err
    assert list(tmp_path.iterdir()) == []


def test_the_page_shows_presigned_images_in_a_browser(
    report: CommandLine, bare_stage: BareStage, browser: Chrome, tmp_path: Path
) -> None:
    s3, outputs = bare_stage.client("s3"), bare_stage.target.outputs
    process(bare_stage, "ü b.jpg")
    for rendition, width in zip(SETTINGS.renditions, (120, 60, 30), strict=True):
        key = f"ü b.jpg/{rendition.file_name}"
        s3.put_object(Bucket=outputs.output_bucket, Key=key, Body=jpeg((width, 20)), ContentType="image/jpeg")
    report("--out", str(tmp_path / "page.html"))
    browser.get((tmp_path / "page.html").as_uri())
    assert widths(browser, ".card img") == [30]
    browser.find_element(By.CSS_SELECTOR, ".card").click()
    assert widths(browser, "#pictures img") == [60, 120]
    captions = [caption.text for caption in browser.find_elements(By.TAG_NAME, "figcaption")]
    assert [re.findall(r"\d+|[a-z]+\.jpg", text)[:3] for text in captions] == [
        ["medium.jpg", "60", "20"],
        ["large.jpg", "120", "20"],
    ]
    assert console_of(browser) == []
