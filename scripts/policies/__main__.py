"""`npm run policies`: prints the IAM policy document of a person who works with a stage."""

import json
import os
from collections.abc import Mapping
from typing import Annotated, Any

import boto3
import typer
from botocore.exceptions import BotoCoreError, ClientError

from scripts.aws.stage import FIRST_CONTACT, NO_REGION, find_region, make_client
from scripts.cli.command_line import EXIT_OK, StageOption, main, make_app
from scripts.cli.errors import OperatorError
from scripts.cli.output import Screen
from scripts.packaging.stage_settings import read_stage_settings
from scripts.policies.deployer import DEPLOYER_COMMANDS
from scripts.policies.documents import Place, policy_document
from scripts.policies.permissions import OPERATOR_COMMANDS, READER_COMMANDS, Grants, Role, combine
from scripts.policies.tables import permission_table, resource_table

COMMANDS: Mapping[Role, Mapping[str, Grants]] = {
    Role.DEPLOYER: DEPLOYER_COMMANDS,
    Role.OPERATOR: OPERATOR_COMMANDS,
    Role.READER: READER_COMMANDS,
}
EXAMPLES = """Examples:

  npm run -s policies -- deployer --stage prod > deployer.json

  npm run -s policies -- operator --stage prod > operator.json

  npm run -s policies -- reader --stage prod --account 123456789012 --region eu-central-1

  aws iam create-policy --policy-name darkroom-prod-operator --policy-document file://operator.json"""

app = make_app("Print the IAM policy document of a person who works with a stage.")


@app.command(epilog=EXAMPLES)
def command(
    role: Annotated[
        Role,
        typer.Argument(
            help="deployer: deploys and removes a stage; operator: all commands for a deployed one; reader: looks only."
        ),
    ],
    stage: StageOption,
    account: Annotated[str, typer.Option("--account", help="Its number; the credentials' own by default.")] = "",
    region: Annotated[str, typer.Option("--region", help="AWS_REGION or the profile's by default.")] = "",
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Its table in docs/.")] = False,
) -> int:
    """Print what IAM must allow, with the names of the stage's resources; change nothing.

    Names of buckets and a key of your own come from the stage's settings file. Without --account, STS is asked.
    """
    commands = COMMANDS[role]
    if as_markdown:
        table = resource_table if role == Role.DEPLOYER else permission_table
        Screen().result(table(commands), None)
        return EXIT_OK
    place = _place(stage, account, region or find_region(os.environ) or "")
    document: Any = policy_document(combine(*commands.values()), place)
    Screen().result(json.dumps(document, indent=2).splitlines(), document)
    return EXIT_OK


def _place(stage: str, account: str, region: str) -> Place:
    if not region:
        raise OperatorError(f"{NO_REGION}; or give --region")
    settings, session = read_stage_settings(stage), boto3.Session(region_name=region)
    return Place(
        stage=stage,
        account=account or _account(session),
        region=region,
        partition=session.get_partition_for_region(region),
        input_bucket=settings.get("inputBucket", ""),
        output_bucket=settings.get("outputBucket", ""),
        kms_key=settings.get("kmsKeyArn", ""),
        existing=tuple(kind for kind in ("input", "output") if settings.get(f"create{kind.title()}Bucket") == "false"),
        key_prefix=settings.get("keyPrefix", ""),
    )


def _account(session: boto3.Session) -> str:
    try:
        return str(make_client(session, "sts", config=FIRST_CONTACT).get_caller_identity()["Account"])
    except (BotoCoreError, ClientError) as error:
        raise OperatorError(f"AWS does not say which account this is: {error}; give --account") from error


if __name__ == "__main__":
    main(app, "npm run policies --")
