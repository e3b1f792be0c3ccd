"""Compare the parameters of a deployment with those that are deployed."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from scripts.cli.repository import REPOSITORY
from scripts.packaging.stage_settings import settings_file

# Parameters whose change takes something away from the stage, and what it takes away.
REPLACING = {
    "inputBucket": "{before} stays, but photos in it are no longer processed: not even those that wait",
    "outputBucket": "{before} stays, but new outputs go to {after}",
    "summaryEmail": "{before} is unsubscribed from the summaries",
    "summaryPhone": "{before} is unsubscribed from the summaries",
    "alarmEmail": "{before} is unsubscribed from the alarms",
    "createInputBucket": "the input bucket stays, but leaves the stack, and its bucket policy is deleted",
    "createOutputBucket": "the output bucket stays, but leaves the stack, and its bucket policy is deleted",
    "keyPrefix": "keys that do not begin with {after} are no longer processed, and nothing reports them",
    "keySuffixes": "keys that do not end in {after} are no longer processed, and nothing reports them",
    "kmsKeyArn": "the stage may no longer use {before}: photos that it encrypts cannot be read",
}


def _had_value(before: str, _: str) -> bool:
    return bool(before)


def _was_created(before: str, _: str) -> bool:
    return before == "true"


def _narrows_prefix(before: str, after: str) -> bool:
    return not before.startswith(after)


def _narrows_suffixes(before: str, after: str) -> bool:
    allowed = tuple(suffix.strip() for suffix in after.split(","))
    return not all(suffix.strip().endswith(allowed) for suffix in before.split(","))


_LOSES: dict[str, Callable[[str, str], bool]] = {
    "createInputBucket": _was_created,
    "createOutputBucket": _was_created,
    "keyPrefix": _narrows_prefix,
    "keySuffixes": _narrows_suffixes,
}


@dataclass(frozen=True)
class ParameterChange:
    """A parameter with another value than the deployed one."""

    name: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.name}: {self.before or '(none)'} -> {self.after or '(none)'}"

    @property
    def takes_away(self) -> str:
        """The stage's loss, in a sentence; empty without one."""
        loses = _LOSES.get(self.name, _had_value)
        is_loss = self.name in REPLACING and loses(self.before, self.after)
        return REPLACING[self.name].format(before=self.before, after=self.after) if is_loss else ""


def find_parameter_changes(deployed: Mapping[str, str], wanted: Mapping[str, str]) -> list[ParameterChange]:
    """List the parameters whose values differ, by name; a parameter that is new in this version is no change."""
    return [
        ParameterChange(name, deployed[name], wanted[name])
        for name in sorted(deployed.keys() & wanted.keys())
        if deployed[name] != wanted[name]
    ]


def find_replace_mistakes(replace: Collection[str], changes: Sequence[ParameterChange]) -> list[str]:
    """List what is wrong with the --replace options."""
    losing = {change.name for change in changes if change.takes_away}
    unknown = sorted(set(replace) - set(REPLACING))
    useless = sorted(set(replace) & set(REPLACING) - losing)
    return [
        *(f"--replace {name}: it must be one of {', '.join(REPLACING)}" for name in unknown),
        *(f"--replace {name}: this deployment replaces no {name}" for name in useless),
    ]


def refuse_changes(changes: Sequence[ParameterChange], replace: Collection[str], stage: str) -> list[str]:
    """Explain why a deployment is refused, line by line; empty when it is not.

    Args:
        changes: what it would change.
        replace: the parameters whose change was asked for by name.
        stage: its name.
    """
    refused = [change for change in changes if change.takes_away and change.name not in replace]
    if not refused:
        return []
    options = " ".join(f"--replace {change.name}" for change in refused)
    return [
        "Not deployed, because it would take something away from the stage:",
        *(f"- {change.name}: {change.takes_away}" for change in refused),
        f"To keep it in every deployment, write into {settings_file(stage).relative_to(REPOSITORY)}:",
        *(f"  {change.name}: {change.before}".rstrip() for change in refused),
        f"To change it nevertheless, add {options}",
    ]
