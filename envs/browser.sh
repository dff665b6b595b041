#!/bin/sh
# Make .venv-browser from its lock, unless it was made from this lock: what the tests in a browser need beside .venv, whose
# packages it sees. Called by `make test-browser`. The browser itself is the system's Chromium.
set -eu

LOCK=envs/browser.lock
LOCK_MADE_FROM=.venv-browser/installed.lock
if cmp -s "$LOCK" "$LOCK_MADE_FROM"; then exit 0; fi

if command -v uv >/dev/null; then
  uv venv --quiet --clear --python .venv/bin/python .venv-browser
  uv pip install --quiet --no-deps --python .venv-browser/bin/python --requirement "$LOCK"
else
  .venv/bin/python -m venv --clear .venv-browser
  .venv-browser/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement "$LOCK"
fi
packages='import sysconfig; print(sysconfig.get_path("purelib"))'
.venv/bin/python -c "$packages" >"$(.venv-browser/bin/python -c "$packages")/environment.pth"
cp "$LOCK" "$LOCK_MADE_FROM"
