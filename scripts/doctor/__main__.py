"""`npm run doctor`: judges a deployed stage by the rules of `scripts.stage_rules`. Reads only."""

from scripts.aws.stage import find_stage
from scripts.cli.command_line import EXIT_OK, EXIT_SOME_FAILED, JsonOption, StageOption, main, make_app
from scripts.cli.output import Screen
from scripts.stage_rules.checkup import checkup_document, checkup_report, has_failed, judge
from scripts.stage_rules.deployed import DeployedStage

EXIT_CODES = "Exit codes: 0 no rule failed (warnings may stand); 1 could not run; 2 a rule failed."

app = make_app("Check a deployed stage, and say what to do about each rule that is broken.")


@app.command(epilog=f"Example: npm run doctor -- --stage prod\n\n{EXIT_CODES}")
def command(stage: StageOption, as_json: JsonOption = False) -> int:
    """Read the stage's stack, buckets, queues, functions, topics and alarms; change nothing."""
    screen = Screen(as_json=as_json)
    findings = list(judge(DeployedStage(find_stage(stage))))
    screen.result(checkup_report(findings), checkup_document(findings))
    return EXIT_SOME_FAILED if has_failed(findings) else EXIT_OK


if __name__ == "__main__":
    main(app, "npm run doctor --")
