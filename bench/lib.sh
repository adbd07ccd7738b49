# Helpers of the measurements in this folder; to be sourced by bash.

. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"

build="$root/build/release"
node_pid=""
node_folder=""
node_prefix=() # what it is started with, such as "valgrind"

# start_node PROGRAM [FLAG...]: starts a gateway node on free ports, in a folder of its own, and
# waits until it serves; sets node_pid and node_port. The node ends with the script.
start_node() {
  local program="$build/bin/$1"
  shift
  [ -x "$program" ] || die "$program is missing: build it first (cmake --preset release && cmake --build --preset release)"
  node_folder="$(mktemp -d)"
  trap stop_node EXIT
  (cd "$node_folder" && exec "${node_prefix[@]}" "$program" gateway --listen 127.0.0.1:0 --cluster 127.0.0.1:0 \
    --admin 127.0.0.1:0 "$@" 2>log) &
  node_pid=$!
  local waited=0
  until grep -q '"ready"' "$node_folder/log" 2>/dev/null; do
    kill -0 "$node_pid" 2>/dev/null || die "the node has ended: $(cat "$node_folder/log")"
    [ $((waited += 1)) -le 600 ] || die "the node is not ready after 60 s"
    sleep 0.1
  done
  node_port="$(sed -n 's/.*http listening on 127\.0\.0\.1:\([0-9]*\).*/\1/p' "$node_folder/log")"
}

stop_node() {
  if [ -n "$node_pid" ]; then
    kill "$node_pid" 2>/dev/null || true
    wait "$node_pid" 2>/dev/null || true
    node_pid=""
  fi
  if [ -n "$node_folder" ]; then rm -rf "$node_folder"; fi
  node_folder=""
}

# rss_kib PID: resident memory.
rss_kib() { awk '/^VmRSS:/ { print $2 }' "/proc/$1/status"; }

# descriptors PID: how many it has open.
descriptors() { find "/proc/$1/fd" -mindepth 1 | wc -l; }

# median: of the numbers that it reads, one a line.
median() {
  sort -n |
    awk '{ v[NR] = $1 } END { if (NR) print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# cpu_ticks PID: user and system time, in clock ticks.
cpu_ticks() { sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'; }

# cpu_microseconds PID: the CPU time of all its threads.
cpu_microseconds() { cat "/proc/$1"/task/*/schedstat | awk '{ sum += $1 } END { printf "%d", sum / 1000 }'; }
