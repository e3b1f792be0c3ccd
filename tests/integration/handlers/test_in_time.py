"""However slow S3, SQS, SNS or a decoder are: the function answers before Lambda would end it, and defers the rest."""

import socket
import threading
import time
from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import BotoCoreError

from handlers.admission import Pace
from handlers.services import MESSAGING_CONFIG, RESERVED_SECONDS
from handlers.worker_pool import WorkerPool
from handlers.worker_process import Worker
from tests.support.bad_decoder import asking_for
from tests.support.fake_aws import FakeCloud
from tests.support.photos import jpeg
from tests.unit.handlers.conftest import ENVIRONMENT

PHOTO = jpeg()
WORK_SECONDS = 4.0
WHOLE_SECONDS = RESERVED_SECONDS + WORK_SECONDS


@pytest.fixture
def patience() -> Iterator[threading.Event]:
    """What the slow ones wait for; set when the test is over, so that no thread stays behind."""
    over = threading.Event()
    yield over
    over.set()


def filled(cloud: FakeCloud, body: bytes = b"a photo", count: int = 10) -> FakeCloud:
    for number in range(count):
        cloud.upload(f"photo {number}.jpg", body)
    return cloud


def answer(cloud: FakeCloud) -> tuple[float, list[str]]:
    """Seconds until the function answers a batch, and which messages it reports as not done."""
    start = time.monotonic()
    failed = cloud.invoke(seconds_left=WHOLE_SECONDS)
    return time.monotonic() - start, failed


def visible_now(cloud: FakeCloud) -> int:
    return sum(message.visible_at <= cloud.sqs.now for message in cloud.sqs.waiting)


@pytest.mark.parametrize("operation", ["HeadObject", "GetObject", "PutObject"])
def test_s3_that_never_answers_costs_no_timeout_and_what_is_not_done_is_visible_at_once(
    patience: threading.Event, operation: str
) -> None:
    cloud = filled(FakeCloud(ENVIRONMENT))
    cloud.s3.before = lambda called, _: patience.wait(60) if called == operation else None
    seconds, failed = answer(cloud)
    assert seconds < WHOLE_SECONDS
    assert len(failed) == visible_now(cloud) == 10


def test_s3_that_trickles_is_given_up_at_the_deadline() -> None:
    cloud = filled(FakeCloud(ENVIRONMENT))
    cloud.s3.trickle_seconds = 0.3
    before = threading.active_count()
    seconds, failed = answer(cloud)
    assert seconds < WHOLE_SECONDS
    assert len(failed) == visible_now(cloud) == 10
    end = time.monotonic() + 5
    while threading.active_count() > before + 4:  # the uploads' threads stay
        assert time.monotonic() < end, "threads hang on the trickle"
        time.sleep(0.05)


def test_slow_s3_gets_a_batch_done_bit_by_bit() -> None:
    cloud = filled(FakeCloud(ENVIRONMENT))
    cloud.s3.before = lambda *_: time.sleep(0.5)
    batches = 0
    while cloud.sqs.waiting:
        cloud.sqs.let_time_pass()
        seconds, _ = answer(cloud)
        assert seconds < WHOLE_SECONDS
        batches += 1
        assert batches < 20
    assert len(cloud.account().processed) == 10


@pytest.fixture
def badly_decoding() -> Iterator[FakeCloud]:
    """With workers that may crash and hang; the last photos, it believes, were fast."""
    pace = Pace()
    pace.note(render_seconds=0.1, transfer_seconds=0.1)
    pool = WorkerPool(1769, 1.5, pace, lambda limit: Worker(limit, "tests.support.bad_decoder"))
    yield FakeCloud(ENVIRONMENT, pool, pace)
    pool.stop()


def test_slow_decoding_ends_in_time_with_as_many_photos_as_fitted(badly_decoding: FakeCloud) -> None:
    cloud = filled(badly_decoding, asking_for(b"DAWDLE", PHOTO), count=10)
    seconds, failed = answer(cloud)
    assert seconds < WHOLE_SECONDS
    assert 1 <= len(failed) == visible_now(cloud) <= 9
    assert len(cloud.account().processed) == 10 - len(failed)


def test_decoders_that_hang_are_ended_in_time_and_the_rest_is_deferred(badly_decoding: FakeCloud) -> None:
    cloud = filled(badly_decoding, asking_for(b"STOP", PHOTO), count=5)
    seconds, failed = answer(cloud)
    assert seconds < WHOLE_SECONDS
    assert 1 <= len(failed) == visible_now(cloud) <= 4
    assert cloud.account().reasons == {"too-slow": 5 - len(failed)}


def test_a_queue_that_never_answers_costs_no_timeout_either(patience: threading.Event) -> None:
    cloud = filled(FakeCloud(ENVIRONMENT))
    cloud.s3.before = lambda *_: patience.wait(60)
    cloud.sqs.before = lambda *_: patience.wait(60)
    seconds, failed = answer(cloud)
    assert seconds < WHOLE_SECONDS
    assert len(failed) == 10
    assert visible_now(cloud) == 0  # they come back by the queue's own clock


@pytest.fixture
def silent_server() -> Iterator[str]:
    """The address of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("service", ["sqs", "sns"])
def test_a_call_to_a_silent_queue_or_topic_ends_within_the_time_kept_free_for_it(
    silent_server: str, service: str
) -> None:
    client = boto3.client(service, endpoint_url=silent_server, config=MESSAGING_CONFIG)  # type: ignore[call-overload]
    start = time.monotonic()
    with pytest.raises(BotoCoreError):
        client.list_topics() if service == "sns" else client.list_queues()
    assert time.monotonic() - start < 5.5
