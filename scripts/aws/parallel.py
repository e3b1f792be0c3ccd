"""Work on a stream side by side, in bounded memory."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

# How far the stream is read ahead of the result that is waited for, per thread.
_AHEAD = 4


def side_by_side(function: Callable[[T], R], items: Iterable[T], threads: int) -> Generator[R]:
    """Calls the function on every item, in threads; yields the results in the items' order.

    Never more than a few items per thread are held. When it is closed, or fails, what has begun is waited for and
    nothing more is begun.
    """
    pending: deque[Future[R]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                pending.append(pool.submit(function, item))
                if len(pending) >= threads * _AHEAD:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()
