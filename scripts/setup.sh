#!/bin/sh
# Sets this repository up: Python and Node packages, the local stack, its dependency layer.
# Called by the npm commands; a step whose inputs have not changed is skipped, and then nothing is printed.
#
#   sh scripts/setup.sh           everything
#   sh scripts/setup.sh deploy    only what a deployment to AWS needs (no local stack)
#   sh scripts/setup.sh bench     everything, and Lambda's runtime
#   sh scripts/setup.sh check     everything, and what only the checks need (checkov, Lambda's runtime)
set -eu
cd "$(dirname "$0")/.."

UV_VERSION=0.13.9    # installed with pip when there is no uv
UV_AT_LEAST=0.8.0    # the oldest system uv we take
OLDEST_PYTHON=3.11
OLDEST_NODE=20

tools=.tools
log=$tools/setup.log
# pyvips must not find a libvips of this machine: with its headers it would build a binding that shadows pyvips-binary's.
export PKG_CONFIG_LIBDIR=/nonexistent PKG_CONFIG_PATH=/nonexistent
# Everything comes from the lock files and the interpreters that are here.
export UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1 NODE_NO_WARNINGS=1
unset VIRTUAL_ENV UV_PROJECT_ENVIRONMENT 2>/dev/null || true

stop() {
    printf 'Darkroom cannot set itself up: %s\n' "$1" >&2
    exit 1
}

# step TITLE WITNESS INPUTS COMMAND...: runs the command unless the witness exists and was made from the same inputs.
# WITNESS is a file that the command makes.
step() {
    title=$1 witness=$2 inputs=$3
    shift 3
    stamp=$tools/stamps/$(printf '%s' "$witness" | tr -c 'A-Za-z0-9' '-')
    # shellcheck disable=SC2086  # a list of file names of this repository
    now=$(printf '%s\n' "$python" "$*" | cat - $inputs | cksum)
    if [ -e "$witness" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$now" ]; then
        return 0
    fi
    printf '%s ... ' "$title" >&2
    started=$(date +%s)
    rm -f "$stamp"
    if ! "$@" >"$log" 2>&1; then
        printf 'failed\n' >&2
        tail -n 20 "$log" >&2
        stop "\"$title\" failed; the whole output is in $log. Once the cause is gone, run the same command again."
    fi
    printf '%s' "$now" >"$stamp"
    printf '%d s\n' "$(($(date +%s) - started))" >&2
}

# at_least WANTED FOUND: compares dotted versions.
at_least() {
    [ "$(printf '%s\n%s\n' "$1" "$2" | sort -t. -k1,1n -k2,2n -k3,3n | head -n 1)" = "$1" ]
}

# Prints an interpreter's path and version.
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
    # --target leaves the system's Python alone, so an externally managed one does not refuse.
    step "Installing uv $UV_VERSION" "$tools/uv/bin/uv" "" \
        "$UV_PYTHON" -m pip install --quiet --disable-pip-version-check --upgrade --target "$tools/uv" "uv==$UV_VERSION"
}

install_stack() {
    UV_PROJECT_ENVIRONMENT=$tools/stack "$uv" sync --frozen --only-group stack
}

install_checkov() {
    UV_PROJECT_ENVIRONMENT=$tools/checkov "$uv" sync --frozen --only-group checkov
}

install_runtime() {
    UV_PROJECT_ENVIRONMENT=$tools/runtime UV_PYTHON=$1 "$uv" sync --frozen --only-group runtime
}

build_local_layer() {
    .venv/bin/python -m scripts.packaging.layer local
}

mkdir -p "$tools/stamps"
check_node
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

step "Installing Python packages" .venv/bin/python "pyproject.toml uv.lock" "$uv" sync --frozen
step "Installing the Serverless CLI" node_modules/.bin/osls "package-lock.json .npmrc" npm ci
parts=${1:-everything}
if [ "$parts" != deploy ]; then
    step "Installing the local stack" $tools/stack/bin/python "pyproject.toml uv.lock" install_stack
    step "Building the local dependency layer" .build/layer-local.zip \
        "uv.lock scripts/packaging/layer.py scripts/packaging/target.py scripts/packaging/archive.py scripts/packaging/bytecode.py" build_local_layer
fi
if [ "$parts" = check ]; then
    step "Installing checkov" $tools/checkov/bin/checkov "pyproject.toml uv.lock" install_checkov
fi
if [ "$parts" = check ] || [ "$parts" = bench ]; then
    # Under the Python that the zips for this machine are built for.
    step "Installing the Lambda runtime" $tools/runtime/bin/python "pyproject.toml uv.lock" \
        install_runtime "$(.venv/bin/python -m scripts.packaging.target)"
fi
