import re
from base64 import b64encode

from hypothesis import given
from hypothesis import strategies as st

from processing.commit_marker import Marker
from processing.layout import Layout
from processing.renditions import MAX_BOX_PX, MAX_RENDITIONS, parse_renditions
from processing.worker.protocol import MAX_THUMB_HASH_BYTES

MAX_USER_METADATA_BYTES = 2048  # Amazon S3 User Guide, "Working with object metadata"


def test_the_metadata_name_the_size_of_each_rendition_and_the_placeholder() -> None:
    layout = Layout(
        sizes={"large.jpg": (1200, 900), "tile.webp": (400, 400)}, thumb_hash="1QcSHQRnh493V4dIh4eXh1h4kJUI"
    )
    assert layout.to_metadata() == {
        "sizes": "large.jpg=1200x900 tile.webp=400x400",
        "thumb-hash": "1QcSHQRnh493V4dIh4eXh1h4kJUI",
    }


def test_the_metadata_of_any_renditions_fit_into_s3s_limit_beside_the_markers() -> None:
    names = [f"{'n' * 30}{number:02}" for number in range(MAX_RENDITIONS)]
    renditions = parse_renditions(",".join(f"{name}:{MAX_BOX_PX}:80:webp" for name in names))
    layout = Layout(
        sizes={rendition.file_name: rendition.box for rendition in renditions},
        thumb_hash=b64encode(bytes(MAX_THUMB_HASH_BYTES)).decode(),
    )
    # A multipart eTag, and a sequencer of S3's greatest length.
    marker = Marker(etag=f"{'e' * 32}-10000", sequencer="F" * 64, fingerprint="f" * 16)
    metadata = {**layout.to_metadata(), **marker.to_metadata()}
    assert sum(len(key) + len(value) for key, value in metadata.items()) <= MAX_USER_METADATA_BYTES
    assert all(re.fullmatch(r"[ -~]*", value) for value in metadata.values())


@given(
    st.dictionaries(
        st.from_regex(r"[a-z0-9][a-z0-9-]{0,31}\.(jpg|webp|avif)", fullmatch=True),
        st.tuples(st.integers(1, MAX_BOX_PX), st.integers(1, MAX_BOX_PX)),
    )
)
def test_any_sizes_come_back_from_the_metadata(sizes: dict[str, tuple[int, int]]) -> None:
    layout = Layout(sizes=sizes, thumb_hash="1QcSHQ==")
    assert Layout.from_metadata(layout.to_metadata()) == layout


@given(st.text())
def test_no_metadata_of_somebody_else_make_reading_fail(text: str) -> None:
    sizes = Layout.from_metadata({"sizes": text}).sizes
    assert all(width > 0 and height > 0 for width, height in sizes.values())


def test_outputs_of_an_earlier_version_have_no_sizes() -> None:
    assert Layout.from_metadata({"source-etag": "e1"}) == Layout(sizes={}, thumb_hash="")
