"""Outputs in S3: which of two versions stays."""

from io import BytesIO
from typing import Any, cast

import pytest

from handlers.object_store import ObjectStore, StoreResult
from processing.commit_marker import Commit, Marker
from processing.outcomes import SourceObject
from tests.support.fake_s3 import FakeS3, Stored

SOURCE, OUTPUT, KEY = "photos", "renditions", "beach.jpg/small.jpg"
NEWER = Marker("b" * 32, "0060", "settings")


def source(etag: str) -> SourceObject:
    return SourceObject(bucket=SOURCE, key="beach.jpg", size_bytes=3, etag=etag, version_id="", sequencer="")


@pytest.mark.parametrize("etag", ["", "a" * 32], ids=["no eTag", "an older eTag"])
def test_a_message_without_a_sequencer_does_not_replace_outputs_of_another_version(etag: str) -> None:
    s3 = FakeS3()
    s3.objects[SOURCE, "beach.jpg"] = Stored(b"new")
    s3.objects[OUTPUT, KEY] = Stored(b"of the new one", NEWER.to_metadata())
    commit = Commit(Marker.of(source(etag), "settings"), replaces=True)
    result = ObjectStore(cast(Any, s3), OUTPUT).store(
        source(etag), KEY, BytesIO(b"of the old one"), commit, headers={}, metadata={}
    )
    assert result is StoreResult.LATER_EXISTS
    assert s3.objects[OUTPUT, KEY].body == b"of the new one"
