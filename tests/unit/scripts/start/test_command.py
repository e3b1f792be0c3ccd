from scripts.start.__main__ import laptop_note


def test_what_the_digest_cannot_know_is_said_with_its_numbers() -> None:
    assert "cannot know: 1 not-uploaded, 1,800 not-copied.)" in laptop_note({"not-uploaded": 1, "not-copied": 1_800})
