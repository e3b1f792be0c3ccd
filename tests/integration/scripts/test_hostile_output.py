"""Text that uploaders choose never controls an operator's terminal, through any command."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer

from processing.digest.batch_digest import BatchDigest
from processing.digest.message import summarise
from processing.outcomes import Outcome, RecordResult, SourceObject
from scripts.aws.stack_outputs import StackOutputs
from scripts.cli.command_line import run
from scripts.cli.output import Screen
from scripts.cli.repository import REPOSITORY
from scripts.deploy.advice import after_deploy, after_remove, before_remove, buckets_in_the_way
from scripts.deploy.parameter_changes import find_parameter_changes, refuse_changes
from scripts.dlq.__main__ import app as dlq
from scripts.local_stack.__main__ import describe
from scripts.photo_job.photo_folder import not_uploaded
from scripts.photo_job.progress import JobProgress
from scripts.prove.probes import Probe
from scripts.prove.report import proof_report
from scripts.prove.run import ProbeResult
from scripts.reconcile.__main__ import app as reconcile
from scripts.report.__main__ import app as report
from scripts.stage_rules.checkup import Finding, checkup_report
from scripts.stage_rules.rules import RULES, Verdict
from scripts.start.closing import digest_mail, last_lines, work_report
from scripts.status.alarms import AlarmOn, Alarms
from scripts.status.log import FailureCounts
from scripts.status.readings import StageStatus
from scripts.status.report import status_report
from scripts.upload.__main__ import app as upload
from tests.support.bare_stage import BareStage, fill_dlq
from tests.support.command_line import without_drawing
from tests.support.dead_letters import dead_letter

# A line of its own, C1 controls (a terminal may take them for ESC [), right to left, a line separator.
HOSTILE = "a\nFORGED: all went well\r\x9b2J\x85\u202egpj.exe\u2028\u200f"
ESC = "\x1b[2J\x1b]0;owned\x07"  # S3 and SQS refuse it in some places, a folder and a JSON body do not
# These print figures and names of this repository only. That they print through `Screen` checks tests/unit.
WITHOUT_FOREIGN_TEXT = {"bench", "capacity", "package", "policies", "build-layer"}

Case = Callable[["Scene"], object]
CASES: dict[str, list[Case]] = {}


@dataclass(frozen=True)
class Scene:
    """A stage full of hostile names, and a folder."""

    stage: BareStage
    folder: Path

    def run(self, app: typer.Typer, *arguments: str) -> None:
        run(app, "npm run it --", [*arguments, "--stage", self.stage.name])


def case(command: str) -> Callable[[Case], Case]:
    def add(function: Case) -> Case:
        CASES.setdefault(command, []).append(function)
        return function

    return add


@case("dlq")
def read_dead_letters(scene: Scene) -> None:
    scene.run(dlq, "list")
    scene.run(dlq, "list", "--each")
    scene.run(dlq, "list", "--code", HOSTILE, "--key", HOSTILE)
    scene.run(dlq, "show", "--key", "*")
    scene.run(dlq, "show", HOSTILE + ESC)


@case("dlq")
def move_dead_letters(scene: Scene) -> None:
    export, edited = scene.folder / "export.jsonl", scene.folder / f"{HOSTILE}.jsonl"
    scene.run(dlq, "export", str(export))
    edited.write_text("".join(f"{line}\n" for line in [*export.read_text().splitlines(), json.dumps({"x": HOSTILE})]))
    scene.run(dlq, "import", str(edited))
    scene.run(dlq, "import", str(export))
    scene.run(dlq, "purge", str(export))
    scene.run(dlq, "redrive", "--all", "--key", "*")
    scene.run(dlq, "redrive", "--all", "--key", "*", "--max", "3", "--to", HOSTILE)
    scene.run(dlq, "redrive", "--all", "--key", "*", "--verify", "--wait", "1s", "--execute")
    scene.run(dlq, "purge", str(export), "--execute", "--yes-delete", "9")


@case("reconcile")
def reconcile_buckets(scene: Scene) -> None:
    scene.run(reconcile, "--min-age", "0s")
    scene.run(reconcile, "--min-age", "0s", "--prefix", HOSTILE)
    scene.run(reconcile, "--min-age", "0s", "--execute")


@case("doctor")
def judge_a_stage(scene: Scene) -> None:
    Screen().result(checkup_report([Finding(RULES[0], Verdict.FAIL, (HOSTILE, ESC))]), None)


@case("prove")
def report_a_proof(scene: Scene) -> None:
    probe = Probe(HOSTILE, ESC, lambda *_: None)
    Screen().result(proof_report([ProbeResult(probe, problems=[HOSTILE, ESC])], [HOSTILE]), None)


@case("report")
def report_a_stage(scene: Scene) -> None:
    for options in ((), ("--prefix", HOSTILE), ("--base-url", HOSTILE), ("--out", HOSTILE)):
        scene.run(report, "--out", str(scene.folder / f"{HOSTILE}.html"), *options)


@case("upload")
def upload_a_folder(scene: Scene) -> None:
    photos = scene.folder / "photos"
    photos.mkdir()
    for name in (HOSTILE, ESC.replace("/", ""), "\udcff"):
        (photos / name).write_bytes(b"photo")
    (photos / f"link {HOSTILE}").symlink_to("nowhere")
    scene.run(upload, str(photos))
    scene.run(upload, str(photos), "--execute")
    scene.run(upload, str(photos / HOSTILE))


@case("start")
def report_a_job(scene: Scene) -> None:
    results = [
        RecordResult(
            message_id=HOSTILE, source=SourceObject(bucket="in", key=key), outcome=Outcome.DEAD_LETTERED, detail=key
        )
        for key in (HOSTILE, ESC)
    ]
    message = json.loads(summarise(HOSTILE, HOSTILE, tuple(results)).message)
    progress = JobProgress()
    progress.note_not_uploaded(not_uploaded(HOSTILE, ESC))
    stack = SimpleNamespace(outputs=SimpleNamespace(input_bucket=HOSTILE), log=Path(HOSTILE))
    job: Any = SimpleNamespace(digests=[BatchDigest.from_body(message["sqs"])], progress=progress, stack=stack)
    Screen().result(
        [*digest_mail(job), *work_report(job, 3), *last_lines(progress, Path(HOSTILE), 3, ["index.html"])], None
    )


@case("report")
def write_the_contact_sheet_of_a_stage(scene: Scene) -> None:
    scene.run(report, "--out", str(scene.folder / HOSTILE / "index.html"))
    scene.run(report, "--out", str(scene.folder / "index.html"), "--prefix", HOSTILE)


@case("status")
def show_a_status(scene: Scene) -> None:
    status = StageStatus(stage=HOSTILE, at=datetime.now(UTC), unknown=dict.fromkeys(("queue", "pace", "usage"), ESC))
    status.failures = FailureCounts(Counter({HOSTILE: 1}), Counter({ESC: 2}))
    status.alarms = Alarms([AlarmOn(HOSTILE, status.at, ESC)], metrics=1)
    status.dead_letters = 1
    Screen().result(status_report(status), None)


@case("stack")
def describe_a_stack(scene: Scene) -> None:
    stack: Any = SimpleNamespace(endpoint_url=HOSTILE, log=Path(ESC), outputs=names(), environment={"A": HOSTILE})
    Screen().result(describe(stack), None)


@case("deploy")
@case("remove")
def advise_on_a_deployment(scene: Scene) -> None:
    config = {"resources": {"Parameters": {name: {"Default": HOSTILE} for name in ("SummaryEmail", "AlarmEmail")}}}
    changes = find_parameter_changes({"alarmEmail": HOSTILE + ESC}, {"alarmEmail": ESC})
    lines = [
        *map(str, changes),
        *refuse_changes(changes, (), HOSTILE),
        *buckets_in_the_way([HOSTILE], is_deployed=False),
    ]
    texts = (after_deploy(names(), config), before_remove(HOSTILE, names()), after_remove(names()))
    Screen().result([*lines, *(line for text in texts for line in text)], None)


def names() -> StackOutputs:
    return StackOutputs(**dict.fromkeys(StackOutputs.__dataclass_fields__, HOSTILE + ESC))


def hostile_letters(stage: BareStage) -> list[dict[str, Any]]:
    """Make dead letters with hostile text in each attribute, in the body and in the key."""
    whole = dead_letter("a.jpg", bucket=stage.target.outputs.input_bucket)
    letters = []
    for name in whole["MessageAttributes"]:
        attribute = {name: {"DataType": "String", "StringValue": HOSTILE}}
        letters.append({**whole, "MessageAttributes": whole["MessageAttributes"] | attribute})
    return [*letters, dead_letter(HOSTILE), dead_letter(ESC, bucket="b" * 9), dead_letter("x", body=HOSTILE)]


@pytest.fixture
def scene(bare_stage: BareStage, short_waits: None, tmp_path: Path) -> Scene:
    s3, bucket = bare_stage.client("s3"), bare_stage.target.outputs.input_bucket
    for key in (HOSTILE, f"folder {HOSTILE}/a.jpg"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"photo")
    fill_dlq(bare_stage, hostile_letters(bare_stage))
    return Scene(bare_stage, tmp_path)


@pytest.mark.parametrize("at_terminal", [False, True])
@pytest.mark.parametrize("command", CASES)
def test_every_line_that_a_command_prints_is_printable_and_its_own(
    scene: Scene,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    at_terminal: bool,
) -> None:
    if at_terminal:
        monkeypatch.setenv("TTY_COMPATIBLE", "1")
        monkeypatch.setenv("COLUMNS", "400")
    for act in CASES[command]:
        act(scene)
    said = capfd.readouterr()
    assert "FORGED" in said.out + said.err
    for line in without_drawing(said.out + said.err).split("\n"):
        assert line.isprintable(), ascii(line)
        assert not line.startswith("FORGED"), line


def test_every_command_is_tried_or_prints_no_foreign_text() -> None:
    scripts = json.loads((REPOSITORY / "package.json").read_text())["scripts"]
    ours = {name for name, line in scripts.items() if "-m scripts." in line}
    assert ours == {*CASES, *WITHOUT_FOREIGN_TEXT}
