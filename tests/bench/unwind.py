#!/usr/bin/env python3
"""What unwinding by call frame information costs, and what it gives, beside frame pointers and perf.

    sudo tests/bench/unwind.py build/sonde build/tests/testprogs build/tests/libdw [--rounds N] [--only TABLE]

Identity: stacks of running programs, unwound in the kernel and by elfutils from the same registers and stack memory, and
the share of them that reaches the entry, beside perf's.
Tables: sizes and build times of all installed programs and libraries. Large: a session over some 30 of them at once.

Cost of a sample: run time over runs of the sampling program (kernel.bpf_stats_enabled), of busy threads. The program
is the same, built without frame pointers for `cfi` and with them for `fp`, which is the kernel's own walk; `none` is the
floor. Rounds are interleaved; medians are printed. The statistics themselves cost some 50 ns of each figure.
Whole tool: CPU time of all processes of the tool (wait4), tables, symbols and output included, and the share of samples
whose stack reaches the program's entry.
"""

import argparse
import contextlib
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

from large_programs import large_programs
from unwind_identity import WORKLOADS, identity
from unwind_tables import tables

BPF_STATS = Path("/proc/sys/kernel/bpf_stats_enabled")
SECONDS = 8


def sampling_program(pid):
    """Runs and nanoseconds so far of the sampling program that a process holds."""
    held = set()
    for info in Path(f"/proc/{pid}/fdinfo").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            held |= {int(number) for number in re.findall(r"(?m)^prog_id:\s*(\d+)", info.read_text(encoding="utf-8"))}
    shown = subprocess.run(["bpftool", "-j", "prog", "show"], check=True, capture_output=True, text=True).stdout
    for program in json.loads(shown):
        if program["id"] in held and program["type"] == "perf_event":
            return program.get("run_cnt", 0), program.get("run_time_ns", 0)
    return None


def cost_of_sample(sonde, method, pids):
    session = subprocess.Popen(
        [sonde, "cpu", "-q", "-p", ",".join(map(str, pids)), "-F", "999", "-d", "4", "--user", "--stacks", method],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1)
    before = sampling_program(session.pid)
    time.sleep(2)
    after = sampling_program(session.pid)
    session.wait()
    if not before or not after or after[0] - before[0] < 500:
        sys.exit("the sampling program was not seen to run")
    return (after[1] - before[1]) / (after[0] - before[0])


def by_depth(sonde, programs, rounds):
    print(f"\nns a sample, a busy thread on each CPU, 999 Hz (median of {rounds})")
    print(f"  {'frames':>8} {'none':>8} {'cfi':>8} {'fp':>8} {'cfi / fp':>9}   (fp ends in libc, 3 frames before the entry)")
    for depth in (0, 17, 57):
        figures = {"none": [], "cfi": [], "fp": []}
        for _ in range(rounds):
            for method, binary in (("none", "shapes"), ("cfi", "shapes"), ("fp", "shapes_frames")):
                busy = [subprocess.Popen([programs / binary, "alloca", str(depth)], stdout=subprocess.DEVNULL)
                        for _ in range(os.cpu_count())]
                try:
                    time.sleep(0.2)
                    figures[method].append(cost_of_sample(sonde, method, [process.pid for process in busy]))
                finally:
                    for process in busy:
                        process.kill()
                        process.wait()
        medians = {method: statistics.median(values) for method, values in figures.items()}
        print(f"  {depth + 7:>8} {medians['none']:>8.0f} {medians['cfi']:>8.0f} {medians['fp']:>8.0f} "
              f"{medians['cfi'] / medians['fp']:>9.2f}")


def run(*commands, folder):
    """CPU seconds of the commands, and the last one's output."""
    cpu = 0
    for command in commands:
        out = os.path.join(folder, "out")
        with open(out, "wb") as file:
            process = subprocess.Popen(command, stdout=file, stderr=subprocess.DEVNULL, cwd=folder)
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))}: status {process.returncode}")
        cpu += used.ru_utime + used.ru_stime
    with open(out, encoding="utf-8", errors="replace") as file:
        return cpu, file.read()


def share_of_folded(text):
    whole = total = 0
    for line in text.splitlines():
        stack, _, count = line.rpartition(" ")
        frames = stack.split(";")
        if len(frames) > 1 and not frames[1].endswith("_[k]"):
            total += int(count)
            whole += int(count) if frames[1] in ("_start", "clone3", "__clone3") else 0
    return whole / max(total, 1), total


def share_of_script(text):
    whole = total = 0
    for sample in text.strip().split("\n\n"):
        frames = [line.split()[1] for line in sample.splitlines()[1:] if len(line.split()) > 1]
        if frames:
            total += 1
            whole += frames[-1].split("+")[0] in ("_start", "clone3", "__clone3")
    return whole / max(total, 1), total


def whole_tool(sonde, programs, rounds, folder):
    print(f"\nwhole tool, {SECONDS} s at 999 Hz of one thread 21 frames deep (median of {rounds})")
    print(f"  {'':<24} {'CPU':>8} {'samples':>8} {'reach the entry':>16}")
    busy = subprocess.Popen([programs / "shapes", "alloca", "17"], stdout=subprocess.DEVNULL)
    try:
        pid = str(busy.pid)
        perf = ["perf", "record", "-q", "-F", "999", "-p", pid, "-o", "perf.data"]
        script = ["perf", "script", "-i", "perf.data", "-F", "comm,ip,sym"]
        sleep = ["--", "sleep", str(SECONDS)]
        tools = {
            "sonde cfi": ([[sonde, "cpu", "-q", "-p", pid, "-F", "999", "-d", str(SECONDS), "-f", "folded"]],
                          share_of_folded),
            "perf -g + script": ([[*perf, "-g", *sleep], script], share_of_script),
            "perf dwarf 8 KB + script": ([[*perf, "--call-graph", "dwarf,8192", *sleep], script], share_of_script),
        }
        results = {name: [] for name in tools}
        for _ in range(rounds):
            for name, (commands, share) in tools.items():
                cpu, text = run(*commands, folder=folder)
                results[name].append((cpu, *share(text)))
        for name, rows in results.items():
            cpu = statistics.median(row[0] for row in rows)
            share = statistics.median(row[1] for row in rows)
            samples = statistics.median(row[2] for row in rows)
            print(f"  {name:<24} {cpu:>6.2f} s {samples:>8.0f} {100 * share:>14.1f} %")
    finally:
        busy.kill()
        busy.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sonde", type=Path)
    parser.add_argument("programs", type=Path, help="tests/testprogs of the same build")
    parser.add_argument("oracles", type=Path, help="tests/libdw of the same build")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=60, help="of the session over large programs")
    parser.add_argument("--only", choices=["identity", "tables", "large", "cost", "tool"], help="one of the tables")
    parser.add_argument("--workloads", default=",".join(WORKLOADS), help="of identity (default: all)")
    arguments = parser.parse_args()
    missing = [tool for tool in ("bpftool", "perf") if not shutil.which(tool)]
    if os.geteuid() != 0 or missing:
        print("skipped: needs root" if not missing else f"skipped: no {', '.join(missing)}")
        sys.exit(77)
    sonde, programs, oracles = (path.absolute() for path in (arguments.sonde, arguments.programs, arguments.oracles))
    print(f"machine as it is found, load average {os.getloadavg()[0]:.1f}", end="")
    wanted = lambda name: arguments.only in (None, name)  # noqa: E731
    if wanted("identity"):
        identity(oracles / "check_stacks", programs, arguments.workloads.split(","))
    if wanted("tables"):
        tables(oracles / "measure_tables")
    if wanted("large"):
        large_programs(sonde, programs, arguments.seconds)
    if wanted("cost"):
        before = BPF_STATS.read_text(encoding="ascii")
        try:
            BPF_STATS.write_text("1", encoding="ascii")
            by_depth(sonde, programs, arguments.rounds)
        finally:
            BPF_STATS.write_text(before, encoding="ascii")
    if wanted("tool"):
        with tempfile.TemporaryDirectory(prefix="sonde-bench-") as folder:
            whole_tool(sonde, programs, arguments.rounds, folder)


if __name__ == "__main__":
    main()
