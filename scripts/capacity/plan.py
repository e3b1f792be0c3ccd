"""Calculate the duration of a bulk upload and its AWS usage from measured figures; nothing is looked up."""

import json
from dataclasses import dataclass
from math import ceil, inf, sqrt
from pathlib import Path

from scripts.cli.errors import OperatorError
from scripts.cli.repository import REPOSITORY

RESULTS = REPOSITORY / "docs/benchmarks.json"
BYTES_OUT = 530_000  # three renditions and the PDF of a camera JPEG of 12 MP and 4.2 MB
MB_PER_VCPU = 1769  # AWS Lambda Developer Guide, "Configure Lambda function memory"
S3_WRITES_PER_SECOND = 3500  # Amazon S3 User Guide, "Performance guidelines": for each partitioned prefix
SQS_BATCH = 10  # maximum messages of one receive or delete
LOG_BYTES_PER_PHOTO, LOG_BYTES_PER_BATCH = 700, 1200  # the line of a record; metrics, start, end and report
METRICS = 5  # custom metrics that the function always emits

# AWS Lambda Developer Guide, "Configuring scaling behavior for SQS event source mappings", 2026.
FIRST_BATCHES, MORE_PER_SECOND, MOST_BATCHES = 5, 300 / 60, 1000

CONCURRENCY, STORAGE, UPLOAD = "the function's concurrency", "S3's rate of writes", "the upload"


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Figures measured on one vCPU.

    Attributes:
        cpu_ms: processor time of one photo, S3 requests included.
        waiting_ms: idle time of a whole batch: its first download, its last upload.
        init_ms: the init phase of a new execution environment.
        measured_on: the processor and the day.
    """

    cpu_ms: float
    waiting_ms: float
    init_ms: float
    bytes_out: int = BYTES_OUT
    measured_on: str = ""


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """The settings of serverless.yml, by default those of the stage prod, and the upload.

    Attributes:
        concurrency: maximum number of batches at once.
        renditions: of each photo, counted as JPEGs; the PDF comes on top.
        roll_up_minutes: interval of the summaries, which `recipients` get by e-mail.
        prefixes: partitions of the output bucket.
        upload_per_second: photos that arrive in a second; by default faster than they can be processed.
        photo_mb: size of one source object.
    """

    memory_mb: int = 1769
    disk_mb: int = 1024
    batch_size: int = 10
    concurrency: int = 50
    renditions: int = 3
    roll_up_minutes: int = 5
    recipients: int = 1
    prefixes: int = 1
    upload_per_second: float = inf
    photo_mb: float = 4.2


PROD = Deployment()


@dataclass(frozen=True)
class Ramp:
    """The concurrency of an SQS event source mapping over time: a few batches at first, more each second, a limit."""

    limit: float

    @property
    def most(self) -> float:
        return min(self.limit, MOST_BATCHES)

    @property
    def first(self) -> float:
        return min(FIRST_BATCHES, self.most)

    @property
    def growing_seconds(self) -> float:
        return (self.most - self.first) / MORE_PER_SECOND

    def batch_seconds_in(self, seconds: float) -> float:
        """Return the area under the curve: batches times seconds."""
        growing = min(seconds, self.growing_seconds)
        return self.first * growing + MORE_PER_SECOND * growing**2 / 2 + self.most * (seconds - growing)

    def seconds_for(self, batch_seconds: float) -> float:
        """Return the seconds to work `batch_seconds`: the inverse of `batch_seconds_in`."""
        while_growing = self.batch_seconds_in(self.growing_seconds)
        if batch_seconds >= while_growing:
            return self.growing_seconds + (batch_seconds - while_growing) / self.most
        return (sqrt(self.first**2 + 2 * MORE_PER_SECOND * batch_seconds) - self.first) / MORE_PER_SECOND

    def concurrency_at(self, seconds: float) -> float:
        """Return the number of batches at once after `seconds`."""
        return min(self.most, self.first + MORE_PER_SECOND * seconds)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The duration and the AWS usage of a bulk upload.

    Attributes:
        seconds: from the first photo's arrival to the last output.
        photos_per_second: at full concurrency.
        limited_by: what has to grow for a higher rate.
        environments: execution environments that start.
        lambda_seconds: of all invocations and init phases.
        puts: the uploads included.
        gets: HEADs included.
        digests: the summaries included.
        metric_hours: custom metrics times the hours in which they have data.
    """

    photos: int
    seconds: float
    photos_per_second: float
    limited_by: str
    batch_seconds: float
    environments: int
    invocations: int
    lambda_seconds: float
    puts: int
    gets: int
    sqs_requests: int
    digests: int
    emails: int
    log_bytes: int
    metric_hours: int
    bytes_in: int
    bytes_out: int


def read_figures(results: Path = RESULTS) -> Figures:
    """Read the one-vCPU batch and the cold start from the benchmark's results.

    Raises:
        OperatorError: the file has no such results.
    """
    try:
        parts = json.loads(results.read_text())
        score = next(score for score in parts["batch"]["scores"] if score["vcpus"] == 1)
        cpu_ms, wall_ms = score["cpu_ms"]["median"], score["wall_ms"]["median"]
        init_ms = parts["cold-start"]["start"]["init_wall_ms"]["median"]
        measured_on = f"{parts['batch']['machine']['processor']}, {parts['batch']['measured']}"
    except (OSError, ValueError, KeyError, StopIteration) as error:
        raise OperatorError(
            f"{results.name} has no figures of a batch and a cold start: `npm run bench -- batch cold-start` first"
        ) from error
    waiting_ms = max(0.0, wall_ms - cpu_ms) * score["photos"]
    return Figures(cpu_ms=cpu_ms, waiting_ms=waiting_ms, init_ms=init_ms, measured_on=measured_on)


def make_plan(photos: int, figures: Figures, deployment: Deployment) -> Plan:
    """Calculate duration and usage for at least one photo."""
    invocations = ceil(photos / deployment.batch_size)
    working_ms = min(photos, deployment.batch_size) * figures.cpu_ms / processors(deployment.memory_mb)
    batch_seconds = (figures.waiting_ms + working_ms) / 1000
    outputs = deployment.renditions + 1
    s3_limit = S3_WRITES_PER_SECOND * deployment.prefixes * batch_seconds / (deployment.batch_size * outputs)
    concurrency, limited_by = min((deployment.concurrency, CONCURRENCY), (s3_limit, STORAGE), key=lambda pair: pair[0])
    ramp = Ramp(min(concurrency, max(1, photos / deployment.batch_size)))
    working_seconds = ramp.seconds_for(photos / deployment.batch_size * batch_seconds)
    # At least one batch has to finish, however many run side by side.
    seconds = max(working_seconds, batch_seconds) + figures.init_ms / 1000
    uploading_seconds = photos / deployment.upload_per_second + batch_seconds
    if uploading_seconds > seconds:
        seconds, limited_by = uploading_seconds, UPLOAD
    environments = ceil(ramp.concurrency_at(working_seconds))
    summaries = ceil(seconds / (60 * deployment.roll_up_minutes))
    return Plan(
        photos=photos,
        seconds=seconds,
        photos_per_second=min(ramp.most * deployment.batch_size / batch_seconds, deployment.upload_per_second),
        limited_by=limited_by,
        batch_seconds=batch_seconds,
        environments=environments,
        invocations=invocations,
        lambda_seconds=photos / deployment.batch_size * batch_seconds + environments * figures.init_ms / 1000,
        puts=photos * (1 + outputs),
        gets=photos * 2,
        sqs_requests=photos + 3 * invocations + 2 * ceil(invocations / SQS_BATCH),
        digests=invocations + summaries,
        emails=summaries * deployment.recipients,
        log_bytes=photos * LOG_BYTES_PER_PHOTO + invocations * LOG_BYTES_PER_BATCH,
        metric_hours=METRICS * ceil(seconds / 3600),
        bytes_in=round(photos * deployment.photo_mb * 1_000_000),
        bytes_out=photos * figures.bytes_out,
    )


def processors(memory_mb: int) -> float:
    """Return the processors in use: a fraction of one, or whole ones."""
    vcpus = memory_mb / MB_PER_VCPU
    return vcpus if vcpus < 1 else float(int(vcpus))
