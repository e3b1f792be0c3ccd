"""`npm run prove`: sends probe photos through a real stage, and compares what comes with what must come."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import uuid4

import typer

from scripts.aws.stage import Stage, find_stage, make_client
from scripts.cli.command_line import (
    EXIT_OK,
    EXIT_SOME_FAILED,
    ExecuteOption,
    JsonOption,
    StageOption,
    main,
    make_app,
)
from scripts.cli.output import Screen
from scripts.cli.units import parse_duration
from scripts.prove.alarms import ring_all
from scripts.prove.probes import Probe, ProbeKeys, make_deep_probes, make_probes
from scripts.prove.report import Invocations, proof_document, proof_report
from scripts.prove.run import ProofRun, cleaned_up
from scripts.stage_rules.deployed import DeployedStage

EXIT_CODES = "Exit codes: 0 all came out as they must; 1 could not run; 2 some did not; 130 interrupted."
WAIT = timedelta(minutes=10)

app = make_app("Prove that a deployed stage works: with a dozen objects, from the upload to the digest.")


@app.command(epilog=f"Example: npm run prove -- --stage test --execute\n\n{EXIT_CODES}")
def command(
    stage: StageOption,
    deep: Annotated[
        bool, typer.Option("--deep", help="Also 500 photos at once, one file above maxBytes, and each alarm.")
    ] = False,
    wait: Annotated[
        timedelta | None,
        typer.Option(
            "--wait", parser=parse_duration, metavar="TIME", help="Longest time without news; 10m by default."
        ),
    ] = None,
    execute: ExecuteOption = False,
    as_json: JsonOption = False,
) -> int:
    """Upload probes under darkroom-prove/, follow and compare them, then delete them, their outputs and dead letters.

    Subscribers of digests and summaries hear of the probes that must fail; the alarm photos-failed fires.
    """
    target, screen = find_stage(stage), Screen(as_json=as_json)
    facts = DeployedStage(target)
    keys = ProbeKeys(target.outputs.key_filter, f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid4().hex[:6]}")
    probes = _probes(keys, facts, deep=deep)
    if not execute:
        screen.result(_plan(target, keys, probes, deep=deep), {"executed": False, "probes": len(probes)})
        return EXIT_OK
    since, run = time.time(), ProofRun(target, probes, keys.prefix, screen)
    with cleaned_up(run, screen.note):
        run.run((wait or WAIT).total_seconds())
    measured = _measure(target, facts, since)
    problems = ring_all(target, facts.alarms) if deep else []
    screen.result(
        [*proof_report(run.results, measured), *problems],
        {"executed": True, **proof_document(run.results, measured), "alarms": problems},
    )
    return EXIT_SOME_FAILED if problems or any(each.problems for each in run.results) else EXIT_OK


def _probes(keys: ProbeKeys, facts: DeployedStage, *, deep: bool) -> list[Probe]:
    environment = facts.function.environment
    probes = make_probes(keys, environment, facts.kms_key)
    return [*probes, *make_deep_probes(keys, environment)] if deep else probes


def _plan(stage: Stage, keys: ProbeKeys, probes: Sequence[Probe], *, deep: bool) -> list[str]:
    alarms = " Each alarm would be set to ALARM and back: its subscribers get an e-mail." if deep else ""
    return [
        f"Dry run: nothing was uploaded. {len(probes):,} probes would go to "
        f"s3://{stage.outputs.input_bucket}/{keys.prefix}",
        *(f"  {name}" for name in dict.fromkeys(probe.name for probe in probes)),
        f"They, their outputs and their dead letters would be deleted afterwards.{alarms} Add --execute to act.",
    ]


def _measure(stage: Stage, facts: DeployedStage, since: float) -> list[str]:
    configuration: Any = stage.functions.get_function_configuration(FunctionName=stage.outputs.process_function)
    logs = make_client(stage.session, "logs", stage.endpoint_url)
    init_log = facts.init_log
    return [
        *Invocations.read(logs, stage.outputs.process_function, since).lines(),
        f"Architecture: {', '.join(configuration.get('Architectures', []))}; {configuration['Runtime']}; "
        f"botocore {init_log.sdk if init_log else 'not logged'}.",
    ]


if __name__ == "__main__":
    main(app, "npm run prove --")
