from scripts.cli.command_line import EXIT_OK, EXIT_SOME_FAILED, EXIT_STOPPED
from scripts.cli.failures import NO_OUTCOME, Failure
from scripts.photo_job.photo_folder import not_uploaded
from scripts.photo_job.progress import JobProgress
from scripts.upload.__main__ import exit_code


def test_the_exit_code_tells_failures_from_what_never_had_an_outcome() -> None:
    assert exit_code(JobProgress(uploaded=1)) == EXIT_OK
    failed = JobProgress()
    failed.note_not_uploaded(not_uploaded("a", "why"))
    assert exit_code(failed) == EXIT_SOME_FAILED
    lost = JobProgress()
    lost.follow("a", "e1")
    lost.settle("a", NO_OUTCOME, Failure("a", NO_OUTCOME, "why"))
    assert exit_code(lost) == EXIT_STOPPED
