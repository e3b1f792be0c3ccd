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

# uv can audit since 2026; use the one that setup.sh installed when this machine's is older.
find_uv() {
    for candidate in uv .tools/uv/bin/uv; do
        "$candidate" audit --help >/dev/null 2>&1 && printf '%s' "$candidate" && return
    done
}

# report STATUS WHAT: print the result; fail for a known vulnerability (status 1). Any other status: not audited.
report() {
    case $1 in
    0) printf 'OK       %s: nothing known.\n' "$2" ;;
    1) printf 'KNOWN    %s:\n%s\n' "$2" "$(cat "$answers")" && return 1 ;;
    *) printf 'SKIPPED  %s: not audited. %s\n' "$2" "$(grep -v '^$' "$answers" | tail -n 1)" ;;
    esac
}

# python_packages WHAT OPTIONS...
python_packages() {
    what=$1 status=2
    shift
    echo "This machine has no uv that can audit." >"$answers"
    if [ -n "$uv" ]; then
        "$uv" audit --frozen --preview-features audit-command "$@" >"$answers" 2>&1
        status=$?
    fi
    report $status "$what"
}

node_packages() {
    status=0
    if ! npm audit --json >"$answers" 2>/dev/null; then
        if grep -q '"vulnerabilities"' "$answers"; then
            status=1
            echo "see \`npm audit\`." >"$answers"
        else
            status=2
            grep -o '"message": *"[^"]*"' "$answers" >"$answers.why" && mv "$answers.why" "$answers"
        fi
    fi
    report $status "The deployment's Node packages"
}

uv=$(find_uv)
python_packages "Development tools" --only-dev
node_packages
python_packages "The layer" --no-dev
