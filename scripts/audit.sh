#!/bin/sh
# Asks the advisory databases about the locked dependencies.
#
#   npm run audit
#
# A known vulnerability in what the layer ships fails; one in our tools is told and fails nothing. Where a database cannot
# be reached, that is said and fails nothing either: nobody's build depends on somebody else's server.
# Exit codes: 0 nothing known against what is shipped, or nobody could be asked; 1 something is known.
set -u
cd "$(dirname "$0")/.."

answers=$(mktemp)
trap 'rm -f "$answers"' EXIT
status=0

# uv learnt to audit in 2026; an older one on this machine gives way to ours.
find_uv() {
    for candidate in uv .tools/uv/bin/uv; do
        "$candidate" audit --help >/dev/null 2>&1 && printf '%s' "$candidate" && return
    done
}

# skipped WHAT: nobody answered; says why.
skipped() {
    printf 'SKIPPED  %s: not audited. %s\n' "$1" "$(grep -v '^$' "$answers" | tail -n 1)"
}

# python_packages WHAT OPTIONS...: 0 all is well, 1 something is known, 2 not audited.
python_packages() {
    what=$1
    shift
    if [ -z "$uv" ]; then
        echo "No uv that can audit is here." >"$answers"
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
        printf 'KNOWN    %s; `npm audit` tells more.\n' "$what"
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
