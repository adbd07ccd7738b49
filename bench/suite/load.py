"""wrk, and requests at a fixed rate."""

import json
import re
import subprocess

from servers import Failed

SCRIPT = """
init = function()
  requests = string.rep(wrk.format(), %(pipeline)d)
end
request = function()
  return requests
end
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('RESULT {"requests":%%d,"microseconds":%%d,"failed":%%d,"p50":%%f,"p99":%%f,"p999":%%f}\\n',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency:percentile(99.9) / 1000))
end
"""


def closed(server, profile, seconds, folder):
    """Each connection sends its next request when it has the last one's answer."""
    script = folder / "wrk.lua"
    script.write_text(SCRIPT % {"pipeline": profile.pipeline})
    command = ["wrk", "-t", "1", "-c", str(profile.connections), "-d", f"{seconds}s", "-s", str(script)]
    for name, value in profile.headers.items():
        command += ["-H", f"{name}: {value}"]
    before = server.cpu_seconds()
    done = subprocess.run(command + [f"http://127.0.0.1:{server.port}{profile.path}"], capture_output=True, text=True,
                          timeout=seconds + 30)
    after = server.cpu_seconds()
    found = re.search(r"^RESULT (.*)$", done.stdout, re.M)
    if found is None:
        raise Failed(f"wrk at {server.name}: {done.stdout[-300:]} {done.stderr[-300:]}")
    got = json.loads(found[1])
    # A server that ends a connection after its answer is what these clients ask for.
    if got["requests"] == 0 or (got["failed"] and profile.headers.get("Connection") != "close"):
        raise Failed(f"{server.name}, {profile.name}: {got['failed']} of {got['requests']} requests failed")
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
