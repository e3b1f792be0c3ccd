"""The closing report of a job."""

from datetime import timedelta

from processing.wording import count_of, human_bytes
from scripts.cli.failures import MAX_EXAMPLES, failure_table
from scripts.cli.output import Report, Table
from scripts.cli.units import human_duration
from scripts.photo_job.progress import JobProgress


def job_report(progress: JobProgress, bucket: str, *, not_done: int = 0, max_examples: int = MAX_EXAMPLES) -> Report:
    """Report uploads, outcomes and failures.

    Args:
        progress: of the job.
        bucket: the input bucket's name.
        not_done: photos without an outcome that nothing else counts.
        max_examples: keys to name for each failure code.
    """
    rate = f"{human_bytes(round(progress.bytes_in / max(progress.upload_seconds, 0.001)))}/s"
    took = f"in {human_duration(timedelta(seconds=progress.upload_seconds))} ({rate})"
    files = f"{count_of(progress.uploaded, 'file')} ({human_bytes(progress.bytes_in)})"
    report: list[str | Table] = [f"Uploaded {files} to {bucket} {took}."]
    if progress.unchanged:
        report.append(f"{progress.unchanged:,} unchanged: left out.")
    outcomes = sorted(progress.outcomes.items(), key=lambda item: (-item[1], item[0]))
    if not_done:
        outcomes.append(("not done", not_done))
    if outcomes:
        report += ["", Table(("outcome", "photos"), outcomes)]
    if progress.failed:
        report += ["", f"{count_of(progress.failed, 'failure')}:", failure_table(progress.failures, max_examples)]
    if progress.failed > len(progress.failures):
        report.append(f"Only the first {len(progress.failures):,} were kept for this table.")
    return report
