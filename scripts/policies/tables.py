"""The tables of permissions in docs/."""

from collections.abc import Mapping

from scripts.policies.permissions import Grants, combine


def permission_table(commands: Mapping[str, Grants]) -> list[str]:
    """Return a Markdown table: a row for each set of permissions, with the commands that need them."""
    rows: dict[str, list[str]] = {}
    for command, grants in commands.items():
        rows.setdefault(_cell(grants), []).append(f"`{command}`" if command[0].islower() else command)
    return ["| command | permissions |", "|---|---|", *(f"| {', '.join(who)} | {what} |" for what, who in rows.items())]


def resource_table(commands: Mapping[str, Grants]) -> list[str]:
    """Return a Markdown table: a row for each resource, with the actions that all commands together need."""
    rows = [
        f"| {resource} | {', '.join(f'`{each}`' for each in actions)} |"
        for resource, actions in combine(*commands.values()).items()
    ]
    return ["| resource | actions |", "|---|---|", *rows]


def _cell(grants: Grants) -> str:
    return "; ".join(
        f"{resource}: {', '.join(f'`{each}`' for each in actions)}" for resource, actions in grants.items()
    )
