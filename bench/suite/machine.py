"""What processes use, and what the machine does meanwhile."""

import os
import hashlib
import statistics
import time

TICKS = os.sysconf("SC_CLK_TCK")


def children_of(pid):
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as f:
                found += [int(child) for child in f.read().split()]
    except FileNotFoundError:
        pass  # it has ended
    return found


def tree_of(pid):
    """The process and all that it has started."""
    return [pid] + [one for child in children_of(pid) for one in tree_of(child)]


def cpu_seconds(pid):
    """Of all threads of the process, those that have ended left out."""
    total = 0
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/schedstat") as f:
                total += int(f.read().split()[0])
    except FileNotFoundError:
        pass
    return total / 1e9


def cpu_seconds_of_trees(pids):
    return sum(cpu_seconds(one) for pid in pids for one in tree_of(pid))


def resident_kib(pids):
    total = 0
    for pid in (one for root in pids for one in tree_of(root)):
        try:
            with open(f"/proc/{pid}/status") as f:
                total += next(int(line.split()[1]) for line in f if line.startswith("VmRSS:"))
        except (FileNotFoundError, StopIteration):
            pass
    return total


def steal_seconds():
    """What the machine below has kept from this one."""
    with open("/proc/stat") as f:
        return int(f.readline().split()[8]) / TICKS


class Noise:
    """The same computation, timed once in each round: its spread is the machine's."""

    def __init__(self):
        self.begun = time.monotonic()
        self.stolen = steal_seconds()
        self.times = []

    def sample(self):
        block = b"x" * (1 << 20)
        begin = time.perf_counter()
        for _ in range(20):
            hashlib.sha256(block).digest()
        self.times.append((time.perf_counter() - begin) * 1000)

    def summary(self):
        return {
            "fixed_work_ms": {
                "median": round(statistics.median(self.times), 2),
                "least": round(min(self.times), 2),
                "most": round(max(self.times), 2),
            },
            "stolen_share": round((steal_seconds() - self.stolen) / (time.monotonic() - self.begun) / os.cpu_count(), 4),
            "load_average_before": LOAD_BEFORE,
        }


LOAD_BEFORE = round(os.getloadavg()[0], 2)


def description():
    with open("/proc/cpuinfo") as f:
        model = next((line.split(":", 1)[1].strip() for line in f if line.startswith("model name")), "unknown")
    with open("/etc/os-release") as f:
        system = next(line.split("=", 1)[1].strip().strip('"') for line in f if line.startswith("PRETTY_NAME="))
    return {"processor": model, "cores": os.cpu_count(), "system": system, "kernel": os.uname().release}
