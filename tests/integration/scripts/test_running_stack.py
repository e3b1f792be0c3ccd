import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from scripts.aws.local_endpoint import LocalStack, find_running_stack, write_state
from scripts.aws.stack_outputs import StackOutputs
from scripts.local_stack.__main__ import describe

OUTPUTS = StackOutputs(
    input_bucket="in",
    output_bucket="out",
    queue_url="http://127.0.0.1:1/queue",
    dead_letter_queue_url="http://127.0.0.1:1/dead-letters",
    digest_topic_arn="arn:aws:sns:us-east-1:000000000000:digests",
    summary_topic_arn="arn:aws:sns:us-east-1:000000000000:summaries",
    alarm_topic_arn="arn:aws:sns:us-east-1:000000000000:alarms",
    roll_up_queue_url="http://127.0.0.1:1/roll-up",
    process_function="process",
    follow_queue_url="http://127.0.0.1:1/follow",
)


class Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def endpoint_url() -> Iterator[str]:
    """Serve the health check of a local AWS."""
    server = HTTPServer(("127.0.0.1", 0), Healthy)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / ".build").mkdir()
    return tmp_path


def make_stack(endpoint_url: str) -> LocalStack:
    return LocalStack(endpoint_url=endpoint_url, outputs=OUTPUTS, log=Path("stack.log"))


def test_a_kept_stack_is_found_by_another_process(repository: Path, endpoint_url: str) -> None:
    write_state(make_stack(endpoint_url), os.getpid(), repository)
    assert find_running_stack(repository) == make_stack(endpoint_url)


def test_without_a_state_file_there_is_no_stack(repository: Path) -> None:
    assert find_running_stack(repository) is None


def test_the_state_of_a_dead_process_is_not_believed(repository: Path, endpoint_url: str) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    write_state(make_stack(endpoint_url), dead.pid, repository)
    assert find_running_stack(repository) is None


def test_the_state_of_a_stack_that_does_not_answer_is_not_believed(repository: Path) -> None:
    write_state(make_stack("http://127.0.0.1:9"), os.getpid(), repository)
    assert find_running_stack(repository) is None


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"pid": "x"}', '{"pid": 1, "endpoint_url": "x"}'])
def test_a_broken_state_file_is_not_believed(repository: Path, content: str) -> None:
    (repository / ".build/local-stack.json").write_text(content)
    assert find_running_stack(repository) is None


def test_the_description_has_every_name_and_the_lines_to_copy() -> None:
    text = "\n".join(describe(make_stack("http://127.0.0.1:1234")))
    assert "export AWS_ENDPOINT_URL=http://127.0.0.1:1234\nexport AWS_ACCESS_KEY_ID=test\n" in text
    assert all(value in text for value in (OUTPUTS.input_bucket, OUTPUTS.queue_url, OUTPUTS.summary_topic_arn))
