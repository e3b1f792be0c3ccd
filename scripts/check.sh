#!/bin/sh
# Every check of this repository, as `npm test` and CI run it. Stops at the first that fails.
#
#   sh scripts/check.sh          everything
#   sh scripts/check.sh quick    what needs no local stack: seconds, for while you work
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh

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
[ "${1:-everything}" = everything ] || exit 0
run "Package" $bin/python -m scripts.deployment package --stage prod
run "Packaged template" $bin/cfn-lint --non-zero-exit-code warning .serverless/cloudformation-template-update-stack.json
run "Integration and end to end" $bin/pytest -q tests/integration tests/e2e
