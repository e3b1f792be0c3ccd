#!/bin/sh
# Set this repository up: Python and Node packages, the local stack, its dependency layer.
# Called by the npm commands; skips a step whose inputs have not changed, and prints nothing then.
#
#   sh scripts/setup.sh           everything
#   sh scripts/setup.sh operate   Python packages only, and nothing at all if there is an environment that works
#   sh scripts/setup.sh deploy    only what a deployment to AWS needs (no local stack)
#   sh scripts/setup.sh bench     everything, sharp, and Lambda's runtime
#   sh scripts/setup.sh check     everything, and what only the checks need (checkov, sharp, Lambda's runtime)
set -eu
cd "$(dirname "$0")/.."

UV_AT_LEAST=0.8.0    # the oldest system uv that works; without one, pip installs the version of scripts/uv.txt
OLDEST_PYTHON=3.11
OLDEST_NODE=20

tools=.tools
log=$tools/setup.log
# pyvips must not find a libvips of this machine: with its headers it would build a binding that shadows pyvips-binary's.
export PKG_CONFIG_LIBDIR=/nonexistent PKG_CONFIG_PATH=/nonexistent
# Use the lock files and the interpreters of this machine only.
export UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1 NODE_NO_WARNINGS=1
unset VIRTUAL_ENV UV_PROJECT_ENVIRONMENT 2>/dev/null || true

stop() {
    printf 'Darkroom cannot set itself up: %s\n' "$1" >&2
    exit 1
}

# step TITLE OUTPUT INPUTS COMMAND...: runs the command unless the file OUTPUT was made from the same inputs.
step() {
    title=$1 output=$2 inputs=$3
    shift 3
    stamp=$tools/stamps/$(printf '%s' "$output" | tr -c 'A-Za-z0-9' '-')
    # shellcheck disable=SC2086  # a list of file names of this repository
    # Without the interpreter's path: what one python3 has installed stands in a shell with another.
    now=$(printf '%s\n' "$*" | sed "s|$UV_PYTHON|python|; s|$uv|uv|" | cat - $inputs | cksum)
    if [ -e "$output" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$now" ]; then
        return 0
    fi
    printf '%s ... ' "$title" >&2
    started=$(date +%s)
    rm -f "$stamp"
    if ! "$@" >"$log" 2>&1; then
        printf 'failed\n' >&2
        tail -n 20 "$log" >&2
        stop "\"$title\" failed; the whole output is in $log. Fix the cause, then run the same command again."
    fi
    printf '%s' "$now" >"$stamp"
    printf '%d s\n' "$(($(date +%s) - started))" >&2
}

# at_least WANTED FOUND: compare dotted versions.
at_least() {
    [ "$(printf '%s\n%s\n' "$1" "$2" | sort -t. -k1,1n -k2,2n -k3,3n | head -n 1)" = "$1" ]
}

# Print an interpreter's path and version.
find_python() {
    for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
        found=$("$candidate" -c 'import sys; print(sys.executable, "%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
        if at_least "$OLDEST_PYTHON" "${found##* }"; then
            printf '%s' "$found"
            return 0
        fi
    done
    return 1
}

check_node() {
    command -v node >/dev/null 2>&1 || stop "Node.js is missing. Install Node.js $OLDEST_NODE or newer (https://nodejs.org)."
    command -v npm >/dev/null 2>&1 || stop "npm is missing. Install it beside Node.js (Debian: apt install npm)."
    node_version=$(node -p 'process.versions.node')
    at_least "$OLDEST_NODE" "$node_version" ||
        stop "Node.js $node_version is too old. Install Node.js $OLDEST_NODE or newer (https://nodejs.org)."
}

install_uv() {
    "$UV_PYTHON" -m pip --version >/dev/null 2>&1 ||
        stop "neither uv nor pip is there. Install pip (Debian: apt install python3-pip) or uv (https://docs.astral.sh/uv)."
    # --target does not touch the system's Python, so an externally managed one accepts it.
    step "Installing uv" "$tools/uv/bin/uv" scripts/uv.txt \
        "$UV_PYTHON" -m pip install --quiet --disable-pip-version-check --upgrade --target "$tools/uv" \
        --only-binary :all: --require-hashes --requirement scripts/uv.txt
}

# pyvips is source only. What builds it comes first, with the hashes of uv.lock; older versions of uv do not order that.
install_packages() {
    "$uv" sync --frozen --only-group build --inexact && "$uv" sync --frozen
}

# install_group TITLE GROUP PROGRAM [PYTHON]: install a dependency group into an environment of its own.
install_group() {
    step "$1" "$tools/$2/bin/$3" "pyproject.toml uv.lock" \
        env UV_PROJECT_ENVIRONMENT="$tools/$2" UV_PYTHON="${4:-$UV_PYTHON}" "$uv" sync --frozen --only-group "$2"
}

# Check that the environment has what the operators' commands import.
can_operate() {
    .venv/bin/python -c 'import sys
from importlib.util import find_spec
sys.exit(not all(map(find_spec, ("boto3", "jinja2", "rich", "typer"))))' 2>/dev/null
}

parts=${1:-everything}
mkdir -p "$tools/stamps"
if [ "$parts" = operate ]; then
    # Nothing is installed in the middle of an incident: an environment that works stands.
    if can_operate; then
        [ ! uv.lock -nt .venv/pyvenv.cfg ] || [ ! uv.lock -nt "$tools/stamps/-venv-bin-python" ] ||
            printf 'uv.lock is newer than the installed packages: `sh scripts/setup.sh deploy` when there is time.\n' >&2
        exit 0
    fi
else
    check_node
fi
python=$(find_python) ||
    stop "Python $OLDEST_PYTHON or newer is missing (looked for python3 and python3.11 to 3.14). Install it, e.g. apt install python3."
UV_PYTHON=${python% *}
export UV_PYTHON

uv=uv
system_uv=$(uv --version 2>/dev/null | cut -d ' ' -f 2) || true
if [ -z "$system_uv" ] || ! at_least "$UV_AT_LEAST" "$system_uv"; then
    uv=$tools/uv/bin/uv
    install_uv
fi

step "Installing Python packages" .venv/bin/python "pyproject.toml uv.lock" install_packages
[ "$parts" != operate ] || exit 0
step "Installing the Serverless CLI" node_modules/.bin/osls "package-lock.json .npmrc" npm ci
if [ "$parts" != deploy ]; then
    install_group "Installing the local stack" stack python
    packaging=scripts/packaging
    step "Building the local dependency layer" .build/layer-local.zip \
        "uv.lock $packaging/layer.py $packaging/target.py $packaging/archive.py" \
        .venv/bin/python -m scripts.packaging.layer local
fi
if [ "$parts" = check ]; then
    install_group "Installing checkov" checkov checkov
fi
if [ "$parts" = check ] || [ "$parts" = bench ]; then
    # Under the Python that the zips for this machine are built for.
    peers=scripts/bench/peers
    step "Installing sharp" $peers/node_modules/.package-lock.json "$peers/package-lock.json" \
        npm ci --prefix $peers --ignore-scripts --no-audit --no-fund
    install_group "Installing the Lambda runtime" runtime python "$(.venv/bin/python -m scripts.packaging.target)"
fi
