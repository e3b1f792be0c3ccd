"""Commands whose endpoint does not answer, or ends in the middle."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import boto3
import pytest
from botocore.config import Config

from scripts.aws import slow_calls
from scripts.aws.slow_calls import SlowCalls
from scripts.cli.repository import REPOSITORY


@pytest.fixture
def silent() -> Iterator[str]:
    """Listen, accept and never answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def list_dead_letters(endpoint_url: str) -> tuple[int, float, str]:
    """Run `dlq list` against an endpoint; return its exit code, duration and stderr."""
    variables = {"AWS_ENDPOINT_URL": endpoint_url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    command = [sys.executable, "-m", "scripts.dlq", "list", "--stage", "nowhere"]
    environment = os.environ | variables | {"AWS_REGION": "us-east-1"}
    start = time.monotonic()
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, time.monotonic() - start, done.stderr


def test_an_endpoint_that_refuses_is_named_within_ten_seconds() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    code, seconds, said = list_dead_letters(url)
    assert (code, "AWS cannot be reached" in said, url in said) == (1, True, True)
    assert seconds < 15  # with the start of Python on a busy machine


def test_an_endpoint_that_never_answers_is_named_within_ten_seconds(silent: str) -> None:
    code, seconds, said = list_dead_letters(silent)
    assert (code, "AWS cannot be reached" in said, silent in said) == (1, True, True)
    assert seconds < 15


def test_a_call_that_is_not_answered_says_what_it_waits_for(
    silent: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow_calls, "FIRST_NOTE_SECONDS", 0.2)
    monkeypatch.setattr(slow_calls, "_POLL_SECONDS", 0.05)
    config = Config(read_timeout=2, retries={"total_max_attempts": 1})
    session = boto3.Session("test", "test", region_name="us-east-1")
    client = session.client("sqs", endpoint_url=silent, config=config)
    SlowCalls().watch(client)
    with pytest.raises(Exception, match=r"(?i)timeout|timed out"):
        client.list_queues()
    assert f"Still waiting for {silent} (ListQueues) after 0 s: no answer. Ctrl-C stops." in capsys.readouterr().err
    end = time.monotonic() + 5
    while any(thread.name.endswith("(_run)") for thread in threading.enumerate()):  # it ends with the last call
        assert time.monotonic() < end
        time.sleep(0.05)
