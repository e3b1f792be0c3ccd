"""The permissions to deploy and to remove a stage: the commands' own requests, and CloudFormation's in their name.

CloudFormation calls each service with the credentials of whoever deploys. The permissions of each resource type stand
in AWS's resource schemas, under `handlers`; a test compares them with these and with the packaged template.
"""

from scripts.policies.permissions import OPERATOR_COMMANDS, Grants, combine

_READ_STACK: Grants = {"stack": ("cloudformation:DescribeStacks", "cloudformation:GetTemplate")}
_CHANGE_STACK: Grants = {
    "stack": (
        "cloudformation:DescribeStackEvents",
        "cloudformation:DescribeStackResource",
        "cloudformation:UpdateTerminationProtection",
    )
}
_DEPLOYMENT_BUCKET: Grants = {"deployment bucket": ("s3:ListBucket",), "deployment packages": ("s3:DeleteObject",)}
# Of buckets that exist already, a deployment only changes the stage's own notification.
_NOTIFICATIONS: Grants = {"input bucket": ("s3:GetBucketNotification", "s3:PutBucketNotification")}

COMMANDS: dict[str, Grants] = {
    "deploy": combine(
        OPERATOR_COMMANDS["doctor"],
        _READ_STACK,
        _CHANGE_STACK,
        _DEPLOYMENT_BUCKET,
        _NOTIFICATIONS,
        {
            "stack": (
                "cloudformation:CreateStack",
                "cloudformation:ListStackResources",
                "cloudformation:TagResource",
                "cloudformation:UpdateStack",
            ),
            # To upload in parts, which S3 allows with PutObject, and to give up such an upload.
            "deployment packages": ("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"),
            "input bucket": ("s3:ListBucket",),
            "output bucket": ("s3:ListBucket",),
            # The checkup's requests on both functions and one log, in fewer statements.
            "every function": ("lambda:GetFunctionConfiguration",),
            "every log": ("logs:FilterLogEvents",),
            "any resource": ("cloudformation:ValidateTemplate", "lambda:GetAccountSettings"),
        },
    ),
    "remove": combine(
        _READ_STACK,
        _CHANGE_STACK,
        _DEPLOYMENT_BUCKET,
        _NOTIFICATIONS,
        {"stack": ("cloudformation:DeleteStack",), "every queue": ("sqs:GetQueueAttributes",)},
    ),
}

BY_CLOUDFORMATION: Grants = {
    "own buckets": (
        "s3:CreateBucket",
        "s3:DeleteBucket",
        "s3:DeleteBucketPolicy",
        # CloudFormation reads every configuration that a bucket can have.
        "s3:Get*Configuration",
        "s3:GetBucket*",
        "s3:ListBucket",
        "s3:ListTagsForResource",
        "s3:PutBucketNotification",
        "s3:PutBucketOwnershipControls",
        "s3:PutBucketPolicy",
        "s3:PutBucketPublicAccessBlock",
        "s3:PutBucketTagging",
        "s3:PutEncryptionConfiguration",
        "s3:PutLifecycleConfiguration",
        "s3:TagResource",
        "s3:UntagResource",
    ),
    "every queue": (
        "sqs:CreateQueue",
        "sqs:DeleteQueue",
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
        "sqs:ListQueueTags",
        "sqs:SetQueueAttributes",
        "sqs:TagQueue",
        "sqs:UntagQueue",
    ),
    "every topic": (
        "sns:CreateTopic",
        "sns:DeleteTopic",
        "sns:GetDataProtectionPolicy",
        "sns:GetTopicAttributes",
        "sns:ListSubscriptionsByTopic",
        "sns:ListTagsForResource",
        "sns:SetTopicAttributes",
        "sns:Subscribe",
        "sns:TagResource",
        "sns:UntagResource",
    ),
    "every function": (
        "lambda:AddPermission",
        "lambda:CreateFunction",
        "lambda:DeleteFunction",
        "lambda:DeleteFunctionEventInvokeConfig",
        "lambda:GetFunction",
        "lambda:GetFunctionCodeSigningConfig",
        "lambda:GetFunctionEventInvokeConfig",
        "lambda:GetFunctionRecursionConfig",
        "lambda:GetPolicy",
        "lambda:GetRuntimeManagementConfig",
        "lambda:ListTags",
        "lambda:PutFunctionEventInvokeConfig",
        "lambda:RemovePermission",
        "lambda:TagResource",
        "lambda:UntagResource",
        "lambda:UpdateFunctionCode",
        "lambda:UpdateFunctionConfiguration",
        "lambda:UpdateFunctionEventInvokeConfig",
    ),
    "every layer": ("lambda:DeleteLayerVersion", "lambda:GetLayerVersion", "lambda:PublishLayerVersion"),
    "deployment packages": ("s3:GetObject",),
    "every role": (
        "iam:CreateRole",
        "iam:DeleteRole",
        "iam:DeleteRolePolicy",
        "iam:GetRole",
        "iam:GetRolePolicy",
        "iam:ListAttachedRolePolicies",
        "iam:ListRolePolicies",
        "iam:ListRoleTags",
        "iam:PutRolePolicy",
        "iam:TagRole",
        "iam:UntagRole",
        "iam:UpdateAssumeRolePolicy",
    ),
    "roles, passed to Lambda": ("iam:PassRole",),
    "schedule": (
        "events:DeleteRule",
        "events:DescribeRule",
        "events:ListTagsForResource",
        "events:ListTargetsByRule",
        "events:PutRule",
        "events:PutTargets",
        "events:RemoveTargets",
        "events:TagResource",
        "events:UntagResource",
    ),
    "every alarm": (
        "cloudwatch:DeleteAlarms",
        "cloudwatch:ListTagsForResource",
        "cloudwatch:PutMetricAlarm",
        "cloudwatch:TagResource",
        "cloudwatch:UntagResource",
    ),
    "dashboard": (
        "cloudwatch:DeleteDashboards",
        "cloudwatch:GetDashboard",
        "cloudwatch:ListTagsForResource",
        "cloudwatch:PutDashboard",
        "cloudwatch:TagResource",
        "cloudwatch:UntagResource",
    ),
    "every log": (
        "logs:CreateLogGroup",
        "logs:DeleteLogGroup",
        "logs:DeleteRetentionPolicy",
        "logs:GetDataProtectionPolicy",
        "logs:ListTagsForResource",
        "logs:PutRetentionPolicy",
        "logs:TagResource",
        "logs:UntagResource",
    ),
    # Keys, event source mappings and subscriptions have no names that a policy could hold.
    "any resource, through CloudFormation": (
        "cloudwatch:DescribeAlarms",
        "kms:CreateKey",
        "kms:DescribeKey",
        "kms:DisableKeyRotation",
        "kms:EnableKeyRotation",
        "kms:GetKeyPolicy",
        "kms:GetKeyRotationStatus",
        "kms:ListResourceTags",
        "kms:PutKeyPolicy",
        "kms:ScheduleKeyDeletion",
        "kms:TagResource",
        "kms:UntagResource",
        "kms:UpdateKeyDescription",
        "lambda:CreateEventSourceMapping",
        "lambda:DeleteEventSourceMapping",
        "lambda:GetEventSourceMapping",
        "lambda:ListTags",
        "lambda:TagResource",
        "lambda:UntagResource",
        "lambda:UpdateEventSourceMapping",
        "logs:DescribeIndexPolicies",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "sns:GetSubscriptionAttributes",
        "sns:SetSubscriptionAttributes",
        "sns:Unsubscribe",
    ),
}
DEPLOYER_COMMANDS: dict[str, Grants] = {**COMMANDS, "CloudFormation, for both": BY_CLOUDFORMATION}
