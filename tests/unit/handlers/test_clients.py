import threading
import time
from concurrent.futures import ThreadPoolExecutor

from handlers.clients import once

THREADS = 16


def test_a_late_client_is_made_once_however_many_threads_ask_for_it_at_once() -> None:
    made: list[object] = []
    start = threading.Barrier(THREADS)

    def make() -> object:
        time.sleep(0.02)  # as a client takes: the others ask in the meantime
        made.append(object())
        return made[-1]

    connect = once(make)

    def ask() -> object:
        start.wait()
        return connect()

    with ThreadPoolExecutor(THREADS) as threads:
        answers = [asked.result() for asked in [threads.submit(ask) for _ in range(THREADS)]]
    assert len(made) == 1
    assert set(answers) == set(made)
