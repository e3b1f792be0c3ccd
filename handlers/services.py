"""Puts the function together from its settings: clients, workers and budgets, made at most once per container."""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from botocore.config import Config

from handlers.admission import Line, Pace
from handlers.batch import Batch
from handlers.byte_budget import Budget
from handlers.claims import Claims
from handlers.clients import make_client, once
from handlers.message_handler import MessageHandler
from handlers.object_store import Storage
from handlers.process_source import Delivery
from handlers.reporting import Announcer
from handlers.settings import Settings
from handlers.source_queue import Queue
from handlers.sqs_message import Message
from handlers.temporary_folder import clear_scratch
from handlers.time_budget import Deadline
from handlers.worker_pool import WorkerPool

UPLOAD_THREADS = 8
# Kept free at the end of an invocation: half a second in which requests land, 3 s to settle what did not end in time,
# 5 s to send the digest when SNS hangs.
RESERVED_SECONDS = 9.0
# Sources lie on the temporary disk while in work; the rest of it is for their outputs.
DISK_SHARE = 0.75

# S3 answers in tens of milliseconds: what takes this long is broken, and the message's own retry is the better one.
STORAGE_CONFIG = Config(
    connect_timeout=3,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=32,
    # TLS and the eTag condition already guard the transfer; a checksum of our own costs a quarter of a PUT's CPU.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
# Requests of some kilobytes. Two attempts that hang must fit into what is kept free at the end.
MESSAGING_CONFIG = Config(
    connect_timeout=2, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2}, max_pool_connections=32
)


@dataclass(frozen=True, kw_only=True)
class House:
    """Everything that outlives one invocation."""

    settings: Settings
    workers: WorkerPool
    delivery: Delivery
    queue: Queue
    announcer: Announcer
    pace: Pace

    @classmethod
    def build(cls, environment: Mapping[str, str]) -> "House":
        """Reads the settings and makes what they ask for.

        Raises:
            SettingsError: naming every mistake.
        """
        settings = Settings.from_environment(environment)
        clear_scratch()
        pace = Pace()
        workers = WorkerPool(
            settings.memory_mb, settings.photo_timeout_seconds, pace
        )  # they start while clients are made
        return cls(
            settings=settings,
            workers=workers,
            delivery=_make_delivery(settings, workers),
            queue=_make_queue(settings),
            announcer=Announcer(
                sns=make_client("sns", MESSAGING_CONFIG),
                topic_arn=settings.digest_topic_arn,
                stage=settings.stage,
            ),
            pace=pace,
        )

    def open_batch(self, messages: Sequence[Message], *, seconds_left: float, request_id: str) -> Batch:
        """Starts work on the messages of one invocation.

        Args:
            messages: what the event source mapping handed over.
            seconds_left: until Lambda ends the invocation.
            request_id: Lambda's.
        """
        deadline = Deadline.after(seconds_left - RESERVED_SECONDS)
        handler = MessageHandler(
            delivery=self.delivery,
            queue=self.queue,
            max_receive_count=self.settings.max_receive_count,
            request_id=request_id,
            deadline=deadline,
            line=Line(self.pace, self.workers.size, deadline),
            claims=Claims(),
        )
        return Batch(messages, handler, self.queue, seconds_left)


def _make_delivery(settings: Settings, workers: WorkerPool) -> Delivery:
    return Delivery(
        storage=Storage(make_client("s3", STORAGE_CONFIG), settings.output_bucket),
        workers=workers,
        disk=Budget(int(shutil.disk_usage(tempfile.gettempdir()).free * DISK_SHARE), "disk space"),
        uploads=ThreadPoolExecutor(UPLOAD_THREADS, thread_name_prefix="upload"),
        settings=settings.render,
    )


def _make_queue(settings: Settings) -> Queue:
    return Queue(
        connect=once(partial(make_client, "sqs", MESSAGING_CONFIG)),
        queue_url=settings.queue_url,
        dead_letter_queue_url=settings.dead_letter_queue_url,
        retry_base_seconds=settings.retry_base_seconds,
        retry_max_seconds=settings.retry_max_seconds,
    )
