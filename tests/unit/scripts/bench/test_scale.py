"""The order of the jobs on the local stack."""

from scripts.bench.scale import schedule


def test_small_jobs_come_before_and_after_the_largest_and_all_weigh_alike() -> None:
    jobs = schedule([100, 500, 1000, 5000])
    assert jobs == [100] * 5 + [500] + [5000, 1000, 500] + [100] * 5


def test_a_quick_look_does_every_job_once() -> None:
    assert sorted(schedule([10, 20])) == [10, 20]
