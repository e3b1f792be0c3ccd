"""The roll-up with a distant SQS and SNS, whose process can be killed at any request."""

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from handlers.digest_queue import DigestQueue
from handlers.roll_up import RollUp
from handlers.settings import RollUpSettings
from processing.digest.message import summarise
from processing.outcomes import Outcome, RecordResult, SourceObject
from scripts.bench.sqs_model import ModelQueue
from tests.support.distant_sqs import DistantSqs
from tests.support.interleaving import ProcessKilledError

ROLL_UP_QUEUE = "https://sqs/roll-up"
TIMEOUT_SECONDS = 240.0


class DistantRollUp(DistantSqs):
    """SQS, SNS and the roll-up; requests of both services take `latency_seconds`.

    Attributes:
        summaries: the JSON of each published summary.
        requests_left: the process is killed at the request after so many; None for never.
        killed_late: the last request takes effect, and only its answer is lost.
        arriving: digests that arrive with each receive.
        refused: deletes to refuse.
        receives_left: SQS refuses receives after so many; None for never.
    """

    def __init__(self, latency_seconds: float = 0.1, seed: int = 1) -> None:
        super().__init__(latency_seconds, seed=seed)
        self.queues = {ROLL_UP_QUEUE: ModelQueue()}
        self.summaries: list[dict[str, Any]] = []
        self.requests_left: int | None = None
        self.killed_late = False
        self.receives_left: int | None = None
        self.arriving = self.refused = 0
        self._sent = 0

    def put_digests(self, count: int) -> None:
        """Send digests of one photo each."""
        for _ in range(count):
            name = f"photo-{self._sent:06}"
            source = SourceObject(bucket="photos", key=f"{name}.jpg", etag=name)
            result = RecordResult(message_id=name, source=source, outcome=Outcome.PROCESSED, bytes_in=1000)
            body = json.loads(summarise("prod", f"request-{self._sent}", (result,)).message)["sqs"]
            system = {"SentTimestamp": str(int(self.now * 1000))}
            self.queues[ROLL_UP_QUEUE].put({"MessageId": name, "Body": body, "Attributes": system})
            self._sent += 1

    def run(self, seconds: float = TIMEOUT_SECONDS, **limits: int) -> dict[str, int]:
        """Run the roll-up in a new process."""
        self.sleep(1)
        end = self.now + seconds
        settings = RollUpSettings(stage="prod", queue_url=ROLL_UP_QUEUE, topic_arn="arn:aws:sns:::summaries")
        digests = DigestQueue(self, ROLL_UP_QUEUE, clock=self.monotonic)  # type: ignore[arg-type]
        roll_up = RollUp(digests=digests, sns=self, settings=settings, **limits)  # type: ignore[arg-type]
        return roll_up.run(lambda: (end - self.now) * 1000)

    def publish(self, *, Message: str, **_: Any) -> None:  # noqa: N803 (boto3's names)
        def keep() -> dict[str, Any]:
            self.summaries.append(json.loads(json.loads(Message)["sqs"]))
            return {}

        self._request("Publish", keep)

    def receive_message(self, **arguments: Any) -> dict[str, Any]:
        self.put_digests(self.arriving)
        if self.receives_left is not None:
            self.receives_left -= 1
            if self.receives_left < 0:
                raise ClientError({"Error": {"Code": "InternalError", "Message": "injected"}}, "ReceiveMessage")
        return super().receive_message(**arguments)

    def delete_message_batch(self, **arguments: Any) -> dict[str, Any]:
        if self.refused:
            self.refused -= 1
            failed = {"Id": arguments["Entries"][0]["Id"], "Code": "InternalError", "SenderFault": False}
            rest = super().delete_message_batch(**arguments | {"Entries": arguments["Entries"][1:]})
            return {**rest, "Failed": [failed]}
        return super().delete_message_batch(**arguments)

    def reported(self) -> dict[str, int]:
        """Return how many summaries name each photo."""
        names = [record["key"].partition(".")[0] for summary in self.summaries for record in summary["records"]]
        return {name: names.count(name) for name in names}

    def _request(self, name: str, act: Callable[[], dict[str, Any]], more_seconds: float = 0) -> dict[str, Any]:
        if self.requests_left is None:
            return super()._request(name, act, more_seconds)
        self.requests_left -= 1
        if self.requests_left == 0 and self.killed_late:
            super()._request(name, act, more_seconds)
        if self.requests_left <= 0:
            raise ProcessKilledError
        return super()._request(name, act, more_seconds)
