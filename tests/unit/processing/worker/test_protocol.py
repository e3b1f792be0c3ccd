import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.failures import FailureCode, PermanentError, RetryableError
from processing.settings import Limits, RenderSettings, Rendition
from processing.worker.protocol import (
    RENDERED,
    ProtocolError,
    RenderRequest,
    WorkerSettings,
    failure_reply,
    inspect_line,
    memory_reply,
    parse_reply,
    parse_request,
    render_line,
)

counts = st.integers(0, 2**40)
# What a file name can hold on Linux: any text, and bytes that are not UTF-8 as Python shows them.
names = st.text(st.characters(exclude_characters="/\0", exclude_categories=[])).filter(
    lambda name: name not in ("", ".")
)
paths = names.map(Path)
limits = st.builds(Limits, max_bytes=counts, max_pixels=counts, max_pages=counts)
renditions = st.lists(st.builds(Rendition, name=names, box_px=counts, quality=counts), max_size=4).map(tuple)
render_settings = st.builds(RenderSettings, renditions=renditions, limits=limits)


@given(render_settings, counts)
def test_the_settings_arrive_as_they_were_sent(render: RenderSettings, memory_limit_bytes: int) -> None:
    sent = WorkerSettings(render, memory_limit_bytes)
    assert WorkerSettings.parse(sent.as_argument()) == sent
    assert sent.as_argument().isascii()


@given(paths, paths, st.text())
def test_a_request_arrives_as_it_was_sent_in_one_line(source: Path, into: Path, mark: str) -> None:
    line = render_line(RenderRequest(source, into, mark))
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert parse_request(line) == RenderRequest(source, into, mark)


@given(paths)
def test_a_request_for_the_memory_of_a_photo_arrives_as_it_was_sent_in_one_line(source: Path) -> None:
    line = inspect_line(source)
    assert line.count(b"\n") == 1
    assert parse_request(line) == source


@given(counts)
def test_the_memory_of_a_photo_arrives_as_it_was_sent(memory_bytes: int) -> None:
    assert parse_reply(memory_reply(memory_bytes), "memory_bytes") == memory_bytes


def test_a_rendered_photo_is_a_reply() -> None:
    assert parse_reply(RENDERED, "rendered")


@given(st.sampled_from(FailureCode), st.text())
def test_a_failure_arrives_as_the_error_of_its_family(code: FailureCode, detail: str) -> None:
    with pytest.raises((PermanentError, RetryableError)) as caught:
        parse_reply(failure_reply(code, detail), "rendered")
    assert (caught.value.code, caught.value.detail) == (code, detail)
    assert isinstance(caught.value, PermanentError) == (code.family == "permanent")


@given(
    (
        st.binary()
        | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda x: json.dumps(x).encode())
    ).filter(lambda line: b'"rendered"' not in line)
)
def test_anything_else_is_refused_as_a_breach_of_the_protocol(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse_request(line)
    for field in ("memory_bytes", "rendered"):
        with pytest.raises(ProtocolError):
            parse_reply(line, field)
