import json
import re
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.failures import FailureCode, PermanentError, RetryableError
from processing.images.rendered import Rendered, RenderedFile
from processing.layout import Layout
from processing.photo_notes import Note
from processing.renditions import Rendition
from processing.settings import Limits, RenderSettings
from processing.worker.protocol import (
    InspectRequest,
    ProtocolError,
    RenderRequest,
    WorkerSettings,
    failure_reply,
    inspect_line,
    memory_reply,
    parse_memory,
    parse_ready,
    parse_rendered,
    parse_request,
    ready_line,
    render_line,
    rendered_reply,
)

counts = st.integers(0, 2**40)
names = st.text(min_size=1)
limits = st.builds(Limits, max_bytes=counts, max_pixels=counts, max_pages=counts)
renditions = st.lists(st.builds(Rendition, names, counts, counts, names, names, counts), max_size=4).map(tuple)
render_settings = st.builds(RenderSettings, renditions=renditions, limits=limits, avif_effort=counts)


@given(render_settings, counts)
def test_the_settings_arrive_as_they_were_sent(render: RenderSettings, memory_limit_bytes: int) -> None:
    sent = WorkerSettings(render, memory_limit_bytes)
    assert WorkerSettings.parse(sent.as_argument()) == sent
    assert sent.as_argument().isascii()


@given(counts, st.text(), st.text())
def test_a_request_arrives_as_it_was_sent_in_one_line(size_bytes: int, mark: str, title: str) -> None:
    line = render_line(size_bytes, mark, title)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert parse_request(line) == RenderRequest(size_bytes, mark, title)


@given(counts)
def test_a_request_for_the_memory_of_a_photo_arrives_as_it_was_sent_in_one_line(size_bytes: int) -> None:
    line = inspect_line(size_bytes)
    assert line.count(b"\n") == 1
    assert parse_request(line) == InspectRequest(size_bytes)


@given(st.dictionaries(st.text(), st.booleans()))
def test_the_layers_of_a_sandbox_arrive_as_they_were_sent(layers: dict[str, bool]) -> None:
    assert parse_ready(ready_line(layers)) == layers


@pytest.mark.parametrize(
    "line", [b"", b"{}", b"[]", b'{"ready": 1}', b'{"ready": true}', b'{"ready": true, "sandbox": 1}']
)
def test_a_worker_that_does_not_say_how_it_is_confined_is_not_ready(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse_ready(line)


@given(counts)
def test_the_memory_of_a_photo_arrives_as_it_was_sent(memory_bytes: int) -> None:
    assert parse_memory(memory_reply(memory_bytes)) == memory_bytes


BOXES = (Rendition("large", 400, 80), Rendition("tile", 200, 80, "webp", "cover", 100))


@given(
    st.tuples(st.integers(1, 400), st.integers(1, 400)),
    st.tuples(st.integers(1, 200), st.integers(1, 100)),
    st.binary(min_size=5, max_size=25),
    st.sets(st.sampled_from(Note)),
)
def test_the_layout_of_a_rendered_photo_arrives_as_it_was_sent(
    large: tuple[int, int], tile: tuple[int, int], placeholder: bytes, notes: set[Note]
) -> None:
    shapes = (("large.jpg", large), ("tile.webp", tile), ("document.pdf", large))
    files = (RenderedFile(name=name, width_px=w, height_px=h, size_bytes=1) for name, (w, h) in shapes)
    rendered = Rendered(
        source_format="jpeg",
        source_width_px=1,
        source_height_px=1,
        files=tuple(files),
        thumb_hash=placeholder,
        notes=tuple(notes),
    )
    report = parse_rendered(rendered_reply(rendered), BOXES)
    layout = Layout(sizes={"large.jpg": large, "tile.webp": tile}, thumb_hash=b64encode(placeholder).decode())
    assert (report.layout, set(report.notes)) == (layout, notes)


@pytest.mark.parametrize(
    "rendered",
    [
        True,
        {},
        {"sizes": [[400, 300], [200, 100]]},
        {"sizes": [[400, 300]], "thumb_hash": "0000000000"},
        {"sizes": [[400, 300], [200, 100], [1, 1]], "thumb_hash": "0000000000"},
        {"sizes": [[401, 300], [200, 100]], "thumb_hash": "0000000000"},
        {"sizes": [[400, 300], [200, 101]], "thumb_hash": "0000000000"},
        {"sizes": [[0, 300], [200, 100]], "thumb_hash": "0000000000"},
        {"sizes": [[-1, 300], [200, 100]], "thumb_hash": "0000000000"},
        {"sizes": [[400], [200, 100]], "thumb_hash": "0000000000"},
        {"sizes": [[400, 300, 1], [200, 100]], "thumb_hash": "0000000000"},
        {"sizes": [["400", 300], [200, 100]], "thumb_hash": "0000000000"},
        {"sizes": ["ab", "cd"], "thumb_hash": "0000000000"},
        {"sizes": [[400, 300], [200, 100]], "thumb_hash": "00000000"},
        {"sizes": [[400, 300], [200, 100]], "thumb_hash": "00" * 26},
        {"sizes": [[400, 300], [200, 100]], "thumb_hash": "no hexadecimals"},
        {"sizes": [[400, 300], [200, 100]], "thumb_hash": 5},
    ],
)
def test_a_layout_that_the_renditions_do_not_allow_is_refused(rendered: object) -> None:
    with pytest.raises(ProtocolError):
        parse_rendered(json.dumps({"rendered": rendered}).encode().replace(b"}}", b', "notes": []}}'), BOXES)


@pytest.mark.parametrize("notes", [["from a hostile worker"], 5, [5], {"a": 1}, [["stray-bytes"]], "s", None])
def test_notes_that_no_worker_writes_are_refused(notes: object) -> None:
    rendered = {"sizes": [[400, 300], [200, 100]], "thumb_hash": "0000000000", "notes": notes}
    with pytest.raises(ProtocolError):
        parse_rendered(json.dumps({"rendered": rendered}).encode(), BOXES)


@pytest.mark.parametrize("size", [b"-1", b'"5"', b"1.5", b"null", b"[]"])
def test_memory_that_is_no_size_is_refused(size: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse_memory(b'{"memory_bytes": %s}' % size)


PRINTABLE = st.text(st.characters(codec="ascii", exclude_categories=["Cc"], exclude_characters="/"), max_size=160)
OF_WORKERS = ("unsupported-format", "corrupt-image", "out-of-memory", "disk-full", "internal-error")


@given(st.sampled_from(OF_WORKERS), PRINTABLE)
def test_a_failure_arrives_as_the_error_of_its_family(code: str, detail: str) -> None:
    with pytest.raises((PermanentError, RetryableError)) as caught:
        parse_rendered(failure_reply(FailureCode(code), detail), BOXES)
    assert (caught.value.code, caught.value.detail) == (code, detail)
    assert isinstance(caught.value, PermanentError) == (FailureCode(code).family == "permanent")


@given(st.text())
def test_whatever_a_worker_writes_a_detail_is_one_short_printable_line_without_paths(detail: str) -> None:
    with pytest.raises(PermanentError) as caught:
        parse_memory(failure_reply(FailureCode.CORRUPT_IMAGE, detail))
    assert re.fullmatch(r"[ -.0-~]{0,160}", caught.value.detail)


@pytest.mark.parametrize("code", ["throttled", "storage-unavailable", "access-denied", "out-of-time", "no-such-code"])
def test_a_worker_cannot_claim_what_only_the_function_can_know(code: str) -> None:
    line = json.dumps({"failure": {"code": code, "detail": ""}}).encode()
    with pytest.raises(ProtocolError):
        parse_rendered(line, BOXES)


@given(
    (
        st.binary()
        | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda x: json.dumps(x).encode())
    ).filter(lambda line: b'"rendered"' not in line)
)
def test_anything_else_is_refused_as_a_breach_of_the_protocol(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse_request(line)
    with pytest.raises(ProtocolError):
        parse_memory(line)
    with pytest.raises(ProtocolError):
        parse_rendered(line, BOXES)
