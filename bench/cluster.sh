# Helpers of the measurements of clusters (bench/cluster_*); to be sourced by bash, behind lib.sh. Gateways and workers
# go by names; all that was started ends with the script.

work="$(mktemp -d /tmp/troupe-bench.XXXXXX)"
declare -A pid_of http_of cluster_of admin_of
# What a program is started with, such as "env WORK_MS=4", or "ip netns exec NAME".
prefix=()
load_pid=""

# To be called by the script's own EXIT trap, if it has one.
end_all() {
  local name
  exec 2> /dev/null # the shell's own lines on what was killed
  if [ -n "$load_pid" ]; then kill "$load_pid" 2>/dev/null || true; fi
  # What is frozen hears of nothing else.
  for name in "${!pid_of[@]}"; do kill -9 "${pid_of[$name]}" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap end_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

needs_programs() {
  local program
  for program in "$@"; do
    [ -x "$build/bin/$program" ] ||
      die "$build/bin/$program is missing: build it first (cmake --preset release && cmake --build --preset release)"
  done
}

now_ms() { date +%s%3N; }

# run_node NAME COMMAND...: in a folder of its own, where its log is.
run_node() {
  local name=$1
  shift
  mkdir -p "$work/$name"
  (cd "$work/$name" && exec "${prefix[@]}" "$@" >> log 2>&1) &
  pid_of[$name]=$!
}

# lines_of NAME PATTERN: how many lines of its log match.
lines_of() { { cat "$work/$1/log" 2>/dev/null || true; } | grep -c -- "$2" || true; }

# wait_for_line NAME PATTERN [COUNT]: until its log has so many.
wait_for_line() {
  local waited=0
  until [ "$(lines_of "$1" "$2")" -ge "${3:-1}" ]; do
    kill -0 "${pid_of[$1]}" 2>/dev/null || die "$1 has ended: $(tail -3 "$work/$1/log")"
    [ $((waited += 1)) -le 1200 ] || die "$1 has no line '$2' after 60 s: $(tail -3 "$work/$1/log")"
    sleep 0.05
  done
}

address_of() { sed -n "s/.*$2 listening on \([0-9.]*:[0-9]*\).*/\1/p" "$work/$1/log" | tail -1; }

# start_gateway NAME PROGRAM [FLAG...]: on free ports, unless told otherwise; waits until it serves.
start_gateway() {
  local name=$1 program=$2 ready
  shift 2
  ready="$(lines_of "$name" '"ready"')"
  run_node "$name" "$build/bin/$program" gateway --listen "${http_of[$name]:-127.0.0.1:0}" \
    --cluster "${cluster_of[$name]:-127.0.0.1:0}" --admin "${admin_of[$name]:-127.0.0.1:0}" \
    --access-log false "$@"
  wait_for_line "$name" '"ready"' $((ready + 1))
  http_of[$name]="$(address_of "$name" http)"
  cluster_of[$name]="$(address_of "$name" cluster)"
  admin_of[$name]="$(address_of "$name" admin)"
}

# start_worker NAME PROGRAM GATEWAY [FLAG...]: does not wait. A worker's name may be used again.
start_worker() {
  local name=$1 program=$2 gateway=$3
  shift 3
  run_node "$name" "$build/bin/$program" worker --join "${cluster_of[$gateway]}" --name "$name" --threads 1 "$@"
}

# port_of GATEWAY: of its HTTP address.
port_of() { echo "${http_of[$1]##*:}"; }

# nodes_of GATEWAY: a line "NAME ANSWERED" for each node.
nodes_of() {
  "${prefix[@]}" curl -s --max-time 5 "http://${admin_of[$1]}/_troupe/nodes" | tr '{' '\n' |
    sed -n 's/^"name":"\([^"]*\)","local".*"answered":\([0-9]*\).*/\1 \2/p'
}

# wait_for_nodes GATEWAY COUNT
wait_for_nodes() {
  local waited=0
  until [ "$(nodes_of "$1" | wc -l)" -eq "$2" ]; do
    [ $((waited += 1)) -le 600 ] || die "$1 has not $2 nodes after 60 s: $(nodes_of "$1" | xargs)"
    sleep 0.1
  done
}

# end_node NAME SIGNAL: and waits until it has ended.
end_node() {
  local status=0
  kill "-$2" "${pid_of[$1]}"
  wait "${pid_of[$1]}" 2>/dev/null || status=$?
  unset "pid_of[$1]"
  if [ "$2" = TERM ] && [ "$status" != 0 ]; then
    say "$1 was stopped and ended with status $status: $(tail -2 "$work/$1/log" | xargs)"
  fi
}

# line_times NAME PATTERN: when its log had such lines, in ms since 1970.
line_times() {
  { grep -- "$2" "$work/$1/log" || true; } | sed -n 's/.*"time":"\([^"]*\)".*/\1/p' | date -f - +%s%3N
}

# line_time_after NAME PATTERN MS: of the first such line from then on, or nothing.
line_time_after() { line_times "$1" "$2" | awk -v from="$3" '$1 >= from { print $1; exit }'; }

# start_load NAME ARGUMENT...: clients in the background; their log is $work/NAME.requests, their figures
# $work/NAME.figures once stop_load has been called.
start_load() {
  load_name=$1
  shift
  "${prefix[@]}" "$build/bin/bench-clients" --log "$work/$load_name.requests" "$@" > "$work/$load_name.figures" &
  load_pid=$!
}

stop_load() {
  kill "$load_pid" 2>/dev/null || true
  wait "$load_pid" || die "the clients have failed"
  load_pid=""
}

# failures NAME FROM TO: those of its requests that ended in between (ms since 1970), as "METHOD STATUS: COUNT, ...".
failures() {
  awk -v from="$2" -v to="$3" '
    $1 >= from && $1 <= to && $3 != 200 { count[$4 " " $3]++ }
    END { for (i in count) printf "%s: %d\n", i, count[i] }' "$work/$1.requests" |
    sort | paste -sd, | sed 's/,/, /g; s/^$/none/'
}

# warnings NAME...: what their logs warn of, the kinds of it by number.
warnings() {
  local name
  for name in "$@"; do cat "$work/$name/log"; done |
    { grep -E '"level":"(warn|error|critical)"|^[^{]' || true; } |
    sed -E 's/^\{"time":"[^"]*",//; s/[0-9]+/N/g' | sort | uniq -c | sort -rn | head -12 | cut -c 1-300
}

# histogram TITLE BOUND...: of the numbers that it reads, one a line: a line for each range.
histogram() {
  awk -v title="$1" -v bounds="${*:2}" '
    BEGIN { n = split(bounds, bound, " ") }
    {
      at = 1
      while (at <= n && $1 >= bound[at]) at++
      count[at]++
      if (count[at] > most) most = count[at]
      if ($1 > max || NR == 1) max = $1
    }
    END {
      if (!NR) { print title ": none"; exit }
      printf "%s (%d, the longest %s)\n", title, NR, max
      for (i = 1; i <= n + 1; i++) {
        bar = sprintf("%*s", most ? int(count[i] * 40 / most + 0.5) : 0, ""); gsub(/ /, "#", bar)
        range = i == 1 ? "below " bound[1] : i > n ? "from " bound[n] " on" : bound[i - 1] " to " bound[i]
        printf "  %-16s %6d %s\n", range, count[i], bar
      }
    }'
}

# -- worker nodes that come and go ---------------------------------------------------------------------------
#
# The script defines herd_start NAME, which starts a worker. What happens is written to $work/events, a line "MS
# start|drain|kill NAME PID" each.

# Younger ones are not drained: a process has to have come as far as to care for signals.
grown_up_ms=1000
alive=()   # names
leaving=() # names of those that were told to
herd_started=0
herd_unclean=0 # those that were told to leave and did not end well
declare -A begun_of

herd_note() { echo "$1 $2 $3 ${pid_of[$3]}" >> "$work/events"; }

herd_add() {
  local name="n$((herd_started += 1))"
  begun_of[$name]="$(now_ms)"
  herd_start "$name"
  alive+=("$name")
  herd_note "${begun_of[$name]}" start "$name"
}

# herd_take: one of those alive, at random, leaves the list; its name is in $taken.
herd_take() {
  local at=$((RANDOM % ${#alive[@]}))
  taken="${alive[at]}"
  unset "alive[at]"
  alive=("${alive[@]}")
}

herd_kill() {
  herd_take
  herd_note "$(now_ms)" kill "$taken"
  end_node "$taken" KILL
}

herd_drain() {
  local oldest=$(($(now_ms) - grown_up_ms))
  herd_take
  if [ "${begun_of[$taken]}" -gt "$oldest" ]; then alive+=("$taken") && return; fi
  herd_note "$(now_ms)" drain "$taken"
  kill "${pid_of[$taken]}"
  leaving+=("$taken")
}

# herd_reap [all]: takes note of those that have left, or waits for all that were told to.
herd_reap() {
  local name status still=()
  for name in "${leaving[@]}"; do
    if [ $# -eq 0 ] && kill -0 "${pid_of[$name]}" 2> /dev/null; then
      still+=("$name")
      continue
    fi
    status=0
    wait "${pid_of[$name]}" 2> /dev/null || status=$?
    unset "pid_of[$name]"
    # 143: it had only just begun to start, and ends at once then.
    if [ "$status" != 0 ] && { [ "$status" != 143 ] || [ -s "$work/$name/log" ]; }; then
      herd_unclean=$((herd_unclean + 1))
      say "$name was told to leave and ended with status $status: $(tail -2 "$work/$name/log" | xargs)"
    fi
  done
  leaving=("${still[@]}")
}

# herd_step FEWEST MOST: starts one, drains one, or kills one.
herd_step() {
  local choice=$((RANDOM % 4))
  herd_reap
  kill -0 "${pid_of[gateway]}" 2> /dev/null || die "the gateway has ended: $(tail -3 "$work/gateway/log")"
  if [ "${#alive[@]}" -ge "$2" ]; then choice=$((choice % 2)); fi
  if [ "${#alive[@]}" -le "$1" ]; then choice=3; fi
  case "$choice" in
    0) herd_kill ;;
    1) herd_drain ;;
    *) herd_add ;;
  esac
}

# herd_for SECONDS PAUSE FEWEST MOST: such steps, each PAUSE milliseconds at most.
herd_for() {
  local until=$(($(now_ms) + $1 * 1000))
  while [ "$(now_ms)" -lt "$until" ]; do
    sleep "$(awk -v ms=$((RANDOM % $2)) 'BEGIN { print ms / 1000 }')"
    herd_step "$3" "$4"
  done
}

# herd_events KIND: how many there were.
herd_events() { awk -v kind="$1" '$2 == kind' "$work/events" | wc -l; }
