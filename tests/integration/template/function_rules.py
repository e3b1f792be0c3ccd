"""Rules about the functions, their event sources and their roles."""

from typing import Any

from tests.integration.template.packaged import Rule, Template, arn_of, drop, listed, put, remove
from tests.integration.template.storage_rules import OURS

MAPPING = "ProcessEventSourceMappingSQSPhotoQueue"
FUNCTIONS = {"ProcessLambdaFunction": "ProcessRole", "RollUpLambdaFunction": "RollUpRole"}
LOG_GROUPS = ("ProcessLogGroup", "RollUpLogGroup")
ROLE_POLICY = "Policies/0/PolicyDocument/Statement"
# X-Ray's actions know no resources (Service Authorization Reference, AWS X-Ray).
WITHOUT_RESOURCES = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
IN_THIS_ACCOUNT = {"StringEquals": {"aws:ResourceAccount": {"Ref": "AWS::AccountId"}}}


def _all(name: str, expected: Any) -> Any:
    return lambda template: all(template[function][name] == expected for function in FUNCTIONS)


def _writes_json_logs(template: Template) -> bool:
    return all(template[function]["LoggingConfig"] == {"LogFormat": "JSON"} for function in FUNCTIONS)


def _traces_without_more_code(template: Template) -> bool:
    return all(
        template[function]["TracingConfig"] == {"Mode": "Active"}
        and template[function]["Layers"] == [{"Ref": "DependenciesLambdaLayer"}]
        for function in FUNCTIONS
    )


def _layer_fits_the_functions(template: Template) -> bool:
    layer = template["DependenciesLambdaLayer"]
    return all(
        [template[f]["Runtime"]] == layer["CompatibleRuntimes"]
        and template[f]["Architectures"] == layer["CompatibleArchitectures"]
        for f in FUNCTIONS
    )


def _mapping_feeds_the_function(template: Template) -> bool:
    mapping = template[MAPPING]
    return bool(
        mapping["EventSourceArn"] == arn_of("PhotoQueue")
        and mapping["FunctionName"] == arn_of("ProcessLambdaFunction")
        and mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        and 2 <= mapping["ScalingConfig"]["MaximumConcurrency"] <= 1000
        and 1 <= mapping["BatchSize"] <= 10
    )


def _each_has_its_own_role(template: Template) -> bool:
    def role(function: str) -> Any:
        value = template[function]["Role"]
        return value["Fn::Sub"].removeprefix("${").removesuffix(".Arn}") if "Fn::Sub" in value else value

    functions = template.names("AWS::Lambda::Function")
    return {function: role(function) for function in functions} == FUNCTIONS and sorted(
        template.names("AWS::IAM::Role")
    ) == sorted(FUNCTIONS.values())


def _only_lambda_assumes(template: Template) -> bool:
    return all(
        [(s["Principal"], s["Action"]) for s in template[role]["AssumeRolePolicyDocument"]["Statement"]]
        == [({"Service": "lambda.amazonaws.com"}, "sts:AssumeRole")]
        for role in FUNCTIONS.values()
    )


def _is_exact(template: Template, action: str, resource: Any) -> bool:
    """Return True if an ARN names one resource of this stack or its objects."""
    if action in WITHOUT_RESOURCES:
        return bool(resource == "*")
    if isinstance(resource, str):
        return False
    target = str(next(iter(resource.values())))
    objects = target in [f"{template.bucket_arn(bucket)['Fn::Sub']}/*" for bucket in OURS]
    return "*" not in action and ("*" not in target or objects)


def _may_do_exact_things(template: Template) -> bool:
    return all(
        statement["Effect"] == "Allow" and _is_exact(template, action, resource)
        for role in FUNCTIONS.values()
        for statement in template.role_statements(role)
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    )


def _absent_answers_404(template: Template) -> bool:
    wanted = [template.bucket_arn(bucket) for bucket in OURS]
    statements = template.role_statements("ProcessRole")
    found = [r for s in statements if "s3:ListBucket" in listed(s["Action"]) for r in listed(s["Resource"])]
    return found == wanted


def _s3_only_in_this_account(template: Template) -> bool:
    statements = [s for role in FUNCTIONS.values() for s in template.role_statements(role)]
    of_s3 = [s for s in statements if any(action.startswith("s3:") for action in listed(s["Action"]))]
    return len(of_s3) == 3 and all(s.get("Condition") == IN_THIS_ACCOUNT for s in of_s3)


def _knows_its_buckets(template: Template) -> bool:
    variables = template["ProcessLambdaFunction"]["Environment"]["Variables"]
    names = [template[bucket]["BucketName"] for bucket in OURS]
    return [variables["INPUT_BUCKET"], variables["OUTPUT_BUCKET"]] == names


def _only_the_schedule_invokes(template: Template) -> bool:
    permissions = [template[name] for name in template.names("AWS::Lambda::Permission")]
    return [(p["Principal"], p["SourceArn"]) for p in permissions] == [
        ("events.amazonaws.com", arn_of("RollUpEventsRuleSchedule1"))
    ]


def _one_roll_up_at_a_time(template: Template) -> bool:
    schedule = template["RollUpEventsRuleSchedule1"]["ScheduleExpression"]
    minutes = int(schedule.removeprefix("rate(").removesuffix(" minutes)"))
    retries = template["RollUpLambdaEvConf"]["MaximumRetryAttempts"]
    return retries == 0 and bool(template["RollUpLambdaFunction"]["Timeout"] < 60 * minutes)


FUNCTION_RULES = (
    Rule(
        "a run of the roll-up ends before the next begins",
        _one_roll_up_at_a_time,
        [
            put("RollUpLambdaFunction", "Timeout", 300),
            put("RollUpLambdaEvConf", "MaximumRetryAttempts", 1),
            drop("RollUpLambdaEvConf", "MaximumRetryAttempts"),
        ],
    ),
    Rule(
        "functions run on Python 3.13",
        _all("Runtime", "python3.13"),
        [put("ProcessLambdaFunction", "Runtime", "python3.12"), drop("RollUpLambdaFunction", "Runtime")],
    ),
    Rule(
        "functions run on arm64",
        _all("Architectures", ["arm64"]),
        [put("ProcessLambdaFunction", "Architectures", ["x86_64"]), drop("RollUpLambdaFunction", "Architectures")],
    ),
    Rule(
        "the layer is for the functions' runtime and architecture",
        _layer_fits_the_functions,
        [
            put("DependenciesLambdaLayer", "CompatibleArchitectures", ["x86_64"]),
            put("DependenciesLambdaLayer", "CompatibleRuntimes", ["python3.12"]),
        ],
    ),
    Rule(
        "the function has one whole vCPU and room on disk for three of the largest sources",
        lambda template: (
            template["ProcessLambdaFunction"]["MemorySize"] >= 1769
            and template["ProcessLambdaFunction"]["EphemeralStorage"]["Size"] * 1_000_000
            >= 3 * int(template["ProcessLambdaFunction"]["Environment"]["Variables"]["MAX_BYTES"])
        ),
        [
            put("ProcessLambdaFunction", "MemorySize", 1024),
            put("ProcessLambdaFunction", "EphemeralStorage/Size", 512),
            put("ProcessLambdaFunction", "Environment/Variables/MAX_BYTES", "400000000"),
        ],
    ),
    Rule(
        "logs are JSON",
        _writes_json_logs,
        [
            put("ProcessLambdaFunction", "LoggingConfig/LogFormat", "Text"),
            drop("RollUpLambdaFunction", "LoggingConfig"),
        ],
    ),
    Rule(
        "logs are kept for thirty days and not for ever",
        lambda template: all(template[group]["RetentionInDays"] == 30 for group in LOG_GROUPS),
        [drop("ProcessLogGroup", "RetentionInDays"), put("RollUpLogGroup", "RetentionInDays", 3653)],
    ),
    Rule(
        "Lambda traces by itself, without an SDK or another layer",
        _traces_without_more_code,
        [
            drop("ProcessLambdaFunction", "TracingConfig"),
            put("RollUpLambdaFunction", "TracingConfig/Mode", "PassThrough"),
            put("ProcessLambdaFunction", "Layers", [{"Ref": "DependenciesLambdaLayer"}, "arn:aws:lambda:insights"]),
        ],
    ),
    Rule(
        "the queue feeds the function, bounded, with partial batch responses",
        _mapping_feeds_the_function,
        [
            drop(MAPPING, "FunctionResponseTypes"),
            drop(MAPPING, "ScalingConfig"),
            put(MAPPING, "ScalingConfig/MaximumConcurrency", 1),
            put(MAPPING, "BatchSize", 100),
            put(MAPPING, "EventSourceArn", arn_of("DeadLetterQueue")),
        ],
    ),
    Rule(
        "each function has a role of its own",
        _each_has_its_own_role,
        [
            put("RollUpLambdaFunction", "Role", {"Fn::Sub": "${ProcessRole.Arn}"}),
            remove("RollUpRole"),
        ],
    ),
    Rule(
        "only Lambda assumes the roles",
        _only_lambda_assumes,
        [put("ProcessRole", "AssumeRolePolicyDocument/Statement/0/Principal", {"AWS": "*"})],
    ),
    Rule(
        "every statement is about exact actions and exact resources",
        _may_do_exact_things,
        [
            put("ProcessRole", f"{ROLE_POLICY}/0/Resource", "*"),
            put("ProcessRole", f"{ROLE_POLICY}/0/Action", "s3:*"),
            put("ProcessRole", f"{ROLE_POLICY}/0/Resource", {"Fn::Sub": "arn:aws:s3:::*"}),
            put("RollUpRole", f"{ROLE_POLICY}/0/Action", ["sqs:*"]),
            put("ProcessRole", f"{ROLE_POLICY}/0/Effect", "Deny"),
        ],
    ),
    Rule(
        "an absent object answers 404 in both buckets",
        _absent_answers_404,
        [drop("ProcessRole", f"{ROLE_POLICY}/2"), drop("ProcessRole", f"{ROLE_POLICY}/2/Resource/0")],
    ),
    Rule(
        "every statement about S3 is about buckets of this account",
        _s3_only_in_this_account,
        [
            *(drop("ProcessRole", f"{ROLE_POLICY}/{number}/Condition") for number in range(3)),
            put("ProcessRole", f"{ROLE_POLICY}/0/Condition/StringEquals/aws:ResourceAccount", "*"),
        ],
    ),
    Rule(
        "the function knows its input and its output bucket",
        _knows_its_buckets,
        [
            drop("ProcessLambdaFunction", "Environment/Variables/INPUT_BUCKET"),
            put("ProcessLambdaFunction", "Environment/Variables/INPUT_BUCKET", {"Fn::Sub": "another"}),
        ],
    ),
    Rule(
        "nothing but the schedule may invoke a function",
        _only_the_schedule_invokes,
        [
            put("RollUpLambdaPermissionEventsRuleSchedule1", "Principal", "*"),
            drop("RollUpLambdaPermissionEventsRuleSchedule1", "SourceArn"),
        ],
    ),
)
