"""Keys are data; logs, digests and dead letters contain no pixels and no credentials."""

import base64
import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from handlers.photo_files import PhotoFiles
from handlers.time_budget import Deadline, Stopwatch
from processing.layout import PhotoReport
from scripts.cli.repository import REPOSITORY
from tests.integration.handlers.hostile_uploads import KEYS, PIXELS
from tests.support.fake_aws import FakeCloud
from tests.support.fake_workers import CopyingWorkers

SECRETS = {
    "AWS_ACCESS_KEY_ID": "AKIASENTINELKEYID000",
    "AWS_SECRET_ACCESS_KEY": "sentinel/secret+key/0123456789",
    "AWS_SESSION_TOKEN": "sentinel-session-token-0123456789",
}


@dataclass(frozen=True)
class Said:
    """The output of the function while it processed hostile uploads."""

    out: bytes
    err: bytes
    digests: list[dict[str, Any]]
    letters: list[dict[str, str]]

    @property
    def everything(self) -> bytes:
        return self.out + self.err + json.dumps([self.digests, self.letters]).encode()

    @property
    def failure_details(self) -> list[str]:
        return [letter["failure-detail"] for letter in self.letters]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Said:
    results = tmp_path_factory.mktemp("said") / "results.json"
    ended = subprocess.run(
        [sys.executable, "-m", "tests.integration.handlers.hostile_uploads", str(results)],
        check=False,
        cwd=REPOSITORY,
        capture_output=True,
        env=SECRETS | {"PATH": "/usr/bin:/bin", "POWERTOOLS_LOG_LEVEL": "DEBUG"},
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr.decode()
    return Said(ended.stdout, ended.stderr, **json.loads(results.read_text()))


def test_all_kinds_of_ends_were_met(said: Said) -> None:
    codes = {letter["failure-code"] for letter in said.letters}
    assert {"truncated-image", "unsupported-format", "decoder-crashed"} <= codes


def test_every_line_of_the_log_is_one_json_object_whatever_is_in_a_key(said: Said) -> None:
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert not [line for line in lines if line.get("message") == "forged"]
    settled = {line["key"] for line in lines if line.get("message") == "S3 record done"}
    assert settled == set(KEYS)


@pytest.mark.parametrize("name", SECRETS)
def test_no_credentials_in_logs_digests_and_dead_letters(said: Said, name: str) -> None:
    assert SECRETS[name].encode() not in said.everything


def test_no_bytes_of_a_photo_in_logs_digests_and_dead_letters(said: Said) -> None:
    for form in (PIXELS, PIXELS.hex().encode(), base64.b64encode(PIXELS)[2:-4], b"JFIF", b"\\xff\\xd8"):
        assert form not in said.everything


def test_subjects_are_one_line_of_ascii(said: Said) -> None:
    for digest in said.digests:
        assert re.fullmatch(r"[ -~]{1,99}", digest["Subject"])


def test_no_key_starts_a_line_of_its_own_in_a_digest(said: Said) -> None:
    for digest in said.digests:
        for form in ("default", "email"):
            text = json.loads(digest["Message"])[form]
            assert all(line.isprintable() for line in text.splitlines())
            assert not re.search(r"^(Subject:|Set-Cookie:|break:)", text, re.MULTILINE)


def test_no_path_and_no_stack_trace_reach_a_digest_or_a_dead_letter(said: Said) -> None:
    for detail in said.failure_details:
        assert not re.search(r"/tmp|/var|/home|\.py|Traceback|darkroom-\d", detail)
    for digest in said.digests:
        assert not re.search(r"/tmp/|/var/|\.py\b|Traceback|darkroom-\d", digest["Message"])


class SpyingWorkers(CopyingWorkers):
    """Records what is in the temporary folder while a photo is processed."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self.names: list[str] = []
        self.photos = 0

    def render(self, photo: PhotoFiles, mark: str, deadline: Deadline, stopwatch: Stopwatch) -> PhotoReport:
        report = super().render(photo, mark, deadline, stopwatch)
        self.names += (path.name for path in self._folder.iterdir())
        self.photos += 1
        return report


def test_local_copies_have_no_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    workers = SpyingWorkers(tmp_path)
    cloud = FakeCloud(lambda _: workers)
    for key in KEYS:
        cloud.upload(key, b"a photo")
    cloud.work_until_the_queue_is_empty()
    assert workers.photos == len(KEYS)
    assert workers.names == []
