"""Starts the servers, has them asked in turns, writes what came out. Called by bench/run."""

import argparse
import dataclasses
import datetime
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import load
import machine
import profiles
import report
import servers


@dataclasses.dataclass
class Environment:
    root: pathlib.Path
    build: pathlib.Path
    bin: pathlib.Path
    folder: pathlib.Path
    postgres: str
    api_postgres: str  # another database of that server
    node: str
    begun: list = dataclasses.field(default_factory=list)  # servers, also those that did not come to serve


def say(text):
    print(f"run: {text}", flush=True)


def start_all(names, env):
    running, left_out = {}, {}
    for name in names:
        try:
            running[name] = servers.ALL[name](env)
        except servers.Failed as why:
            left_out[name] = str(why)
            say(f"left out: {name} ({why})")
    time.sleep(1)
    for each in running.values():
        each.idle_kib = each.resident_kib()
    return running, left_out


def measure(chosen, running, rounds, seconds, env):
    """The samples of each profile's servers; rounds go through all of them, so that all see the same machine. One that
    fails requests is not in its profile: why is told instead."""
    noise = machine.Noise()
    samples = {each.name: {name: [] for name in each.servers if name in running} for each in chosen}
    failed = []
    for n in range(rounds + 1):
        noise.sample()
        for profile in chosen:
            for name, into in list(samples[profile.name].items()):
                # The first round warms up and is not counted.
                try:
                    got = load.closed(env, running[name], profile, seconds if n else 1)
                except servers.Failed as why:
                    del samples[profile.name][name]
                    failed.append(str(why))
                    say(f"left out there: {why}")
                    continue
                if n:
                    into.append(got)
                    say(f"{n}/{rounds} {profile.name}: {name} {got['requests_per_s']:,.0f} requests/s, "
                        f"{got['cpu_us'] + got['behind_cpu_us']:.2f} us")
    return samples, failed, noise.summary()


def measure_at_fixed_rate(running, samples, rounds, seconds, env):
    names = [name for name in ("bare-epoll", "troupe") if name in running]
    saturated = samples.get("plaintext", {}).get("troupe")
    if len(names) < 2 or not saturated:
        return None
    rate = int(report.median_of(saturated)["requests_per_s"] / 2)
    out = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            out[name].append(load.open_loop(env, running[name], "/plaintext", rate, 64, seconds))
    say(f"latency at {rate}/s measured")
    return {"rate": rate, "servers": out}


def main():
    parser = argparse.ArgumentParser(prog="bench/run")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--only", default="")
    parser.add_argument("--servers", default="", help="only these, with commas")
    parser.add_argument("--out", default="")
    parser.add_argument("--build", required=True)
    given = parser.parse_args()
    root = pathlib.Path(__file__).resolve().parents[2]
    build = pathlib.Path(given.build).resolve()
    rounds = given.rounds or (2 if given.short else 3)
    seconds = given.seconds or (2 if given.short else 4)
    chosen = [each for each in profiles.FULL
              if (each.short or not given.short) and given.only in each.name]
    if given.servers:
        only = given.servers.split(",")
        if unknown := [name for name in only if name not in servers.ALL]:
            sys.exit(f"run: there is no server {unknown[0]}, but {', '.join(servers.ALL)}")
        chosen = [dataclasses.replace(each, servers=kept) for each in chosen
                  if (kept := tuple(name for name in each.servers if name in only))]
    if not chosen:
        sys.exit(f"run: no profile has '{given.only}' in its name" + (" and these servers" if given.servers else ""))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started ends, too
    begin = time.monotonic()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="troupe-bench."))
    postgres = os.environ["TROUPE_TEST_POSTGRES"]
    env = Environment(root, build, build / "bin", folder, postgres, postgres.rsplit("/", 1)[0] + "/api", shutil.which("node"))
    wanted = list(dict.fromkeys(name for each in chosen for name in each.servers))
    subprocess.run(["psql", "-q", postgres, "-c", "CREATE DATABASE api"], check=True)
    try:
        running, left_out = start_all(wanted, env)
        samples, failed, noise = measure(chosen, running, rounds, seconds, env)
        # Its tails are the figure that noise touches most: more rounds than others have.
        fixed = measure_at_fixed_rate(running, samples, rounds if given.short else 2 * rounds + 1, seconds, env)
        results = {
            "date": datetime.date.today().isoformat(),
            "command": "bench/run" + (" --short" if given.short else ""),
            "machine": machine.description(), "noise": noise,
            "rounds": rounds, "seconds_each": seconds, "seconds": time.monotonic() - begin,
            "servers": {name: {"what": each.what, "start_ms": each.start_ms, "idle_kib": each.idle_kib,
                               "used_kib": each.resident_kib()} for name, each in running.items()},
            "left_out": left_out, "failed": failed, "profiles": samples, "fixed_rate": fixed,
        }
    except servers.Failed as why:
        sys.exit(f"run: {why}")
    finally:
        for each in env.begun:
            each.stop()
        shutil.rmtree(folder, ignore_errors=True)
    out = pathlib.Path(given.out) if given.out else root / "docs/benchmarks" / ("short" if given.short else "full")
    report.write(results, out)
    print(report.table_of(results))
    say(f"{out}/README.md, results.json and charts written, {results['seconds']:.0f} s")


main()
