#!/bin/sh
# Run every check of this repository, as `npm test` and CI do. Stop at the first that fails.
#
#   sh scripts/check.sh          everything
#   sh scripts/check.sh quick    what needs no local stack: less than a minute, for while you work
#
# Checks that are independent of the tests run beside them; their output is printed when they have ended.
set -eu
cd "$(dirname "$0")/.."
parts=${1:-everything}
if [ "$parts" = everything ]; then
    sh scripts/setup.sh check
else
    sh scripts/setup.sh
fi

logs=$(mktemp -d)
background=
stop_background() {
    # shellcheck disable=SC2086  # a list of process ids
    [ -z "$background" ] || kill $background 2>/dev/null || true
    rm -rf "$logs"
}
trap stop_background EXIT
trap 'exit 130' INT TERM

# run TITLE COMMAND...: run a check and show its output.
run() {
    printf '\n== %s\n' "$1"
    shift
    "$@"
}

# start NAME COMMAND...: run a check in the background.
start() {
    name=$1
    shift
    "$@" >"$logs/$name" 2>&1 &
    printf '%s' "$!" >"$logs/$name.pid"
    background="$background $!"
}

# finish NAME TITLE: wait for a check in the background, print its output, stop if it failed.
finish() {
    status=0
    wait "$(cat "$logs/$1.pid")" || status=$?
    printf '\n== %s\n' "$2"
    cat "$logs/$1"
    [ "$status" -eq 0 ] || exit "$status"
}

bin=.venv/bin

run "Format" $bin/ruff format --check .
run "Lint" $bin/ruff check .
run "Import contracts" $bin/lint-imports --no-logo
start types $bin/mypy
if [ "$parts" = everything ]; then
    start audit sh scripts/audit.sh
    start package $bin/python -m scripts.deploy package --stage prod --package "$logs/prod"
fi
run "Unit tests" $bin/pytest -q -n 2 --dist worksteal --durations=10 tests/unit
finish types "Types"
[ "$parts" = everything ] || exit 0
finish package "Package"
template=$logs/prod/cloudformation-template-update-stack.json
start template $bin/cfn-lint --non-zero-exit-code warning "$template"
start security .tools/checkov/bin/checkov --framework cloudformation --skip-download --quiet --compact -f "$template"
# Four workers on two cores, because these tests mostly wait. -rs: print why a test is skipped.
run "Integration and end to end" $bin/pytest -q -rs -n 4 --dist loadgroup --no-loadscope-reorder --durations=10 tests/e2e tests/integration
finish template "Packaged template"
finish security "Packaged template, security"
finish audit "Known vulnerabilities"
