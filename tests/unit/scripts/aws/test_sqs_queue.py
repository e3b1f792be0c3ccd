from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from scripts.aws.parallel import chunks
from scripts.aws.sqs_queue import ENTRY_ATTEMPTS, call_in_batch


class Throttling:
    """A batch call that refuses some entries some times; `plan` maps a position to its errors, in order."""

    def __init__(self, plan: dict[int, list[tuple[str, bool]]]) -> None:
        self.plan = plan
        self.calls: list[list[str]] = []

    def __call__(self, *, QueueUrl: str, Entries: Sequence[Any]) -> Any:  # noqa: N803 (boto3's own names)
        self.calls.append([entry["Id"] for entry in Entries])
        answer: dict[str, list[dict[str, Any]]] = {"Successful": [], "Failed": []}
        for entry in Entries:
            errors = self.plan.get(int(entry["Id"]), [])
            if errors:
                code, is_senders = errors.pop(0)
                answer["Failed"].append({"Id": entry["Id"], "Code": code, "SenderFault": is_senders})
            else:
                answer["Successful"].append({"Id": entry["Id"], "MessageId": f"m{entry['Id']}"})
        return answer


def test_an_entry_that_sqs_throttled_is_tried_again_alone() -> None:
    call = Throttling({1: [("InternalError", False)] * 2})
    outcome = call_in_batch(call, "url", [{}, {}, {}], sleep=lambda _: None)
    assert call.calls == [["0", "1", "2"], ["1"], ["1"]]
    assert sorted(outcome.done) == [0, 1, 2]
    assert outcome.failed == {}


def test_an_entry_that_is_wrong_in_itself_is_not_tried_again_and_not_forgotten() -> None:
    call = Throttling({0: [("InvalidMessageContents", True)], 1: [("InternalError", False)]})
    outcome = call_in_batch(call, "url", [{}, {}], sleep=lambda _: None)
    assert outcome.failed == {0: "InvalidMessageContents"}
    assert sorted(outcome.done) == [1]


def test_an_entry_that_never_goes_well_is_given_up_with_its_code() -> None:
    call = Throttling({0: [("InternalError", False)] * 99})
    assert call_in_batch(call, "url", [{}], sleep=lambda _: None).failed == {0: "InternalError"}
    assert len(call.calls) == ENTRY_ATTEMPTS


def test_an_entry_that_sqs_does_not_mention_counts_as_failed() -> None:
    assert call_in_batch(lambda **_: {}, "url", [{}], sleep=lambda _: None).failed == {0: "NoAnswer"}


def test_nothing_is_asked_for_no_entries() -> None:
    call = Throttling({})
    call_in_batch(call, "url", [])
    assert call.calls == []


@given(st.lists(st.integers()), st.integers(1, 12))
def test_chunks_hold_everything_in_order(items: list[int], size: int) -> None:
    cut = list(chunks(items, size))
    assert [item for chunk in cut for item in chunk] == items
    assert all(len(chunk) == size for chunk in cut[:-1])
