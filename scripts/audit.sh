#!/bin/sh
# Look the locked dependencies up in the advisory databases.
#
#   npm run audit
#
# Only a known vulnerability in the layer fails. One in a development tool, or a database that cannot be reached, is
# printed, so that no build depends on another server.
# Exit codes: 0 no vulnerability known in the layer, or no database reached; 1 a vulnerability is known.
set -u
cd "$(dirname "$0")/.."

answers=$(mktemp)
trap 'rm -f "$answers"' EXIT
status=0

# uv can audit since 2026; use the one that setup.sh installed when this machine's is older.
find_uv() {
    for candidate in uv .tools/uv/bin/uv; do
        "$candidate" audit --help >/dev/null 2>&1 && printf '%s' "$candidate" && return
    done
}

# skipped WHAT: print that a database did not answer, and why.
skipped() {
    printf 'SKIPPED  %s: not audited. %s\n' "$1" "$(grep -v '^$' "$answers" | tail -n 1)"
}

# python_packages WHAT OPTIONS...: return 0 nothing known, 1 a vulnerability is known, 2 not audited.
python_packages() {
    what=$1
    shift
    if [ -z "$uv" ]; then
        echo "This machine has no uv that can audit." >"$answers"
        skipped "$what"
        return 2
    fi
    "$uv" audit --frozen --preview-features audit-command "$@" >"$answers" 2>&1
    case $? in
    0) printf 'OK       %s: nothing known.\n' "$what" ;;
    1)
        printf 'KNOWN    %s:\n' "$what"
        cat "$answers"
        return 1
        ;;
    *)
        skipped "$what"
        return 2
        ;;
    esac
}

node_packages() {
    what="The deployment's Node packages"
    if npm audit --json >"$answers" 2>/dev/null; then
        printf 'OK       %s: nothing known.\n' "$what"
    elif grep -q '"vulnerabilities"' "$answers"; then
        printf 'KNOWN    %s; see `npm audit`.\n' "$what"
    else
        grep -o '"message": *"[^"]*"' "$answers" >"$answers.why" && mv "$answers.why" "$answers"
        skipped "$what"
    fi
}

uv=$(find_uv)
python_packages "What the layer ships" --no-dev || [ $? -ne 1 ] || status=1
python_packages "Our own tools" --only-dev
node_packages
exit $status
