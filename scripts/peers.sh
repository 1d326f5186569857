#!/bin/sh
# Programs to measure ours against (kuaimen bench render): vipsthumbnail, ImageMagick, thumbor. For benchmarks only.
set -eu
cd "$(dirname -- "$0")/.."
. scripts/steps.sh

tools() {
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libvips-tools imagemagick
}

thumbor() {
  uv=$(command -v uv || ls .boot/bin/uv .boot/pip/bin/uv 2>/dev/null | head -n 1)
  index=${UV_DEFAULT_INDEX:-${PIP_INDEX_URL:-$(python3 -m pip config get global.index-url 2>/dev/null || true)}}
  [ -z "$index" ] || export UV_DEFAULT_INDEX="$index"
  "$uv" venv --quiet --clear --python .venv/bin/python .boot/peers
  "$uv" pip install --quiet --python .boot/peers/bin/python "thumbor==7.8.0"
}

if [ ! -x /usr/bin/vipsthumbnail ] || [ ! -x /usr/bin/convert ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    step "vipsthumbnail and ImageMagick" tools
  else
    echo "  – vipsthumbnail, ImageMagick: apt install libvips-tools imagemagick"
  fi
fi
[ -x .boot/peers/bin/python ] || step "thumbor" thumbor
