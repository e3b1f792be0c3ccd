import signal
import threading

import pytest

from scripts.cli.signals import uninterrupted


def test_ctrl_c_takes_effect_after_the_block() -> None:
    steps = []

    def work() -> None:
        with uninterrupted():
            steps.append("before")
            signal.raise_signal(signal.SIGINT)
            steps.append("after")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert steps == ["before", "after"]


def test_ctrl_c_works_as_ever_once_the_block_is_over() -> None:
    with uninterrupted():
        pass
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_an_inner_block_leaves_it_to_the_outer_one() -> None:
    steps = []

    def work() -> None:
        with uninterrupted():
            with uninterrupted():
                signal.raise_signal(signal.SIGINT)
            steps.append("still in the outer block")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert steps == ["still in the outer block"]


def test_a_thread_is_left_alone() -> None:
    done = []

    def work() -> None:
        with uninterrupted():
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]
