"""Run a job on the local stack: upload, follow, copy the outputs, free what is done.

The local S3 keeps every body in memory. So uploads stay within a window, and a photo's source and outputs are deleted
as soon as the outputs are copied.
"""

import errno
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from processing.digest.batch_digest import BatchDigest
from processing.failures import FailureCode
from processing.outcomes import RecordResult
from scripts.aws.digest_subscription import DigestSubscription
from scripts.aws.local_endpoint import LocalStack
from scripts.aws.parallel import map_in_threads
from scripts.aws.sqs_queue import SqsQueue
from scripts.aws.stage import DeployedSettings, read_function_settings
from scripts.cli.errors import OperatorError
from scripts.cli.failures import NOT_COPIED, Failure
from scripts.cli.files import save
from scripts.photo_job.advice import laptop_advice
from scripts.photo_job.done_photos import DonePhotos
from scripts.photo_job.follower import Follower
from scripts.photo_job.function_errors import FunctionWatch, LocalLog
from scripts.photo_job.job import PhotoJob, UploadWindow
from scripts.photo_job.out_folder import OutsideFolderError, output_path
from scripts.photo_job.photo_folder import Files, LocalFile, error_reason, refuse_too_large
from scripts.photo_job.progress import JobProgress
from scripts.photo_job.uploader import Uploader

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

UPLOAD_THREADS = 4
COPY_THREADS = 4
WINDOW_BYTES = 256 * 1024 * 1024
WINDOW_PHOTOS = 200
_DISK_IS_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(kw_only=True)
class LocalJob:
    """Takes photos through a local stack and copies the outputs to a folder.

    Attributes:
        out: the folder for the outputs.
        patience_seconds: without news for this long, photos in flight become `no-outcome`.
        digests: every digest received so far.
        say: prints lines about the function.
        done_before: the photos that an earlier run has done and that are unchanged.
    """

    stack: LocalStack
    out: Path
    patience_seconds: float
    progress: JobProgress = field(default_factory=lambda: JobProgress(advise=laptop_advice))
    digests: list[BatchDigest] = field(default_factory=list)
    say: Callable[..., None] = lambda *_: None
    done_before: list[RecordResult] = field(default_factory=list)
    window: UploadWindow = field(default_factory=lambda: UploadWindow(WINDOW_BYTES, WINDOW_PHOTOS))

    @cached_property
    def settings(self) -> DeployedSettings:
        """The settings of the deployed function."""
        return read_function_settings(self.stack.client("lambda"), self.stack.outputs.process_function)

    @cached_property
    def done(self) -> DonePhotos:
        """The photos whose outputs are in the output folder."""
        return DonePhotos.read(self.out, self.settings.fingerprint)

    @property
    def results(self) -> list[RecordResult]:
        """List the records of all digests, and the photos that an earlier run has done."""
        return [*self.done_before, *(result for digest in self.digests for result in digest.results)]

    def run(self, files: Files, on_progress: Callable[[], None] = lambda: None) -> None:
        """Run until every photo has an outcome."""
        follower = Follower(
            progress=self.progress,
            receive=self._receive,
            patience_seconds=self.patience_seconds,
            watch=self._watch(),
        )
        uploader = Uploader(self._s3, self.stack.outputs.input_bucket, UPLOAD_THREADS, attempts=1)
        job = PhotoJob(uploader=uploader, progress=self.progress, follower=follower, window=self.window)
        with ThreadPoolExecutor(COPY_THREADS) as copies:

            def on_settled(key: str, result: RecordResult | None) -> None:
                copies.submit(self._bring_outputs, key, result)

            self.progress.on_settled = on_settled
            with job.following():
                job.upload(self._without_done(self._within_limit(files), on_progress), on_progress)
                job.wait(on_progress)
        on_progress()  # only now are all outputs copied

    def _watch(self) -> Callable[[], None]:
        """Return a function that raises OperatorError when the local AWS or the function cannot go on."""
        log = LocalLog(self.stack.log, self.stack.outputs.process_function)
        function = FunctionWatch(log, lambda: bool(self.progress.outcomes), self.say)

        def watch() -> None:
            if self._has_ended:
                raise OperatorError("the local AWS ended by itself", f"Its log is {self.stack.log}")
            function.look()

        return watch

    @property
    def _has_ended(self) -> bool:
        return self.stack.process is not None and self.stack.process.poll() is not None

    def _within_limit(self, files: Files) -> Files:
        return refuse_too_large(files, self.settings.max_bytes, laptop_advice(FailureCode.TOO_MANY_BYTES))

    def _without_done(self, files: Files, on_progress: Callable[[], None]) -> Generator[LocalFile | Failure]:
        """Leave out what an earlier run has done and what has not changed since."""
        done = self.done  # read once, before threads use it

        def find_done(file: LocalFile | Failure) -> LocalFile | Failure | RecordResult:
            with suppress(OSError):  # the upload reports it
                return (done.find(file) or file) if isinstance(file, LocalFile) else file
            return file

        with closing(map_in_threads(find_done, files, UPLOAD_THREADS)) as found:
            for file in found:
                if isinstance(file, RecordResult):
                    self.done_before.append(file)
                    self.progress.note_done_before()
                    on_progress()
                else:
                    yield file

    @property
    def _s3(self) -> "S3Client":
        client: S3Client = self.stack.client("s3")
        return client

    def _receive(self, wait_seconds: int) -> list[BatchDigest]:
        queue = SqsQueue(self.stack.client("sqs"), self.stack.outputs.follow_queue_url)
        digests = DigestSubscription(queue).receive(wait_seconds)
        self.digests += digests
        return digests

    def _bring_outputs(self, key: str, result: RecordResult | None) -> None:
        """Copy a photo's outputs, free the local S3's memory and make room for the next photo."""
        try:
            if result:
                self._copy(key, result)
            if result and not self._has_ended:
                self._free(key, result.outputs)
        finally:
            self.window.leave(key)

    def _copy(self, key: str, result: RecordResult) -> None:
        try:
            if self._has_ended and result.outputs:
                raise ConnectionError("the local AWS ended")
            for output in result.outputs:
                target = output_path(self.out, output)
                save(self._s3.get_object(Bucket=self.stack.outputs.output_bucket, Key=output)["Body"], target)
        except (OSError, ValueError, OutsideFolderError, ClientError, BotoCoreError) as error:
            self.progress.note_not_copied(result, Failure(key, NOT_COPIED, self._how_to_copy(error)))
            return
        with suppress(OSError):  # the next run then processes it again
            self.done.note(result)

    def _free(self, key: str, outputs: Sequence[str]) -> None:
        with suppress(ClientError, BotoCoreError):  # what stays costs memory only
            self._s3.delete_object(Bucket=self.stack.outputs.input_bucket, Key=key)
            for output in outputs:
                self._s3.delete_object(Bucket=self.stack.outputs.output_bucket, Key=output)

    def _how_to_copy(self, error: Exception) -> str:
        """Say why outputs were not copied, and what to do."""
        again = "then run the same command again."
        if isinstance(error, OSError) and error.errno in _DISK_IS_FULL:
            return f"{self.out} is full. Free space or choose another --out, {again}"
        if isinstance(error, OutsideFolderError):
            return f"Not written: {error}. Rename the photo or choose another --out, {again}"
        return f"Could not be copied to {self.out}: {error_reason(error)}. Fix that, {again}"
