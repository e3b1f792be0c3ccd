"""`npm run deploy`, `npm run package`, `npm run remove`: the Serverless CLI, our checks before and our hints after it.

npm run deploy -- --stage prod --param="summaryEmail=me@example.com"
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts.build_function import build_function
from scripts.build_layer import build_layer
from scripts.build_target import BuildError, Target
from scripts.deployed_stage import DeployedStage
from scripts.deployment_parameters import find_parameter_mistakes
from scripts.deployment_rules import SAME_BUCKET, bucket_names, build_target, find_mistakes
from scripts.empty_account import empty_account
from scripts.kept_stack import find_kept_stack
from scripts.local_aws import serverless_environment
from scripts.serverless_cli import PROGRAM, serverless_cli
from scripts.stack_outputs import StackOutputs

REPOSITORY = Path(__file__).resolve().parent.parent
LOCAL = "local"

app = typer.Typer(add_completion=False, no_args_is_help=True)
_PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}
Stage = Annotated[str, typer.Option("--stage", "-s", help="Stages live side by side; local is for `npm run stack`.")]
Parameters = Annotated[list[str] | None, typer.Option("--param", help="name=value, see the top of serverless.yml.")]
Region = Annotated[str, typer.Option("--region", "-r", help="AWS region; by default AWS_REGION.")]


class DeploymentError(Exception):
    """It cannot be deployed; the message says why and what to do."""


@app.command(context_settings=_PASS_ON)
def deploy(context: typer.Context, stage: Stage = "dev", param: Parameters = None, region: Region = "") -> None:
    """Check serverless.yml, build the zips, deploy. Further options go to the Serverless CLI."""
    options, environment = _options(stage, param or (), region), _environment(stage)
    deployed = DeployedStage(stage, region, environment)
    config = _prepare(options, environment, param or ())
    _check_buckets(deployed, deployed.resolve_names(bucket_names(config)))
    _osls("deploy", [*options, *context.args], environment)
    outputs = deployed.find_outputs()
    if outputs:
        print(after_deploy(outputs, param or ()))


@app.command(context_settings=_PASS_ON)
def package(context: typer.Context, stage: Stage = "dev", param: Parameters = None, region: Region = "") -> None:
    """Check serverless.yml, build the zips, write the CloudFormation template and the zips to .serverless/.

    Needs neither credentials nor AWS.
    """
    options = _options(stage, param or (), region)
    with empty_account() as endpoint_url:
        environment = serverless_environment(endpoint_url)
        _prepare(options, environment, param or ())
        _osls("package", [*options, *context.args], environment)


@app.command(context_settings=_PASS_ON)
def remove(context: typer.Context, stage: Stage = "dev", param: Parameters = None, region: Region = "") -> None:
    """Remove a stage's stack. The buckets stay, with what is in them."""
    options, environment = _options(stage, param or (), region), _environment(stage)
    outputs = DeployedStage(stage, region, environment).find_outputs()
    _osls("remove", [*options, *context.args], environment)
    if outputs:
        print(after_remove(outputs))


def after_deploy(outputs: StackOutputs, parameters: Sequence[str]) -> str:
    """What to do next."""
    lines = [
        f"Upload photos:    aws s3 cp PHOTOS s3://{outputs.input_bucket}/ --recursive",
        f"Outputs:          s3://{outputs.output_bucket}/",
        f"Subscribe people: aws sns subscribe --protocol email --topic-arn {outputs.summary_topic_arn} "
        "--notification-endpoint ADDRESS",
    ]
    if any("Email=" in parameter for parameter in parameters):
        lines.append("SNS has sent an e-mail to each new address; it stays silent until the link in it is followed.")
    return "\n".join(lines)


def after_remove(outputs: StackOutputs) -> str:
    """What is left, and how to get rid of it."""
    buckets = (outputs.input_bucket, outputs.output_bucket)
    return f"The buckets stay, with all that is in them.\n{_how_to_delete(buckets)}"


def _how_to_delete(buckets: Sequence[str]) -> str:
    commands = [f"  aws s3 rb --force s3://{bucket}" for bucket in buckets]
    return "\n".join(
        ["Before this stage can be deployed again, save what you need from them and delete them:", *commands]
    )


def _options(stage: str, parameters: Sequence[str], region: str) -> list[str]:
    chosen = ["--stage", stage, *(f"--param={parameter}" for parameter in parameters)]
    return [*chosen, "--region", region] if region else chosen


def _environment(stage: str) -> dict[str, str]:
    """The Serverless CLI's: the user's own for AWS, the kept stack's for the stage local."""
    if stage != LOCAL or "AWS_ENDPOINT_URL" in os.environ:
        return {**os.environ, "NODE_NO_WARNINGS": "1"}
    kept = find_kept_stack(REPOSITORY)
    if kept is None:
        raise DeploymentError("no local stack is up: start one with `npm run stack` in another terminal")
    return serverless_environment(kept.endpoint_url)


def _check_buckets(deployed: DeployedStage, names: Sequence[str]) -> None:
    if names and len(set(names)) == 1:
        raise DeploymentError(SAME_BUCKET)
    left_over = deployed.find_left_over_buckets(names)
    if left_over:
        raise DeploymentError(f"A removed deployment of this stage left its buckets.\n{_how_to_delete(left_over)}")


def _prepare(options: Sequence[str], environment: Mapping[str, str], parameters: Sequence[str]) -> Any:
    """Checks the resolved serverless.yml, builds the zips it deploys, and returns it."""
    config = _resolve(options, environment)
    mistakes = find_parameter_mistakes(parameters, config["params"]["default"]) + find_mistakes(config)
    if mistakes:
        raise DeploymentError("serverless.yml cannot be deployed like this:\n- " + "\n- ".join(mistakes))
    target = Target(build_target(config))
    build_function(target, repository=REPOSITORY)
    layer = build_layer(target, repository=REPOSITORY)
    if layer.note:
        print(layer.note, file=sys.stderr)
    return config


def _resolve(options: Sequence[str], environment: Mapping[str, str]) -> Any:
    printed = subprocess.run(
        [str(REPOSITORY / PROGRAM), "print", "--format", "json", *options],
        cwd=REPOSITORY,
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    if printed.returncode:
        raise DeploymentError(f"serverless.yml is wrong:\n{printed.stdout}{printed.stderr}")
    return json.loads(printed.stdout)


def _osls(command: str, options: Sequence[str], environment: Mapping[str, str]) -> None:
    with serverless_cli(REPOSITORY) as program:
        done = subprocess.run([program, command, *options], cwd=REPOSITORY, env=dict(environment), check=False)
    if done.returncode:
        raise SystemExit(done.returncode)


def main() -> None:
    """Runs the command line; what we refuse is one clear message."""
    try:
        app()
    except (DeploymentError, BuildError) as error:
        print(error, file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
