"""Builds the function from its environment, once per container, and handles its events."""

import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.admission import AdmissionQueue
from handlers.batch import Batch
from handlers.byte_budget import ByteBudget
from handlers.clients import MESSAGING_CONFIG, S3_CONFIG, ClientFactory, once
from handlers.message_handler import MessageHandler
from handlers.object_store import ObjectStore
from handlers.process_source import SourceProcessor
from handlers.reporting import Reporter
from handlers.settings import Settings
from handlers.settled_messages import SettledMessages
from handlers.source_queue import SourceQueue
from handlers.sqs_message import Message, read_messages
from handlers.time_budget import TimeBudget
from handlers.worker_pool import WorkerPool

UPLOAD_THREADS = 8
# Sources are in ephemeral storage while they are processed; the rest of it is for outputs.
DISK_SHARE = 0.75

PartialBatchResponse = dict[str, list[dict[str, str]]]


@dataclass(frozen=True, kw_only=True)
class Services:
    """State shared by all invocations of an execution environment."""

    input_bucket: str
    workers: WorkerPool
    processor: SourceProcessor
    queue: SourceQueue
    reporter: Reporter
    time_budget: TimeBudget = field(default_factory=TimeBudget)
    is_protected: bool = False  # whether workers are kept out of this process's memory

    @classmethod
    def build(
        cls,
        environment: Mapping[str, str],
        make_client: ClientFactory,
        make_workers: Callable[[Settings], WorkerPool] = WorkerPool,
        *,
        is_protected: bool = False,
    ) -> "Services":
        """Build the services from the environment; raise SettingsError naming every mistake."""
        settings = Settings.from_environment(environment)
        workers = make_workers(settings)  # before the clients, so that workers start meanwhile
        return cls(
            input_bucket=settings.input_bucket,
            is_protected=is_protected,
            workers=workers,
            processor=SourceProcessor(
                objects=ObjectStore(make_client("s3", S3_CONFIG), settings.output_bucket),
                workers=workers,
                disk=ByteBudget(_disk_bytes(workers.size * settings.render.limits.max_bytes), "disk space"),
                uploads=ThreadPoolExecutor(UPLOAD_THREADS, thread_name_prefix="upload"),
                settings=settings.render,
            ),
            queue=SourceQueue(once(partial(make_client, "sqs", MESSAGING_CONFIG)), settings),
            reporter=Reporter(
                sns=make_client("sns", MESSAGING_CONFIG),
                settings=settings,
                metrics=Metrics(
                    namespace=environment.get("POWERTOOLS_METRICS_NAMESPACE"),
                    service=environment.get("POWERTOOLS_SERVICE_NAME"),
                ),
            ),
        )

    def handle(self, event: Mapping[str, Any], context: LambdaContext) -> PartialBatchResponse:
        """Handle one batch of SQS messages.

        Args:
            event: `{"Records": [...]}` as the event source mapping sends it.
            context: Lambda's.

        Returns:
            The partial batch response: `{"batchItemFailures": [{"itemIdentifier": message id}, ...]}`.

        Raises:
            NotAnSqsEventError: the event has another shape.
        """
        messages = read_messages(event, self.input_bucket)
        batch = self._start(messages, context.get_remaining_time_in_millis() / 1000, context.aws_request_id)
        results = [batch.result(message) for message in messages]
        batch.close()
        self.workers.end_batch()
        if layers := self.workers.take_sandbox_report():
            self.reporter.report_sandbox(layers | {"function": self.is_protected})
        self.reporter.report([record for result in results for record in result.results], context.aws_request_id)
        failed = [message for message, result in zip(messages, results, strict=True) if not result.is_done]
        return {"batchItemFailures": [{"itemIdentifier": message.message_id} for message in failed]}

    def _start(self, messages: list[Message], seconds_left: float, request_id: str) -> Batch:
        now = time.time()
        crashers = [message for message in messages if message.may_have_crashed(now=now, timeout_seconds=seconds_left)]
        others = [message for message in messages if message not in crashers]
        deadline = self.time_budget.deadline(seconds_left)
        admission = AdmissionQueue(self.workers.estimate, self.workers.size, deadline)
        handler = MessageHandler(processor=self.processor, deadline=deadline, admission=admission)
        settled = SettledMessages(messages, self.queue, request_id, acknowledge_at_once=bool(crashers))
        return Batch(crashers, others, handler, settled, self.time_budget)


def _disk_bytes(copies_bytes: int) -> int:
    """Return the bytes of ephemeral storage for sources, besides the copies in the workers' files."""
    share = int(shutil.disk_usage(tempfile.gettempdir()).free * DISK_SHARE)
    return max(share - copies_bytes, share // 4)
