"""The roll-up is measured with the function's own memory, timeout and a digest as the function sends it."""

import yaml

from processing.digest.batch_digest import BatchDigest
from scripts.bench.roll_up import BATCH, MEMORY_MB, TIMEOUT_SECONDS, example_digest
from scripts.cli.repository import REPOSITORY


def test_it_runs_with_the_memory_and_the_timeout_of_the_deployment() -> None:
    text = (REPOSITORY / "serverless.yml").read_text()
    params = yaml.safe_load(text.partition("\nprovider:")[0])["params"]["default"]
    roll_up = text.partition("\n  rollUp:")[2]
    assert params["rollUpTimeoutSeconds"] == TIMEOUT_SECONDS
    assert f"memorySize: {MEMORY_MB} " in roll_up


def test_each_digest_of_the_benchmark_reports_a_full_batch_of_its_own() -> None:
    one, other = (
        BatchDigest.from_body(example_digest().replace("#number#", number)) for number in ("000001", "000002")
    )
    assert (one.ready, one.unlisted_bytes_in) == (BATCH, 0)
    assert one.identity != other.identity
