"""The packaged function and layer under AWS's runtime emulator and runtime client."""

import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image

from scripts.bench.lambda_emulator import Package, emulated, find_obstacle
from tests.integration.runtime.gate import Gate
from tests.integration.runtime.surroundings import Surroundings, failed, outputs_of, run_batch
from tests.integration.template.packaged import Template
from tests.support.photos import jpeg, not_an_image

GOOD, BAD = jpeg((1200, 900)), not_an_image()

pytestmark = pytest.mark.skipif(bool(find_obstacle()), reason=find_obstacle() or "it can run")


def test_cold_warm_and_a_batch_with_a_bad_photo(
    package: Package,
    surroundings: Surroundings,
    template: Template,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with emulated(package, surroundings.variables(template), timeout_seconds=60, log=tmp_path / "log") as emulator:
        unfinished, cold_seconds = run_batch(emulator, surroundings, {"cold": GOOD})
        assert unfinished == set()
        unfinished, warm_seconds = run_batch(emulator, surroundings, {"warm": GOOD})
        assert unfinished == set()
        unfinished, _ = run_batch(emulator, surroundings, {"a": GOOD, "bad": BAD, "b": GOOD})
        assert unfinished == set()
        reports = [line for line in emulator.log.read_text().splitlines() if line.startswith("REPORT")]
    assert surroundings.outputs().keys() == outputs_of("cold", "warm", "a", "b")
    assert surroundings.take_dead_letters().keys() == {"bad"}
    assert len(reports) == 3
    with capsys.disabled():
        sys.stdout.write(
            f"\nLambda's runtime, zips for {package.target}: a cold start takes {cold_seconds - warm_seconds:.2f} s "
            f"(one photo: cold {cold_seconds:.2f} s, warm {warm_seconds:.2f} s)\n"
        )


def test_when_the_time_limit_comes_near_what_is_not_done_is_given_back_and_nothing_is_lost(
    package: Package, surroundings: Surroundings, template: Template, tmp_path: Path
) -> None:
    limit_seconds = 12  # of which the function keeps most to settle the batch
    slow = jpeg(image=Image.new("RGB", (6000, 4000)), progressive=True)
    photos = {"a": GOOD, "b": GOOD} | dict.fromkeys((f"slow {number}" for number in range(100)), slow)
    variables = surroundings.variables(template)
    with emulated(package, variables, timeout_seconds=limit_seconds, log=tmp_path / "log") as emulator:
        run_batch(emulator, surroundings, {"warm": GOOD})
        unfinished, seconds = run_batch(emulator, surroundings, photos)
    done = set(photos) - unfinished
    assert seconds < limit_seconds
    assert done
    assert unfinished
    assert outputs_of(*done) <= surroundings.outputs().keys()


def test_a_function_that_hangs_is_ended_at_its_limit_and_the_next_invocation_starts_afresh(
    package: Package, surroundings: Surroundings, template: Template, tmp_path: Path
) -> None:
    event = surroundings.upload({"photo": GOOD})
    port = urlsplit(surroundings.aws.endpoint_url).port
    assert port is not None
    with closing(Gate(port)) as gate:
        variables = surroundings.variables(template, gate.url)
        with emulated(package, variables, timeout_seconds=4, log=tmp_path / "log") as emulator:
            hanging = emulator.invoke(event)
            gate.open()
            healed = emulator.invoke(event)
    assert hanging.text == "Task timed out after 4.00 seconds"
    assert failed(healed.text) == {"photo"}  # too short a limit for a photo: the message is reported as failed
