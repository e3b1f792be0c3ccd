"""README and docs agree with the code: failure codes, parameters, figures, paths and links."""

import json
import re
from pathlib import Path

import pytest
import yaml

from processing import dead_letter_attributes
from processing.failures import FailureCode
from processing.images.formats.registry import FORMATS
from processing.outcomes import Outcome
from processing.renditions import parse_renditions
from scripts.aws.prices import PRICES
from scripts.capacity.bill import make_bill
from scripts.capacity.plan import PROD, make_plan, read_figures
from scripts.cli.repository import REPOSITORY

DOCS = REPOSITORY / "docs"
README = (REPOSITORY / "README.md").read_text()
FAILURE_CODES = (DOCS / "failure_codes.md").read_text()
INPUTS_AND_OUTPUTS = (DOCS / "formats.md").read_text()
BENCHMARKS = json.loads((DOCS / "benchmarks.json").read_text())
SERVERLESS = (REPOSITORY / "serverless.yml").read_text()
PARAMETERS = yaml.load(SERVERLESS, yaml.BaseLoader)["params"]["default"]
PAGES = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]
NAMED_PATH = re.compile(r"`((?:docs|handlers|processing|scripts|tests)/[\w./-]*)`")
LINK = re.compile(r"(?:\]\(|<img src=\")(?!https?://)([^)\"]+)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
FRONT_PAGE_LINES = 120


def _link_to_heading(heading: str) -> str:
    """Return the anchor that GitHub makes of a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def _is_there(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    return target.exists() and (
        not anchor or anchor in [_link_to_heading(heading) for heading in HEADING.findall(target.read_text())]
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    assert [path for path in NAMED_PATH.findall(page.read_text()) if not (REPOSITORY / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_to_a_file_and_a_heading(page: Path) -> None:
    assert [link for link in LINK.findall(page.read_text()) if not _is_there(page, link)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_npm_command_that_a_page_names_exists(page: Path) -> None:
    known = json.loads((REPOSITORY / "package.json").read_text())["scripts"]
    named = set(re.findall(r"npm run (?:--silent )?([a-z][a-z-]*)", page.read_text()))
    assert named - set(known) == set()


def test_the_readme_is_a_front_page() -> None:
    assert len(README.splitlines()) <= FRONT_PAGE_LINES


def test_the_readme_leads_to_every_page() -> None:
    linked = {link.partition("#")[0] for link in LINK.findall(README)}
    assert {f"docs/{page.name}" for page in DOCS.glob("*.md")} - linked == set()


def test_the_readme_names_every_format_that_darkroom_reads() -> None:
    named = README.partition("Darkroom reads ")[2].partition(";")[0].lower()
    assert sorted(re.findall(r"\w+", named.replace(" and ", " "))) == sorted(known.name for known in FORMATS)


def test_the_figures_of_the_readme_are_those_of_the_benchmarks() -> None:
    scores = {(score["peer"], score["photo"]): score for score in BENCHMARKS["versus"]["scores"]}
    peaks = {(peak["peer"], peak["photo"]): peak["whole_bytes"] / 1e6 for peak in BENCHMARKS["memory"]["peaks"]}
    clone, pillow = (scores[peer, "12mp.jpg"]["cpu_to_darkroom"]["median"] for peer in ("sharp-clone", "pillow"))
    said = " ".join(README.split())
    assert f"A 12 MP photo takes {scores['darkroom', '12mp.jpg']['cpu_ms']['median']:.0f} ms of processor time" in said
    assert f"as its documentation shows, takes {clone:.1f} times as much" in said
    assert f"as in tutorials, {pillow:.1f} times" in said
    assert f"A 100 MP JPEG needs {peaks['darkroom', '100mp.jpg']:.0f} MB of memory" in said


def test_the_readme_says_what_a_thousand_photos_cost_as_npm_run_capacity_does() -> None:
    bill = make_bill(make_plan(1000, read_figures(), PROD), PROD, PRICES)
    assert round(sum(dollars for _, _, dollars in bill) * 100) == 3
    assert "three cents for 1,000 photos" in " ".join(README.split())


def test_the_readme_says_what_keeping_a_thousand_originals_costs() -> None:
    gigabytes = make_plan(1000, read_figures(), PROD).bytes_in / 1e9
    assert round(gigabytes * PRICES.s3_gb_month * 100) == 10
    assert "ten cents a month to keep their originals" in " ".join(README.split())


@pytest.mark.parametrize("code", FailureCode)
def test_every_failure_code_is_documented_with_its_meaning_and_advice(code: FailureCode) -> None:
    assert f"| `{code}` | {code.family} | {code.meaning} | {code.what_to_do} |" in FAILURE_CODES


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_is_documented(outcome: Outcome) -> None:
    rows = re.findall(r"^\| ([a-z, -]+) \|", FAILURE_CODES, re.MULTILINE)
    assert outcome in ", ".join(rows).split(", ")


def test_every_attribute_of_a_dead_letter_is_documented() -> None:
    names = [value for name, value in vars(dead_letter_attributes).items() if name.isupper() and isinstance(value, str)]
    assert [name for name in names if f"`{name}`" not in FAILURE_CODES] == []


def test_every_parameter_of_the_deployment_is_documented() -> None:
    rows = re.findall(r"^\| (`.*?) \|", (DOCS / "deployment.md").read_text(), re.MULTILINE)
    documented = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert sorted(set(PARAMETERS) - set(documented)) == []


def test_the_default_renditions_are_documented() -> None:
    for name, size, quality in (
        (rendition.file_name, rendition.box_px, rendition.quality)
        for rendition in parse_renditions(PARAMETERS["renditions"])
    ):
        assert f"| `{name}` | fits into {size} x {size}" in INPUTS_AND_OUTPUTS
        assert f"fits into {size} x {size}" in README
        assert f"JPEG of quality {quality}" in INPUTS_AND_OUTPUTS


@pytest.mark.parametrize("top", ["processing", "scripts"])
def test_contributing_describes_every_folder(top: str) -> None:
    folders = {path.parent.name for path in (REPOSITORY / top).glob("*/__init__.py")}
    described = set(re.findall(r"^\| `(\w+)/` \|", (REPOSITORY / "CONTRIBUTING.md").read_text(), re.MULTILINE))
    assert folders - described == set()
