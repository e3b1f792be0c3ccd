"""`npm run deploy`, `npm run package`, `npm run remove`: the Serverless CLI, with checks before it and advice after it.

npm run deploy -- --stage prod
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, NoReturn

import boto3
import typer
from botocore.exceptions import BotoCoreError

from scripts.aws.local_endpoint import LOCAL_STAGE, find_running_stack, is_local_stack
from scripts.aws.stage import NO_REGION, find_region
from scripts.cli.command_line import EXIT_OK, EXIT_SOME_FAILED, main, make_app
from scripts.cli.errors import OperatorError
from scripts.cli.output import Screen
from scripts.deploy.advice import after_deploy, after_remove, before_remove, refuse_removal
from scripts.deploy.buckets import DeploymentBuckets, disconnect
from scripts.deploy.empty_account import empty_account
from scripts.deploy.existing_stack import ExistingStack
from scripts.deploy.parameter_changes import (
    REPLACING,
    find_parameter_changes,
    find_replace_mistakes,
    refuse_changes,
)
from scripts.local_stack.stack import serverless_environment
from scripts.packaging.checked_config import checked_config
from scripts.packaging.deployment_rules import find_concurrency_mistake, find_stage_mistake
from scripts.packaging.function_zip import build_function
from scripts.packaging.layer import build_layer
from scripts.packaging.resolved_config import build_target
from scripts.packaging.serverless_cli import run_serverless
from scripts.packaging.stage_settings import parameter_options
from scripts.packaging.target import BuildTarget
from scripts.stage_rules.checkup import checkup_summary, has_failed, judge
from scripts.stage_rules.deployed import DeployedStage

app = typer.Typer(add_completion=False, no_args_is_help=True)
_PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}
StageOption = Annotated[
    str, typer.Option("--stage", "-s", help="Stages live side by side; local is for `npm run stack`.")
]
Parameters = Annotated[list[str] | None, typer.Option("--param", help="name=value, see the top of serverless.yml.")]
Region = Annotated[str, typer.Option("--region", "-r", help="AWS region; by default AWS_REGION, or the profile's.")]
Profile = Annotated[str, typer.Option("--aws-profile", help="AWS profile; by default AWS_PROFILE.")]
Replace = Annotated[
    list[str] | None,
    typer.Option(
        "--replace",
        metavar="NAME",
        help=f"Change this parameter although the stage loses something by it: {', '.join(REPLACING)}.",
    ),
]
YesRemove = Annotated[
    str,
    typer.Option(
        "--yes-remove", metavar="STAGE", help="The stage's name once more; without it, only say what would go."
    ),
]


@app.command(context_settings=_PASS_ON)
def deploy(
    context: typer.Context,
    stage: StageOption,
    param: Parameters = None,
    replace: Replace = None,
    region: Region = "",
    aws_profile: Profile = "",
) -> int:
    """Compare with what is deployed, check, build the zips, deploy. Further options go to the Serverless CLI.

    npm run deploy -- --stage prod

    Exit codes: 0 deployed; 1 not deployed; 2 deployed, but a rule of `npm run doctor` fails.
    """
    environment, region = _account(stage, region, aws_profile)
    options = _options(stage, param or (), region)
    on_local_stack = is_local_stack(environment)
    if on_local_stack and stage != LOCAL_STAGE:
        options.append(f"--param=builtFor={BuildTarget.LOCAL}")
    existing = ExistingStack(stage, region, environment)
    config = checked_config(options, environment, on_local_stack=on_local_stack)
    deployed, buckets = existing.parameters(), DeploymentBuckets(existing, config)
    wanted = existing.resolve_values(config["resources"]["Metadata"]["Parameters"])
    if not deployed:
        Screen().result([f"The stage {stage} is new in {region}, account {existing.account or 'unknown'}."], None)
    _check_changes(stage, deployed, wanted, replace or ())
    buckets.check()
    _check_concurrency(existing, config)
    _build(config)
    run_serverless("deploy", [*options, *context.args], environment)
    outputs = existing.require()
    buckets.connect(outputs, deployed)
    findings = list(judge(DeployedStage(existing.stage(outputs))))
    Screen().result([*after_deploy(outputs, config), "", *checkup_summary(findings)], None)
    return EXIT_SOME_FAILED if has_failed(findings) else EXIT_OK


@app.command(context_settings=_PASS_ON)
def package(context: typer.Context, stage: StageOption = "dev", param: Parameters = None, region: Region = "") -> None:
    """Check serverless.yml, build the zips, write the CloudFormation template and the zips to .serverless/.

    Needs neither credentials nor AWS.
    """
    options = _options(stage, param or (), region)
    with empty_account() as endpoint_url:
        environment = serverless_environment(endpoint_url)
        _build(checked_config(options, environment))
        run_serverless("package", [*options, *context.args], environment)


@app.command(context_settings=_PASS_ON)
def remove(
    context: typer.Context,
    stage: StageOption,
    yes_remove: YesRemove = "",
    region: Region = "",
    aws_profile: Profile = "",
) -> None:
    """Say what removing a stage's stack deletes, and remove it. The buckets stay, with what is in them.

    npm run remove -- --stage dev --yes-remove dev
    """
    environment, region = _account(stage, region, aws_profile)
    existing = ExistingStack(stage, region, environment)
    outputs = existing.require()
    Screen().result(before_remove(stage, outputs), None)
    _check_removal(stage, yes_remove, existing.waiting_messages(outputs))
    is_connected = existing.parameters().get("createInputBucket") == "false"
    existing.allow_deletion()
    run_serverless("remove", [*_options(stage, (), region), *context.args], environment)
    if is_connected:  # last: if the removal fails, the stage still hears of every upload
        disconnect(existing, outputs.input_bucket)
    Screen().result(after_remove(outputs), None)


def _options(stage: str, parameters: Sequence[str], region: str) -> list[str]:
    """Return the Serverless CLI's options; it would complain of a stage's name once for each resource."""
    if mistake := find_stage_mistake(stage):
        raise OperatorError(mistake)
    chosen = ["--stage", stage, *parameter_options(stage, parameters)]
    return [*chosen, "--region", region] if region else chosen


def _account(stage: str, region: str, aws_profile: str) -> tuple[dict[str, str], str]:
    """Return the Serverless CLI's environment and the region.

    Raises:
        OperatorError: the profile does not exist, or there is no region.
    """
    environment = _environment(stage, aws_profile)
    return environment, _region(environment, region)


def _environment(stage: str, aws_profile: str) -> dict[str, str]:
    """Return the Serverless CLI's environment: the user's own, or the running local stack's for the stage local."""
    if stage != LOCAL_STAGE or "AWS_ENDPOINT_URL" in os.environ:
        chosen = {"AWS_PROFILE": aws_profile} if aws_profile else {}
        return {**os.environ, **chosen, "NODE_NO_WARNINGS": "1"}
    running = find_running_stack()
    if running is None:
        raise OperatorError("no local stack is up: start one with `npm run stack` in another terminal")
    return serverless_environment(running.endpoint_url)


def _region(environment: Mapping[str, str], given: str) -> str:
    """Return the region given, or that of the usual AWS settings, in which the operators' scripts look, too."""
    try:
        boto3.Session(profile_name=environment.get("AWS_PROFILE"))  # raises when there is no such profile
        region = given or find_region(environment)
    except BotoCoreError as error:
        raise OperatorError(str(error)) from error
    if region is None:
        raise OperatorError(NO_REGION)
    return region


def _check_changes(stage: str, deployed: Mapping[str, str], wanted: Mapping[str, str], replace: Sequence[str]) -> None:
    """Print each parameter that this deployment changes; refuse what takes something away and was not asked for."""
    changes = find_parameter_changes(deployed, wanted)
    if changes:
        Screen().result(["Parameters that this deployment changes:", *(f"  {change}" for change in changes)], None)
    mistakes = find_replace_mistakes(replace, changes)
    if mistakes:
        raise OperatorError(*mistakes)
    refusal = refuse_changes(changes, replace, stage)
    if refusal:
        raise OperatorError(*refusal)


def _check_concurrency(existing: ExistingStack, config: Any) -> None:
    limit = existing.concurrency_limit()
    if limit is None:
        Screen().note("Not checked: the account's concurrency, which lambda:GetAccountSettings tells.")
    mistake = find_concurrency_mistake(config, limit)
    if mistake:
        raise OperatorError(mistake)


def _check_removal(stage: str, yes_remove: str, waiting: Mapping[str, int]) -> None:
    """Refuse to remove a stage whose queues hold messages, or whose name was not given twice."""
    Screen().result([f"  {what} waiting: {count:,}" for what, count in waiting.items()], None)
    if any(waiting.values()):
        raise OperatorError(refuse_removal(stage, waiting))
    if yes_remove != stage:
        raise OperatorError(f"Nothing is removed yet. To remove it, add --yes-remove {stage}")


def _build(config: Any) -> None:
    """Build the zips that a resolved serverless.yml deploys."""
    target = BuildTarget(build_target(config))
    build_function(target)
    layer = build_layer(target)
    if layer.note:
        Screen().note(layer.note)


def run_as(name: str) -> NoReturn:
    """Run one of the commands as `npm run NAME`."""
    commands: dict[str, Callable[..., int | None]] = {"deploy": deploy, "package": package, "remove": remove}
    alone = make_app("")
    alone.command(context_settings=_PASS_ON)(commands[name])
    main(alone, f"npm run {name} --")


if __name__ == "__main__":
    run_as(sys.argv.pop(1))
