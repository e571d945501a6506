#!/usr/bin/env python3
"""What `sonde run` costs with the production configuration and all four tracers.

    sudo tests/bench/run.py build/sonde build/tests/testprogs/spin [--seconds N]

The machine is busy with two programs that compute, and in a second round also with redis-server under
redis-benchmark, which makes as many system calls as two CPUs can. CPU time is what the kernel charged to sonde (wait4),
start, symbols and output included; the time in its BPF programs is the kernel's own (kernel.bpf_stats_enabled), taken
in a session of its own, since measuring it is not free. One session is shorter than production's 300 s.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from cpu import BPF_STATS, Tool, bpf_share, load, show

TRACERS = ("cpu", "net", "syscall", "mem")


def production(sonde, folder):
    """The recommended configuration, with every tracer enabled."""
    shown = subprocess.run(
        [sonde, "run", "--env", "production", "--print-config"],
        check=True, capture_output=True, text=True,
    ).stdout
    rate = re.search(r'"sample_rate": (\d+)', shown)[1]
    file = os.path.join(folder, "production.json")
    with open(file, "w", encoding="utf-8") as out:
        json.dump({f"enable_{name}": True
                   for name in ("cpu_profiling", "network_tracing", "syscall_tracing", "memory_tracing")}, out)
    return file, rate


def measure(sonde, config, seconds, tracers, folder):
    command = [sonde, "run", "--env", "production", "-c", config, "-t", ",".join(tracers), "-q",
               "-d", str(seconds), "-f", "json"]
    _, cpu, rss = Tool("sonde", command).run(folder)
    before = BPF_STATS.read_text(encoding="ascii")
    try:
        BPF_STATS.write_text("1", encoding="ascii")
        bpf = bpf_share(command[:-4] + ["-d", "6", "-f", "json"], folder, idle=True)
    finally:
        BPF_STATS.write_text(before, encoding="ascii")
    own = cpu / seconds
    return "+".join(tracers), f"{100 * own:.2f} %", f"{100 * bpf:.2f} %", f"{100 * (own + bpf):.2f} %", f"{rss / (1 << 20):.1f} MiB"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sonde")
    parser.add_argument("spin", help="tests/testprogs/spin of the same build")
    parser.add_argument("--seconds", type=int, default=20, help="of a session")
    arguments = parser.parse_args()
    missing = [tool for tool in ("bpftool", "redis-server", "redis-benchmark") if not shutil.which(tool)]
    if os.geteuid() != 0 or missing:
        print("skipped: needs root" if not missing else f"skipped: no {', '.join(missing)}")
        sys.exit(77)
    sonde, spin = (os.path.abspath(path) for path in (arguments.sonde, arguments.spin))
    headings = ("", "own CPU", "BPF", "together", "largest RSS")
    with tempfile.TemporaryDirectory(prefix="sonde-bench-") as folder:
        config, rate = production(sonde, folder)
        computing = [subprocess.Popen([spin], stdout=subprocess.DEVNULL) for _ in range(2)]
        try:
            rows = [measure(sonde, config, arguments.seconds, tracers, folder) for tracers in [*zip(TRACERS), TRACERS]]
        finally:
            for process in computing:
                process.kill()
                process.wait()
        show(f"{arguments.seconds} s at {rate} Hz beside 2 computing programs, in percent of one CPU", headings, rows)
        processes = load(spin, folder)
        try:
            rows = [measure(sonde, config, arguments.seconds, tracers, folder) for tracers in [*zip(TRACERS), TRACERS]]
        finally:
            for process in processes:
                process.kill()
                process.wait()
        show("the same beside redis-server under redis-benchmark, too", headings, rows)


if __name__ == "__main__":
    main()
