"""The page and the chart are made from the JSON and nothing else."""

import json
import platform
import re
from pathlib import Path
from xml.etree import ElementTree as ET

from scripts.bench.chart import draw_chart
from scripts.bench.report import read_results, render_page, write_results
from scripts.bench.targets import check_targets
from scripts.cli.repository import REPOSITORY
from tests.unit.scripts.bench.results import batch, measured, memory, score, versus

DOCS = REPOSITORY / "docs"
RESULTS = {
    "versus": measured(versus(score("darkroom", 1.0), score("sharp-clone", 2.5))),
    "memory": measured(memory(70)),
    "batch": measured(batch(1.2)),
}


def test_a_missed_target_is_shown_as_missed() -> None:
    page = render_page(RESULTS)
    assert "| peak memory over Python's own, 100mp.jpg | 60 MB | 70 MB | **missed** |" in page
    assert "| wall time / CPU time, batch of 10, 1 vCPU | 1.2 | 1.20 (1.08 to 1.32) | met |  |" in page


def test_a_missed_target_has_its_reason_beside_it() -> None:
    page = render_page({"batch": measured(batch(1.3))})
    assert "| 1.30 (1.17 to 1.43) | **missed** | The first download and the last upload of a batch overlap" in page


def test_the_page_says_which_rows_are_of_a_later_run_and_what_sharp_says_of_a_heic() -> None:
    later = {"12mp.jpg": {"rounds": 9, "measured": "2026-11-25"}}
    heic = {"lists": [".avif"], "said": "no HEVC"}
    page = render_page({"versus": RESULTS["versus"] | {"later": later, "sharp_heic": heic}})
    assert "Of another run (2026-11-25, 9 rounds; compare within each table only): photo 12mp.jpg." in page
    assert "sharp, as installed, lists .avif for HEIF, and says of the HEIC: `no HEVC`." in page


def test_every_target_that_the_published_figures_miss_has_a_reason() -> None:
    assert [check.what for check in check_targets(read_results(DOCS)) if not check.is_met and not check.reason] == []


def test_the_page_opens_with_its_conclusion_and_the_chart() -> None:
    conclusion, chart, rest = render_page(RESULTS).partition("![CPU time for one photo, Darkroom and its peers]")
    assert "A 12 MP JPEG takes Darkroom 60 ms of processor time; sharp <clone> takes 2.5 times as much" in conclusion
    assert "4 of 5 targets are met" in conclusion
    assert chart
    assert "## Targets" in rest


def test_every_table_of_figures_is_folded() -> None:
    page = (DOCS / "benchmarks.md").read_text()
    figures = page.partition("## One photo at a time")[2].partition("## How it is measured")[0]
    outside = re.sub(r"<details>.*?</details>", "", figures, flags=re.DOTALL)
    assert "| --- |" in figures
    assert [line for line in outside.splitlines() if line.startswith("|")] == []


def test_every_table_has_as_many_cells_in_each_row_as_in_its_head() -> None:
    widths = [line.count("|") for line in render_page(RESULTS).splitlines() if line.startswith("|")]
    tables = "\n".join(line if line.startswith("|") else "" for line in render_page(RESULTS).splitlines())
    for table in filter(None, tables.split("\n\n")):
        assert len({line.count("|") for line in table.strip().splitlines()}) == 1
    assert widths


def test_a_part_that_is_measured_again_leaves_the_others_as_they_were(tmp_path: Path) -> None:
    write_results(RESULTS, tmp_path)
    results = read_results(tmp_path)
    results["batch"] = measured(batch(0.7))
    write_results(results, tmp_path)
    assert json.loads((tmp_path / "benchmarks.json").read_text())["versus"] == RESULTS["versus"]
    assert "0.70 (0.63 to 0.77)" in (tmp_path / "benchmarks.md").read_text()


SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> list[str | None]:
    return [text.text for text in ET.fromstring(svg).iter(f"{SVG}text")]


def test_the_chart_shows_every_peer_in_its_legend_and_the_ratio_at_every_bar() -> None:
    part = RESULTS["versus"]
    shown = texts(draw_chart(part))
    assert set(part["titles"].values()) <= set(shown)
    assert {"1.00", "2.50", "12 MP JPEG"} <= set(shown)


def test_no_text_of_the_published_chart_is_cut_off() -> None:
    root = ET.fromstring((DOCS / "benchmarks.svg").read_text())
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    published = json.loads((DOCS / "benchmarks.json").read_text())["versus"]["titles"].values()
    found = {text.text: text.attrib for text in root.iter(f"{SVG}text") if text.text in published}
    assert found.keys() == set(published)
    for title, attributes in found.items():
        x, y = float(attributes["x"]), float(attributes["y"])
        assert x + 6 * len(title or "") < width  # 6 units for each letter of 9 points
        assert 0 < y < height


def test_the_published_page_and_chart_are_those_of_the_published_figures(tmp_path: Path) -> None:
    write_results(read_results(DOCS), tmp_path)
    for name in ("benchmarks.md", "benchmarks.svg", "benchmarks.json"):
        assert (tmp_path / name).read_text() == (DOCS / name).read_text()


def test_the_published_figures_name_no_host_and_no_path() -> None:
    published = (DOCS / "benchmarks.json").read_text()
    for private in (platform.node(), str(Path.home()), str(DOCS.parent)):
        assert private not in published
