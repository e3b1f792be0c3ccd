"""Rules about the descriptions of alarms: the first command to type and the runbook's section."""

import re

from scripts.cli.repository import REPOSITORY
from tests.integration.conftest import STAGE
from tests.integration.template.alarm_states import alarms
from tests.integration.template.packaged import Rule, Template, drop, put

# CloudWatch accepts 1,024 characters.
DESCRIPTION = re.compile(r'.{30,800}\. First: `([^`]+)`\. Runbook: docs/runbook\.md, "([^"]+)"\.')
RUNBOOK = (REPOSITORY / "docs/runbook.md").read_text()
SECTIONS = dict(re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", RUNBOOK, re.MULTILINE))


def _says_what_to_do_first(description: str) -> bool:
    found = DESCRIPTION.fullmatch(description)
    return bool(found and found[1] in SECTIONS.get(found[2], ""))


def _every_alarm_says_what_to_do_first(template: Template) -> bool:
    return all(_says_what_to_do_first(alarm["AlarmDescription"]) for alarm in alarms(template).values())


def _commands_name_the_stage(template: Template) -> bool:
    commands = [DESCRIPTION.fullmatch(alarm["AlarmDescription"]) for alarm in alarms(template).values()]
    told = {found[1] for found in commands if found} - {"aws lambda get-account-settings"}  # of the account
    return len(told) > 3 and all(re.search(rf"--stage {STAGE}\b|darkroom-{STAGE}-", command) for command in told)


TEXT = 'Photos failed and were dead-lettered. First: `{}`. Runbook: docs/runbook.md, "{}".'
ALARM_TEXT_RULES = (
    Rule(
        "every alarm names the first command to type, and the runbook's section that has it",
        _every_alarm_says_what_to_do_first,
        [
            drop("ThrottlesAlarm", "AlarmDescription"),
            put("BacklogAlarm", "AlarmDescription", "Photos have waited for more than an hour."),
            put("BacklogAlarm", "AlarmDescription", TEXT.format("npm run dlq -- list --stage prod", "2. Another")),
            put("BacklogAlarm", "AlarmDescription", TEXT.format("npm run another", "1. The alarm")),
        ],
    ),
    Rule(
        "commands in alarms name the stage",
        _commands_name_the_stage,
        [
            put("BacklogAlarm", "AlarmDescription", TEXT.format("npm run dlq -- list --stage dev", "1. The alarm")),
            put("PhotosFailedAlarm", "AlarmDescription", TEXT.format("npm run dlq -- list", "1. The alarm")),
        ],
    ),
)
