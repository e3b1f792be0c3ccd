import threading

from scripts.start.upload_window import Window


def enters(window: Window, key: str, size_bytes: int) -> threading.Event:
    """Tries to enter in a thread; the event tells whether it got in."""
    inside = threading.Event()

    def enter() -> None:
        window.enter(key, size_bytes)
        inside.set()

    threading.Thread(target=enter, daemon=True).start()
    return inside


def test_what_does_not_fit_waits_until_something_leaves() -> None:
    window = Window(max_bytes=100, max_photos=10)
    window.enter("a", 60)
    waiting = enters(window, "b", 60)
    assert not waiting.wait(0.1)
    window.leave("a")
    assert waiting.wait(5)


def test_the_number_of_photos_is_bounded_too() -> None:
    window = Window(max_bytes=100, max_photos=1)
    window.enter("a", 0)
    waiting = enters(window, "b", 0)
    assert not waiting.wait(0.1)
    window.leave("a")
    assert waiting.wait(5)


def test_a_photo_larger_than_the_window_passes_alone() -> None:
    window = Window(max_bytes=100, max_photos=10)
    window.enter("huge", 1000)
    waiting = enters(window, "b", 1)
    assert not waiting.wait(0.1)
    window.leave("huge")
    assert waiting.wait(5)


def test_at_the_end_nobody_is_left_waiting() -> None:
    window = Window(max_bytes=100, max_photos=10)
    window.enter("a", 100)
    waiting = enters(window, "b", 100)
    window.open_wide()
    assert waiting.wait(5)
