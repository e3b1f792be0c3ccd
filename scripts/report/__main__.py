"""`npm run report`: writes the contact sheet of a deployed stage."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from processing.wording import count_of
from scripts.aws.stage import find_stage
from scripts.cli.command_line import EXIT_CODES, EXIT_OK, JsonOption, StageOption, main, make_app
from scripts.cli.output import Screen, key_text
from scripts.contact_sheet.collection import open_collection
from scripts.contact_sheet.page import Heading, write_contact_sheet
from scripts.contact_sheet.stage_links import BaseUrlOption, ExpiresOption, page_file, stage_links
from scripts.report.collect import Findings, collect_stage

EXAMPLE = "Example: npm run report -- --prefix 2026/07/ --out july.html --expires 12h --stage prod"

app = make_app("Write the contact sheet of a deployed stage.")


@app.command(epilog=f"{EXAMPLE}\n\n{EXIT_CODES}")
def command(
    stage: StageOption,
    prefix: Annotated[str, typer.Option("--prefix", metavar="TEXT", help="Only keys that begin so.")] = "",
    out: Annotated[
        Path, typer.Option("--out", parser=page_file, metavar="FILE", help="The page; further pages are FILE-2 ...")
    ] = Path("report/index.html"),
    expires: ExpiresOption = None,
    base_url: BaseUrlOption = None,
    as_json: JsonOption = False,
) -> int:
    """Write the contact sheet of a stage from its buckets and its DLQ: failures first, then every photo.

    The links are presigned: who has the page can open the photos until the links expire. The command only reads; a HEAD
    request for each photo costs 4 cents for 100,000.
    """
    target, screen = find_stage(stage), Screen(as_json=as_json)
    links = stage_links(target, expires, base_url)
    with open_collection() as collection:
        findings = collect_stage(collection, target, prefix, screen)
        heading = heading_of(target.name, prefix, findings, links.notes)
        with screen.progress("writing", collection.processed) as show:
            pages = write_contact_sheet(collection, out, heading, links, on_page=lambda done: show(done, ""))
        counts = {"processed": collection.processed, "failed": findings.failed, "not_done": findings.not_done}
    numbers = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items())
    paths = [str(page.resolve()) for page in pages]
    where = f"{count_of(len(pages), 'page')}; open the first in a browser:" if pages[1:] else "Open it in a browser:"
    report = [f"{numbers}.", *findings.notes, *links.notes, where, paths[0]]
    screen.result(report, {**counts, "pages": paths, "notes": [*findings.notes, *links.notes]})
    return EXIT_OK


def heading_of(stage: str, prefix: str, findings: Findings, link_notes: Sequence[str]) -> Heading:
    """Say where the page comes from, and from when."""
    made = (
        f"Made on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC from the buckets and the dead-letter queue of stage {stage}."
    )
    return Heading(
        title=f"{stage}: {key_text(prefix)}" if prefix else stage,
        after_failures="Your originals are untouched.",
        notices=[" ".join([made, *findings.notes, *link_notes])],
        failed=findings.failed,
        not_done=findings.not_done,
    )


if __name__ == "__main__":
    main(app, "npm run report --")
