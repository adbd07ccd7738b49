# Helpers of the scripts in this folder; to be sourced by bash.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

say() { printf '%s: %s\n' "${0##*/}" "$*"; }

die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# The usage text of a script is the comment block at its top.
usage() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; }

# as_root COMMAND...: runs it as root, through sudo where needed.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "needs root for: $* (no sudo found; run it as root)"
  fi
}

# elapsed START: the time since START ($SECONDS then) as 1m23s.
elapsed() {
  local s=$((SECONDS - $1))
  if [ $s -ge 60 ]; then printf '%dm%02ds' $((s / 60)) $((s % 60)); else printf '%ds' $s; fi
}

jobs="${JOBS:-$(nproc)}"

# archive_of PACKAGE: "URI suite component" of the archive that apt has this package from.
archive_of() {
  apt-cache policy "$1" |
    awk '$2 ~ /^https?:/ && $3 ~ "/" { split($3, part, "/"); print $2, part[1], part[2]; exit }'
}

# npm_packages FROM INTO: installs in INTO what FROM/package-lock.json names, once; prints what npm says.
npm_packages() {
  local start=$SECONDS
  mkdir -p "$2"
  if cmp -s "$1/package-lock.json" "$2/installed"; then return; fi
  cp "$1"/package*.json "$2"
  (cd "$2" && npm ci --ignore-scripts --no-audit --no-fund) || return 1
  cp "$1/package-lock.json" "$2/installed"
  say "installed the npm packages of ${1#"$root/"} in $(elapsed $start)"
}

# run_group COMMAND...: runs it as a process group of its own, which end_group can end as a whole; a
# script calls that from its INT and TERM traps, so that nothing outlives it.
group=""
run_group() {
  local status=0
  set -m
  "$@" &
  group=$!
  set +m
  wait "$group" || status=$?
  group=""
  return $status
}

end_group() {
  if [ -n "$group" ]; then
    kill -TERM -- "-$group" 2>/dev/null || true
    while kill -0 -- "-$group" 2>/dev/null; do sleep 0.1; done
    group=""
  fi
}
