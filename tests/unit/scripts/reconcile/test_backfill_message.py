from hypothesis import given
from hypothesis import strategies as st

from processing.outcomes import SourceObject
from processing.s3_events import parse_message
from scripts.aws.bucket_listing import Listed
from scripts.reconcile.backfill_message import BackfillTarget, backfill_message, journal_key

KEYS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=50).filter(lambda key: not key.endswith("/"))


@given(KEYS, st.integers(0, 10**12))
def test_the_function_reads_the_very_object_that_was_listed(key: str, size_bytes: int) -> None:
    sent = backfill_message(
        Listed(key, "e1", size_bytes, 1_795_000_000.0), BackfillTarget("photos", "https://queue", "f1")
    )
    assert parse_message(sent.message.body) == (
        SourceObject(bucket="photos", key=key, size_bytes=size_bytes, etag="e1"),
    )


def test_another_version_other_settings_another_bucket_and_another_queue_are_another_item() -> None:
    source = Listed("a.jpg", "e1", 5, 1.0)
    target = BackfillTarget("photos", "https://queue", "f1")
    assert journal_key(source, target) == journal_key(source._replace(modified=2.0), target)
    others = [target._replace(fingerprint="f2"), target._replace(bucket="b2"), target._replace(queue_url="https://q2")]
    items = [journal_key(source, target), journal_key(source._replace(etag="e2"), target)]
    assert len({*items, *(journal_key(source, other) for other in others)}) == 5
