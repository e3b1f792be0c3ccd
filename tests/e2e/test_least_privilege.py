"""Least privilege: with its grants the stage works, and without any one of them something fails.

The local AWS enforces roles and policies here, over TLS; the whole main job runs under it in test_mixed_folder.py.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError

from scripts.aws.local_endpoint import REGION, LocalStack
from tests.e2e.grants import BUCKETS, QUEUES, TOPICS, Grant, Policy, allowing_statements, find_grants, find_policies
from tests.e2e.one_batch import WELL, Account, OneBatch, emitted_metrics, forget_everything, paused_mapping, roll_up

NO_DIGESTS: Account = dict.fromkeys(("new", "suspect", "done", "gone", "bad"), None)
DENIED = "retrying access-denied"

# Results of a batch without one grant, where they differ from `WELL`.
BREAKS_A_BATCH: dict[Grant, Account] = {
    Grant("ProcessRole", "ReadSources", "s3:GetObject", "InputBucket/*"): {
        **dict.fromkeys(("new", "suspect", "gone", "bad"), DENIED),
        "batch item failures": ["bad", "gone", "new", "suspect"],
        "dead letters": [],
    },
    Grant("ProcessRole", "StoreOutputsAndReadTheirMarkers", "s3:GetObject", "OutputBucket/*"): {
        **dict.fromkeys(("new", "suspect", "done", "gone", "bad"), DENIED),
        "batch item failures": ["bad", "done", "gone", "new", "suspect"],
        "dead letters": [],
    },
    Grant("ProcessRole", "StoreOutputsAndReadTheirMarkers", "s3:PutObject", "OutputBucket/*"): {
        **dict.fromkeys(("new", "suspect"), DENIED),
        "batch item failures": ["new", "suspect"],
    },
    Grant("ProcessRole", "ConsumePhotos", "sqs:DeleteMessage", "PhotoQueue"): {
        "warnings": ["Not acknowledged at once"],
    },
    Grant("ProcessRole", "ConsumePhotos", "sqs:ChangeMessageVisibility", "PhotoQueue"): {
        "warnings": ["Visibility unchanged"],
    },
    Grant("ProcessRole", "DeadLetterWithAReason", "sqs:SendMessage", "DeadLetterQueue"): {
        "bad": "retrying unsupported-format",
        "batch item failures": ["bad"],
        "warnings": ["Dead letter not sent"],
        "dead letters": [],
    },
    Grant("ProcessRole", "SendDigests", "sns:Publish", "DigestTopic"): {
        **NO_DIGESTS,
        "warnings": ["Digest not sent"],
        "digests for the roll-up": 0,
    },
    Grant("PhotoQueue", "InputBucketSends", "sqs:SendMessage", "PhotoQueue"): {
        **dict.fromkeys(("new", "suspect", "gone", "bad"), None),
        "messages": 1,  # what the test itself sends
        "dead letters": [],
    },
    Grant("RollUpQueue", "DigestTopicSends", "sqs:SendMessage", "RollUpQueue"): {"digests for the roll-up": 0},
    Grant("FollowQueue", "DigestTopicSends", "sqs:SendMessage", "FollowQueue"): NO_DIGESTS,
}

# The call that fails in the roll-up without one grant.
BREAKS_THE_ROLL_UP = {
    Grant("RollUpRole", "ConsumeDigests", "sqs:ReceiveMessage", "RollUpQueue"): "ReceiveMessage",
    Grant("RollUpRole", "ConsumeDigests", "sqs:DeleteMessage", "RollUpQueue"): "DeleteMessageBatch",
    Grant("RollUpRole", "SendSummaries", "sns:Publish", "SummaryTopic"): "Publish",
}

# Grants that the local AWS does not enforce: holder and sid (or a function permission's action), and why AWS needs it.
NOT_SHOWN = {
    ("ProcessRole", "AbsentAnswers404Not403"): (
        "ministack answers 404 for an absent key either way. On AWS a GET or HEAD of it answers 403 without "
        "s3:ListBucket (S3 API Reference, HeadObject, Permissions), and so every new photo would look denied."
    ),
    ("ProcessRole", "DecryptSourcesAndEncryptOutputs"): (
        "The stage local has no customer's key, and ministack encrypts nothing. S3 decrypts and encrypts with the "
        "caller's right to the key (S3 User Guide, Using server-side encryption with AWS KMS keys, Permissions)."
    ),
    ("ProcessRole", "SendTraces"): "Lambda sends its traces with the role; ministack sends none.",
    ("RollUpRole", "SendTraces"): "The same.",
    ("ProcessRole", "WriteLogs"): "Lambda writes the log with the role; ministack writes it by itself.",
    ("RollUpRole", "WriteLogs"): "The same.",
    ("ProcessRole", "LambdaAssumes"): "Lambda assumes the role; ministack takes it without asking.",
    ("RollUpRole", "LambdaAssumes"): "The same.",
    ("RollUpLambdaPermissionEventsRuleSchedule1", "lambda:InvokeFunction"): (
        "EventBridge invokes by the function's permission; ministack invokes without asking."
    ),
    ("AlarmTopic", "AlarmsPublish"): "CloudWatch publishes by the topic's policy; ministack without asking.",
    ("AlarmTopicKey", "CloudWatchPublishes"): (
        "CloudWatch needs the key to publish to an encrypted topic; ministack encrypts nothing."
    ),
    ("AlarmTopicKey", "AccountAdministers"): (
        "KMS refuses a key policy that names no principal of the account: the key could never be changed or deleted."
    ),
}
# The same for single actions of a statement whose others are shown.
MAPPING_CALLS = (
    "The event source mapping calls it with the role (Lambda Developer Guide, Using Lambda with Amazon SQS, execution "
    "role permissions); ministack's mapping reads the queue by itself."
)
NOT_SHOWN_ACTIONS = {
    Grant("ProcessRole", "ConsumePhotos", "sqs:ReceiveMessage", "PhotoQueue"): MAPPING_CALLS,
    Grant("ProcessRole", "ConsumePhotos", "sqs:GetQueueAttributes", "PhotoQueue"): MAPPING_CALLS,
}


@pytest.fixture(scope="module")
def paused(guarded_stack: LocalStack) -> Iterator[LocalStack]:
    """Disable the event source mapping of the IAM-enforcing stack."""
    with paused_mapping(guarded_stack):
        role = find_policies(guarded_stack)["RollUpRole"]
        role.write(role.read())  # adds ministack's own action names, see `grants`
        yield guarded_stack
        forget_everything(guarded_stack)


@pytest.fixture(scope="module")
def batch(paused: LocalStack) -> OneBatch:
    return OneBatch.prepare(paused)


@pytest.fixture(scope="module")
def policies(paused: LocalStack) -> dict[str, Policy]:
    return find_policies(paused)


def test_with_all_its_grants_a_batch_goes_well(batch: OneBatch) -> None:
    assert batch.run() == WELL


def test_with_all_its_grants_the_roll_up_goes_well(paused: LocalStack) -> None:
    assert roll_up(paused) == "well"


@pytest.mark.parametrize("grant", BREAKS_A_BATCH, ids=str)
def test_without_this_grant_a_batch_goes_wrong(batch: OneBatch, policies: dict[str, Policy], grant: Grant) -> None:
    with policies[grant.holder].replaced(policies[grant.holder].without(grant)):
        account = batch.run()
    expected = {**WELL, **BREAKS_A_BATCH[grant]}
    assert account == {what: came for what, came in expected.items() if came is not None}


@pytest.mark.parametrize("grant", BREAKS_THE_ROLL_UP, ids=str)
def test_without_this_grant_the_roll_up_fails(paused: LocalStack, policies: dict[str, Policy], grant: Grant) -> None:
    with policies[grant.holder].replaced(policies[grant.holder].without(grant)):
        warning = roll_up(paused)
    assert f"when calling the {BREAKS_THE_ROLL_UP[grant]} operation" in warning


def test_our_alarms_watch_metrics_that_the_function_emits(batch: OneBatch, policies: dict[str, Policy]) -> None:
    publish = Grant("ProcessRole", "SendDigests", "sns:Publish", "DigestTopic")
    with policies[publish.holder].replaced(policies[publish.holder].without(publish)):
        batch.run()  # emits DigestNotSent
    alarms = batch.stack.client("cloudwatch").describe_alarms(AlarmNamePrefix="darkroom-local-")["MetricAlarms"]
    watched = {
        (alarm["Namespace"], alarm["MetricName"], dimension["Value"])
        for alarm in alarms
        for dimension in alarm["Dimensions"]
        if dimension["Name"] == "service"
    }
    assert {name for _, name, _ in watched} == {"Retrying", "DigestNotSent"}
    assert watched <= emitted_metrics(batch.stack)


def test_every_grant_is_shown_to_be_needed_or_says_why_it_cannot_be(paused: LocalStack) -> None:
    shown = {*BREAKS_A_BATCH, *BREAKS_THE_ROLL_UP, *NOT_SHOWN_ACTIONS}
    unaccounted = [
        grant for grant in find_grants(paused) if grant not in shown and (grant.holder, grant.sid) not in NOT_SHOWN
    ]
    assert unaccounted == []


def test_no_statement_that_allows_anything_is_left_out(paused: LocalStack) -> None:
    cloudformation = paused.client("cloudformation")
    template = cloudformation.get_template(StackName="darkroom-local")["TemplateBody"]
    accounted = {(grant.holder, grant.sid) for grant in (*BREAKS_A_BATCH, *BREAKS_THE_ROLL_UP)} | set(NOT_SHOWN)
    assert allowing_statements(json.loads(template) if isinstance(template, str) else template) == accounted


@dataclass(frozen=True)
class Administrator:
    """A user with every permission, over TLS or over what the local AWS takes for plain HTTP."""

    stack: LocalStack
    keys: dict[str, Any]

    def client(self, service: str, *, over_tls: bool) -> Any:
        session = boto3.Session(self.keys["AccessKeyId"], self.keys["SecretAccessKey"], region_name=REGION)
        client = session.client(  # type: ignore[call-overload]
            service, endpoint_url=self.stack.endpoint_url, verify=str(self.stack.certificate)
        )
        if not over_tls:
            client.meta.events.register("before-send", _claim_plain_http)
        return client


def _claim_plain_http(request: Any, **_: Any) -> None:
    """Mark a request as plain HTTP, as a proxy in front of ministack would."""
    request.headers["X-Forwarded-Proto"] = "http"


@pytest.fixture(scope="module")
def administrator(paused: LocalStack) -> Administrator:
    iam, name = paused.client("iam"), f"administrator-{uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_user_policy(UserName=name, PolicyName="everything", PolicyDocument=json.dumps(everything))
    return Administrator(paused, iam.create_access_key(UserName=name)["AccessKey"])


CALLS: dict[str, tuple[str, Callable[[Any, str], object]]] = {
    "Queue": ("sqs", lambda sqs, url: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=0)),
    "Topic": ("sns", lambda sns, arn: sns.publish(TopicArn=arn, Message="hello")),
    "Bucket": ("s3", lambda s3, bucket: s3.list_objects_v2(Bucket=bucket)),
}


@pytest.mark.parametrize("holder", [*BUCKETS, *QUEUES, *TOPICS])
def test_a_request_without_tls_is_refused_and_by_the_policy(
    policies: dict[str, Policy], administrator: Administrator, holder: str
) -> None:
    service, call = next(found for kind, found in CALLS.items() if holder.endswith(kind))
    policy, plain = policies[holder], administrator.client(service, over_tls=False)
    call(administrator.client(service, over_tls=True), policy.physical_id)
    with pytest.raises(ClientError) as refused:
        call(plain, policy.physical_id)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    document = policy.read()
    open_to_all = [
        statement for statement in document["Statement"] if "aws:SecureTransport" not in json.dumps(statement)
    ]
    with policy.replaced({**document, "Statement": [*open_to_all, _without_effect(document)]}):
        call(plain, policy.physical_id)


def _without_effect(document: dict[str, Any]) -> dict[str, Any]:
    """Return a statement without effect, because a policy needs at least one."""
    return {**document["Statement"][-1], "Condition": {"StringEquals": {"aws:PrincipalAccount": "999999999999"}}}
