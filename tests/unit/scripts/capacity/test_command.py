"""`npm run capacity`, as people type it."""

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.capacity.__main__ import app
from scripts.capacity.plan import read_figures
from scripts.cli.command_line import EXIT_COULD_NOT_RUN, EXIT_OK, run
from scripts.cli.errors import OperatorError
from scripts.cli.repository import REPOSITORY


def capacity(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = run(app, "npm run capacity --", arguments)
    out, err = capsys.readouterr()
    return status, out, err


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    status, out, _ = capacity(capsys, *arguments, "--json")
    assert status == EXIT_OK
    return json.loads(out)


def test_a_million_photos_have_a_duration_a_bill_and_a_limit(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = capacity(capsys, "--photos", "1000000")
    assert status == EXIT_OK
    assert "1,000,000 photos take" in out
    assert "for a thousand photos" in out
    assert "the function's concurrency" in out


def test_the_page_about_costs_shows_exactly_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = capacity(capsys, "--photos", "1000000", "--markdown")
    page = (REPOSITORY / "docs/costs.md").read_text()
    shown = page.partition("<!-- printed by npm run capacity -->\n")[2].partition("\n<!-- end -->")[0]
    assert shown == out.strip(), "paste the output of `npm run -s capacity -- --photos 1000000 --markdown` there"


def test_the_page_names_the_cost_of_a_thousand_photos_and_of_the_originals_in_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    document = as_json(capsys, "--photos", "1000000")
    page = " ".join((REPOSITORY / "docs/costs.md").read_text().split())
    assert round(100 * document["dollars_per_thousand_photos"]) == 3
    assert "costs three cents per thousand" in page
    assert f"| `keep` (default) | ${document['originals_dollars_per_month']:.2f} |" in page
    assert round(document["originals_dollars_per_month"] / document["total_dollars"]) == 3
    assert "three times as much in each month" in page


def test_it_says_on_what_processor_the_work_was_measured(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = capacity(capsys, "--photos", "10")
    machine = json.loads((REPOSITORY / "docs/benchmarks.json").read_text())["batch"]["machine"]["processor"]
    assert "x86_64" in machine
    assert machine in out
    assert "Prices are those of arm64, which was not measured" in out


def test_larger_photos_cost_more_to_keep_and_not_to_process(capsys: pytest.CaptureFixture[str]) -> None:
    small, large = (as_json(capsys, "--photos", "1000", "--photo-mb", size) for size in ("4", "8"))
    assert large["originals_dollars_per_month"] == pytest.approx(2 * small["originals_dollars_per_month"])
    assert large["total_dollars"] == small["total_dollars"]


def test_the_bill_adds_up(capsys: pytest.CaptureFixture[str]) -> None:
    document = as_json(capsys, "--photos", "12345")
    assert sum(document["cost_dollars"].values()) == pytest.approx(document["total_dollars"])
    assert document["dollars_per_thousand_photos"] == pytest.approx(document["total_dollars"] / 12.345)


def test_a_slower_processor_takes_longer_and_costs_more(capsys: pytest.CaptureFixture[str]) -> None:
    usual = as_json(capsys, "--photos", "100000")
    slower = as_json(capsys, "--photos", "100000", "--slowdown", "2")
    assert slower["plan"]["seconds"] > usual["plan"]["seconds"]
    assert slower["total_dollars"] > usual["total_dollars"]


def test_a_slow_uplink_is_what_limits_it(capsys: pytest.CaptureFixture[str]) -> None:
    plan = as_json(capsys, "--photos", "10000", "--uplink", "100", "--photo-mb", "5")["plan"]
    assert plan["limited_by"] == "the upload"
    assert plan["photos_per_second"] == pytest.approx(2.5)


def test_another_price_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    document = as_json(capsys, "--photos", "1000", "--price", "s3_put=1", "--price", "s3-get=0")
    assert document["cost_dollars"]["S3 PUT, the uploads included"] == 5000
    assert document["cost_dollars"]["S3 GET and HEAD"] == 0


@pytest.mark.parametrize(
    "arguments", [(), ("--photos", "0"), ("--photos", "10", "--price", "gold=1"), ("--photos", "10", "--memory", "1")]
)
def test_what_makes_no_sense_is_refused_with_a_reason(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    status, out, err = capacity(capsys, *arguments)
    assert status == EXIT_COULD_NOT_RUN or not arguments
    assert out or err


def test_without_measured_figures_it_says_how_to_get_them(tmp_path: Path) -> None:
    (tmp_path / "benchmarks.json").write_text('{"memory": {}}')
    with pytest.raises(OperatorError, match="npm run bench"):
        read_figures(tmp_path / "benchmarks.json")
