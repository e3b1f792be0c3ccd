"""The buckets of the benchmark: as S3 lists them, and one photo in a hundred without outputs."""

import re

import pytest

from scripts.bench.s3_model import S3Model, photo_key

MODEL = S3Model(photos=2345, fingerprint="f1")


def listed(bucket: str) -> list[str]:
    keys: list[str] = []
    token = "0"
    while token:
        status, _, body = MODEL.answer("GET", f"/{bucket}?list-type=2&encoding-type=url&continuation-token={token}")
        assert status == 200
        page = re.findall("<Key>(.*?)</Key>", body.decode())
        assert 0 < len(page) <= 1000
        keys += page
        token = "".join(re.findall("<NextContinuationToken>(.*?)<", body.decode()))
    return keys


@pytest.mark.parametrize(("bucket", "count"), [("bench-input-bucket", 2345), ("bench-output-bucket", 4 * (2345 - 23))])
def test_all_pages_together_have_every_key_once_in_order(bucket: str, count: int) -> None:
    keys = listed(bucket)
    assert len(keys) == len(set(keys)) == count
    assert keys == sorted(keys)


def test_a_commit_marker_exists_exactly_where_it_is_listed() -> None:
    found = {key for key in listed("bench-output-bucket") if key.endswith("/document.pdf")}
    for number in range(MODEL.photos):
        marker = f"{photo_key(number)}/document.pdf"
        status, headers, _ = MODEL.answer("HEAD", f"/bench-output-bucket/{marker}")
        assert (status == 200) == (marker in found)
        assert status == 404 or "x-amz-meta-settings: f1" in headers


def test_with_a_photo_it_is_the_body_of_every_object_and_a_put_is_accepted() -> None:
    model = S3Model(photos=0, fingerprint="f1", photo=b"a photo")
    assert [model.answer(method, "/photos/a.jpg")[::2] for method in ("GET", "PUT")] == [(200, b"a photo"), (200, b"")]
    assert model.answer("HEAD", "/renditions/a.jpg/document.pdf")[0] == 404
    assert MODEL.answer("GET", "/photos/a.jpg")[0] == 404
