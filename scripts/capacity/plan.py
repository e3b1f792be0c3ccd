"""How long a bulk upload takes and what it asks of AWS: arithmetic on measured figures, nothing is looked up."""

from dataclasses import dataclass
from math import ceil, inf

from scripts.capacity.ramp import Ramp

MB_PER_VCPU = 1769  # AWS Lambda Developer Guide, "Configure Lambda function memory"
FREE_DISK_MB = 512  # AWS Lambda pricing: temporary disk that costs nothing
S3_WRITES_PER_SECOND = 3500  # Amazon S3 User Guide, "Performance guidelines": for each prefix that S3 has partitioned
SQS_BATCH = 10  # most messages of one receive or delete
LOG_BYTES_PER_PHOTO, LOG_BYTES_PER_BATCH = 700, 1200  # the line of a record; metrics, start, end and report

CONCURRENCY, STORAGE, UPLOAD = "the function's concurrency", "S3's rate of writes", "the upload"


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What was measured, on one vCPU.

    Attributes:
        cpu_ms: processor time of one photo, S3 requests included.
        waiting_ms: of a whole batch, while nothing could be done: its first download, its last upload.
        init_ms: the init phase of a new execution environment.
        bytes_out: of the outputs of one photo.
    """

    cpu_ms: float
    waiting_ms: float
    init_ms: float
    bytes_out: int


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """What serverless.yml sets, and what an upload brings.

    Attributes:
        memory_mb: of the function.
        disk_mb: its temporary disk.
        batch_size: photos in one invocation.
        concurrency: batches at once, at most.
        renditions: how many are made; the PDF comes on top.
        roll_up_minutes: between two summaries.
        recipients: e-mail addresses that get them.
        prefixes: that S3 has partitioned the output bucket into.
        upload_per_second: photos that arrive in a second.
    """

    memory_mb: int
    disk_mb: int
    batch_size: int
    concurrency: int
    renditions: int
    roll_up_minutes: int
    recipients: int
    prefixes: int
    upload_per_second: float


# serverless.yml, stage prod; photos arrive faster than they can be processed.
PROD = Deployment(
    memory_mb=1769,
    disk_mb=1024,
    batch_size=10,
    concurrency=50,
    renditions=3,
    roll_up_minutes=5,
    recipients=1,
    prefixes=1,
    upload_per_second=inf,
)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a bulk upload comes to.

    Attributes:
        photos: how many.
        seconds: from the first photo's arrival until the last output.
        photos_per_second: once concurrency has grown.
        limited_by: what would have to grow for it to go faster.
        batch_seconds: one invocation.
        environments: execution environments that are started.
        invocations: of the function.
        lambda_seconds: of all invocations, and of all init phases.
        puts: to S3, the uploads themselves included.
        gets: of S3, HEADs included.
        sqs_requests: messages sent, received, deleted.
        digests: published to SNS, with the summaries.
        emails: delivered.
        log_bytes: taken in by CloudWatch.
        bytes_out: stored.
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
    bytes_out: int


def make_plan(photos: int, figures: Figures, deployment: Deployment) -> Plan:
    """Works it out.

    Args:
        photos: at least one.
        figures: measured.
        deployment: as set.
    """
    invocations = ceil(photos / deployment.batch_size)
    batch_seconds = time_of_batch(min(photos, deployment.batch_size), figures, deployment.memory_mb)
    concurrency, limited_by = useful_concurrency(batch_seconds, deployment)
    ramp = Ramp.up_to(min(concurrency, max(1, photos / deployment.batch_size)))
    working_seconds = ramp.seconds_for(photos / deployment.batch_size * batch_seconds)
    # Nothing is ready before one batch is, however many run side by side.
    seconds = max(working_seconds, batch_seconds) + figures.init_ms / 1000
    uploading_seconds = photos / deployment.upload_per_second + batch_seconds
    if uploading_seconds > seconds:
        seconds, limited_by = uploading_seconds, UPLOAD
    environments = ceil(ramp.concurrency_at(working_seconds))
    summaries = ceil(seconds / (60 * deployment.roll_up_minutes))
    outputs = deployment.renditions + 1
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
        sqs_requests=photos + 2 * invocations + invocations + 2 * ceil(invocations / SQS_BATCH),
        digests=invocations + summaries,
        emails=summaries * deployment.recipients,
        log_bytes=photos * LOG_BYTES_PER_PHOTO + invocations * LOG_BYTES_PER_BATCH,
        bytes_out=photos * figures.bytes_out,
    )


def time_of_batch(photos: int, figures: Figures, memory_mb: int) -> float:
    """Seconds of one invocation: its waiting, and the work of so many photos on the processors that memory brings."""
    return (figures.waiting_ms + photos * figures.cpu_ms / processors(memory_mb)) / 1000


def processors(memory_mb: int) -> float:
    """Processors at work: below one a part of one, above it one worker for each whole one."""
    vcpus = memory_mb / MB_PER_VCPU
    return vcpus if vcpus < 1 else float(int(vcpus))


def useful_concurrency(batch_seconds: float, deployment: Deployment) -> tuple[float, str]:
    """Batches at once until something else is full, and what that is."""
    writes_per_batch = deployment.batch_size * (deployment.renditions + 1)
    most = S3_WRITES_PER_SECOND * deployment.prefixes * batch_seconds / writes_per_batch
    if most < deployment.concurrency:
        return most, STORAGE
    return deployment.concurrency, CONCURRENCY
