"""Writes the contact sheet: HTML pages of at most 5,000 photos that load nothing but the renditions."""

import base64
import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from processing.wording import count_of, human_bytes
from scripts.cli.failures import FailureGroup
from scripts.cli.files import save
from scripts.cli.output import key_text
from scripts.contact_sheet.collection import ORIGINALS, Collection
from scripts.contact_sheet.links import Links
from scripts.contact_sheet.photo import OutputFile, SheetPhoto

MAX_PHOTOS = 5_000  # on one page
_FILES = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Heading:
    """The words and numbers of a contact sheet that its photos and failures do not say.

    Attributes:
        title: of the job or the stage.
        after_failures: what to do about failures as a whole.
        notices: paragraphs above the totals.
        failed: all failures; None to count those of the collection.
        not_done: photos without an outcome; they may be in the collection as failures, too.
    """

    title: str
    after_failures: str
    notices: Sequence[str] = ()
    failed: int | None = None
    not_done: int = 0


@dataclass(frozen=True, kw_only=True)
class SizeBar:
    """A bar of the chart.

    Attributes:
        percent: of the longest bar.
    """

    label: str
    size: str
    percent: float


@dataclass(frozen=True, kw_only=True)
class PageTotals:
    """The numbers of the first page.

    Attributes:
        groups: the most frequent code first.
        failed: more than the groups list when there are many.
        not_listed: failures in no group.
        before: bytes of the originals.
        after: bytes of all outputs.
    """

    processed: int
    groups: tuple[FailureGroup, ...]
    failed: int
    not_listed: int
    before: str
    after: str
    bars: Sequence[SizeBar]


@dataclass(frozen=True, kw_only=True)
class PageLink:
    """A page of the contact sheet, in the navigation of every page.

    Attributes:
        photos: the numbers of its photos: `1 to 5,000`.
        first: the label of its first photo.
    """

    number: int
    name: str
    photos: str
    first: str


def write_contact_sheet(
    collection: Collection,
    file: Path,
    heading: Heading,
    links: Links,
    *,
    page_photos: int = MAX_PHOTOS,
    on_page: Callable[[int], None] = lambda _: None,
) -> list[Path]:
    """Write the pages, each atomically, the first one last.

    Args:
        collection: the photos and failures.
        file: the first page; the others are beside it, as `index-2.html`.
        heading: of all pages.
        links: to the outputs, with the files' permissions.
        page_photos: at most so many on a page.
        on_page: called with the number of photos on the pages written so far.

    Returns:
        The pages' paths, the first page first.
    """
    totals, template = totals_of(collection, heading), _template(links)
    pages = _plan_pages(collection, file, page_photos)
    for number, page in reversed(list(enumerate(pages))):
        folders = folders_of(collection.photos(number * page_photos, page_photos))
        text = template.render(heading=heading, totals=totals, pages=pages, page=page, folders=folders)
        save(io.BytesIO(text.encode()), file.with_name(page.name), links.mode)
        on_page(totals.processed - number * page_photos)
    return [file.with_name(page.name) for page in pages]


def totals_of(collection: Collection, heading: Heading) -> PageTotals:
    """Sum up a collection."""
    sizes, groups = collection.sizes(), collection.groups()
    failed = collection.failed if heading.failed is None else heading.failed
    return PageTotals(
        processed=collection.processed,
        groups=groups,
        failed=failed,
        not_listed=max(0, failed - collection.failed),
        before=human_bytes(sizes[ORIGINALS]),
        after=human_bytes(sizes.total() - sizes[ORIGINALS]),
        bars=_bars(sizes.most_common()),
    )


def folders_of(photos: Iterator[SheetPhoto]) -> list[tuple[str, list[SheetPhoto]]]:
    """List each folder with its photos; the name of the top folder is empty."""
    return [(key_text(name) if name else "", list(group)) for name, group in groupby(photos, lambda p: p.folder)]


def viewer(links: Links, photo: SheetPhoto) -> dict[str, Any]:
    """Return what the page's script shows after a click."""

    def address(output: OutputFile) -> str:
        return links.address(f"{photo.key}/{output.name}")

    larger, pdf = photo.renditions[1:] or photo.renditions, photo.document
    pictures = [[f.name, address(f), f.width, f.height, f.caption] for f in larger]
    return {"pictures": pictures, "pdf": [f"{pdf.name} ({pdf.size})", address(pdf)] if pdf else None}


def _plan_pages(collection: Collection, file: Path, page_photos: int) -> list[PageLink]:
    pages = []
    for first in range(0, max(1, collection.processed), page_photos):
        number, last = first // page_photos + 1, min(first + page_photos, collection.processed)
        name = file.name if number == 1 else f"{file.stem}-{number}{file.suffix}"
        label = next((photo.label for photo in collection.photos(first, 1)), "")
        pages.append(PageLink(number=number, name=name, photos=f"{first + 1:,} to {last:,}", first=label))
    return pages


def _bars(sizes: Sequence[tuple[str, int]]) -> list[SizeBar]:
    """Return the originals' bar and one for each kind of output, the longest first."""
    ordered = sorted(sizes, key=lambda item: item[0] != ORIGINALS)
    longest = max((size for _, size in ordered), default=0) or 1
    return [
        SizeBar(label=label, size=human_bytes(size), percent=round(100 * size / longest, 1)) for label, size in ordered
    ]


def _template(links: Links) -> Template:
    environment = Environment(
        loader=FileSystemLoader(_FILES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = ((_FILES / name).read_text("utf-8") for name in ("sheet.css", "sheet.js"))
    environment.globals |= {
        "style": Markup(style),  # noqa: S704 (this folder's own files)
        "script": Markup(script),  # noqa: S704
        "policy": _policy(links.origin, style, script),
        "links": links,
        "viewer": partial(viewer, links),
        "count_of": count_of,
    }
    return environment.get_template("sheet.html.j2")


def _policy(origin: str, style: str, script: str) -> str:
    return f"default-src 'none'; img-src {origin} data:; style-src {_hash(style)}; script-src {_hash(script)}"


def _hash(text: str) -> str:
    """Return the source expression that allows one inline text in a Content-Security-Policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
