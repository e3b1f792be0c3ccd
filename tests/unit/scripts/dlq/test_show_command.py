import shlex

import pytest

from processing.failures import FailureCode
from scripts.aws.dead_letter import DeadLetter
from scripts.aws.photo_state import SourceState
from scripts.cli.output import plain_lines
from scripts.dlq.show_command import SourceToday, details_report
from tests.support.dead_letters import NOW, received


def lines(letter: DeadLetter, state: SourceState = SourceState.SAME, *, is_done: bool = False) -> list[str]:
    sources = [SourceToday(source, state, is_done) for source in letter.sources]
    return plain_lines(details_report(letter, sources, NOW, "/aws/lambda/darkroom-prod-process"))


def test_a_letter_is_shown_whole_line_by_line() -> None:
    letter = received("d1", "2026/a b.jpg", attempts=5, detail="PutObject: AccessDenied", message_id="m1")
    assert lines(letter) == [
        "Dead letter d1",
        "  code              access-denied (retryable): "
        "Darkroom was not allowed to read the source object or to store its outputs.",
        "  what to do        Check the bucket policy, the key policy and the function's role, then redrive.",
        "  detail            PutObject: AccessDenied",
        "  attempts          5",
        "  first seen        2026-11-23T08:00:00+00:00",
        "  in a queue since  2026-11-23T08:00:00+00:00 (1 h ago)",
        "  received          2 times, this one included",
        "  message id        m1",
        "  request id        request-1",
        "  source            s3://photos/2026/a b.jpg",
        "  source eTag       e1",
        "  source today      there, with the same eTag",
        "  outputs today     not complete",
        "  to look at it     aws s3api head-object --bucket=photos '--key=2026/a b.jpg'",
        "  its log           aws logs filter-log-events --log-group-name=/aws/lambda/darkroom-prod-process "
        "'--filter-pattern=\"m1\"'",
    ]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (SourceState.OVERWRITTEN, "overwritten: a redrive would do nothing, the newer version had its own message"),
        (SourceState.GONE, "gone: a redrive would do nothing"),
        (SourceState.UNKNOWN, "not known: S3 refused (access denied, or not a valid bucket name)"),
    ],
)
def test_it_says_what_became_of_the_source(state: SourceState, words: str) -> None:
    assert f"  source today      {words}" in lines(received("d1"), state)


def test_it_says_when_the_outputs_are_complete_after_all() -> None:
    assert "  outputs today     complete: a redrive would do nothing" in lines(received("d1"), is_done=True)


def test_a_letter_that_sqs_moved_shows_no_reason_from_before_a_redrive_as_its_own() -> None:
    shown = lines(received("d1", code=FailureCode.ACCESS_DENIED, moved_by_sqs=True, detail="old", attempts=5))
    assert shown[1].startswith("  code              no-reason (retryable): SQS moved it itself")
    assert "  earlier reason    access-denied, from before it was last redriven" in shown
    assert not any("old" in line or "attempts" in line for line in shown)


def test_a_letter_that_names_no_photo_shows_its_body() -> None:
    shown = lines(received("d1", body='{"hello": "world"}\n', code=FailureCode.MALFORMED_MESSAGE))
    assert '  body              {"hello": "world"}\\n' in shown


@pytest.mark.parametrize("key", ["'; rm -rf ~; '", "$(reboot)", "`reboot`", "--recursive", "a\\b", '"', "é ü"])
def test_the_shell_hint_names_exactly_the_key_and_nothing_else(key: str) -> None:
    hint = next(line for line in lines(received("d1", key)) if "to look at it" in line)
    assert shlex.split(hint)[4:] == ["aws", "s3api", "head-object", "--bucket=photos", f"--key={key}"]


@pytest.mark.parametrize("key", ["a\nreboot\n", "a\x1b[201~reboot\r", "a\u202egpj.exe"])
def test_there_is_no_shell_hint_for_a_key_that_a_terminal_would_act_on(key: str) -> None:
    shown = lines(received("d1", key))
    assert not any("to look at it" in line for line in shown)
    assert all(line.isprintable() for line in shown)
