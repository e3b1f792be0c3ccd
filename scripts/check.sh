#!/bin/sh
# Every check of this repository, as `npm test` and CI run it. Stops at the first that fails.
#
#   sh scripts/check.sh          everything
#   sh scripts/check.sh quick    what needs no local stack: seconds, for while you work
set -eu
cd "$(dirname "$0")/.."
parts=${1:-everything}
if [ "$parts" = everything ]; then
    sh scripts/setup.sh check
else
    sh scripts/setup.sh
fi

run() {
    printf '\n== %s\n' "$1"
    shift
    "$@"
}

bin=.venv/bin
run "Format" $bin/ruff format --check .
run "Lint" $bin/ruff check .
run "Types" $bin/mypy
run "Import contracts" $bin/lint-imports --no-logo
run "Unit tests" $bin/pytest -q -n 2 tests/unit
[ "$parts" = everything ] || exit 0
run "Package" $bin/python -m scripts.deploy package --stage prod
template=.serverless/cloudformation-template-update-stack.json
run "Packaged template" $bin/cfn-lint --non-zero-exit-code warning $template
run "Packaged template, security" .tools/checkov/bin/checkov --framework cloudformation --skip-download --quiet --compact -f $template
run "Known vulnerabilities" sh scripts/audit.sh
# -rs: what is skipped says why.
run "Integration and end to end" $bin/pytest -q -rs tests/integration tests/e2e
