#!/bin/sh
# Programs that the tests drive: a browser with Chinese fonts, two FTP clients, a PDF reader, nginx. Debian packages.
# Installs what is missing when it may; otherwise says what to type and goes on.
set -eu
cd "$(dirname -- "$0")/.."
. scripts/steps.sh

missing=
want() { # want PACKAGE TEST...
  package=$1
  shift
  "$@" >/dev/null 2>&1 || missing="$missing $package"
}
want chromium-headless-shell command -v chromium-headless-shell
want fonts-noto-cjk test -d /usr/share/fonts/opentype/noto
want lftp command -v lftp
want ncftp command -v ncftpput
want nginx-light command -v nginx
want poppler-utils command -v pdftotext
[ -n "$missing" ] || exit 0

install() {
  apt-get update -q
  # shellcheck disable=SC2086 - a list of words
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
}

if ! command -v apt-get >/dev/null 2>&1; then
  printf '  ! The tests also use:%s. Install them with the package manager of this system.\n' "$missing" >&2
elif [ "$(id -u)" -ne 0 ]; then
  printf '  ! The tests also use:%s\n    sudo apt-get install -y --no-install-recommends%s\n' "$missing" "$missing" >&2
else
  step "programs for the tests ($(echo "$missing" | wc -w))" install
fi
