"""Links from the contact sheet to the outputs: beside the page, behind a base URL, or presigned."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, kw_only=True)
class Links:
    """A page's links to outputs.

    Attributes:
        address: returns the address of an output key.
        origin: where the images come from, as a source of a Content-Security-Policy.
        query: the common rest of all addresses, which the page's script appends; presigned URLs are long.
        notes: for the page and the terminal; how long the links work.
        mode: permissions of the pages: presigned links are for their readers only.
    """

    address: Callable[[str], str]
    origin: str
    query: str = ""
    notes: tuple[str, ...] = ()
    mode: int = 0o644


def relative_links() -> Links:
    """Link to files beside the page; `./` keeps `javascript:` a file name."""
    return Links(address=lambda key: f"./{quote(key)}", origin="'self' file:")
