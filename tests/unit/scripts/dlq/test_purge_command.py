from scripts.aws.dead_letter import DeadLetter
from scripts.aws.sqs_message import StoredMessage
from scripts.cli.output import plain_lines
from scripts.dlq.export_command import ExportLine
from scripts.dlq.purge_command import plan_purge
from tests.support.dead_letters import received

LETTERS = [received(str(number), f"{number}.jpg") for number in range(6)]


def exported(letter: DeadLetter, body: str = "") -> ExportLine:
    return ExportLine(1, "arn", StoredMessage(id=letter.id, body=body or letter.message.body))


def test_only_what_the_export_has_unchanged_is_deleted() -> None:
    lines = [*map(exported, LETTERS[:3]), exported(LETTERS[3], body="edited"), exported(received("gone"))]
    plan = plan_purge("dlq", "friday.jsonl", lines, LETTERS, in_flight=2)
    assert [letter.id for letter in plan.to_delete] == ["0", "1", "2"]
    assert plain_lines(plan.dry_report) == [
        "To delete for good: 3 dead letters of dlq that friday.jsonl has.",
        "2 stay: they are not in the export.",
        "1 stay: the export has another body for them.",
        "1 of the export are not in the DLQ.",
        "2 more are in flight and stay.",
    ]


def test_a_whole_export_is_deleted_whole() -> None:
    plan = plan_purge("dlq", "friday.jsonl", list(map(exported, LETTERS)), LETTERS, in_flight=0)
    assert plain_lines(plan.dry_report) == ["To delete for good: 6 dead letters of dlq that friday.jsonl has."]
