"""The requests that CloudFormation makes for a template, by AWS's own resource schemas, which cfn-lint brings."""

from collections.abc import Iterator
from typing import Any

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from tests.integration.template.packaged import Template

REGION = "us-east-1"
HANDLERS = ("create", "read", "update", "delete")

# Permissions that a handler needs for a property which serverless.yml does not use. A schema names each of its
# resource type's, also some that are no IAM action.
FOR_PROPERTIES: dict[str, dict[str, tuple[str, ...]]] = {
    "AWS::Events::Rule": {"RoleArn": ("iam:PassRole",)},
    "AWS::IAM::Role": {
        "Description": ("iam:UpdateRoleDescription",),
        "ManagedPolicyArns": ("iam:AttachRolePolicy", "iam:DetachRolePolicy"),
        "MaxSessionDuration": ("iam:UpdateRole",),
        "PermissionsBoundary": ("iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary"),
    },
    "AWS::KMS::Key": {"Enabled": ("kms:DisableKey", "kms:EnableKey")},
    "AWS::Lambda::EventSourceMapping": {"KmsKeyArn": ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey")},
    "AWS::Lambda::Function": {
        "CapacityProviderConfig": ("lambda:PassCapacityProvider",),
        "Code/S3ObjectVersion": ("s3:GetObjectVersion",),
        "CodeSigningConfigArn": (
            "lambda:DeleteFunctionCodeSigningConfig",
            "lambda:GetCodeSigningConfig",
            "lambda:PutFunctionCodeSigningConfig",
        ),
        "FileSystemConfigs": ("elasticfilesystem:DescribeMountTargets", "s3files:ListMountTargets"),
        "FunctionScalingConfig": ("lambda:GetFunctionScalingConfig", "lambda:PutFunctionScalingConfig"),
        "KmsKeyArn": ("kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"),
        "PublishToLatestPublished": ("lambda:PublishVersion",),
        "RecursiveLoop": ("lambda:PutFunctionRecursionConfig",),
        "ReservedConcurrentExecutions": ("lambda:DeleteFunctionConcurrency", "lambda:PutFunctionConcurrency"),
        "RuntimeManagementConfig": ("lambda:AssociateRuntimeAlias", "lambda:PutRuntimeManagementConfig"),
        "VpcConfig": (
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
        ),
    },
    "AWS::Lambda::LayerVersion": {"Content/S3ObjectVersion": ("s3:GetObjectVersion",)},
    "AWS::Logs::LogGroup": {
        "BearerTokenAuthenticationEnabled": ("logs:PutBearerTokenAuthentication",),
        "DataProtectionPolicy": (
            "firehose:TagDeliveryStream",
            "logs:CreateLogDelivery",
            "logs:DeleteDataProtectionPolicy",
            "logs:PutDataProtectionPolicy",
            "s3:REST.PUT.OBJECT",
        ),
        "DeletionProtectionEnabled": ("logs:PutLogGroupDeletionProtection",),
        "FieldIndexPolicies": ("logs:DeleteIndexPolicy", "logs:PutIndexPolicy"),
        "KmsKeyId": ("logs:AssociateKmsKey", "logs:DisassociateKmsKey"),
        "ResourcePolicyDocument": ("logs:DeleteResourcePolicy", "logs:PutResourcePolicy"),
    },
    "AWS::S3::Bucket": {
        "AbacStatus": ("s3:PutBucketAbac",),
        "AccelerateConfiguration": ("s3:PutAccelerateConfiguration",),
        "AccessControl": ("s3:PutBucketAcl", "s3:PutObjectAcl"),
        "AnalyticsConfigurations": ("s3:DeleteBucketAnalyticsConfiguration", "s3:PutAnalyticsConfiguration"),
        "CorsConfiguration": ("s3:DeleteBucketCors", "s3:PutBucketCORS"),
        "IntelligentTieringConfigurations": ("s3:PutIntelligentTieringConfiguration",),
        "InventoryConfigurations": ("s3:PutInventoryConfiguration",),
        "LoggingConfiguration": ("s3:PutBucketLogging",),
        "MetadataConfiguration": (
            "s3:UpdateBucketMetadataAnnotationTableConfiguration",
            "s3:UpdateBucketMetadataInventoryTableConfiguration",
            "s3:UpdateBucketMetadataJournalTableConfiguration",
        ),
        "MetadataTableConfiguration": (
            "s3:CreateBucketMetadataTableConfiguration",
            "s3:DeleteBucketMetadataTableConfiguration",
            "s3tables:CreateNamespace",
            "s3tables:CreateTable",
            "s3tables:CreateTableBucket",
            "s3tables:GetTable",
            "s3tables:GetTableMetadataLocation",
            "s3tables:PutTableBucketPolicy",
            "s3tables:PutTableEncryption",
            "s3tables:PutTablePolicy",
            "s3tables:UpdateTableMetadataLocation",
        ),
        "MetricsConfigurations": ("s3:DeleteBucketMetricsConfiguration", "s3:PutMetricsConfiguration"),
        "ObjectLockConfiguration": ("s3:PutBucketObjectLockConfiguration", "s3:PutObjectLockConfiguration"),
        "ReplicationConfiguration": (
            "iam:PassRole",
            "s3:DeleteBucketReplication",
            "s3:DeleteObject",
            "s3:PutBucketReplication",
            "s3:PutReplicationConfiguration",
        ),
        "VersioningConfiguration": ("s3:PutBucketVersioning",),
        "WebsiteConfiguration": ("s3:DeleteBucketWebsite", "s3:PutBucketWebsite"),
    },
    "AWS::SNS::Subscription": {"SubscriptionRoleArn": ("iam:GetRole", "iam:PassRole")},
    "AWS::SNS::Topic": {
        "DataProtectionPolicy": ("sns:PutDataProtectionPolicy",),
        "DeliveryStatusLogging": ("iam:GetRole", "iam:PassRole"),
        "Subscription": ("sns:Unsubscribe",),
    },
}
# Names in a schema for which IAM has another: S3 checks a removal as the action that puts (Service Authorization
# Reference, S3: PutEncryptionConfiguration, PutLifecycleConfiguration, PutBucketTagging).
IAM_NAMES = {
    "s3:DeleteBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:DeleteBucketLifecycle": "s3:PutLifecycleConfiguration",
    "s3:DeleteBucketTagging": "s3:PutBucketTagging",
}


def resource_types(template: Template) -> list[str]:
    """Return the types of a template's resources on AWS."""
    types = {each["Type"] for each in template.document["Resources"].values()}
    return sorted(each for each in types if template.names(each))


def calls(resource_type: str) -> set[str]:
    """Return the IAM actions that CloudFormation calls for a resource type, with the properties that are used."""
    unused = {action for actions in FOR_PROPERTIES.get(resource_type, {}).values() for action in actions}
    return {IAM_NAMES.get(action, action) for action in handler_permissions(resource_type) - unused}


def handler_permissions(resource_type: str) -> set[str]:
    """Return every permission in a resource type's schema, those to tag included: the stack has tags."""
    schema: Any = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, resource_type).schema
    return {action for name in HANDLERS for action in schema["handlers"].get(name, {}).get("permissions", [])} | set(
        schema.get("tagging", {}).get("permissions", [])
    )


def used_properties(template: Template) -> Iterator[str]:
    """Yield each property of `FOR_PROPERTIES` that a template uses after all."""
    for resource_type, properties in FOR_PROPERTIES.items():
        for name in template.names(resource_type):
            yield from (f"{name}: {path}" for path in properties if _has(template[name], path))


def _has(properties: Any, path: str) -> bool:
    for step in path.split("/"):
        if step not in properties:
            return False
        properties = properties[step]
    return True
