"""`npm run prove`: sends probe photos through a real stage, and compares what comes with what must come."""

import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import uuid4

import typer

from scripts.aws.local_endpoint import is_local_stack
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
from scripts.cli.errors import OperatorError
from scripts.cli.output import Screen
from scripts.cli.units import parse_duration
from scripts.prove.alarms import NO_HISTORY, ring_all
from scripts.prove.deep_probes import ProbeLimits, left_out, make_deep_probes
from scripts.prove.probes import Probe, ProbeKeys, make_probes
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
        bool,
        typer.Option(
            "--deep",
            help="Also 500 photos at once, a file above maxBytes, photos that exhaust a worker's memory or "
            "outlast their time, and each alarm.",
        ),
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
    limits = ProbeLimits.of(facts.function)
    patience = _patience(wait, limits) if deep else wait or WAIT
    keys = ProbeKeys(target.outputs.key_filter, f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid4().hex[:6]}")
    probes = make_probes(keys, facts.function.environment, facts.kms_key)
    missing = left_out(limits) if deep else []
    if deep:
        probes += make_deep_probes(keys, limits)
    if not execute:
        plan = _plan(target, keys, probes, missing, deep=deep)
        screen.result(plan, {"executed": False, "probes": len(probes), "not_sent": missing})
        return EXIT_OK
    since, run = time.time(), ProofRun(target, probes, keys.prefix, screen)
    with cleaned_up(run, screen.note):
        run.run(patience.total_seconds())
    measured = _measure(target, facts, since)
    is_local = bool(target.endpoint_url) or is_local_stack(os.environ)
    problems = ring_all(target, facts.alarms, has_history=not is_local) if deep else []
    measured += [NO_HISTORY] if deep and is_local else []
    screen.result(
        [*proof_report(run.results, [*missing, *measured]), *problems],
        {"executed": True, **proof_document(run.results, measured), "not_sent": missing, "alarms": problems},
    )
    return EXIT_SOME_FAILED if problems or any(each.problems for each in run.results) else EXIT_OK


def _patience(wait: timedelta | None, limits: ProbeLimits) -> timedelta:
    """Return the longest time without news, in which a photo can outlast its time twice.

    Raises:
        OperatorError: it cannot.
    """
    twice = timedelta(seconds=2 * limits.photo_seconds)
    if wait is None:
        return max(WAIT, 2 * twice)
    if wait <= twice:
        raise OperatorError(
            f"--wait is {wait.total_seconds():g} s: too short for --deep. A photo that outlasts its time is tried "
            f"twice, {limits.photo_seconds} s each (photoTimeoutSeconds).",
            f"Give more than {twice.total_seconds():g} s, or leave --wait out.",
        )
    return wait


def _plan(stage: Stage, keys: ProbeKeys, probes: Sequence[Probe], missing: Sequence[str], *, deep: bool) -> list[str]:
    alarms = " Each alarm would be set to ALARM and back: its subscribers get an e-mail." if deep else ""
    return [
        f"Dry run: nothing was uploaded. {len(probes):,} probes would go to "
        f"s3://{stage.outputs.input_bucket}/{keys.prefix}",
        *(f"  {name}" for name in dict.fromkeys(probe.name for probe in probes)),
        *missing,
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
