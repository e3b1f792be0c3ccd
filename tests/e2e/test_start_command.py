"""`npm start`: its output, its exit code and the processes it leaves."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from scripts.cli.repository import REPOSITORY
from tests.support.photos import jpeg, not_an_image, png_bomb

COMMAND = [sys.executable, "-m", "scripts.start"]
PHOTOS = 200


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], check=False, cwd=REPOSITORY, capture_output=True, text=True, timeout=180
    )


def make_photos(folder: Path) -> Path:
    """Write so many photos that the job is not done when the test interrupts it."""
    folder.mkdir()
    body = jpeg()
    for number in range(PHOTOS):
        (folder / f"{number}.jpg").write_bytes(body)
    return folder


def start(photos: Path, out: Path) -> "subprocess.Popen[str]":
    """Start a job; `communicate` returns what it prints."""
    command = [*COMMAND, str(photos), "--out", str(out)]
    return subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def start_and_wait_for_photos(photos: Path, out: Path, count: int = 1) -> "subprocess.Popen[str]":
    """Start a job; return when at least `count` photos came out."""
    command = start(photos, out)
    wait_until(lambda: len(list(out.rglob("document.pdf"))) >= count, f"{count} photos came out")
    return command


def family_of(ancestor: int) -> dict[int, str]:
    """Return the start time of a process and of all its descendants, by id."""
    parents, started = {}, {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = file.read_text().rpartition(")")[2].split()
            if fields[0] != "Z":
                parents[int(file.parent.name)], started[int(file.parent.name)] = int(fields[1]), fields[19]
    family = {ancestor}
    while born := {process for process, parent in parents.items() if parent in family} - family:
        family |= born
    return {process: started[process] for process in family if process in started}


def still_alive(family: dict[int, str]) -> set[int]:
    return {process for process, started in family.items() if family_of(process).get(process) == started}


def test_a_folder_with_bad_photos_ends_with_2_and_an_account_of_them(tmp_path: Path) -> None:
    photos, out = tmp_path / "photos", tmp_path / "out"
    photos.mkdir()
    (photos / "good one.jpg").write_bytes(jpeg())
    for number in range(21):
        (photos / f"bad\n{number}.jpg").write_bytes(not_an_image())
    for name in (".DS_Store", "good one.jpg.xmp", "clip.mp4"):
        (photos / name).write_bytes(b"other")
    ended = run(str(photos), "--out", str(out), "--digest")
    assert ended.returncode == 2, ended.stderr
    assert (out / "good one.jpg/document.pdf").is_file()
    assert "3 other files skipped: 1 .DS_Store, 1 .mp4, 1 .xmp. --all takes them, too." in ended.stderr
    lines = ended.stdout.splitlines()
    assert lines[-12:-5] == [
        f"1 of 22 photos is in {out}/ (open {out}/index.html). 21 failed:",
        "",
        "unsupported-format (21): The file is not an image in a format that Darkroom reads.",
        "  What to do: Save it as a JPEG or PNG, or leave it out with --skip.",
        "  - bad\\n0.jpg: looks like none of the formats",
        "  - bad\\n1.jpg: looks like none of the formats",
        "  - bad\\n10.jpg: looks like none of the formats",
    ]
    assert lines[-1] == str(out / "index.html")
    assert (out / "failures.csv").read_text("utf-8-sig").count("unsupported-format") == 21
    assert 'href="./good%20one.jpg/large.jpg"' in (out / "index.html").read_text()
    assert "Subject: Darkroom local: 1 photo ready, 21 failed" in lines


def test_nothing_on_a_laptop_speaks_of_a_redrive(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "bomb.png").write_bytes(png_bomb(20_000))
    (photos / "text.jpg").write_bytes(not_an_image())
    said = run(str(photos), "--out", str(tmp_path / "out")).stdout
    assert "raise the limit: maxPixels: PIXELS in settings/local.yml" in said
    assert "redrive" not in said + (tmp_path / "out/index.html").read_text()


def test_an_interrupted_job_goes_on_where_it_ended(tmp_path: Path) -> None:
    photos, out = make_photos(tmp_path / "photos"), tmp_path / "out"
    command = start_and_wait_for_photos(photos, out, 21)
    command.send_signal(signal.SIGINT)
    command.communicate(timeout=60)
    assert command.returncode == 130
    before = len((out / ".darkroom-done.jsonl").read_text().splitlines())
    assert before > 20
    ended = run(str(photos), "--out", str(out))
    assert ended.returncode == 0, ended.stderr
    assert f"{before} done before and unchanged: skipped." in ended.stdout
    assert f"{PHOTOS} of {PHOTOS} photos are in {out}/" in ended.stdout
    assert (out / "index.html").read_text().count('class="card"') == PHOTOS


def test_sample_photos_end_with_0(tmp_path: Path) -> None:
    ended = run("--out", str(tmp_path))
    assert ended.returncode == 0, ended.stderr
    assert len(list(tmp_path.rglob("document.pdf"))) >= 5


@pytest.mark.parametrize("folder", ["nowhere", "empty"])
def test_a_folder_without_photos_ends_with_1_and_says_what_to_do(tmp_path: Path, folder: str) -> None:
    (tmp_path / "empty").mkdir()
    ended = run(str(tmp_path / folder), "--out", str(tmp_path / "out"))
    assert ended.returncode == 1
    assert str(tmp_path / folder) in ended.stderr
    assert "Traceback" not in ended.stderr


def test_outputs_among_the_photos_end_with_1_and_write_nothing(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(jpeg())
    ended = run(str(tmp_path), "--out", str(tmp_path / "out"))
    assert ended.returncode == 1
    assert "Choose another place with --out DIR." in ended.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--no-such-option"], "--no-such-option"),
        (["my", "holiday"], "unexpected extra argument"),  # a name with a space, without quotes
        (["--patience-seconds", "long"], "Invalid value for '--patience-seconds'"),
        ([""], "an empty name is not a folder"),
        (["--out", ""], "an empty name is not a folder"),
    ],
)
def test_wrong_usage_ends_with_1_and_not_as_a_job_with_failures(arguments: list[str], complaint: str) -> None:
    ended = run(*arguments)
    assert ended.returncode == 1
    assert complaint in ended.stderr
    assert "Add --help for usage and examples." in ended.stderr


def test_options_without_two_dashes_before_them_are_named_and_nothing_is_started(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    command = ["npm", "start", str(tmp_path / "photos"), "--out", str(tmp_path / "out"), "--open"]
    ended = subprocess.run(command, check=False, cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 1
    assert "Could not go on: npm kept --open, --out for itself." in ended.stderr
    assert "Options come after two dashes: npm start -- ... --open ..." in ended.stderr
    assert not (tmp_path / "out").exists()


def test_the_usage_is_what_people_type() -> None:
    assert run("--help").stdout.strip().startswith("Usage: npm start -- [OPTIONS] [PHOTOS]")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_it_is_ended_it_leaves_no_process_behind(tmp_path: Path, how: signal.Signals) -> None:
    photos, out = make_photos(tmp_path / "photos"), tmp_path / "out"
    (photos / "0.jpg").write_bytes(jpeg((3000, 2000)))
    command = start_and_wait_for_photos(photos, out)
    family = family_of(command.pid)
    assert len(family) > 3  # the local AWS, the functions, their decoders
    command.send_signal(how)
    command.communicate(timeout=30)
    assert command.returncode == {signal.SIGKILL: -9}.get(how, 130)
    wait_until(lambda: not still_alive(family), "all its processes are gone")


def test_an_interrupted_job_writes_the_contact_sheet_of_what_came_out(tmp_path: Path) -> None:
    photos, out = make_photos(tmp_path / "photos"), tmp_path / "out"
    command = start_and_wait_for_photos(photos, out)
    command.send_signal(signal.SIGINT)
    told, _ = command.communicate(timeout=60)
    assert command.returncode == 130
    assert told.splitlines()[-1] == str(out / "index.html")
    assert re.search(
        rf"^Interrupted: \d+ of {PHOTOS} photos (is|are) in .*/out/ .* \d+ not done\.$", told, re.MULTILINE
    )
    assert "To go on, repeat the command: it skips what is done." in told
    page = (out / "index.html").read_text()
    assert re.search(r"Interrupted: \d+ photos? not done\.", page)
    done = {str(pdf.parent.name) for pdf in out.rglob("document.pdf")}
    assert set(re.findall(r'class="card" href="./(.+?)/large.jpg"', page)) == done


def test_a_local_aws_that_dies_ends_with_1_its_log_and_what_was_done_so_far(tmp_path: Path) -> None:
    photos, out = make_photos(tmp_path / "photos"), tmp_path / "out"
    command = start_and_wait_for_photos(photos, out)
    (local_aws,) = [pid for pid in family_of(command.pid) if command_line(pid)[1:] == ["-m", "ministack"]]
    os.kill(local_aws, signal.SIGKILL)
    killed = time.monotonic()
    told, complaint = command.communicate(timeout=120)
    assert time.monotonic() - killed < 15  # seconds, and not the minute of all clients' retries
    assert command.returncode == 1, complaint
    assert re.search(r"^processed +\d+$", told, re.MULTILINE)
    assert re.search(r"^not done +\d+$", told, re.MULTILINE)
    assert re.search(r"the local AWS (ended by itself|failed: .*)\nIts log is /.*/local-stack-\d+\.log\n", complaint)


def test_a_function_that_is_killed_each_time_ends_the_job_within_seconds(tmp_path: Path) -> None:
    photos, out = make_photos(tmp_path / "photos"), tmp_path / "out"
    command = start(photos, out)
    started = time.monotonic()
    while command.poll() is None and time.monotonic() - started < 100:
        for pid in family_of(command.pid):
            with suppress(OSError):
                if any("worker" in word and word.endswith(".py") for word in command_line(pid)):
                    os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)
    _, complaint = command.communicate(timeout=60)
    assert command.returncode == 1, complaint
    assert "Could not go on: the function failed each time:" in complaint


def command_line(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").split("\0")


def wait_until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 100
    while not condition():
        assert time.monotonic() < end, f"not within 100 s: {what}"
        time.sleep(0.1)
