import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.failures import FailureCode, PermanentError, RetryableError
from processing.images.rendered import Rendered, RenderedFile
from processing.settings import Limits, RenderSettings, Rendition
from processing.worker.protocol import (
    EstimateRequest,
    ProtocolError,
    RenderRequest,
    estimate_reply,
    estimate_request,
    failure_reply,
    parse_estimate,
    parse_rendered,
    parse_request,
    render_request,
    rendered_reply,
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
files = st.lists(
    st.builds(RenderedFile, name=names, width_px=counts, height_px=counts, size_bytes=counts), max_size=5
).map(tuple)
results = st.builds(Rendered, source_format=names, source_width_px=counts, source_height_px=counts, files=files)


@given(paths, paths, render_settings, st.text())
def test_a_request_arrives_as_it_was_sent_in_one_line(
    source: Path, into: Path, settings: RenderSettings, mark: str
) -> None:
    line = render_request(source, into, settings, mark)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert parse_request(line) == RenderRequest(source, into, settings, mark)


@given(paths, limits)
def test_a_request_for_an_estimate_arrives_as_it_was_sent_in_one_line(source: Path, bounds: Limits) -> None:
    line = estimate_request(source, bounds)
    assert line.count(b"\n") == 1
    assert parse_request(line) == EstimateRequest(source, bounds)


@given(counts)
def test_an_estimate_arrives_as_it_was_sent(memory_bytes: int) -> None:
    assert parse_estimate(estimate_reply(memory_bytes)) == memory_bytes


@given(results)
def test_a_result_arrives_as_it_was_sent(rendered: Rendered) -> None:
    assert parse_rendered(rendered_reply(rendered)) == rendered


@given(st.sampled_from(FailureCode), st.text())
def test_a_failure_arrives_as_the_error_of_its_family(code: FailureCode, detail: str) -> None:
    with pytest.raises((PermanentError, RetryableError)) as caught:
        parse_rendered(failure_reply(code, detail))
    assert (caught.value.code, caught.value.detail) == (code, detail)
    assert isinstance(caught.value, PermanentError) == (code.family == "permanent")


@given(
    st.binary() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda x: json.dumps(x).encode())
)
def test_anything_else_is_refused_as_a_breach_of_the_protocol(line: bytes) -> None:
    for parse in (parse_request, parse_rendered, parse_estimate):
        with pytest.raises(ProtocolError):
            parse(line)
