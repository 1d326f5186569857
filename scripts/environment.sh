#!/bin/sh
# The Python environment: .venv with exactly what requirements/ names, and the commands kuaimen and kuaimen-bridge.
#   scripts/environment.sh run     to run the product
#   scripts/environment.sh dev     to test it as well; serves `run` too
# Nothing happens, and no network is needed, when it is up to date. Uses the package index that pip is set up for.
set -eu
cd "$(dirname -- "$0")/.."
. scripts/steps.sh

kind=${1:-run}
case $kind in run | dev) ;; *) fail "usage: $0 run|dev" ;; esac

find_python() {
  for name in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python; do
    path=$(command -v "$name" 2>/dev/null) || continue
    if "$path" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      printf '%s\n' "$path"
      return
    fi
  done
  fail "需要 Python 3.11 以上 / Python 3.11 or newer is needed. Debian: apt install python3 python3-venv"
}

# where uv is; installed once, by pip, into a folder of its own
find_uv() {
  command -v uv 2>/dev/null && return
  for path in .boot/bin/uv .boot/pip/bin/uv; do
    if [ -x "$path" ] && "$path" --version >/dev/null 2>&1; then
      printf '%s\n' "$PWD/$path"
      return
    fi
  done
}

install_uv() {
  if "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    rm -rf .boot/bin .boot/lib .boot/lib64 .boot/pyvenv.cfg
    "$python" -m venv .boot
    .boot/bin/python -m pip install --quiet uv
  elif "$python" -m pip --version >/dev/null 2>&1; then
    "$python" -m pip install --quiet --target .boot/pip uv
  else
    echo "Python 缺少 pip / this Python has neither ensurepip nor pip. Debian: apt install python3-venv"
    return 1
  fi
}

# uv does not read pip's settings; a mirror that pip knows is used by uv too
use_pips_index() {
  [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ] || return 0
  index=${PIP_INDEX_URL:-$("$python" -m pip config get global.index-url 2>/dev/null || true)}
  [ -z "$index" ] || export UV_DEFAULT_INDEX="$index"
}

make_venv() {
  rm -rf .venv
  "$uv" venv --quiet --python "$python" .venv
}

# the packages of this folder, importable, and their commands; no build, no network
link() {
  site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  printf '%s\n' "$PWD" >"$site/kuaimen.pth"
  command_of kuaimen launch.cli
  command_of kuaimen-bridge camera_bridge.cli
}

command_of() {
  cat >".venv/bin/$1" <<SCRIPT
#!/bin/sh
'''exec' "\$(dirname -- "\$(readlink -f -- "\$0")")/python" -P "\$0" "\$@"
' '''
import sys

from $2 import main

sys.exit(main())
SCRIPT
  chmod +x ".venv/bin/$1"
}

# optional, and silent without a compiler: the renderer's quick way through its colour table
native() {
  .venv/bin/python -P workers/imaging/native.py >/dev/null 2>&1 || true
}

wanted="$(stamp requirements/run.txt requirements/dev.txt scripts/environment.sh workers/imaging/native.py workers/imaging/tone.c) $PWD"
# once for development, always for development: `make run` must not take the tests' packages away
case $(cat .venv/.kuaimen 2>/dev/null) in dev*) kind=dev ;; esac
done_for() { [ -x .venv/bin/python ] && is_stamped .venv/.kuaimen "$1 $wanted"; }
if done_for "$kind"; then
  exit 0
fi

python=$(find_python)
uv=$(find_uv)
if [ -z "$uv" ]; then
  step "uv (the installer)" install_uv
  uv=$(find_uv)
fi
use_pips_index
if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  step "virtual environment" make_venv
fi
# compiled once here: the platform is eight processes, and each would compile every module it loads
step "Python packages ($kind)" "$uv" pip sync --compile-bytecode --python .venv/bin/python "requirements/$kind.txt"
link
native
printf '%s\n' "$kind $wanted" >.venv/.kuaimen
