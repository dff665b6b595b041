#!/bin/sh
# Make .venv from the lock, unless it was made from this lock. Called by `make setup`.
#
# PYTHON       the Python to use; by default the first that is there of the supported ones
# TORCH_INDEX  package index to take torch from, such as one with builds for the CPU; naming another one makes .venv anew
set -eu

LOCK=envs/requirements.lock
SUPPORTED="3.11 3.12 3.13"
LOCK_MADE_FROM=.venv/installed.lock
TORCH_FROM=.venv/torch-index

# The library and its logger plugin are found in this clone, also after it was moved, and the command `cuealign` is there.
add_library() {
  for site in .venv/lib/python*/site-packages; do
    if [ ! -d "$site" ]; then continue; fi
    echo ../../../../src >"$site/cuealign.pth"
    cp envs/cuealign.sh .venv/bin/cuealign
  done
}

made_with=$(cat "$TORCH_FROM" 2>/dev/null || true)
if cmp -s "$LOCK" "$LOCK_MADE_FROM" && [ "${TORCH_INDEX:-$made_with}" = "$made_with" ]; then
  add_library
  exit 0
fi

UV=$(command -v uv || true)
if [ -z "${PYTHON:-}" ]; then
  for version in $SUPPORTED; do
    # A name on the PATH may be a shim for a version that is not installed.
    if "python$version" -c "" 2>/dev/null; then PYTHON=python$version && break; fi
  done
fi
if [ -z "${PYTHON:-}" ] && [ -n "$UV" ]; then PYTHON=${SUPPORTED%% *}; fi # uv fetches it
if [ -z "${PYTHON:-}" ]; then
  echo "error: none of Python $SUPPORTED is on the PATH; install python${SUPPORTED%% *} with its venv module" \
    "(Debian and Ubuntu: python3-venv), or uv, or name another one: make setup PYTHON=/path/to/python" >&2
  exit 1
fi

if [ -n "${TORCH_INDEX:-}" ]; then from="torch comes from $TORCH_INDEX"
else from="on Linux torch comes with some 3 GB of CUDA libraries; make setup TORCH_INDEX=… takes it from an index that you name"; fi
echo "Setting up .venv with $PYTHON, once: $from." >&2

torch=$(grep '^torch==' "$LOCK")
if [ -n "$UV" ]; then
  uv venv --quiet --clear --python "$PYTHON" .venv
  # As pip does: without it, every job would compile what it imports where bytecode cannot be written.
  install() { uv pip install --quiet --compile-bytecode --python .venv/bin/python "$@"; }
else
  "$PYTHON" -m venv --clear .venv
  install() { .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@"; }
fi
if [ -n "${TORCH_INDEX:-}" ]; then install --no-deps --index-url "$TORCH_INDEX" "$torch"; fi
install --requirement "$LOCK"
echo "${TORCH_INDEX:-default}" >"$TORCH_FROM"
add_library
cp "$LOCK" "$LOCK_MADE_FROM"
