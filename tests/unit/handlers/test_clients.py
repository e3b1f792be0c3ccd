import threading
import time
from concurrent.futures import ThreadPoolExecutor

import botocore
import pytest

from handlers.clients import check_sdk, once
from handlers.settings import SettingsError

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


def test_an_sdk_that_is_too_old_is_told_with_what_to_do() -> None:
    with pytest.raises(SettingsError, match=r"botocore is 1\.35\.99, 1\.36 is needed: set the function's runtime"):
        check_sdk("1.35.99")


@pytest.mark.parametrize("version", ["1.36.0", "1.100.3", "2.0.0", botocore.__version__])
def test_an_sdk_that_is_new_enough_is_used(version: str) -> None:
    assert check_sdk(version) == version
