#!/bin/sh
# From a fresh clone to the running platform:  ./start.sh [options of `kuaimen up`]
# Only makes ready:                            ./start.sh --setup run|dev
set -eu
here=$(dirname -- "$0")
if [ "${1:-}" = --setup ]; then
  kind=${2:-run}
  "$here/scripts/environment.sh" "$kind"
  "$here/scripts/frontend.sh"
  if [ "$kind" = dev ]; then "$here/scripts/tools.sh"; fi
  exit 0
fi
"$here/scripts/environment.sh" run
"$here/scripts/frontend.sh"
exec "$here/.venv/bin/kuaimen" up "$@"
