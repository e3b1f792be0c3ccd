"""The operator's and the reader's permissions: each command works with exactly its own, and not without any of them."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from processing.output_keys import document_key
from scripts.aws import digest_subscription, dlq_reader
from scripts.aws.local_endpoint import REGION, LocalStack
from scripts.aws.stage import find_stage
from scripts.dlq.__main__ import app as dlq_app
from scripts.doctor.__main__ import app as doctor_app
from scripts.policies.permissions import OPERATOR_COMMANDS, READER_COMMANDS
from scripts.prove import __main__ as prove_command
from scripts.reconcile.__main__ import app as reconcile_app
from scripts.report.__main__ import app as report_app
from scripts.sending import journal
from scripts.status import __main__ as status_command
from scripts.upload.__main__ import app as upload_app
from tests.e2e.one_batch import forget_everything, paused_mapping, resumed_mapping
from tests.e2e.operators_policy import Person, without
from tests.support.bare_stage import send_all
from tests.support.command_line import CommandLine, Said
from tests.support.dead_letters import dead_letter
from tests.support.photos import jpeg

PHOTO, DONE = jpeg((64, 48)), "done.jpg"
# What AWS's refusals look like in what the commands say.
REFUSALS = ("AccessDenied", "Forbidden", "AuthorizationError", "not authorized", "AWS refused", "S3 refused", "(403)")

KMS = "The local AWS encrypts nothing. S3 calls it for whoever reads or writes an object under a customer managed key."
MOVE_TASKS = "The local AWS has no message move tasks."
ABSENT = "Without it S3 answers 403 for an absent object (S3 API Reference, HeadObject); the local AWS answers 404."
NOT_SHOWN: dict[tuple[str, str], str] = {
    ("any resource", "lambda:GetAccountSettings"): "The local AWS allows it to everybody; doctor asks AWS for it.",
    ("watch queues", "sqs:TagQueue"): (
        "SQS asks for it when CreateQueue has tags (SQS API Reference, CreateQueue); the local AWS does not."
    ),
    ("key of the buckets", "kms:Decrypt"): KMS,
    ("key of the buckets", "kms:GenerateDataKey"): KMS,
    ("dead-letter queue", "sqs:ListMessageMoveTasks"): MOVE_TASKS,
    ("dead-letter queue", "sqs:StartMessageMoveTask"): MOVE_TASKS,
    ("dead-letter queue", "sqs:CancelMessageMoveTask"): MOVE_TASKS,
    ("any resource", "logs:StopQuery"): "A query of the local AWS never takes the 30 s after which status stops it.",
}
# The same for one command.
NOT_SHOWN_OF: dict[tuple[str, str, str], str] = {
    ("dlq show", "input bucket", "s3:ListBucket"): ABSENT,
    ("dlq show", "output bucket", "s3:ListBucket"): ABSENT,
    ("dlq redrive --verify", "input bucket", "s3:ListBucket"): ABSENT,
    ("dlq redrive --verify", "output bucket", "s3:ListBucket"): ABSENT,
    ("dlq redrive --verify", "source objects", "s3:GetObject"): (
        "Only a canary looks at its source object, and then waits for the function, which is paused here."
    ),
    ("upload", "input bucket", "s3:ListBucket"): ABSENT,
    ("dlq redrive --all, by SQS", "photo queue", "sqs:GetQueueAttributes"): MOVE_TASKS,
}


@pytest.fixture(scope="module")
def paused(guarded_stack: LocalStack) -> Iterator[LocalStack]:
    """Process one photo on the IAM-enforcing stack, then disable its event source mapping."""
    _process(guarded_stack, DONE)
    with paused_mapping(guarded_stack):
        yield guarded_stack
        forget_everything(guarded_stack)


def _process(stack: LocalStack, key: str) -> None:
    s3, outputs, end = stack.client("s3"), stack.outputs, time.monotonic() + 60
    s3.put_object(Bucket=outputs.input_bucket, Key=key, Body=PHOTO)
    while not s3.list_objects_v2(Bucket=outputs.output_bucket, Prefix=document_key(key)).get("KeyCount"):
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.fixture(scope="module")
def person(paused: LocalStack) -> Person:
    return Person.hire(paused)


@dataclass(frozen=True)
class Desk:
    """A command's needs beside permissions: a stage with something in it, and files.

    Attributes:
        prefix: of every key of this test.
    """

    person: Person
    folder: Path
    prefix: str
    capture: pytest.CaptureFixture[str]

    def run(self, app: Any, *arguments: str) -> Said:
        return CommandLine(app, "local", self.capture)(*arguments)

    def export(self) -> str:
        """Export the DLQ with the permissions of the local AWS's owner; return the file."""
        file = self.folder / "letters.jsonl"
        with pytest.MonkeyPatch.context() as owner:
            for name, value in self.person.stack.environment.items():
                owner.setenv(name, value)
            assert self.run(dlq_app, "export", str(file)).code == 0
        return str(file)

    def put_letter(self, *, of_done: bool = False) -> None:
        """Empty both queues, put two photos into the input bucket, and a dead letter of one into the DLQ."""
        stack, key = self.person.stack, DONE if of_done else f"{self.prefix}a.jpg"
        sqs, s3, bucket = stack.client("sqs"), stack.client("s3"), stack.outputs.input_bucket
        for name in () if of_done else ("a.jpg", "b.jpg"):
            s3.put_object(Bucket=bucket, Key=f"{self.prefix}{name}", Body=PHOTO)
        etag = s3.head_object(Bucket=bucket, Key=key)["ETag"].strip('"')
        for url in (stack.outputs.queue_url, stack.outputs.dead_letter_queue_url):
            sqs.purge_queue(QueueUrl=url)
        send_all(sqs, stack.outputs.dead_letter_queue_url, [dead_letter(key, bucket=bucket, etag=etag)])


@pytest.fixture
def desk(person: Person, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Desk:
    for name, value in person.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(journal, "JOURNALS", tmp_path / "journals")
    monkeypatch.setattr(dlq_reader, "WAIT_SECONDS", 0)
    monkeypatch.setattr(status_command, "is_local_stack", lambda _: False)  # so that it reads metrics and alarms
    monkeypatch.setattr(digest_subscription, "_AFTER_CREATION_SECONDS", 0)
    monkeypatch.setattr(digest_subscription, "ABANDONED_SECONDS", -1)  # so that it deletes what killed runs left
    made = Desk(person, tmp_path, "policies/", capsys)
    made.put_letter()
    return made


def _look_at_dashboards(desk: Desk) -> Said:
    """Make the calls of CloudWatch's pages in the console."""
    cloudwatch, logs = (desk.person.client(service) for service in ("cloudwatch", "logs"))
    group = f"/aws/lambda/{desk.person.stack.outputs.process_function}"
    queries = [
        {
            "Id": "a",
            "MetricStat": {"Metric": {"Namespace": "Darkroom", "MetricName": "Processed"}, "Period": 60, "Stat": "Sum"},
        }
    ]
    try:
        cloudwatch.list_dashboards()
        cloudwatch.get_dashboard(DashboardName="darkroom-local-overview")
        cloudwatch.list_metrics(Namespace="Darkroom")
        cloudwatch.get_metric_data(MetricDataQueries=queries, StartTime=0, EndTime=60)
        cloudwatch.describe_alarms()
        cloudwatch.describe_alarm_history()
        logs.describe_log_groups()
        logs.filter_log_events(logGroupName=group, limit=1)
        stream = logs.filter_log_events(logGroupName=group, limit=1)["events"][0]["logStreamName"]
        logs.get_log_events(logGroupName=group, logStreamName=stream)
        query = logs.start_query(logGroupName=group, startTime=0, endTime=60, queryString="fields @message")["queryId"]
        logs.get_query_results(queryId=query)
    except ClientError as error:
        return Said(1, "", str(error))
    return Said(0, "", "")


def _watch(desk: Desk) -> Said:
    """Follow digests as `upload --watch` does, with the queue of a killed run still there."""
    stack = desk.person.stack
    left, sqs = f"darkroom-local-watch-{uuid4().hex[:8]}", stack.client("sqs")
    sqs.create_queue(QueueName=left)
    topic, arn = stack.outputs.digest_topic_arn, f"arn:aws:sqs:{REGION}:000000000000:{left}"
    stack.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    try:
        with digest_subscription.subscribe_to_digests(find_stage("local")) as digests:
            stack.client("sns").publish(TopicArn=topic, Message="no digest, but it must be received and deleted")
            digests.receive(1)
            assert digests.queue.depth().all == 0
            assert left not in " ".join(sqs.list_queues(QueueNamePrefix=left).get("QueueUrls", []))
    except (ClientError, AssertionError) as error:
        return Said(1, "", str(error))
    finally:
        _forget_watch_queues(stack)
    return Said(0, "", "")


def _forget_watch_queues(stack: LocalStack) -> None:
    sqs, sns, topic = stack.client("sqs"), stack.client("sns"), stack.outputs.digest_topic_arn
    for url in sqs.list_queues(QueueNamePrefix="darkroom-local-watch-").get("QueueUrls", []):
        sqs.delete_queue(QueueUrl=url)
    for each in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]:
        if ":darkroom-local-watch-" in each["Endpoint"]:
            sns.unsubscribe(SubscriptionArn=each["SubscriptionArn"])


def _verified_redrive(desk: Desk) -> Said:
    desk.put_letter(of_done=True)
    return desk.run(dlq_app, "redrive", "--all", "--verify", "--wait", "5s", "--execute")


def _import(desk: Desk) -> Said:
    return desk.run(dlq_app, "import", desk.export(), "--execute")


def _purge(desk: Desk) -> Said:
    return desk.run(dlq_app, "purge", desk.export(), "--yes-delete", "1", "--execute")


def _prove(desk: Desk, *options: str) -> Said:
    """Prove with the event source mapping enabled, and without the probes that only --deep sends."""
    with resumed_mapping(desk.person.stack), pytest.MonkeyPatch.context() as patch:
        patch.setattr(prove_command, "make_deep_probes", lambda *_: [])
        return desk.run(prove_command.app, "--execute", "--wait", "60s", *options)


def _upload(desk: Desk) -> Said:
    (desk.folder / "photos").mkdir()
    (desk.folder / "photos/new.jpg").write_bytes(PHOTO)
    return desk.run(upload_app, str(desk.folder / "photos"), "--prefix", f"{uuid4().hex}/", "--execute")


# How each command is run, and the exit codes with which it works.
RUNS: dict[str, Callable[[Desk], Said]] = {
    "dlq list": lambda desk: desk.run(dlq_app, "list"),
    "dlq show": lambda desk: desk.run(dlq_app, "show", "--key", f"{desk.prefix}*"),
    "dlq export": lambda desk: desk.run(dlq_app, "export", str(desk.folder / "letters.jsonl")),
    "dlq import": _import,
    "dlq redrive": lambda desk: desk.run(dlq_app, "redrive", "--all", "--execute"),
    "dlq redrive --all, by SQS": lambda desk: desk.run(dlq_app, "redrive", "--all", "--execute"),
    "dlq redrive --verify": _verified_redrive,
    "dlq purge": _purge,
    "reconcile": lambda desk: desk.run(reconcile_app, "--min-age", "0s", "--execute"),
    "report": lambda desk: desk.run(report_app, "--out", str(desk.folder / "report.html")),
    "upload": _upload,
    "upload --watch": _watch,
    "status": lambda desk: desk.run(status_command.app),
    "doctor": lambda desk: desk.run(doctor_app),
    "prove": _prove,
    "prove --deep": lambda desk: _prove(desk, "--deep"),
    "the dashboard, alarms and Logs Insights": _look_at_dashboards,
}
COMMANDS = {**OPERATOR_COMMANDS, **READER_COMMANDS}


def problems(command: str, desk: Desk) -> list[str]:
    """Run a command; return how it says that it was refused, and an exit code that is not one of success.

    `status` and `doctor` end with 2 when they find something.
    """
    said = RUNS[command](desk)
    good = (0, 2) if command in ("status", "doctor") else (0,)
    refusals = [line for line in (said.out + said.err).splitlines() if any(word in line for word in REFUSALS)]
    return refusals + ([f"exit code {said.code}: {said.err}"] if said.code not in good else [])


@pytest.mark.parametrize("command", RUNS)
def test_a_command_works_with_exactly_its_permissions(desk: Desk, command: str) -> None:
    with desk.person.allowed(COMMANDS[command]):
        assert problems(command, desk) == []


# Each of these has the grants of other commands, shown there: only its own are taken away.
OWN = {
    "upload --watch": ("watch queues", "digest topic", "any resource"),
    "dlq redrive --all, by SQS": (),
    "prove": ("probes",),
    "prove --deep": ("every alarm",),
}
SHOWN = [
    (command, resource, action)
    for command in RUNS
    for resource, actions in COMMANDS[command].items()
    if resource in OWN.get(command, COMMANDS[command])
    for action in actions
    if (resource, action) not in NOT_SHOWN and (command, resource, action) not in NOT_SHOWN_OF
]


@pytest.mark.parametrize(("command", "resource", "action"), SHOWN)
def test_a_command_fails_without_this_permission(desk: Desk, command: str, resource: str, action: str) -> None:
    with desk.person.allowed(without(COMMANDS[command], resource, action)):
        assert problems(command, desk) != []


def test_every_permission_is_shown_to_be_needed_or_says_why_it_cannot_be() -> None:
    shown = {(resource, action) for _, resource, action in SHOWN} | set(NOT_SHOWN)
    granted = {(name, action) for grants in COMMANDS.values() for name, actions in grants.items() for action in actions}
    assert granted == shown
    assert set(COMMANDS) == set(RUNS)
