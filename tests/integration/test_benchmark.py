"""`npm run bench -- --quick` runs: it measures every part but scale. No figure is checked."""

import json
import subprocess
import sys
from typing import Any

import pytest

from scripts.cli.repository import REPOSITORY

PEERS = {"darkroom", "sharp-chain", "sharp-clone", "libvips", "pillow"}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the benchmark reads /proc")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Any:
    out = tmp_path_factory.mktemp("bench")
    done = subprocess.run(
        [sys.executable, "-m", "scripts.bench", "--quick", "--out", str(out)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert (out / "benchmarks.md").read_text().startswith("# Benchmarks")
    assert "</svg>" in (out / "benchmarks.svg").read_text()
    return json.loads((out / "benchmarks.json").read_text())


def test_every_peer_does_the_job_and_comes_close_to_the_reference(results: Any) -> None:
    scores = results["versus"]["scores"]
    assert {score["peer"] for score in scores} >= PEERS | {"floor"}
    for score in scores:
        assert score["cpu_ms"]["median"] > 0
        assert min(score["likeness"]) > 0.9


@pytest.mark.parametrize("name", ["to-webp", "to-avif"])
def test_the_peers_write_webp_and_avif_of_equal_likeness(results: Any, name: str) -> None:
    likeness = {s["peer"]: s["likeness"] for s in results["versus"]["scores"] if s["photo"] == name}
    assert likeness.keys() == {"darkroom", "sharp-chain", "pillow"}
    for of_peer in likeness.values():
        assert of_peer == pytest.approx(likeness["darkroom"], abs=0.01)


def test_an_unknown_row_is_an_error() -> None:
    command = [sys.executable, "-m", "scripts.bench", "versus", "--quick", "--only", "gif"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "No row has 'gif' in its name" in done.stderr


def test_only_some_rows_need_the_part_that_has_rows() -> None:
    command = [sys.executable, "-m", "scripts.bench", "memory", "--only", "heic"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "versus" in done.stderr


def test_memory_is_measured_for_one_photo_and_for_many(results: Any) -> None:
    assert {peak["peer"] for peak in results["memory"]["peaks"]} >= PEERS
    assert results["memory"]["growth"]["end_bytes"] > 0


def test_a_batch_goes_through_the_function(results: Any) -> None:
    assert results["batch"]["scores"][0]["vcpus"] == 1
    assert results["batch"]["scores"][0]["wall_to_cpu"]["median"] > 0


def test_a_cold_start_has_a_wall_time_and_a_cpu_time(results: Any) -> None:
    assert results["cold-start"]["start"]["init_wall_ms"]["median"] > 0
    assert results["cold-start"]["start"]["init_cpu_ms"]["median"] > 0


def test_the_operators_commands_are_run_whole(results: Any) -> None:
    rows = results["operators"]["rows"]
    assert {row["command"] for row in rows} >= {"dlq list", "dlq redrive"}
    assert all(row["seconds"] > 0 and row["peak_bytes"] > 0 for row in rows)


def test_every_command_of_operators_does_its_whole_job(results: Any) -> None:
    rows = {row["command"]: row for row in results["operators"]["rows"]}
    assert rows.keys() == {"dlq list", "dlq redrive", "reconcile"}
    assert all(row["seconds"] > 0 for row in rows.values())


def test_a_window_of_digests_becomes_one_summary(results: Any) -> None:
    assert results["roll-up"]["digests"] == 300
    assert results["roll-up"]["photos_per_second"] > 0


def test_without_knowing_the_part_nothing_runs() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.bench", "everything"], cwd=REPOSITORY, capture_output=True, check=False
    )
    assert done.returncode == 2
