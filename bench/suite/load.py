"""wrk, WebSockets that wait for their echo, and requests at a fixed rate."""

import json
import re
import subprocess

from servers import Failed

# Behind a profile's own words, which fill `turns`: what is sent one after the other.
SCRIPT = """
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('RESULT {"requests":%d,"microseconds":%d,"failed":%d,"refused":%d,"p50":%f,"p99":%f,"p999":%f}\\n',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.timeout, e.status,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency:percentile(99.9) / 1000))
end
request = function()
  turn = turn % #turns + 1
  local this = turns[turn]
  return type(this) == "function" and this() or this
end
"""


def wrk(server, profile, seconds, folder):
    script = folder / "wrk.lua"
    script.write_text("init = function()\n  turn = 0\n  turns = {}\n" + profile.turns + "end\n" + SCRIPT)
    command = ["wrk", "-t", str(profile.threads), "-c", str(profile.connections), "-d", f"{seconds}s", "-s", str(script)]
    for name, value in profile.headers.items():
        command += ["-H", f"{name}: {value}"]
    return command + [f"{server.scheme}://127.0.0.1:{server.port}{profile.path}"]


def websockets(env, server, profile, seconds):
    return [env.bin / "bench-websocket", str(server.port), profile.path, str(profile.connections), str(profile.message),
            str(seconds)]


def closed(env, server, profile, seconds):
    """Each connection sends its next request when it has the last one's answer."""
    command = websockets(env, server, profile, seconds) if profile.message else wrk(server, profile, seconds, env.folder)
    before = server.cpu_seconds()
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 30)
    after = server.cpu_seconds()
    found = re.search(r"^RESULT (.*)$", done.stdout, re.M)
    if found is None:
        raise Failed(f"{command[0]} at {server.name}: {done.stdout[-300:]} {done.stderr[-300:]}")
    got = json.loads(found[1])
    # A server that ends a connection after its answer is what these clients ask for.
    # So may one with half of what it refuses. A connection's last turns are cut off: the shares are about right.
    ended = got["failed"] > 0.6 * got["refused"] and profile.headers.get("Connection") != "close"
    refused_as_due = abs(got["refused"] / max(got["requests"], 1) - profile.refused) < 0.05 if profile.refused else not got["refused"]
    if got["requests"] == 0 or ended or not refused_as_due:
        raise Failed(f"{server.name}, {profile.name}: {got['failed']} of {got['requests']} requests failed, "
                     f"{got['refused']} were refused")
    return {
        "requests_per_s": got["requests"] / got["microseconds"] * 1e6,
        "cpu_us": (after[0] - before[0]) / got["requests"] * 1e6,
        "behind_cpu_us": (after[1] - before[1]) / got["requests"] * 1e6,
        "p50_ms": got["p50"], "p99_ms": got["p99"], "p999_ms": got["p999"],
    }


def open_loop(env, server, path, rate, connections, seconds):
    """Requests that are due at a fixed rate, measured from then on."""
    done = subprocess.run([env.bin / "bench-open-loop", str(server.port), path, str(rate), str(connections), str(seconds)],
                          capture_output=True, text=True, timeout=seconds + 30)
    words = done.stdout.split()
    if not words:
        raise Failed(f"bench-open-loop at {server.name}: {done.stderr}")
    got = {words[i]: words[i + 1] for i in range(len(words) - 1)}
    if int(got["lost"]) or int(got["other"]) or int(got["refused"]):
        raise Failed(f"{server.name} at {rate}/s: {done.stdout.strip()}")
    return {"p50_ms": float(got["p50"]), "p99_ms": float(got["p99"]), "p999_ms": float(got["p99.9"])}
