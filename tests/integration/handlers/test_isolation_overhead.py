"""The cost of rendering photos in another process."""

import os
from collections.abc import Callable
from pathlib import Path

from handlers.worker_pool import WorkerPool
from handlers.worker_process import Worker
from processing.images.pipeline import render_photo
from processing.renditions import parse_renditions
from processing.settings import Limits, RenderSettings
from processing.worker.protocol import WorkerSettings
from tests.support.function_settings import function_settings
from tests.support.photos import jpeg
from tests.support.rendering import output_files, render_in_worker

SETTINGS = RenderSettings(parse_renditions("large:1200:80,medium:600:80,small:300:80"), Limits(10**9, 10**9, 1))
MOST = 1.05
PHOTOS = 20
ROUNDS = 4


def cpu_seconds(process_id: int) -> float:
    """User and system time of a process and all its threads so far (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_isolation_costs_at_most_five_percent_of_cpu_on_a_photo_of_twelve_megapixels(tmp_path: Path) -> None:
    photo = jpeg((4000, 3000), quality=88)
    workers: list[Worker] = []

    def start(settings: WorkerSettings) -> Worker:
        workers.append(Worker(settings))
        return workers[-1]

    pool = WorkerPool(function_settings(render=SETTINGS, photo_timeout_seconds=60), start)

    def isolated() -> None:
        render_in_worker(pool, photo, settings=SETTINGS)

    def in_process() -> None:
        with output_files(tmp_path, SETTINGS) as outputs:
            render_photo(photo, outputs, SETTINGS)

    def spent() -> float:
        return cpu_seconds(os.getpid()) + cpu_seconds(workers[0].process_id)

    ratios: list[float] = []
    try:
        isolated()
        in_process()
        # On a busy machine rounds differ: one below the limit is enough.
        while len(ratios) < ROUNDS and not (ratios and ratios[-1] <= MOST):
            ratios.append(ratio(isolated, in_process, spent))
    finally:
        pool.stop()
    assert ratios[-1] <= MOST, ratios


def ratio(one: Callable[[], None], other: Callable[[], None], spent: Callable[[], float]) -> float:
    """Return the CPU time of one divided by that of the other, taking turns."""
    costs = {one: 0.0, other: 0.0}
    for _ in range(PHOTOS):
        for work in costs:
            before = spent()
            work()
            costs[work] += spent() - before
    return costs[one] / costs[other]
