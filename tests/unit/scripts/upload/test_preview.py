from pathlib import Path

from scripts.cli.output import plain_lines
from scripts.photo_job.photo_folder import FileState, LocalFile, not_uploaded
from scripts.upload.compare import Preview, preview_report


def file(key: str, state: FileState, size_bytes: int = 3_600_000) -> LocalFile:
    return LocalFile(Path(key), key, size_bytes, state)


def test_a_dry_run_says_line_by_line_what_would_be_uploaded() -> None:
    preview = Preview()
    preview.add(file("2026/a.jpg", FileState.NEW))
    preview.add(file("2026/b\n.jpg", FileState.CHANGED, 900))
    preview.add(file("2026/c.jpg", FileState.UNCHANGED))
    preview.add(not_uploaded("2026/d.jpg", "Permission denied"))
    assert plain_lines(preview_report(preview, "the-bucket")) == [
        "Dry run: nothing was uploaded. Add --execute to act.",
        "To upload: 2 files (3.6 MB) to the-bucket, 1 of them changed.",
        "",
        "why      size       key",
        "new      3.6 MB     2026/a.jpg",
        "changed  900 bytes  2026/b\\n.jpg",
        "",
        "1 unchanged: left out.",
        "1 cannot be uploaded:",
        "name        why",
        "2026/d.jpg  Permission denied",
    ]


def test_of_many_files_the_first_twenty_are_shown() -> None:
    preview = Preview()
    for number in range(1000):
        preview.add(file(f"{number}.jpg", FileState.NEW))
    lines = plain_lines(preview_report(preview, "the-bucket"))
    assert lines[1] == "To upload: 1,000 files (3.6 GB) to the-bucket."
    assert sum(line.startswith("new") for line in lines) == 20
    assert "... and 980 more" in lines
