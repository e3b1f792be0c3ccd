"""The rules of a stage that works; `npm run doctor` and the tests of the template judge by the same ones."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from processing.worker.sandbox import EXPECTED_LAYERS
from scripts.stage_rules.deployed import DeployedStage
from scripts.stage_rules.facts import Statement, SubscriptionFacts

# AWS Lambda Developer Guide, "Creating and configuring an Amazon SQS event source mapping".
VISIBILITY_FACTOR = 6
LEAST_RECEIVE_COUNT = 5
# Amazon SQS Developer Guide, "Configure a dead-letter queue": the age of a message counts from when it was first sent.
DLQ_RETENTION_SECONDS = 14 * 24 * 3600
LEAST_DAYS_IN_DLQ = 4
RUNTIME = "python3.13"
LEAST_SDK = (1, 36)  # as handlers/clients.py
HEALTHY_STACKS = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
PERSONS = ("email", "email-json", "sms")
# A deployment without changes is skipped, and CloudFormation leaves alone what only somebody else changed.
REPAIR = 'docs/deployment.md, "Repair a stage"'
DEPLOY_AGAIN = f"npm run deploy; it does not undo what was changed outside the stack: {REPAIR}"
_CLOSE_BUCKET = "block public access (aws s3api put-public-access-block)"


class Verdict(StrEnum):
    """The verdict on a stage by one rule."""

    PASS = "pass"  # noqa: S105 (not a secret)
    WARN = "warn"  # it works, but a person should look
    FAIL = "fail"  # photos are lost, stuck or processed twice, or nobody would notice


@dataclass(frozen=True)
class StageRule:
    """A rule of a stage that works.

    Attributes:
        name: the rule as a sentence.
        broken: yields what is wrong, each with the values found.
        remedy: what to do.
        if_broken: the verdict on a stage that breaks it.
    """

    name: str
    broken: Callable[[DeployedStage], Iterator[str]]
    remedy: str
    if_broken: Verdict = Verdict.FAIL


def _stack_is_complete(facts: DeployedStage) -> Iterator[str]:
    if facts.stack_status not in HEALTHY_STACKS:
        yield f"the stack is {facts.stack_status}"


def _prod_is_protected(facts: DeployedStage) -> Iterator[str]:
    if facts.stage == "prod" and not facts.is_protected:
        yield "CloudFormation's termination protection is off"


def _hidden_long_enough(facts: DeployedStage) -> Iterator[str]:
    window = facts.mapping.window_seconds if facts.mapping else 0
    least = VISIBILITY_FACTOR * facts.function.timeout_seconds + window
    if facts.queue.visibility_seconds < least:
        yield f"the visibility timeout is {facts.queue.visibility_seconds} s, less than {least} s"
    if facts.roll_up_queue.visibility_seconds < facts.roll_up.timeout_seconds:
        yield f"digests are visible again after {facts.roll_up_queue.visibility_seconds} s, before their run has ended"


def _mapping_is_enabled(facts: DeployedStage) -> Iterator[str]:
    if facts.mapping is None:
        yield "no event source mapping feeds the function"
    elif not facts.mapping.is_enabled:
        yield "the event source mapping is disabled: messages wait"
    elif facts.mapping.queue_arn != facts.queue.arn:
        yield f"the event source mapping reads {facts.mapping.queue_arn}"


def _failures_are_reported(facts: DeployedStage) -> Iterator[str]:
    if facts.mapping and not facts.mapping.reports_failures:
        yield "the event source mapping does not report batch item failures: a failed photo's whole batch is retried"


def _batches_fit(facts: DeployedStage) -> Iterator[str]:
    if facts.mapping and facts.mapping.batch_size > 10 and facts.mapping.window_seconds < 1:
        yield f"the batch size is {facts.mapping.batch_size} without a batching window"


def _failures_reach_the_dlq(facts: DeployedStage) -> Iterator[str]:
    queue, dlq = facts.queue, facts.dead_letter_queue
    if queue.dead_letter_target != dlq.arn:
        yield f"the queue dead-letters into {queue.dead_letter_target or 'nothing'}"
    elif queue.max_receive_count < LEAST_RECEIVE_COUNT:
        yield f"a message has {queue.max_receive_count} attempts, less than {LEAST_RECEIVE_COUNT}"
    if dlq.allowed_sources is not None and queue.arn not in dlq.allowed_sources:
        yield "the DLQ does not allow the queue to dead-letter into it"


def _attempts_agree(facts: DeployedStage) -> Iterator[str]:
    told = facts.function.environment.get("MAX_RECEIVE_COUNT")
    if told != str(facts.queue.max_receive_count):
        yield f"the queue gives {facts.queue.max_receive_count} attempts, but the function counts to {told}"


def _dead_letters_are_kept(facts: DeployedStage) -> Iterator[str]:
    if facts.dead_letter_queue.retention_seconds < DLQ_RETENTION_SECONDS:
        yield f"dead letters are deleted after {_days(facts.dead_letter_queue.retention_seconds)}"
    left = facts.dead_letter_queue.retention_seconds - facts.queue.retention_seconds
    if left < LEAST_DAYS_IN_DLQ * 24 * 3600:
        yield f"a message that is dead-lettered on its last day has {_days(left)} left"


def _uploads_become_messages(facts: DeployedStage) -> Iterator[str]:
    own = [each for each in facts.notifications if each.queue_arn == facts.queue.arn]
    if not any("s3:ObjectCreated:*" in each.events for each in own):
        yield f"the bucket {facts.input_bucket} does not notify the queue of every upload"


def _only_the_bucket_sends(facts: DeployedStage) -> Iterator[str]:
    allowed = [s for s in facts.queue.statements if s["Effect"] == "Allow"]
    if not any(_lets_send(statement, f":::{facts.input_bucket}") for statement in allowed):
        yield f"the queue's policy does not let {facts.input_bucket} send: uploads are lost"
    if any(not _lets_send(statement, f":::{facts.input_bucket}") for statement in allowed):
        yield "the queue's policy lets others send, too"


def _digests_reach_the_roll_up(facts: DeployedStage) -> Iterator[str]:
    queue = facts.roll_up_queue
    found = [s for s in facts.subscriptions if s.topic_arn == facts.digest_topic and s.endpoint == queue.arn]
    if not found:
        yield "the digest topic does not send to the roll-up's queue: no summaries"
    elif not found[0].is_raw:
        yield "the digest topic wraps the digests: no summaries"
    if not any(_lets_send(s, facts.digest_topic) for s in queue.statements if s["Effect"] == "Allow"):
        yield "the roll-up's queue does not let the digest topic send: no summaries"


def _roll_up_is_scheduled(facts: DeployedStage) -> Iterator[str]:
    if not facts.roll_up_is_scheduled:
        yield "the roll-up's schedule is disabled: no summaries"


def _functions_are_ready(facts: DeployedStage) -> Iterator[str]:
    for function in (facts.function, facts.roll_up):
        name = function.arn.rpartition(":")[2]
        if not function.is_ready:
            yield f"{name} cannot run: its creation or its last update failed"
        if function.runtime != RUNTIME:
            yield f"{name} runs on {function.runtime}, but its layer is for {RUNTIME}"


def _one_lock_file(facts: DeployedStage) -> Iterator[str]:
    for function in (facts.function, facts.roll_up):
        locks = {_lock(text) for text in (function.description, *function.layer_descriptions)}
        if locks - {""} != {_lock(function.description)}:
            yield f"{function.arn.rpartition(':')[2]}: its layers are not from the lock file of its code"


def _own_buckets_are_closed(facts: DeployedStage) -> Iterator[str]:
    yield from map(_open, sorted({*facts.open_buckets} - {*facts.existing_buckets}))


def _existing_buckets_are_closed(facts: DeployedStage) -> Iterator[str]:
    yield from map(_open, sorted({*facts.open_buckets} & {*facts.existing_buckets}))


def _open(bucket: str) -> str:
    return f"the bucket {bucket} does not block public access"


def _persons_are_told(facts: DeployedStage) -> Iterator[str]:
    for what, topic in (("alarms", facts.alarm_topic), ("summaries", facts.summary_topic)):
        persons = [s for s in facts.subscriptions if s.topic_arn == topic]
        if not persons:
            yield f"nobody is subscribed to the {what}"
        yield from (f"{s.endpoint} has not confirmed the {what}" for s in _unconfirmed(persons))


def _alarms_are_armed(facts: DeployedStage) -> Iterator[str]:
    if not facts.alarms:
        yield "there are no alarms"
    for alarm in facts.alarms:
        if not alarm.is_armed or facts.alarm_topic not in alarm.actions:
            yield f"{alarm.name} notifies nobody"


def _alarms_may_publish(facts: DeployedStage) -> Iterator[str]:
    publishers = [
        s for s in facts.alarm_topic_statements if s["Effect"] == "Allow" and "cloudwatch" in str(s.get("Principal"))
    ]
    if not publishers:
        yield "the alarm topic does not let CloudWatch publish"


def _no_alarm_is_on(facts: DeployedStage) -> Iterator[str]:
    yield from (f"{alarm.name} is on" for alarm in facts.alarms if alarm.state == "ALARM")


def _account_runs_the_concurrency(facts: DeployedStage) -> Iterator[str]:
    wanted = facts.mapping.concurrency if facts.mapping else None
    if wanted is not None and wanted >= facts.concurrency_limit:
        yield f"the concurrency is {wanted}, but the account runs {facts.concurrency_limit} invocations at once"


def _dlq_is_empty(facts: DeployedStage) -> Iterator[str]:
    if facts.dead_letter_queue.waiting:
        yield f"{facts.dead_letter_queue.waiting:,} dead letters wait"


def _sdk_is_new_enough(facts: DeployedStage) -> Iterator[str]:
    if facts.init_log and facts.init_log.sdk and _version(facts.init_log.sdk) < LEAST_SDK:
        yield f"the runtime's botocore is {facts.init_log.sdk}: the function ends at each start, no photo is processed"


def _sandbox_holds(facts: DeployedStage) -> Iterator[str]:
    if facts.init_log is None or not facts.init_log.sandbox:
        yield "no cold start is in the log of the last week: not checked"
        return
    missing = [layer for layer in EXPECTED_LAYERS if not facts.init_log.sandbox.get(layer)]
    if missing:
        yield f"the workers' sandbox has no {', '.join(missing)}"


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2])


def _lock(description: str) -> str:
    """Return the lock file's hash in a description, see scripts/packaging/lock.js; empty if there is none."""
    found = re.search(r"uv\.lock ([0-9a-f]{12})", description)
    return found[1] if found else ""


def _days(seconds: int) -> str:
    return f"{seconds / 86400:g} days"


def _lets_send(statement: Statement, source: str) -> bool:
    """Return True if a statement lets one source, and no other, send messages."""
    condition = statement.get("Condition", {})
    sources = condition.get("ArnEquals", {}).get("aws:SourceArn", "")
    return statement["Action"] == "sqs:SendMessage" and str(sources).endswith(source)


def _unconfirmed(subscriptions: Sequence[SubscriptionFacts]) -> Iterator[SubscriptionFacts]:
    return (s for s in subscriptions if s.protocol in PERSONS and not s.is_confirmed)


RULES = (
    StageRule("The stack is complete", _stack_is_complete, "see its events in CloudFormation, then deploy again"),
    StageRule("The stage prod is protected from deletion", _prod_is_protected, DEPLOY_AGAIN, Verdict.WARN),
    StageRule("The functions are ready", _functions_are_ready, DEPLOY_AGAIN),
    StageRule("A function and its layers are from one lock file", _one_lock_file, DEPLOY_AGAIN),
    StageRule(
        "The runtime's SDK is new enough",
        _sdk_is_new_enough,
        "set the function's runtime management to Auto (aws lambda put-runtime-management-config --update-runtime-on "
        "Auto), then npm run prove",
    ),
    StageRule("Every upload becomes a message", _uploads_become_messages, DEPLOY_AGAIN),
    StageRule("The input bucket, and nothing else, may send to the queue", _only_the_bucket_sends, DEPLOY_AGAIN),
    StageRule(
        "The event source mapping feeds the function",
        _mapping_is_enabled,
        f"enable it (aws lambda update-event-source-mapping --enabled); if it is gone or reads another queue: {REPAIR}",
    ),
    StageRule("Failures are reported photo by photo", _failures_are_reported, DEPLOY_AGAIN),
    StageRule("Batches above ten have a window", _batches_fit, "set windowSeconds to 1 or more and deploy"),
    StageRule(
        "A message stays hidden while it is processed",
        _hidden_long_enough,
        "set visibilitySeconds to 6 x timeoutSeconds + windowSeconds and deploy",
    ),
    StageRule("A message that keeps failing is dead-lettered", _failures_reach_the_dlq, DEPLOY_AGAIN),
    StageRule("Queue and function count the same attempts", _attempts_agree, DEPLOY_AGAIN),
    StageRule("Dead letters are kept as long as SQS allows", _dead_letters_are_kept, DEPLOY_AGAIN),
    StageRule("Digests reach the roll-up", _digests_reach_the_roll_up, DEPLOY_AGAIN),
    StageRule(
        "The roll-up runs", _roll_up_is_scheduled, f"enable the rule (aws events enable-rule); if it is gone: {REPAIR}"
    ),
    StageRule("No bucket can be made public", _own_buckets_are_closed, _CLOSE_BUCKET),
    StageRule(
        "No bucket that existed before can be made public",
        _existing_buckets_are_closed,
        f"unless a website is served from it, {_CLOSE_BUCKET}",
        Verdict.WARN,
    ),
    StageRule(
        "Every alarm notifies the alarm topic",
        _alarms_are_armed,
        f"enable its actions (aws cloudwatch enable-alarm-actions); if they are gone: {REPAIR}",
    ),
    StageRule("CloudWatch may publish to the alarm topic", _alarms_may_publish, DEPLOY_AGAIN),
    StageRule(
        "Somebody is told",
        _persons_are_told,
        "write alarmEmail and summaryEmail into the settings and deploy; follow the link in SNS's e-mail. SNS "
        "deactivates an address that bounces: subscribe it again",
        Verdict.WARN,
    ),
    StageRule(
        "The account runs the stage's concurrency",
        _account_runs_the_concurrency,
        "lower concurrency, or ask AWS for more (Service Quotas, Lambda, Concurrent executions)",
    ),
    StageRule("The DLQ is empty", _dlq_is_empty, "npm run dlq -- list says why", Verdict.WARN),
    StageRule("No alarm is on", _no_alarm_is_on, "its text names the first command", Verdict.WARN),
    StageRule(
        "Decoders run in a sandbox",
        _sandbox_holds,
        "docs/threat_model.md says what it means; npm run prove makes a cold start",
        Verdict.WARN,
    ),
)
