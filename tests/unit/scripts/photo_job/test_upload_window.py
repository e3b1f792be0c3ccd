from scripts.photo_job.job import UploadWindow


def test_what_does_not_fit_waits_until_something_leaves() -> None:
    window = UploadWindow(max_bytes=100, max_photos=10)
    assert window.try_enter("a", 60)
    assert not window.try_enter("b", 60)
    window.leave("a")
    assert window.try_enter("b", 60)


def test_the_number_of_photos_is_bounded_too() -> None:
    window = UploadWindow(max_bytes=100, max_photos=1)
    assert window.try_enter("a", 0)
    assert not window.try_enter("b", 0)
    window.leave("a")
    assert window.try_enter("b", 0)


def test_a_photo_larger_than_the_window_passes_alone() -> None:
    window = UploadWindow(max_bytes=100, max_photos=10)
    assert window.try_enter("huge", 1000)
    assert not window.try_enter("b", 1)
    window.leave("huge")
    assert window.try_enter("b", 1)
