#!/bin/sh
# The command `cuealign` of the environment; envs/setup.sh puts it there.
exec "$(dirname "$0")/python" -m cuealign.cli "$@"
