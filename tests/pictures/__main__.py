"""Make the pictures of the README: `python -m tests.pictures`.

Runs the service on a local stack with free sample photos, opens the contact sheet and the summary in Chromium, and
writes docs/pictures/contact_sheet.png and docs/pictures/summary_email.png.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from jinja2 import Environment, FileSystemLoader
from PIL import Image
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from processing.digest.batch_digest import BatchDigest
from processing.digest.message import email_text
from processing.digest.roll_up import combine
from scripts.cli.repository import REPOSITORY
from scripts.local_stack.stack import local_stack
from scripts.photo_job.file_choice import FileChoice
from scripts.photo_job.local_job import LocalJob
from scripts.start.closing import write_sheet
from scripts.start.photos import find_photos
from tests.pictures.photos import write_photos
from tests.support.chromium import NO_CHROMIUM, chromium, is_chromium_installed, screen_of, screenshot

PICTURES = REPOSITORY / "docs" / "pictures"
MAX_BYTES = 150_000
_COLOURS = 128
_SHEET_SIZE, _EMAIL_WIDTH = (1120, 1110), 760


def main() -> int:
    """Make both pictures; return the exit code."""
    if not is_chromium_installed():
        print(NO_CHROMIUM, file=sys.stderr)
        return 1
    PICTURES.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        work = Path(folder)
        digests = process(work / "holiday", work / "out")
        (work / "email.html").write_text(email_page(digests), "utf-8")
        with chromium() as browser:
            picture(browser, work / "out/index.html", PICTURES / "contact_sheet.png", *_SHEET_SIZE)
            picture(browser, work / "email.html", PICTURES / "summary_email.png", _EMAIL_WIDTH)
    sizes = {file.name: file.stat().st_size for file in sorted(PICTURES.glob("*.png"))}
    print(*(f"{name}: {size:,} bytes" for name, size in sizes.items()), sep="\n")
    return int(max(sizes.values()) > MAX_BYTES)


def process(photos: Path, out: Path) -> Sequence[BatchDigest]:
    """Process the sample photos on a local stack; write the contact sheet."""
    write_photos(photos)
    out.mkdir()
    with local_stack() as stack:
        job = LocalJob(stack=stack, out=out, patience_seconds=60)
        job.run(find_photos(photos, FileChoice(), Counter()))
    write_sheet(job, photos.name)
    return job.digests


def email_page(digests: Sequence[BatchDigest]) -> str:
    """Return the summary as a mail program shows it."""
    digest = combine(list(digests), stage="prod")
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)
    template = environment.get_template("email.html.j2")
    return template.render(subject=digest.subject, text=email_text(digest))


def picture(browser: Chrome, page: Path, file: Path, width: int, height: int = 0) -> None:
    """Save a picture of a page, of its whole height by default, with few colours so that it stays small."""
    with screen_of(browser, width, height or 100):
        browser.get(page.as_uri())
        whole = browser.execute_script("return document.documentElement.scrollHeight")
    with screen_of(browser, width, height or whole):
        for image in browser.find_elements(By.TAG_NAME, "img"):
            browser.execute_async_script("arguments[0].decode().then(arguments[1], arguments[1])", image)
        screenshot(browser, file)
    with Image.open(file) as shot:
        shot.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
