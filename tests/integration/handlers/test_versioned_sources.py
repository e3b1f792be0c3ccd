"""Source objects in versioned buckets, under object lock, and encrypted with a KMS key."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.handlers.conftest import Aws
from tests.support.photos import jpeg

FIRST, SECOND = jpeg((1500, 1000)), jpeg((1000, 1500))


@pytest.fixture
def versioned(aws: Aws) -> Aws:
    aws.s3.put_bucket_versioning(Bucket="photos", VersioningConfiguration={"Status": "Enabled"})
    return aws


def test_of_two_versions_only_the_newest_is_processed(versioned: Aws) -> None:
    versioned.upload("a.jpg", FIRST)
    (first,) = versioned.messages()
    versioned.upload("a.jpg", SECOND)
    (second,) = versioned.messages()
    assert versioned.invoke([first]) == []
    assert versioned.outcomes() == {"a.jpg": "superseded"}
    versioned.invoke([second])
    assert versioned.outcomes() == {"a.jpg": "processed"}


def test_a_photo_behind_a_delete_marker_is_gone_although_its_version_is_kept(versioned: Aws) -> None:
    versioned.upload("a.jpg", FIRST)
    messages = versioned.messages()
    versioned.s3.delete_object(Bucket="photos", Key="a.jpg")
    assert versioned.invoke(messages) == []
    assert versioned.outcomes() == {"a.jpg": "gone"}
    assert versioned.outputs() == {}


def test_a_photo_under_object_lock_is_processed_and_stays_locked(aws: Aws) -> None:
    aws.s3.put_bucket_versioning(Bucket="photos", VersioningConfiguration={"Status": "Enabled"})
    aws.s3.put_object_lock_configuration(Bucket="photos", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"})
    until = datetime.now(UTC) + timedelta(days=30)
    aws.s3.put_object(
        Bucket="photos", Key="a.jpg", Body=FIRST, ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=until
    )
    aws.invoke(aws.messages())
    assert aws.outcomes() == {"a.jpg": "processed"}
    locked = aws.s3.head_object(Bucket="photos", Key="a.jpg")
    assert locked["ObjectLockMode"] == "COMPLIANCE"


def test_a_photo_encrypted_with_a_kms_key_is_processed(aws: Aws) -> None:
    aws.s3.put_object(
        Bucket="photos", Key="a.jpg", Body=FIRST, ServerSideEncryption="aws:kms", SSEKMSKeyId="arn:aws:kms:key"
    )
    aws.invoke(aws.messages())
    assert aws.outcomes() == {"a.jpg": "processed"}
