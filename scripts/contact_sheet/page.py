"""Write the contact sheet as one HTML page that loads nothing but the renditions beside it."""

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from scripts.contact_sheet.sheet import Sheet

_FILES = Path(__file__).parent


def page_text(sheet: Sheet) -> str:
    """Return the page's HTML; every value is escaped."""
    environment = Environment(
        loader=FileSystemLoader(_FILES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = ((_FILES / name).read_text("utf-8") for name in ("sheet.css", "sheet.js"))
    return environment.get_template("sheet.html.j2").render(
        sheet=sheet,
        style=Markup(style),  # noqa: S704 (this folder's own files)
        script=Markup(script),  # noqa: S704
        policy=f"default-src 'none'; img-src 'self' file: data:; style-src {_hash(style)}; script-src {_hash(script)}",
    )


def _hash(text: str) -> str:
    """Return the source expression that allows one inline text in a Content-Security-Policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
