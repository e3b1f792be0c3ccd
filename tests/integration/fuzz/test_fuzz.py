from pathlib import Path

import pytest

from scripts.cli.command_line import EXIT_COULD_NOT_RUN, EXIT_OK, EXIT_SOME_FAILED, run
from tests.fuzz import __main__ as fuzz
from tests.fuzz.cases import make_case


def test_a_run_without_findings_says_so_with_its_seed_and_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(fuzz.app, "fuzz", ["--minutes", "0.05", "--seed", "7", "--jobs", "1"]) == EXIT_OK
    told = capsys.readouterr().out
    assert "Seed 7" in told
    assert " cases, 0 findings" in told


def test_a_finding_is_kept_with_how_to_repeat_it_and_the_run_ends_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fuzz, "FINDINGS", tmp_path)
    monkeypatch.setattr(fuzz, "find_fault", lambda *_: "took its worker down")
    assert run(fuzz.app, "fuzz", ["--seed", "7", "--case", "12"]) == EXIT_SOME_FAILED
    assert (tmp_path / "seed-7-case-12").read_bytes() == make_case(7, 12).data
    assert "npm run fuzz -- --seed 7 --case 12" in (tmp_path / "seed-7-case-12.txt").read_text()
    assert "took its worker down" in capsys.readouterr().out


def test_a_wrong_option_ends_with_1_and_points_to_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(fuzz.app, "fuzz", ["--minutes", "-3"]) == EXIT_COULD_NOT_RUN
    assert "--help" in capsys.readouterr().err


def test_the_same_seed_makes_the_same_cases() -> None:
    assert [make_case(3, number) for number in range(50)] == [make_case(3, number) for number in range(50)]
    assert len({make_case(3, number).data for number in range(50)}) > 40
