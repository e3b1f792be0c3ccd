"""Several writers of one key, in every order of their requests: the newest outputs win, the marker comes last."""

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.byte_budget import ByteBudget
from handlers.object_store import ObjectStore
from handlers.process_source import SourceProcessor
from handlers.time_budget import Deadline, Stopwatch
from handlers.worker_pool import WorkerPool
from processing.commit_marker import Commit, Marker
from processing.outcomes import SourceObject
from processing.output_keys import output_keys
from processing.renditions import Rendition
from processing.settings import Limits, RenderSettings
from tests.support.fake_s3 import FakeS3, Stored
from tests.support.fake_workers import CopyingWorkers, copied
from tests.support.interleaving import ProcessKilledError, Scheduler, Task, Tasks

LIMITS = Limits(max_bytes=1000, max_pixels=1000, max_pages=1)
ONE_OUTPUT = RenderSettings((), LIMITS)  # the document alone
ONE_RENDITION = RenderSettings((Rendition("large", 1200, 80),), LIMITS)
TWO_RENDITIONS = RenderSettings((Rendition("large", 1200, 80), Rendition("small", 300, 80)), LIMITS)
THREE_RENDITIONS = RenderSettings(tuple(Rendition(name, 10, 80) for name in ("large", "medium", "small")), LIMITS)
KEY = "a.jpg"
UPLOADER, AGAIN = "uploader", ", again"
Choose = Callable[[Sequence[Task]], Task]


@dataclass
class World:
    """A source that is overwritten while functions work on it.

    Attributes:
        choose: picks the task that takes the next step.
        settings: renditions and limits.
        versions: uploaded under the key, one after the other; bytes may repeat.
        settled: number of versions that were uploaded and processed before the race.
        deliveries: how often each event of the race is delivered.
        reconciled: numbers of versions that `reconcile` lists in the race; its messages have no sequencer.
        dies: called before each request of a first attempt; True kills its function there.
        outcomes: number of the version and outcome, for each delivery.
    """

    choose: Choose
    settings: RenderSettings
    versions: Sequence[bytes]
    settled: int = 0
    deliveries: int = 1
    reconciled: Collection[int] = ()
    dies: Callable[[], bool] = lambda: False
    outcomes: list[tuple[int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.scheduler = Scheduler(self._choose)
        self.s3 = FakeS3()
        self._uploaded = 0
        self._seen: dict[str, Sequence[str]] = {}
        self._broken: list[str] = []
        # By process and key: its tasks work on different keys, so their order among each other makes no difference.
        self._history: defaultdict[tuple[str, str], tuple[Hashable, ...]] = defaultdict(tuple)

    def state(self) -> Hashable:
        """Return all that later steps depend on: the objects in S3 and what each function has seen."""
        return frozenset(self.s3.objects.items()), frozenset(self._history.items())

    def run(self) -> None:
        """Run until all writers have ended, and check that the newest version won."""
        for number in range(self.settled):
            self._upload(number)
            self._processor(ThreadPoolExecutor(1)).process(self._source(number), Deadline.after(60), Stopwatch())
        self.s3.before, self.s3.after = self._before, self._after
        self.scheduler.spawn(UPLOADER, self._upload_the_rest)
        self.scheduler.run()
        self._assert_newest_won()

    def _upload_the_rest(self) -> None:
        for number in range(self.settled):
            self._reconcile(number)
        for number in range(self.settled, len(self.versions)):
            self._upload(number)
            for copy in range(self.deliveries):
                self._spawn_writer(number, f"version {number}, copy {copy}", self._source(number))
            self._reconcile(number)

    def _reconcile(self, number: int) -> None:
        if number in self.reconciled:
            self._spawn_writer(number, f"version {number}, reconciled", replace(self._source(number), sequencer=""))

    def _upload(self, number: int) -> None:
        self.s3.put_object(Bucket="photos", Key=KEY, Body=self.versions[number])
        self._uploaded = number + 1

    def _spawn_writer(self, number: int, process: str, source: SourceObject) -> None:
        self.scheduler.spawn(process, lambda: self._write(number, process, source))

    def _write(self, number: int, process: str, source: SourceObject) -> None:
        """Process the event; when the process is killed, SQS delivers it again."""
        try:
            uploads = Tasks(self.scheduler, process)
            result = self._processor(uploads).process(source, Deadline.after(60), Stopwatch())
        except ProcessKilledError:
            self._spawn_writer(number, f"{process}{AGAIN}", source)
        except Exception as error:  # noqa: BLE001 (checked at the end)
            self._broken.append(f"{process}: {error!r}")
        else:
            self.outcomes.append((number, result.outcome))

    def _processor(self, uploads: Executor) -> SourceProcessor:
        return SourceProcessor(
            objects=ObjectStore(cast(Any, self.s3), "renditions"),
            workers=cast(WorkerPool, CopyingWorkers()),
            disk=ByteBudget(1_000_000, "disk space"),
            uploads=uploads,
            settings=self.settings,
        )

    def _source(self, number: int) -> SourceObject:
        body = self.versions[number]
        etag = Stored(body).etag.strip('"')
        return SourceObject(bucket="photos", key=KEY, size_bytes=len(body), etag=etag, sequencer=f"{number + 1:02X}")

    def _choose(self, tasks: Sequence[Task]) -> Task:
        task = self.choose(tasks)
        if task.process != UPLOADER and AGAIN not in task.process and self.dies():
            self.scheduler.kill(task.process)
        return task

    def _before(self, operation: str, key: str) -> None:
        self.scheduler.pause()
        bucket = "photos" if key == KEY else "renditions"
        self._history[self.scheduler.process, key] += ((operation, self.s3.objects.get((bucket, key))),)

    def _after(self, operation: str, key: str) -> None:
        """Check after every PUT that no output got older and that a marker comes after its set."""
        if operation != "PutObject" or key == KEY:
            return
        stored = {key: self._uploads_of(key) for key in self.s3.keys("renditions")}
        if any(stored[name][-1] < before[0] for name, before in self._seen.items()):
            self._broken.append(f"an output got older: {self._seen} -> {stored}")
        self._seen = stored
        *renditions, document = self._outputs
        if document in stored and any(stored.get(name, ("",))[-1] < stored[document][0] for name in renditions):
            self._broken.append(f"the marker was there before its set: {stored}")

    def _uploads_of(self, key: str) -> Sequence[str]:
        """Return an output's sequencer; without one, those of all uploads of its source's bytes."""
        marker = Marker.from_metadata(self._stored(key).metadata)
        uploads = [self._source(number) for number in range(self._uploaded)]
        return [marker.sequencer] if marker.sequencer else [u.sequencer for u in uploads if u.etag == marker.etag]

    @property
    def _outputs(self) -> tuple[str, ...]:
        return output_keys(KEY, self.settings.renditions)

    def _stored(self, key: str) -> Stored:
        return self.s3.objects[("renditions", key)]

    def _assert_newest_won(self) -> None:
        assert not self._broken
        newest = len(self.versions) - 1
        marker = Marker.of(self._source(newest), self.settings.fingerprint)
        assert self.s3.keys("renditions") == set(self._outputs)
        for key in self._outputs:
            assert Marker.from_metadata(self._stored(key).metadata) == marker
            marks = [Commit(marker, replaces).mark for replaces in (False, True)]
            assert self._stored(key).body in [copied(key, self.versions[newest], mark) for mark in marks]


class EveryOrder:
    """Chooses every interleaving, one in each run.

    From a state of S3 and of all functions that was reached before, only one continuation is tried.
    """

    def __init__(self) -> None:
        self._path: list[tuple[int, int]] = []  # what was chosen at each step, of how many
        self._step = 0
        self._known: set[Hashable] = set()
        self.state: Callable[[], Hashable] = lambda: None

    def __iter__(self) -> Iterator[Choose]:
        while True:
            self._step = 0
            yield self._choose
            while self._path and self._path[-1][0] == self._path[-1][1] - 1:
                self._path.pop()
            if not self._path:
                return
            chosen, among = self._path[-1]
            self._path[-1] = (chosen + 1, among)

    def _choose(self, tasks: Sequence[Task]) -> Task:
        if self._step == len(self._path):
            state = self.state()
            self._path.append((0, 1 if state in self._known else len(tasks)))
            self._known.add(state)
        chosen, _ = self._path[self._step]
        self._step += 1
        return tasks[chosen]


def run_in_every_order(*args: Any, **kwargs: Any) -> list[World]:
    worlds, orders = [], EveryOrder()
    for choose in orders:
        worlds.append(World(choose, *args, **kwargs))
        orders.state = worlds[-1].state
        worlds[-1].run()
    return worlds


def test_of_two_versions_the_newer_wins_in_every_order_of_requests() -> None:
    worlds = run_in_every_order(TWO_RENDITIONS, [b"old", b"new"])
    assert {len(world.outcomes) for world in worlds} == {2}
    assert {outcome for world in worlds for number, outcome in world.outcomes if number == 1} == {"processed"}
    # All ways to lose were tried: before the GET, between the outputs, after the last.
    assert {outcome for world in worlds for number, outcome in world.outcomes if number == 0} == {
        "processed",
        "superseded",
    }


def test_of_two_versions_after_an_older_one_the_newer_wins_in_every_order_of_requests() -> None:
    run_in_every_order(ONE_RENDITION, [b"oldest", b"old", b"new"], settled=1)


def test_a_photo_that_is_edited_and_put_back_wins_in_every_order_of_requests() -> None:
    run_in_every_order(ONE_RENDITION, [b"photo", b"edited", b"photo"], settled=1)


def test_a_photo_that_comes_back_after_two_others_is_told_from_its_own_first_version() -> None:
    run_in_every_order(ONE_OUTPUT, [b"x", b"photo", b"edited", b"photo"], settled=2)


def test_a_new_photo_that_is_edited_and_put_back_at_once_wins_in_every_order_of_requests() -> None:
    run_in_every_order(ONE_OUTPUT, [b"photo", b"edited", b"photo"])


def test_the_same_event_twice_at_once_gives_one_set_of_outputs_in_every_order_of_requests() -> None:
    worlds = run_in_every_order(TWO_RENDITIONS, [b"photo"], deliveries=2)
    assert {outcome for world in worlds for _, outcome in world.outcomes} == {"processed", "duplicate"}


def test_a_message_without_a_sequencer_never_replaces_newer_outputs_in_any_order_of_requests() -> None:
    worlds = run_in_every_order(ONE_OUTPUT, [b"old", b"new"], settled=1, reconciled=[0, 1])
    assert any((0, "superseded") in world.outcomes for world in worlds)
    run_in_every_order(ONE_OUTPUT, [b"old", b"new"], reconciled=[0])


def test_a_photo_that_is_put_back_beside_a_message_without_a_sequencer_wins_in_every_order_of_requests() -> None:
    run_in_every_order(ONE_OUTPUT, [b"photo", b"edited", b"photo"], settled=1, reconciled=[0])


@settings(max_examples=150)
@given(st.data(), st.lists(st.sampled_from([b"photo", b"edited", b"edited again"]), min_size=1, max_size=3))
def test_whoever_writes_dies_and_comes_again_the_newest_version_wins(
    data: st.DataObject, versions: list[bytes]
) -> None:
    def choose(tasks: Sequence[Task]) -> Task:
        return tasks[data.draw(st.integers(0, len(tasks) - 1))] if len(tasks) > 1 else tasks[0]

    world = World(
        choose,
        THREE_RENDITIONS,
        versions,
        settled=data.draw(st.integers(0, len(versions) - 1)),
        deliveries=data.draw(st.integers(1, 2)),
        reconciled=data.draw(st.sets(st.integers(0, len(versions) - 1))),
        dies=lambda: data.draw(st.integers(0, 9)) == 9,
    )
    world.run()
