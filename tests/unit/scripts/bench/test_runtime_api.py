"""Lambda's side of the runtime API, spoken to as the runtime client does."""

import json
import threading
from collections.abc import Iterator
from urllib.request import Request, urlopen

import pytest

from scripts.bench.runtime_api import FunctionError, RuntimeApi, serving


@pytest.fixture
def api() -> Iterator[RuntimeApi]:
    with serving() as api:
        yield api


def get_event(api: RuntimeApi) -> object:
    with urlopen(f"http://{api.address}/2018-06-01/runtime/invocation/next", timeout=10) as answer:
        assert int(answer.headers["Lambda-Runtime-Deadline-Ms"]) > 0
        return json.loads(answer.read())


def post(api: RuntimeApi, kind: str, body: object) -> None:
    url = f"http://{api.address}/2018-06-01/runtime/invocation/1/{kind}"
    with urlopen(Request(url, json.dumps(body).encode(), method="POST"), timeout=10):
        pass


def serve_one(api: RuntimeApi, kind: str) -> threading.Thread:
    """A function that echoes one event and asks for the next."""

    def work() -> None:
        post(api, kind, {"echo": get_event(api)})
        api.events.put(b"null")
        get_event(api)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_a_function_gets_the_event_and_its_answer_comes_back(api: RuntimeApi) -> None:
    thread = serve_one(api, "response")
    api.wait_until_ready()
    answer = api.invoke({"number": 7})
    thread.join()
    assert answer.body == {"echo": {"number": 7}}
    assert answer.wall_seconds > 0


def test_an_error_that_the_function_reports_is_raised(api: RuntimeApi) -> None:
    thread = serve_one(api, "error")
    api.wait_until_ready()
    with pytest.raises(FunctionError, match="error"):
        api.invoke({})
    thread.join()
