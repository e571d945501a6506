#!/usr/bin/env python3
"""What `sonde cpu` costs, beside bpftrace and perf doing the same work on the same busy machine.

    sudo tests/bench/cpu.py build/sonde build/tests/testprogs/spin [--rounds N]

Rounds of the tools are interleaved, so that a change of the machine's speed meets all of them. Medians are printed.
Start-up is the wall time of a one-second session that exceeds the second. CPU time is what the kernel charged to the
tool's processes (wait4), so it includes start-up, symbols and output; for tools that run BPF programs the time in
those programs is added, measured by a session beside them (kernel.bpf_stats_enabled).
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BPF_STATS = Path("/proc/sys/kernel/bpf_stats_enabled")


class Tool:
    """A command line, or several that together do what one run of sonde does."""

    def __init__(self, name, *commands):
        self.name = name
        self.commands = commands

    def run(self, folder):
        """Wall seconds, CPU seconds and the largest RSS in bytes."""
        begin = time.monotonic()
        cpu = rss = 0
        for command in self.commands:
            with open(os.path.join(folder, "out"), "wb") as out:
                process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL, cwd=folder)
                _, status, used = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode != 0:
                sys.exit(f"{' '.join(command)}: status {process.returncode}")
            cpu += used.ru_utime + used.ru_stime
            rss = max(rss, used.ru_maxrss * 1024)
        return time.monotonic() - begin, cpu, rss


def bpf_seconds(pid):
    """Time so far in the BPF programs that a process holds; None if it holds none."""
    held = set()
    for info in Path(f"/proc/{pid}/fdinfo").iterdir():
        held |= {int(number) for number in re.findall(r"(?m)^prog_id:\s*(\d+)", info.read_text(encoding="utf-8"))}
    shown = subprocess.run(["bpftool", "-j", "prog", "show"], check=True, capture_output=True, text=True).stdout
    times = [program.get("run_time_ns", 0) for program in json.loads(shown) if program["id"] in held]
    return sum(times) / 1e9 if times else None


def bpf_share(command, folder, idle=False):
    """Share of one CPU that the BPF programs of a session take. That nothing is measured is an error, not 0, unless
    they may be `idle`: then only holding none is."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
    time.sleep(2)  # past its start
    begin, before = time.monotonic(), bpf_seconds(process.pid)
    time.sleep(2)
    after, end = bpf_seconds(process.pid), time.monotonic()
    process.wait()
    if before is None or after is None or (after == before and not idle):
        sys.exit(f"{command[0]}: the time in its BPF programs could not be measured")
    return (after - before) / (end - begin)


def median_rows(tools, rounds, folder):
    results = {tool.name: [] for tool in tools}
    for _ in range(rounds):
        for tool in tools:
            results[tool.name].append(tool.run(folder))
    return {name: [statistics.median(column) for column in zip(*rows)] for name, rows in results.items()}


def show(title, headings, rows):
    print(f"\n{title}")
    widths = [max(len(str(row[i])) for row in [headings, *rows]) for i in range(len(headings))]
    for row in [headings, *rows]:
        cells = [str(row[0]).ljust(widths[0])] + [str(cell).rjust(width) for cell, width in zip(row[1:], widths[1:])]
        print("  " + "  ".join(cells))


def startup(sonde, rounds, folder):
    tools = [
        Tool("sonde", [sonde, "cpu", "-q", "-d", "1"]),
        Tool("bpftrace", ["bpftrace", "-e", "profile:hz:99 { @ = count() } interval:s:1 { exit() }"]),
        Tool("perf", ["perf", "record", "-q", "-F", "99", "-a", "-o", "perf.data", "--", "sleep", "1"]),
    ]
    medians = median_rows(tools, rounds, folder)
    base = medians["sonde"][0] - 1
    rows = []
    for name, (wall, _, _) in medians.items():
        rows.append((name, f"{1000 * (wall - 1):.0f} ms", f"{(wall - 1) / base:.1f}x"))
    show(f"start and end of a 1 s session (wall - 1 s, median of {rounds})", ("", "extra", "to sonde"), rows)


def first_sample(sonde, rounds, folder):
    """From exec of sonde until it samples, by its own header."""
    delays = []
    for _ in range(rounds):
        file = os.path.join(folder, "start.json")
        begin = time.time()
        subprocess.run([sonde, "cpu", "-q", "-d", "100ms", "-o", file], check=True)
        with open(file, encoding="utf-8") as lines:
            started = json.loads(lines.readline())["started"]
        whole, milliseconds = re.fullmatch(r"(.*)\.(\d{3})Z", started).groups()
        when = time.mktime(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) - time.timezone + int(milliseconds) / 1000
        delays.append(when - begin)
    print(f"\nfrom exec to sampling: sonde {1000 * statistics.median(delays):.0f} ms "
          f"(median of {rounds}, worst {1000 * max(delays):.0f} ms)")


def cost(sonde, hertz, rounds, folder):
    seconds = 5
    script = f"profile:hz:{hertz} {{ @[ustack, kstack, comm, pid] = count() }} interval:s:{seconds} {{ exit() }}"
    own = [sonde, "cpu", "-q", "-d", str(seconds), "-F", str(hertz), "-f", "folded"]
    tools = [
        Tool("sonde", own),
        Tool("bpftrace", ["bpftrace", "-e", script]),
        Tool("perf record + script",
             ["perf", "record", "-q", "-g", "-F", str(hertz), "-a", "-o", "perf.data", "--", "sleep", str(seconds)],
             ["perf", "script", "-i", "perf.data"]),
        Tool("perf record alone",
             ["perf", "record", "-q", "-g", "-F", str(hertz), "-a", "-o", "perf.data", "--", "sleep", str(seconds)]),
    ]
    medians = median_rows(tools, rounds, folder)
    before = BPF_STATS.read_text(encoding="ascii")
    try:
        BPF_STATS.write_text("1", encoding="ascii")
        bpf = {tool.name: bpf_share(tool.commands[0], folder) for tool in tools[:2]}
    finally:
        BPF_STATS.write_text(before, encoding="ascii")
    base = medians["sonde"][1] / seconds + bpf["sonde"]
    rows = []
    for name, (_, cpu, rss) in medians.items():
        total = cpu / seconds + bpf.get(name, 0)
        shown = f"{100 * bpf[name]:.2f} %" if name in bpf else "-"
        rows.append((name, f"{100 * cpu / seconds:.2f} %", shown, f"{100 * total:.2f} %", f"{total / base:.1f}x",
                     f"{rss / (1 << 20):.1f} MiB"))
    show(f"{seconds} s of the whole system at {hertz} Hz with stacks, in percent of one CPU (median of {rounds})",
         ("", "own CPU", "BPF", "together", "to sonde", "largest RSS"), rows)


def load(spin, folder):
    """Two programs that compute, and a server under requests."""
    port = "16399"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    processes = [subprocess.Popen([spin], **quiet) for _ in range(2)]
    processes.append(subprocess.Popen(["redis-server", "--port", port, "--save", ""], **quiet))
    time.sleep(1)
    processes.append(subprocess.Popen(["redis-benchmark", "-p", port, "-n", "1000000000", "-q"], **quiet))
    return processes


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sonde")
    parser.add_argument("spin", help="tests/testprogs/spin of the same build")
    parser.add_argument("--rounds", type=int, default=3, help="of the sessions of 5 s; of the start-up: 10 or more")
    arguments = parser.parse_args()
    missing = [tool for tool in ("bpftrace", "perf", "bpftool", "redis-server") if not shutil.which(tool)]
    if os.geteuid() != 0 or missing:
        print("skipped: needs root" if not missing else f"skipped: no {', '.join(missing)}")
        sys.exit(77)
    sonde, spin = (os.path.abspath(path) for path in (arguments.sonde, arguments.spin))
    with tempfile.TemporaryDirectory(prefix="sonde-bench-") as folder:
        rounds = max(10, arguments.rounds)
        print(f"machine as it is found, load average {os.getloadavg()[0]:.1f}", end="")
        first_sample(sonde, rounds, folder)
        startup(sonde, rounds, folder)
        print(f"\nload average {os.getloadavg()[0]:.1f}, and now 2 computing programs, redis-server under redis-benchmark", end="")
        processes = load(spin, folder)
        try:
            first_sample(sonde, rounds, folder)
            for hertz in (99, 999):
                cost(sonde, hertz, arguments.rounds, folder)
        finally:
            for process in processes:
                process.kill()
                process.wait()


if __name__ == "__main__":
    main()
