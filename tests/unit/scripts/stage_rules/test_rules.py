from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from handlers import clients
from processing.worker.sandbox import EXPECTED_LAYERS
from scripts.cli.repository import REPOSITORY
from scripts.stage_rules import rules
from scripts.stage_rules.checkup import checkup_summary, judge
from scripts.stage_rules.facts import InitLog, SubscriptionFacts
from scripts.stage_rules.rules import REPAIR, RULES, StageRule, Verdict

HOLDS = dict.fromkeys(EXPECTED_LAYERS, True)


def verdict(rule_name: str, **facts: Any) -> tuple[Verdict, tuple[str, ...]]:
    """Judge facts by one rule; a fact that is an exception is one that cannot be read."""
    (rule,) = [rule for rule in RULES if rule.name == rule_name]
    (finding,) = judge(SimpleNamespace(**facts), (rule,))  # type: ignore[arg-type]
    return finding.verdict, finding.problems


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED", "UPDATE_IN_PROGRESS"])
def test_a_stack_that_is_not_complete_fails(status: str) -> None:
    assert verdict("The stack is complete", stack_status=status) == (Verdict.FAIL, (f"the stack is {status}",))


def test_prod_without_its_protection_is_a_warning() -> None:
    found, _ = verdict("The stage prod is protected from deletion", stage="prod", is_protected=False)
    assert found == Verdict.WARN


def test_another_stage_needs_no_protection() -> None:
    found, _ = verdict("The stage prod is protected from deletion", stage="dev", is_protected=False)
    assert found == Verdict.PASS


@pytest.mark.parametrize(
    ("existing", "own", "others"), [([], Verdict.FAIL, Verdict.PASS), (["photos"], Verdict.PASS, Verdict.WARN)]
)
def test_an_open_bucket_fails_unless_it_is_somebody_elses(existing: list[str], own: Verdict, others: Verdict) -> None:
    buckets = {"open_buckets": ["photos"], "existing_buckets": existing}
    assert verdict("No bucket can be made public", **buckets)[0] == own
    assert verdict("No bucket that existed before can be made public", **buckets)[0] == others


@pytest.mark.parametrize("layer", EXPECTED_LAYERS)
def test_a_sandbox_without_a_layer_is_a_warning(layer: str) -> None:
    found, problems = verdict("Decoders run in a sandbox", init_log=InitLog({**HOLDS, layer: False}, "1.40.0"))
    assert found == Verdict.WARN
    assert problems == (f"the workers' sandbox has no {layer}",)


def test_a_stage_without_a_cold_start_in_its_log_is_not_checked_for_its_sandbox() -> None:
    found, (problem,) = verdict("Decoders run in a sandbox", init_log=None)
    assert found == Verdict.WARN
    assert "not checked" in problem


def test_a_runtime_with_an_old_sdk_fails() -> None:
    found, problems = verdict("The runtime's SDK is new enough", init_log=InitLog({}, "1.35.99"))
    assert found == Verdict.FAIL
    assert "botocore is 1.35.99" in problems[0]


@pytest.mark.parametrize("version", ["1.36.0", "1.100.3", "2.0.0", ""])
def test_a_runtime_with_a_newer_or_unknown_sdk_passes(version: str) -> None:
    found, _ = verdict("The runtime's SDK is new enough", init_log=InitLog(HOLDS, version))
    assert found == Verdict.PASS


def test_the_rule_asks_for_the_sdk_that_the_function_asks_for() -> None:
    assert rules.LEAST_SDK == clients.LEAST_SDK


def person(topic: str, *, is_confirmed: bool) -> SubscriptionFacts:
    return SubscriptionFacts(topic_arn=topic, protocol="email", endpoint="me@example.com", is_confirmed=is_confirmed)


def test_an_address_that_has_not_confirmed_is_a_warning() -> None:
    subscriptions = [person("alarms", is_confirmed=False), person("summaries", is_confirmed=True)]
    found, problems = verdict(
        "Somebody is told", subscriptions=subscriptions, alarm_topic="alarms", summary_topic="summaries"
    )
    assert found == Verdict.WARN
    assert problems == ("me@example.com has not confirmed the alarms",)


def test_confirmed_addresses_pass() -> None:
    subscriptions = [person(topic, is_confirmed=True) for topic in ("alarms", "summaries")]
    found, _ = verdict("Somebody is told", subscriptions=subscriptions, alarm_topic="alarms", summary_topic="summaries")
    assert found == Verdict.PASS


class Denied:
    """Facts that may not be read."""

    @property
    def stack_status(self) -> str:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, "DescribeStacks")


def test_what_may_not_be_read_is_a_warning_that_names_the_call() -> None:
    (finding,) = judge(Denied(), RULES[:1])  # type: ignore[arg-type]
    assert finding.verdict == Verdict.WARN
    assert "DescribeStacks" in finding.problems[0]


def test_the_summary_counts_the_rules_that_hold() -> None:
    findings = list(judge(SimpleNamespace(stack_status="CREATE_COMPLETE"), RULES[:1]))  # type: ignore[arg-type]
    assert checkup_summary(findings) == ["1 of 1 rules of `npm run doctor` hold."]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_no_remedy_hopes_that_a_deployment_undoes_what_was_changed_by_hand(rule: StageRule) -> None:
    assert "or deploy again" not in rule.remedy
    if "npm run deploy" in rule.remedy:
        assert '"Repair a stage"' in rule.remedy


def test_the_page_that_remedies_name_has_the_section() -> None:
    page, section = REPAIR.split(", ")
    assert f"\n## {section.strip(chr(34))}\n" in (REPOSITORY / page).read_text()
