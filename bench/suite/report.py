"""Medians, ratios, a table and charts of what was measured."""

import json
import statistics


def median_of(samples):
    return {key: statistics.median(each[key] for each in samples) for key in samples[0]}


def spread_of(samples, key):
    """How far the rounds were apart, as a share of the median."""
    values = [each[key] for each in samples]
    middle = statistics.median(values)
    return (max(values) - min(values)) / middle if middle else 0


def rows_of(results):
    """One for each profile and server, beside the first server of its profile."""
    for profile, servers in results["profiles"].items():
        medians = {name: median_of(samples) for name, samples in servers.items()}
        base = next(iter(medians.values()), None)
        for name, each in medians.items():
            total = each["cpu_us"] + each["behind_cpu_us"]
            yield {
                "profile": profile, "server": name, **each, "total_cpu_us": total,
                "rate_ratio": each["requests_per_s"] / base["requests_per_s"],
                "cpu_ratio": total / (base["cpu_us"] + base["behind_cpu_us"]),
                "spread": spread_of(servers[name], "requests_per_s"),
            }


def milliseconds(value):
    return f"{value:.2f} ms" if value else ""  # wrk has none for requests that are sent at once


def table_of(results):
    lines = ["| profile | server | requests/s | CPU per request | p50 | p99 | p99.9 | spread | to the first of the profile |",
             "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |"]
    last = None
    for row in rows_of(results):
        behind = f" + {row['behind_cpu_us']:.2f}" if row["behind_cpu_us"] else ""
        ratio = "" if row["profile"] != last else f"{row['rate_ratio']:.2f} requests/s, {row['cpu_ratio']:.2f} CPU"
        lines.append(
            f"| {row['profile'] if row['profile'] != last else ''} | {row['server']} | {row['requests_per_s']:,.0f} "
            f"| {row['cpu_us']:.2f}{behind} us | {milliseconds(row['p50_ms'])} | {milliseconds(row['p99_ms'])} | {milliseconds(row['p999_ms'])} "
            f"| {row['spread'] * 100:.0f}% | {ratio} |")
        last = row["profile"]
    return "\n".join(lines)


def fixed_rate_table_of(results):
    lines = ["| server | rate | p50 | p99 | p99.9 |", "| --- | ---: | ---: | ---: | ---: |"]
    for name, samples in results["fixed_rate"]["servers"].items():
        each = median_of(samples)
        lines.append(f"| {name} | {results['fixed_rate']['rate']:,}/s | {each['p50_ms']:.3f} ms | {each['p99_ms']:.3f} ms "
                     f"| {each['p999_ms']:.3f} ms |")
    return "\n".join(lines)


def start_table_of(results):
    lines = ["| server | what it is | start to first answer | idle memory | after the last round |", "| --- | --- | ---: | ---: | ---: |"]
    for name, each in results["servers"].items():
        lines.append(f"| {name} | {each['what']} | {each['start_ms']:.0f} ms | {each['idle_kib'] / 1024:.1f} MiB "
                     f"| {each['used_kib'] / 1024:.1f} MiB |")
    return "\n".join(lines)


def text_of(results):
    machine, noise = results["machine"], results["noise"]
    work = noise["fixed_work_ms"]
    parts = [
        "# Benchmarks",
        f"Measured {results['date']} by `{results['command']}` in {results['seconds']:.0f} s: {results['rounds']} rounds of "
        f"{results['seconds_each']} s for each line, in turns; medians. {machine['cores']} cores of {machine['processor']}, "
        f"{machine['system']}; clients, servers and database share them. 64 connections of wrk where nothing else is said; "
        "a second figure of CPU time is that of the nodes or servers behind the one that is asked. PostgreSQL's is in neither.",
        f"How quiet the machine was: the same computation, once before each round, took {work['least']} to {work['most']} ms "
        f"(median {work['median']}); {noise['stolen_share'] * 100:.1f}% of its time went to other machines; load average "
        f"before: {noise['load_average_before']}. Compare figures of one run, not of two.",
        table_of(results),
    ]
    if results.get("fixed_rate"):
        parts += ["## Latency at a fixed rate",
                  "/plaintext at half of the rate at which Troupe is saturated, 64 connections, measured from the moment at "
                  "which a request was due.",
                  fixed_rate_table_of(results)]
    parts += ["## Servers", start_table_of(results)]
    if results["left_out"]:
        parts += ["Left out: " + "; ".join(f"{name} ({why})" for name, why in results["left_out"].items()) + "."]
    if results.get("failed"):
        parts += ["Not in the table, as requests failed: " + "; ".join(results["failed"]) + "."]
    parts += [f"![{title}]({file})" for title, file in results["charts"]]
    return "\n\n".join(parts) + "\n"


def draw(results, folder):
    """Bars of requests/s and of CPU time per request; leaves the files' names in the results."""
    results["charts"] = []
    try:
        import matplotlib
    except ImportError:
        return
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "troupe"
    matplotlib.rcParams["svg.fonttype"] = "none"  # text stays text
    from matplotlib import pyplot

    rows = list(rows_of(results))
    for key, title, file in (("requests_per_s", "requests/s", "rates.svg"),
                             ("total_cpu_us", "CPU time per request, us", "cpu.svg")):
        profiles = list(dict.fromkeys(row["profile"] for row in rows))
        figure, axes = pyplot.subplots(len(profiles), 1, figsize=(8, 1.4 * len(profiles)), squeeze=False)
        for axis, profile in zip(axes[:, 0], profiles):
            mine = [row for row in rows if row["profile"] == profile]
            bars = axis.barh([row["server"] for row in mine], [row[key] for row in mine],
                             color=["#c0392b" if row["server"].startswith("troupe") else "#95a5a6" for row in mine])
            axis.bar_label(bars, fmt="%.1f" if key == "total_cpu_us" else "%.0f", padding=3, fontsize=8)
            axis.set_title(f"{profile}: {title}", fontsize=9, loc="left")
            axis.invert_yaxis()
            axis.tick_params(labelsize=8)
            axis.margins(x=0.15)
        figure.tight_layout()
        figure.savefig(folder / file, metadata={"Date": None})
        pyplot.close(figure)
        results["charts"].append((title, file))


def write(results, folder):
    folder.mkdir(parents=True, exist_ok=True)
    draw(results, folder)
    (folder / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    (folder / "README.md").write_text(text_of(results))
