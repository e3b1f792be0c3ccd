import pytest

from processing.system_files import system_file


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (".DS_Store", ".DS_Store"),
        ("trip/.DS_Store", ".DS_Store"),
        ("trip/THUMBS.DB", "THUMBS.DB"),
        ("desktop.ini", "desktop.ini"),
        ("trip/._beach.jpg", "._*"),
        ("._/beach.jpg", ""),
        ("._", ""),
        ("beach.jpg", ""),
        (".hidden.jpg", ""),
        ("my Thumbs.db", ""),
    ],
)
def test_files_of_operating_systems_are_known_by_their_names(key: str, kind: str) -> None:
    assert system_file(key) == kind
