#!/bin/sh
# Resolve pyproject.toml and requirements/*.in into requirements/*.txt: names, versions and hashes, no addresses.
set -eu
cd "$(dirname -- "$0")/.."
uv=$(command -v uv || ls .boot/bin/uv .boot/pip/bin/uv 2>/dev/null | head -n 1)
[ -n "$uv" ] || { echo "✗ run ./start.sh --setup dev first" >&2; exit 1; }

compile() { # compile NAME SOURCE...
  name=$1
  shift
  "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
    --no-emit-index-url --no-emit-find-links "$@" -o "requirements/$name.txt"
  printf '  ✓ requirements/%s.txt\n' "$name"
}

compile run pyproject.toml --extra server --extra bridge --extra faces
compile dev requirements/dev.in requirements/build.in pyproject.toml --extra server --extra bridge --extra faces
compile build requirements/build.in
