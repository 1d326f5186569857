# Words for a person who waits: one line per step, what it took, and the end of its output when it fails.
# Sourced by the other scripts; expects to run in the project's folder.

# step NAME COMMAND...   output goes to .boot/log/NAME.log
step() {
  _name=$1
  shift
  mkdir -p .boot/log
  _log=.boot/log/$(printf '%s' "$_name" | tr -c 'a-zA-Z0-9\n' '-').log
  _since=$(date +%s)
  "$@" >"$_log" 2>&1 &
  _pid=$!
  trap 'kill "$_pid" 2>/dev/null; exit 130' INT TERM
  if [ -t 1 ]; then
    while kill -0 "$_pid" 2>/dev/null; do
      printf '\r  … %s %ss ' "$_name" "$(($(date +%s) - _since))"
      sleep 0.5
    done
    printf '\r\033[K'
  else
    printf '  … %s\n' "$_name"
  fi
  _status=0
  wait "$_pid" || _status=$?
  trap - INT TERM
  if [ "$_status" -ne 0 ]; then
    printf '  ✗ %s (exit %s). The end of %s:\n' "$_name" "$_status" "$_log" >&2
    tail -n 15 "$_log" | sed 's/^/      /' >&2
    return "$_status"
  fi
  printf '  ✓ %s  %ss\n' "$_name" "$(($(date +%s) - _since))"
}

# stamp FILE...   one word that changes with the files
stamp() {
  cat "$@" | cksum | tr ' ' '-'
}

# is_stamped FILE WORD   whether that work was done already
is_stamped() {
  [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]
}

fail() {
  printf '✗ %s\n' "$1" >&2
  exit 1
}
