#!/usr/bin/env python3
"""What `sonde syscall` costs a program that does nothing but call getppid(), beside what others cost it.

    sudo tests/bench/syscall.py build/sonde build/tests/testprogs/loop [--rounds N]

The program times its own calls and binds itself to CPU 0; the tools run where the scheduler puts them. Rounds of the
tools are interleaved, so that a change of the machine's speed meets all of them. Medians are printed: ns for a call, its
ratio to the loop without a tool, and the tool's own CPU time (without the program's) and largest RSS. Empty BPF
programs are the least that a tracer can cost at these places.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

CPU = "0"
EMPTY = [sys.executable, str(Path(__file__).resolve().parent / "empty_programs.py")]
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Way:
    """A way to run the loop: {loop} in `command` stands for it. `beside`: the tool runs beside it instead."""

    name: str
    command: list
    calls: int = 2_000_000
    beside: bool = False
    target: str = ""

    def available(self):
        return not self.command or shutil.which(self.command[0])


def own_usage(process):
    """CPU seconds and largest RSS in bytes of a process, once it has ended; without its children's CPU time."""
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return (int(fields[11]) + int(fields[12])) / TICKS, used.ru_maxrss * 1024


def start(command, folder, out):
    return subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, cwd=folder)


def run(way, loop, folder):
    """(ns for a call, CPU seconds, RSS) of one round."""
    measured = [loop, str(way.calls), CPU]
    told = os.path.join(folder, "told")
    cpu, rss = 0.0, 0
    with open(told, "wb") as out:
        if way.beside:
            tool = start(way.command, folder, subprocess.DEVNULL)
            time.sleep(1.5)  # past its start
            if tool.poll() is not None:
                sys.exit(f"{way.name}: ended at once with status {tool.returncode}")
            subprocess.run(measured, check=True, stdout=out)
            tool.terminate()
        else:
            at = way.command.index("{loop}") if "{loop}" in way.command else None
            if at is not None:
                command = [*way.command[:at], *measured, *way.command[at + 1 :]]
            else:
                command = [word.replace("{loop}", " ".join(measured)) for word in way.command] or measured
            tool = start(command, folder, out)
        cpu, rss = own_usage(tool)
        if tool.returncode != 0 and not way.beside:
            sys.exit(f"{way.name}: status {tool.returncode}")
    # Tools may print beside the loop.
    lines = Path(told).read_text(encoding="utf-8").split("\n")
    (ns,) = [float(line) for line in lines if line.replace(".", "", 1).isdigit()]
    return ns, cpu, rss


def ways(sonde, other):
    report = ["-q", "-o", "report.json"]
    every, one = "tracepoint:raw_syscalls:sys_", f"/pid == {other}/"
    hist = (
        f"{every}enter /pid == cpid/ {{ @b[tid] = nsecs }} "
        f"{every}exit /@b[tid]/ {{ @[args->id] = hist(nsecs - @b[tid]); delete(@b[tid]) }}"
    )
    return [
        Way("no tool", []),
        Way("empty program, sys_exit", [*EMPTY, "sys_exit"], beside=True),
        Way("empty programs, sys_enter and sys_exit", [*EMPTY, "sys_enter", "sys_exit"], beside=True),
        Way("sonde, --count", [sonde, "syscall", *report, "--count", "--", "{loop}"], target="1.3"),
        Way("sonde", [sonde, "syscall", *report, "--", "{loop}"], target="2.3"),
        Way("sonde, another process", [sonde, "syscall", *report, "-p", other], beside=True, target="1.3"),
        Way("sonde, another process, --count", [sonde, "syscall", *report, "--count", "-p", other], beside=True,
            target="1.3"),
        Way("sonde, another call", [sonde, "syscall", *report, "-e", "mkdirat", "--", "{loop}"], target="1.3"),
        Way("sonde, another call, --count", [sonde, "syscall", *report, "--count", "-e", "mkdirat", "--", "{loop}"],
            target="1.3"),
        Way("sonde, --trace to a file", [sonde, "syscall", *report, "--trace", "--", "{loop}"], 1_000_000, target="4"),
        Way("strace -c -f", ["strace", "-q", "-c", "-f", "-o", "out", "{loop}"], 50_000),
        Way("strace -f to a file", ["strace", "-q", "-f", "-o", "out", "{loop}"], 50_000),
        Way("perf trace -s", ["perf", "trace", "-s", "-o", "out", "{loop}"], 200_000),
        Way("perf trace to a file", ["perf", "trace", "-o", "out", "{loop}"], 200_000),
        Way("bpftrace count",
            ["bpftrace", "-o", "out", "-e", f"{every}enter /pid == cpid/ {{ @[args->id] = count() }}", "-c", "{loop}"]),
        Way("bpftrace histogram", ["bpftrace", "-o", "out", "-e", hist, "-c", "{loop}"], 1_000_000),
        Way("bpftrace, another process",
            ["bpftrace", "-o", "out", "-e", f"{every}enter {one} {{ @[args->id] = count() }} {every}exit {one} {{ }}"],
            beside=True),
        Way("syscount", ["syscount", "-d", "600"], beside=True),
        Way("syscount -L", ["syscount", "-L", "-d", "600"], beside=True),
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sonde")
    parser.add_argument("loop", help="tests/testprogs/loop of the same build")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="ways whose name contains this, and the loop alone")
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        print("skipped: needs root")
        sys.exit(77)
    sonde, loop = (os.path.abspath(path) for path in (arguments.sonde, arguments.loop))
    if 0 not in os.sched_getaffinity(0):
        sys.exit("CPU 0 is not available to this process")
    with tempfile.TemporaryDirectory(prefix="sonde-bench-") as folder, subprocess.Popen(["sleep", "infinity"]) as other:
        try:
            chosen = [way for way in ways(sonde, str(other.pid)) if not way.command or arguments.only in way.name]
            missing = [way.name for way in chosen if not way.available()]
            chosen = [way for way in chosen if way.available()]
            print(f"machine as it is found, load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} CPUs")
            if missing:
                print(f"not installed: {', '.join(missing)}")
            rows = {way.name: [] for way in chosen}
            for _ in range(arguments.rounds):
                for way in chosen:
                    rows[way.name].append(run(way, loop, folder))
        finally:
            other.kill()
    print(f"\ngetppid() in a loop on CPU {CPU}, median of {arguments.rounds} interleaved rounds")
    show(chosen, {name: [statistics.median(column) for column in zip(*values)] for name, values in rows.items()})


def show(chosen, medians):
    base = medians["no tool"][0]
    table = [("", "ns/call", "ratio", "at most", "own CPU", "largest RSS")]
    for way in chosen:
        ns, cpu, rss = medians[way.name]
        own = ("-", "-") if not way.command else (f"{cpu:.2f} s", f"{rss / (1 << 20):.1f} MiB")
        table.append((way.name, f"{ns:.0f}", f"{ns / base:.2f}x", f"{way.target}x" if way.target else "", *own))
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    for row in table:
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        print("  " + "  ".join(cells).rstrip())


if __name__ == "__main__":
    main()
