import pytest

from processing.commit_marker import Marker
from scripts.aws.bucket_listing import Listed, OutputSet, Pair
from scripts.reconcile.states import Expected, State, find_state, needs_marker

ALL = {"small.jpg", "large.jpg", "document.pdf"}
EXPECTED = Expected(names=["document.pdf", "large.jpg", "small.jpg"], fingerprint="f1", judged_before=1000.0)
SOURCE = Listed("a.jpg", "e1", 5, 100.0)
MARKER = Marker("e1", "01", "f1")


def outputs(names: set[str], committed: float | None = 200.0) -> OutputSet:
    return OutputSet("a.jpg", dict.fromkeys(names, 1), committed if "document.pdf" in names else None)


@pytest.mark.parametrize(
    ("pair", "marker", "state"),
    [
        (Pair(SOURCE, outputs(ALL)), MARKER, State.COMPLETE),
        (Pair(SOURCE, outputs(ALL | {"xl.jpg"})), MARKER, State.COMPLETE),
        (Pair(SOURCE, None), None, State.MISSING),
        (Pair(SOURCE, outputs({"small.jpg"})), None, State.PARTIAL),
        (Pair(SOURCE, outputs(ALL - {"small.jpg"})), MARKER, State.DAMAGED),
        (Pair(SOURCE, outputs(ALL)), Marker("e0", "01", "f1"), State.STALE_SOURCE),
        (Pair(SOURCE, outputs(ALL - {"small.jpg"})), Marker("e0", "01", "f1"), State.STALE_SOURCE),
        (Pair(SOURCE, outputs(ALL)), Marker("e1", "01", "f0"), State.STALE_SETTINGS),
        (Pair(SOURCE, outputs({"document.pdf", "old.jpg"})), Marker("e1", "01", "f0"), State.STALE_SETTINGS),
        (Pair(SOURCE, outputs(ALL)), Marker("", "", ""), State.MARKER_UNREADABLE),
        (Pair(None, outputs(ALL)), None, State.ORPHAN),
        (Pair(SOURCE._replace(modified=1001.0), None), None, State.RECENT),
        (Pair(SOURCE._replace(modified=1001.0), outputs({"small.jpg"})), None, State.RECENT),
        (Pair(SOURCE._replace(modified=1001.0), outputs(ALL)), MARKER, State.COMPLETE),
        (Pair(SOURCE._replace(key="trip/.DS_Store"), None), None, State.IGNORED),
        (Pair(SOURCE._replace(key="._a photo.jpg"), outputs(ALL)), MARKER, State.COMPLETE),
        (Pair(SOURCE._replace(key="k" * 1015), None), None, State.KEY_TOO_LONG),
        (Pair(SOURCE._replace(key="k" * 1011), None), None, State.MISSING),
        (Pair(SOURCE._replace(key="é" * 506), None), None, State.KEY_TOO_LONG),
    ],
)
def test_each_state_is_told_from_the_others(pair: Pair, marker: Marker | None, state: State) -> None:
    assert find_state(pair, marker, EXPECTED) is state


def test_without_markers_the_listed_times_decide() -> None:
    assert find_state(Pair(SOURCE, outputs(ALL, committed=101.0)), None, EXPECTED) is State.COMPLETE
    assert find_state(Pair(SOURCE, outputs(ALL, committed=99.0)), None, EXPECTED) is State.STALE_SOURCE


def test_a_marker_is_read_only_where_it_can_decide_something() -> None:
    assert needs_marker(Pair(SOURCE, outputs(ALL)))
    assert not needs_marker(Pair(SOURCE, outputs({"small.jpg"})))
    assert not needs_marker(Pair(SOURCE, None))
    assert not needs_marker(Pair(None, outputs(ALL)))


def test_only_what_is_missing_or_stale_is_sent() -> None:
    sent = {state for state in State if state.is_sent}
    assert sent == {
        State.MISSING,
        State.PARTIAL,
        State.STALE_SOURCE,
        State.STALE_SETTINGS,
        State.MARKER_UNREADABLE,
    }
