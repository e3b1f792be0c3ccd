from threading import Barrier

from processing.commit_marker import Marker
from scripts.aws.bucket_listing import Listed
from scripts.reconcile.states import Expected, State, StateCounts, compare

EXPECTED = Expected(
    names=["document.pdf", "large.jpg", "medium.jpg", "small.jpg"], fingerprint="f1", judged_before=1000.0
)


def test_markers_are_read_for_committed_sets_only_and_side_by_side() -> None:
    asked: list[str] = []

    def read(source_key: str) -> Marker:
        asked.append(source_key)
        return Marker("e1", "", "f1")

    some_sources = [Listed(k, "e1", 1, 1.0) for k in ("a", "b", "c")]
    some_outputs = [Listed("a/document.pdf", "x", 1, 2.0), Listed("b/large.jpg", "x", 1, 2.0)]
    counts = StateCounts()
    states = {
        compared.pair.key: compared.state
        for chunk in compare(some_sources, some_outputs, read, EXPECTED, counts)
        for compared in chunk
    }
    assert states == {"a": State.DAMAGED, "b": State.PARTIAL, "c": State.MISSING}
    assert (asked, counts.heads) == (["a"], 1)


def many(count: int) -> tuple[list[Listed], list[Listed]]:
    keys = [f"{number:05}" for number in range(count)]
    return sources_of(*keys), [Listed(f"{key}/document.pdf", "x", 1, 2.0) for key in keys]


def test_sixty_four_markers_are_read_at_once() -> None:
    at_once = Barrier(64)

    def read(_: str) -> Marker:
        at_once.wait(timeout=10)  # fails unless 64 threads are here at the same time
        return Marker("e1", "", "f1")

    counts = StateCounts()
    list(compare(*many(64 * 20), read, EXPECTED, counts))
    assert counts.heads == 64 * 20


def test_a_marker_that_was_deleted_since_it_was_listed_does_not_count_as_complete() -> None:
    (chunk,) = compare(*many(1), lambda _: None, EXPECTED, StateCounts())
    assert [compared.state for compared in chunk] == [State.MARKER_UNREADABLE]


def test_a_quick_look_reads_none() -> None:
    counts = StateCounts()
    list(compare(sources_of("a"), [Listed("a/document.pdf", "x", 1, 2.0)], None, EXPECTED, counts))
    assert counts.heads == 0


def sources_of(*keys: str) -> list[Listed]:
    return [Listed(k, "e1", 1, 1.0) for k in keys]
