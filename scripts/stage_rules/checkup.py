"""Judge a stage by every rule."""

from collections.abc import Iterator
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from scripts.cli.output import Report, Table
from scripts.stage_rules.deployed import DeployedStage
from scripts.stage_rules.rules import RULES, StageRule, Verdict


@dataclass(frozen=True)
class Finding:
    """A stage judged by one rule.

    Attributes:
        rule: by which it was judged.
        problems: what was found; empty when the rule holds.
    """

    rule: StageRule
    verdict: Verdict
    problems: tuple[str, ...] = ()


def judge(facts: DeployedStage, rules: tuple[StageRule, ...] = RULES) -> Iterator[Finding]:
    """Judge a stage; what may not be read is a warning that names the missing permission."""
    for rule in rules:
        try:
            problems = tuple(rule.broken(facts))
        except (ClientError, BotoCoreError) as error:
            yield Finding(rule, Verdict.WARN, (f"not checked: {error}",))
            continue
        yield Finding(rule, rule.if_broken if problems else Verdict.PASS, problems)


def has_failed(findings: list[Finding]) -> bool:
    """Return True if a rule is broken whose severity is not a warning."""
    return any(finding.verdict == Verdict.FAIL for finding in findings)


def checkup_report(findings: list[Finding]) -> Report:
    """Return a table of the rules, then what to do about each that is broken."""
    table = Table(("verdict", "rule"), [(finding.verdict.upper(), finding.rule.name) for finding in findings])
    return [table, *(line for finding in findings for line in _explain(finding))]


def checkup_summary(findings: list[Finding]) -> list[str]:
    """Return how many rules hold, and what to do about each that is broken."""
    held = sum(finding.verdict == Verdict.PASS for finding in findings)
    lines = [line for finding in findings for line in _explain(finding)]
    return [f"{held} of {len(findings)} rules of `npm run doctor` hold.", *lines]


def checkup_document(findings: list[Finding]) -> list[dict[str, object]]:
    """Return the findings for programs."""
    return [
        {
            "rule": finding.rule.name,
            "verdict": finding.verdict,
            "problems": list(finding.problems),
            "remedy": finding.rule.remedy if finding.problems else "",
        }
        for finding in findings
    ]


def _explain(finding: Finding) -> Iterator[str]:
    if not finding.problems:
        return
    yield ""
    yield f"{finding.verdict.upper()}: {finding.rule.name}"
    yield from (f"  {problem}" for problem in finding.problems)
    yield f"  What to do: {finding.rule.remedy}"
