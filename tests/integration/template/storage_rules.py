"""Rules about buckets: public access, encryption, TLS, deletion policy."""

from typing import Any

from tests.integration.template.packaged import Rule, Template, attribute, denies_without_tls, drop, put, remove

OURS = ("InputBucket", "OutputBucket")
BY_KMS_KEY = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Ref": "KmsKeyArn"}}
CLOSED = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
RULE = "BucketEncryption/ServerSideEncryptionConfiguration/0/Fn::If"


def _all_buckets(template: Template) -> list[str]:
    return template.names("AWS::S3::Bucket")


def _is_closed(template: Template) -> bool:
    return all(
        template[bucket]["PublicAccessBlockConfiguration"][setting] is True
        for bucket in _all_buckets(template)
        for setting in CLOSED
    )


def _belongs_to_its_owner(template: Template) -> bool:
    return all(
        template[bucket]["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
        for bucket in OURS
    )


def _is_encrypted(template: Template) -> bool:
    return all(
        _default_encryption(choice)["SSEAlgorithm"] in ("AES256", "aws:kms")
        for bucket in _all_buckets(template)
        for rule in template[bucket]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        for choice in rule.get("Fn::If", [None, rule])[1:]
    )


def _by_the_customers_key(template: Template) -> bool:
    rules = [template[bucket]["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]["Fn::If"] for bucket in OURS]
    return all(
        condition == "HasKmsKey" and with_key["BucketKeyEnabled"] and _default_encryption(with_key) == BY_KMS_KEY
        for condition, with_key, _ in rules
    )


def _default_encryption(rule: dict[str, Any]) -> dict[str, Any]:
    encryption: dict[str, Any] = rule["ServerSideEncryptionByDefault"]
    return encryption


def _nothing_of_an_existing_bucket_is_changed(template: Template) -> bool:
    return all(
        template.resource(name)["Condition"] == f"Creates{bucket}"
        for bucket in OURS
        for name in (bucket, f"{bucket}Policy")
    )


def _wants_tls(template: Template) -> bool:
    return all(
        any(denies_without_tls(s, "s3:*") and len(s["Resource"]) == 2 for s in statements)
        for statements in (template.statements("AWS::S3::BucketPolicy", bucket) for bucket in _all_buckets(template))
    )


def _forgets_half_uploads(template: Template) -> bool:
    return all(
        any(
            rule["Status"] == "Enabled" and rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] >= 1
            for rule in template[bucket]["LifecycleConfiguration"]["Rules"]
        )
        for bucket in OURS
    )


def _originals_are_kept(template: Template) -> bool:
    rules = [rule for bucket in OURS for rule in template[bucket]["LifecycleConfiguration"]["Rules"]]
    return not any({"ExpirationInDays", "Transitions"} & rule.keys() for rule in rules)


def _outlives_the_stack(template: Template) -> bool:
    return all(
        template.resource(bucket)["DeletionPolicy"] in ("Retain", "RetainExceptOnCreate")
        and template.resource(bucket)["UpdateReplacePolicy"] == "Retain"
        for bucket in OURS
    )


STORAGE_RULES = (
    Rule(
        "no bucket can be made public",
        _is_closed,
        [
            *(put("OutputBucket", f"PublicAccessBlockConfiguration/{setting}", False) for setting in CLOSED),
            drop("InputBucket", "PublicAccessBlockConfiguration"),
            drop("ServerlessDeploymentBucket", "PublicAccessBlockConfiguration"),
        ],
    ),
    Rule(
        "unless a parameter says otherwise, no object is deleted or archived",
        _originals_are_kept,
        [
            put("InputBucket", "LifecycleConfiguration/Rules/0/ExpirationInDays", 30),
            put("OutputBucket", "LifecycleConfiguration/Rules/0/Transitions", [{"StorageClass": "GLACIER"}]),
        ],
    ),
    Rule(
        "objects belong to the bucket's owner",
        _belongs_to_its_owner,
        [
            put("InputBucket", "OwnershipControls/Rules/0/ObjectOwnership", "ObjectWriter"),
            drop("OutputBucket", "OwnershipControls"),
        ],
    ),
    Rule(
        "every bucket is encrypted",
        _is_encrypted,
        [
            drop("InputBucket", "BucketEncryption"),
            *(
                put("OutputBucket", f"{RULE}/{choice}/ServerSideEncryptionByDefault/SSEAlgorithm", "none")
                for choice in (1, 2)
            ),
        ],
    ),
    Rule(
        "a customer's key encrypts both buckets",
        _by_the_customers_key,
        [
            put("InputBucket", f"{RULE}/0", "HasSummaryEmail"),
            put("OutputBucket", f"{RULE}/1/BucketKeyEnabled", False),
            drop("OutputBucket", f"{RULE}/1/ServerSideEncryptionByDefault/KMSMasterKeyID"),
        ],
    ),
    Rule(
        "nothing of a bucket that exists already is changed",
        _nothing_of_an_existing_bucket_is_changed,
        [
            attribute("InputBucket", "Condition", None),
            attribute("OutputBucket", "Condition", "CreatesInputBucket"),
            attribute("InputBucketPolicy", "Condition", None),
        ],
    ),
    Rule(
        "every bucket is reached over TLS only",
        _wants_tls,
        [
            remove("InputBucketPolicy"),
            drop("OutputBucketPolicy", "PolicyDocument/Statement/0"),
            drop("InputBucketPolicy", "PolicyDocument/Statement/0/Resource/1"),
            put("OutputBucketPolicy", "PolicyDocument/Statement/0/Principal", {"AWS": "123456789012"}),
        ],
    ),
    Rule(
        "incomplete multipart uploads are aborted",
        _forgets_half_uploads,
        [
            drop("InputBucket", "LifecycleConfiguration"),
            put("OutputBucket", "LifecycleConfiguration/Rules/0/Status", "Disabled"),
        ],
    ),
    Rule(
        "the buckets outlive the stack",
        _outlives_the_stack,
        [
            attribute("InputBucket", "DeletionPolicy", "Delete"),
            attribute("OutputBucket", "DeletionPolicy", None),
            attribute("OutputBucket", "UpdateReplacePolicy", "Delete"),
        ],
    ),
)
