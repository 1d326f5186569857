#!/bin/sh
# What browsers load: web/ui → web/dist, by npm. Nothing happens when the sources are the same as last time.
# Node: the machine's when it is 20.19 or newer, else the one of the development environment, else one from a wheel.
set -eu
cd "$(dirname -- "$0")/.."
. scripts/steps.sh

[ -f web/ui/package.json ] || fail "web/ui is missing"

sources() {
  find web/ui web/words -name node_modules -prune -o -type f -print | LC_ALL=C sort
}

node_is_new_enough() {
  command -v npm >/dev/null 2>&1 &&
    node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null
}

install_node() {
  uv=$(command -v uv || ls .boot/bin/uv .boot/pip/bin/uv 2>/dev/null | head -n 1)
  [ -n "$uv" ] || { echo "run scripts/environment.sh first"; return 1; }
  "$uv" venv --quiet --clear --python .venv/bin/python .boot-node
  "$uv" pip sync --quiet --python .boot-node/bin/python requirements/build.txt
  stamp requirements/build.txt >.boot-node/.kuaimen
}

install_packages() {
  (cd web/ui && npm ci --no-audit --no-fund --no-progress)
}

build() {
  (cd web/ui && npm run build)
}

wanted=$(sources | xargs cat | cksum | tr ' ' '-')
if is_stamped web/dist/.kuaimen "$wanted"; then
  exit 0
fi
if ! node_is_new_enough; then
  if [ ! -x .venv/bin/npm ] && ! is_stamped .boot-node/.kuaimen "$(stamp requirements/build.txt)"; then
    step "Node (from a wheel)" install_node
  fi
  PATH=$PWD/.venv/bin:$PWD/.boot-node/bin:$PATH
  export PATH
fi
packages=$(stamp web/ui/package-lock.json)
if ! is_stamped web/ui/node_modules/.kuaimen "$packages"; then
  step "front-end packages" install_packages
  printf '%s\n' "$packages" >web/ui/node_modules/.kuaimen
fi
step "front end" build
printf '%s\n' "$wanted" >web/dist/.kuaimen
