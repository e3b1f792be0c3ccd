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

# The tests start hundreds of interpreters, and without stored bytecode each compiles every module that it imports.
unset PYTHONDONTWRITEBYTECODE

logs=$(mktemp -d)
started=$(date +%s)
title=

# Stop what still runs in the background, and name the check that failed.
end() {
    status=$?
    for file in "$logs"/*.pid; do
        [ ! -e "$file" ] || kill "$(cat "$file")" 2>/dev/null || true
    done
    rm -rf "$logs"
    [ "$status" -eq 0 ] || printf '\nFailed: %s\n' "$title" >&2
}
trap end EXIT
trap 'exit 130' INT TERM

print_title() {
    title=$1
    printf '\n== %s (after %d s)\n' "$title" "$(($(date +%s) - started))"
}

# run TITLE COMMAND...: run a check and show its output.
run() {
    print_title "$1"
    shift
    "$@"
}

# start NAME COMMAND...: run a check in the background.
start() {
    name=$1
    shift
    "$@" >"$logs/$name" 2>&1 &
    printf '%s' "$!" >"$logs/$name.pid"
}

# finish NAME TITLE: wait for a check in the background, print its output, stop if it failed.
finish() {
    status=0
    wait "$(cat "$logs/$1.pid")" || status=$?
    rm "$logs/$1.pid"
    print_title "$2"
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
