"""The roll-up with requests that take 100 ms, many digests, and a kill at every request."""

import pytest
from botocore.exceptions import ClientError

from tests.support.distant_roll_up import ROLL_UP_QUEUE, TIMEOUT_SECONDS, DistantRollUp
from tests.support.interleaving import ProcessKilledError


@pytest.fixture
def aws() -> DistantRollUp:
    return DistantRollUp()


def test_one_run_sends_one_summary_however_many_digests_there_are(aws: DistantRollUp) -> None:
    aws.put_digests(3000)
    assert aws.run() == {"collected": 3000, "unreadable": 0, "repeated": 0, "sent": 1, "left": 0}
    assert [(s["batches"], s["counts"]["processed"]) for s in aws.summaries] == [(3000, 3000)]
    assert not aws.queues[ROLL_UP_QUEUE].letters
    assert aws.now < 30


def test_digests_that_arrive_during_a_run_do_not_keep_it_from_ending(aws: DistantRollUp) -> None:
    aws.put_digests(300)
    aws.arriving = 5
    done = aws.run()
    assert (done["sent"], done["left"], len(aws.summaries)) == (1, 0, 1)
    assert done["collected"] >= 300
    assert aws.now < 20


def test_an_idle_stage_pays_for_one_request(aws: DistantRollUp) -> None:
    assert aws.run()["sent"] == 0
    assert aws.calls == {"ReceiveMessage": 1, "(long polling)": 1}


def test_a_run_without_enough_time_leaves_the_rest_to_the_next_summary(aws: DistantRollUp) -> None:
    aws.put_digests(2000)
    first = aws.run(seconds=6)
    assert (first["sent"], first["left"]) == (1, 1)
    assert first["collected"] < 2000
    assert aws.run()["collected"] == 2000 - first["collected"]
    assert [summary["has_more"] for summary in aws.summaries] == [True, False]
    assert sum(summary["counts"]["processed"] for summary in aws.summaries) == 2000


def test_a_summary_has_at_most_as_many_digests_as_fit_into_memory(aws: DistantRollUp) -> None:
    aws.put_digests(400)
    collected = []
    while (done := aws.run(max_digests=100))["sent"]:
        collected.append(done["collected"])
        assert done["left"] == (done["collected"] >= 100)
    assert sum(collected) == 400
    assert max(collected) < 100 + 160  # one round of requests beyond


def test_when_sqs_refuses_a_receive_what_was_received_is_reported_and_nothing_twice(aws: DistantRollUp) -> None:
    aws.put_digests(200)
    aws.receives_left = 5
    first = aws.run()
    assert (first["sent"], first["left"]) == (1, 1)
    assert 0 < first["collected"] < 200
    aws.receives_left = None
    assert aws.run() == {"collected": 200 - first["collected"], "unreadable": 0, "repeated": 0, "sent": 1, "left": 0}


def test_when_sqs_refuses_every_receive_the_run_fails(aws: DistantRollUp) -> None:
    aws.put_digests(20)
    aws.receives_left = 0
    with pytest.raises(ClientError):
        aws.run()
    assert aws.summaries == []


def test_what_a_batch_could_not_delete_is_tried_again(aws: DistantRollUp) -> None:
    aws.put_digests(50)
    aws.refused = 2
    assert aws.run()["sent"] == 1
    assert not aws.queues[ROLL_UP_QUEUE].letters


def test_what_still_cannot_be_deleted_is_reported_again_and_marked(aws: DistantRollUp) -> None:
    aws.put_digests(1)
    aws.refused = 3
    aws.run()
    aws.sleep(TIMEOUT_SECONDS + 5)
    assert aws.run()["repeated"] == 1
    assert [summary["repeated"] for summary in aws.summaries] == [0, 1]


@pytest.mark.parametrize("late", [False, True], ids=["before the request", "before its answer"])
def test_a_kill_at_any_request_loses_no_digest_and_marks_what_is_reported_again(*, late: bool) -> None:
    kills, phases = 0, set[str]()
    while True:
        aws = DistantRollUp(latency_seconds=0.01, seed=kills)
        aws.put_digests(40)
        aws.requests_left, aws.killed_late = kills + 1, late
        try:
            aws.run()
        except ProcessKilledError:
            phases |= set(aws.calls)
        else:
            break
        aws.requests_left = None
        aws.sleep(TIMEOUT_SECONDS + 5)  # nothing stays hidden for longer
        assert aws.held(ROLL_UP_QUEUE) == 0
        aws.run()
        assert not aws.queues[ROLL_UP_QUEUE].letters
        assert len(aws.reported()) == 40
        again = sum(count > 1 for count in aws.reported().values())
        assert aws.summaries[0]["repeated"] == 0 or len(aws.summaries) == 1
        assert aws.summaries[-1]["repeated"] >= again
        assert len(aws.summaries) <= 2
        kills += 1
    assert phases >= {"ReceiveMessage", "Publish", "DeleteMessageBatch"}
    assert len(aws.summaries) == 1
