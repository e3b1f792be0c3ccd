"""`npm run policies`, as people type it, and the tables of the runbook."""

import json
import re
from typing import Any

import pytest

from scripts.cli.command_line import EXIT_COULD_NOT_RUN, EXIT_OK, run
from scripts.cli.repository import REPOSITORY
from scripts.packaging.deployment_rules import MAX_STAGE_CHARACTERS
from scripts.packaging.resolved_config import resolve_name
from scripts.policies import __main__ as policies
from scripts.policies.documents import ANY_BY_CLOUDFORMATION, ARNS, Place, policy_document
from scripts.policies.permissions import OPERATOR_COMMANDS, READER_COMMANDS, Role, combine
from scripts.prove.probes import FOLDER

ACCOUNT, REGION = "123456789012", "eu-central-1"
PLACE = Place(stage="prod", account=ACCOUNT, region=REGION)
MANAGED_POLICY_CHARACTERS = 6144  # IAM's limit, white space not counted


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    code = run(policies.app, "npm run policies --", [*arguments, "--account", ACCOUNT, "--region", REGION])
    assert code == EXIT_OK
    return json.loads(capsys.readouterr().out)


PAGES = {"deployer": "deployment.md", "operator": "runbook.md", "reader": "runbook.md"}


@pytest.mark.parametrize("role", PAGES)
def test_a_page_has_the_table_that_the_command_prints(capsys: pytest.CaptureFixture[str], role: str) -> None:
    run(policies.app, "npm run policies --", [role, "--stage", "prod", "--markdown"])
    page = (REPOSITORY / "docs" / PAGES[role]).read_text()
    shown = page.partition(f"<!-- printed by npm run policies -- {role} -->\n")[2].partition("\n<!-- end -->")[0]
    assert shown == capsys.readouterr().out.strip(), f"paste `npm run -s policies -- {role} --stage prod --markdown`"


@pytest.mark.parametrize("role", Role)
def test_a_document_fits_into_a_managed_policy(capsys: pytest.CaptureFixture[str], role: str) -> None:
    document = printed(capsys, role, "--stage", "a" * MAX_STAGE_CHARACTERS)
    assert len(json.dumps(document, separators=(",", ":"))) < MANAGED_POLICY_CHARACTERS


def test_a_document_names_the_stage_alone_except_where_aws_has_no_arn(capsys: pytest.CaptureFixture[str]) -> None:
    document = printed(capsys, "operator", "--stage", "prod")
    wide = [each["Sid"] for each in document["Statement"] if not all("prod" in arn for arn in each["Resource"])]
    assert wide == ["AnyResource"]


def test_a_reader_changes_nothing() -> None:
    actions = {action for actions in combine(*READER_COMMANDS.values()).values() for action in actions}
    verbs = {action.partition(":")[2] for action in actions}
    assert not [verb for verb in verbs if not verb.startswith(("Get", "List", "Describe", "Filter", "Start", "Stop"))]
    assert {verb for verb in verbs if verb.startswith(("Start", "Stop"))} == {"StartQuery", "StopQuery"}


def test_every_resource_has_an_arn_and_every_arn_is_used() -> None:
    commands = [grants for each in policies.COMMANDS.values() for grants in each.values()]
    assert set(combine(*commands)) == set(ARNS)


def test_the_buckets_are_those_of_the_settings_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"inputBucket": "mine-${AWS::Region}", "kmsKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/k"}
    monkeypatch.setattr(policies, "read_stage_settings", lambda _: settings)
    statements = {each["Sid"]: each for each in printed(capsys, "operator", "--stage", "prod")["Statement"]}
    assert statements["SourceObjects"]["Resource"] == [f"arn:aws:s3:::mine-{REGION}/*"]
    assert statements["Outputs"]["Resource"] == [f"arn:aws:s3:::darkroom-prod-output-{ACCOUNT}-{REGION}/*"]
    assert statements["KeyOfTheBuckets"]["Resource"] == [settings["kmsKeyArn"]]


def test_without_a_key_of_ones_own_no_statement_is_about_keys() -> None:
    assert "kms:" not in json.dumps(policy_document(combine(*OPERATOR_COMMANDS.values()), PLACE))


@pytest.mark.parametrize("kind", ["input", "output"])
def test_the_default_bucket_names_are_those_of_serverless_yml(kind: str) -> None:
    found = re.search(rf"^    {kind}Bucket: (\S+)$", (REPOSITORY / "serverless.yml").read_text(), re.MULTILINE)
    assert found
    assert PLACE.bucket(kind) == resolve_name(found[1].replace("${sls:stage}", "prod"), ACCOUNT, REGION)


def test_in_china_arns_are_of_that_partition(capsys: pytest.CaptureFixture[str]) -> None:
    run(policies.app, "npm run policies --", ["reader", "--stage", "prod", "--account", "1", "--region", "cn-north-1"])
    out = capsys.readouterr().out
    assert "arn:aws-cn:sqs:cn-north-1:1:darkroom-prod-photos" in out
    assert "arn:aws:" not in out


def test_without_a_region_it_says_what_to_set(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policies, "find_region", lambda _: None)
    code = run(policies.app, "npm run policies --", ["reader", "--stage", "prod", "--account", ACCOUNT])
    assert code == EXIT_COULD_NOT_RUN
    assert "AWS_REGION" in capsys.readouterr().err


def test_a_role_without_a_document_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    code = run(policies.app, "npm run policies --", ["owner", "--stage", "prod"])
    assert code == EXIT_COULD_NOT_RUN
    assert "'deployer', 'operator', 'reader'" in capsys.readouterr().err


def test_a_deployer_changes_nothing_of_a_bucket_that_exists_already_but_its_notifications(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"inputBucket": "mine", "createInputBucket": "false"}
    monkeypatch.setattr(policies, "read_stage_settings", lambda _: settings)
    statements = printed(capsys, "deployer", "--stage", "prod")["Statement"]
    allowed = {action for each in statements if "arn:aws:s3:::mine" in each["Resource"] for action in each["Action"]}
    changing = {action for action in allowed if not action.startswith(("s3:Get", "s3:List"))}
    assert changing == {"s3:PutBucketNotification"}


def test_an_action_that_a_wider_statement_allows_stands_once() -> None:
    grants = {"photo queue": ("sqs:GetQueueAttributes", "sqs:SendMessage"), "every queue": ("sqs:GetQueueAttributes",)}
    statements = {each["Sid"]: each["Action"] for each in policy_document(grants, PLACE)["Statement"]}
    assert statements == {"PhotoQueue": ["sqs:SendMessage"], "EveryQueue": ["sqs:GetQueueAttributes"]}


def test_a_statement_with_a_condition_stands_in_for_no_other() -> None:
    grants = {"every topic": ("sns:Subscribe",), ANY_BY_CLOUDFORMATION: ("sns:Subscribe",)}
    assert [each["Action"] for each in policy_document(grants, PLACE)["Statement"]] == [["sns:Subscribe"]] * 2


def test_an_operator_deletes_no_objects_but_those_of_a_proof(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policies, "read_stage_settings", lambda _: {"keyPrefix": "photos/"})
    statements = printed(capsys, "operator", "--stage", "prod")["Statement"]
    (probes,) = [each["Resource"] for each in statements if "s3:DeleteObject" in each["Action"]]
    assert [arn.partition("/")[2] for arn in probes] == [f"photos/{FOLDER}/*"] * 2
