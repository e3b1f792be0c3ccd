"""Receives batch digests from the queue that collects them for the roll-up, and deletes them."""

import time
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from handlers.reporting import logger
from processing.digest.batch_digest import BatchDigest
from processing.digest.json_records import UnreadableDigestError

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import MessageTypeDef

SQS_BATCH = 10  # Amazon SQS: most messages that one ReceiveMessage or DeleteMessageBatch takes
THREADS = 16  # requests at once; the client needs as many connections
_DELETE_ATTEMPTS = 3  # of an entry that failed inside a batch, which botocore does not retry


@dataclass(frozen=True)
class DigestQueue:
    """The queue that is subscribed to the digest topic.

    Attributes:
        wait_seconds: long polling, which asks all of SQS's servers; a short poll may miss messages.
        clock: seconds since 1970, as SQS's SentTimestamp.
    """

    sqs: "SQSClient"
    queue_url: str
    wait_seconds: int = 1
    clock: Callable[[], float] = time.time

    def receive(self, hidden_seconds: Callable[[], int]) -> Generator[list["MessageTypeDef"]]:
        """Receive what was sent before now, round by round, each in the order in which it was sent.

        Ends after a round that brought nothing older than now: in a large upload digests arrive all the time. The
        number of requests at once doubles each round, so that an idle stage pays for one request only.

        Args:
            hidden_seconds: called before each request: how long messages stay hidden from other runs.

        Raises:
            ClientError, BotoCoreError: SQS refused a request, after the messages of that round's other requests.
        """
        begun_ms, requests = self.clock() * 1000, 1
        with ThreadPoolExecutor(THREADS) as threads:
            while True:
                calls = [threads.submit(self._receive, hidden_seconds()) for _ in range(requests)]
                wait(calls)
                answers = [call.result() for call in calls if not call.exception()]
                messages = sorted((message for answer in answers for message in answer), key=sent_ms)
                if messages:
                    yield messages
                for call in calls:
                    call.result()  # raises a failed call's error
                if not messages or sent_ms(messages[0]) >= begun_ms:
                    return
                requests = min(2 * requests, THREADS)

    def delete(self, receipt_handles: Iterable[str]) -> None:
        """Delete messages; one that cannot be deleted is reported again by a later run, as repeated."""
        handles = iter(receipt_handles)
        batches = iter(lambda: list(islice(handles, SQS_BATCH)), [])
        with ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(self._delete_batch, batches))

    def _receive(self, hidden_seconds: int) -> list["MessageTypeDef"]:
        answer = self.sqs.receive_message(
            QueueUrl=self.queue_url,
            MaxNumberOfMessages=SQS_BATCH,
            MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
            VisibilityTimeout=hidden_seconds,
            WaitTimeSeconds=self.wait_seconds,
        )
        return answer.get("Messages", [])

    def _delete_batch(self, handles: Sequence[str]) -> None:
        left, codes = list(handles), [""]
        for _ in range(_DELETE_ATTEMPTS):
            entries = [{"Id": str(position), "ReceiptHandle": handle} for position, handle in enumerate(left)]
            response = self.sqs.delete_message_batch(QueueUrl=self.queue_url, Entries=entries)  # type: ignore[arg-type]
            failed = response.get("Failed", [])
            left, codes = [left[int(entry["Id"])] for entry in failed], [entry["Code"] for entry in failed]
            if not left:
                return
        for code in codes:
            logger.warning("Digest not deleted", code=code)


def sent_ms(message: "MessageTypeDef") -> int:
    """Return when a message was sent, in milliseconds since 1970."""
    return int(message.get("Attributes", {})["SentTimestamp"])


def was_received_before(message: "MessageTypeDef") -> bool:
    """Return True if an earlier run received the message, and may have reported it."""
    return int(message.get("Attributes", {})["ApproximateReceiveCount"]) > 1


def parse_digest(message: "MessageTypeDef") -> BatchDigest | None:
    """Parse a received digest; log a body that is not one and return None."""
    try:
        return BatchDigest.from_body(message["Body"])
    except UnreadableDigestError as error:
        logger.warning(
            "Unreadable digest", message_id=message["MessageId"], reason=str(error), body=message["Body"][:500]
        )
        return None
