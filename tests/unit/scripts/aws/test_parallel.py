import threading
from collections.abc import Iterator

import pytest

from scripts.aws.parallel import map_in_threads


def test_results_come_in_the_items_order_whichever_is_done_first() -> None:
    release = threading.Event()

    def work(number: int) -> int:
        if number == 0:
            release.wait(5)
        if number == 3:
            release.set()
        return number * 10

    assert list(map_in_threads(work, range(20), threads=4)) == [number * 10 for number in range(20)]


def test_a_long_stream_is_read_only_a_little_ahead() -> None:
    drawn = 0

    def items() -> Iterator[int]:
        nonlocal drawn
        for number in range(100_000):
            drawn += 1
            yield number

    results = map_in_threads(lambda number: number, items(), threads=4)
    for taken in range(1, 100):
        next(results)
        assert drawn - taken <= 16
    results.close()


def test_the_work_is_really_done_side_by_side() -> None:
    barrier = threading.Barrier(3, timeout=5)
    assert len(list(map_in_threads(lambda _: barrier.wait(), range(3), threads=3))) == 3


def test_a_failure_ends_the_stream() -> None:
    def work(number: int) -> int:
        if number == 5:
            raise FileNotFoundError
        return number

    results = map_in_threads(work, range(1000), threads=2)
    assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(FileNotFoundError):
        next(results)


def test_closing_begins_nothing_more() -> None:
    begun: list[int] = []
    results = map_in_threads(begun.append, range(1000), threads=2)
    next(results)
    results.close()
    assert len(begun) <= 1 + 2 * 4 + 1
