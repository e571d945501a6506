#!/usr/bin/env python3
"""What `sonde mem` costs: a program that does nothing but touch new pages, and a redis server under load.

    sudo tests/bench/mem.py build/sonde build/tests/testprogs/grows [--rounds N] [--requests N]

CPU time, user and system, is that of the traced process, as /proc/PID/stat tells it in ticks of 10 ms, so interrupts
and other programs count little. Rounds of the ways are interleaved, so that a change of the machine's speed meets all
of them. Medians of time for a page and for a request are printed, with the ratio to the round without a tool beside
them, and the load average.
"""

import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGESIZE")
MIB = 1 << 20
GROWTH_MIB = 128
PORT = "16411"


def ways(sonde):
    """{name: command that traces {pid}; empty for none}."""
    every = {
        "nothing": [],
        "sonde mem -p": [sonde, "mem", "-q", "-d", "1h", "-f", "folded", "-o", "/dev/null", "-p", "{pid}"],
        "sonde mem --stacks none -p": [sonde, "mem", "-q", "-d", "1h", "-f", "json", "-o", "/dev/null", "--stacks",
                                       "none", "-p", "{pid}"],
        "sonde mem (whole system)": [sonde, "mem", "-q", "-d", "1h", "-f", "folded", "-o", "/dev/null"],
        "sonde mem --kernel -p": [sonde, "mem", "-q", "-d", "1h", "--kernel", "-f", "json", "-o", "/dev/null", "-p",
                                  "{pid}"],
        "bpftrace page-faults ustack": ["bpftrace", "-e", "software:page-faults:1 /pid == {pid}/ { @[ustack] = count(); }"],
        "perf record -e page-faults -g": ["perf", "record", "-q", "-e", "page-faults", "-c", "1", "-g", "-o", "perf.data",
                                          "-p", "{pid}"],
    }
    return {name: command for name, command in every.items() if not command or shutil.which(command[0])}


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Beside:
    """A tool that runs beside a measurement, past its start."""

    def __init__(self, command, pid, folder):
        self.command = [word.replace("{pid}", str(pid)) for word in command]
        self.folder = folder
        self.tool = None

    def __enter__(self):
        if not self.command:
            return
        self.tool = subprocess.Popen(self.command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL)
        time.sleep(3)
        if self.tool.poll() is not None:
            sys.exit(f"{' '.join(self.command)}: ended at once with status {self.tool.returncode}")

    def __exit__(self, *_):
        if self.tool:
            self.tool.send_signal(signal.SIGINT)
            self.tool.wait(timeout=120)


def pages(grows, command, folder):
    """ns of CPU time for each page that is touched and given back."""
    process = subprocess.Popen([grows], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def tell(line):
        process.stdin.write(line + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "done\n"

    assert process.stdout.readline() == "ready\n"
    with Beside(command, process.pid, folder):
        before = cpu_seconds(process.pid)
        for _ in range(4):
            tell(f"anonymous {GROWTH_MIB}")
            tell("unmap")
        used = cpu_seconds(process.pid) - before
    process.stdin.close()
    process.wait()
    return used * 1e9 / (4 * GROWTH_MIB * MIB / PAGE)


def requests(server, count, command, folder):
    """us of the server's CPU time for each SET."""
    load = ["redis-benchmark", "-p", PORT, "-t", "set", "-r", "100000", "-d", "512", "-q", "-n"]
    with Beside(command, server, folder):
        before = cpu_seconds(server)
        subprocess.run([*load, str(count)], check=True, stdout=subprocess.DEVNULL)
        return (cpu_seconds(server) - before) * 1e6 / count


def show(title, unit, measured):
    print(f"\n{title}, load average {os.getloadavg()[0]:.1f}")
    for name, rounds in measured.items():
        ratio = statistics.median(value / bare for value, bare in zip(rounds, measured["nothing"]))
        print(f"  {name:32} {statistics.median(rounds):9.2f} {unit}  {ratio:5.2f}x")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sonde", type=os.path.abspath)
    parser.add_argument("grows", type=os.path.abspath)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=200_000)
    arguments = parser.parse_args()
    every = ways(arguments.sonde)
    with tempfile.TemporaryDirectory() as folder:
        touched = {name: [] for name in every}
        for _ in range(arguments.rounds):
            for name, command in every.items():
                touched[name].append(pages(arguments.grows, command, folder))
        show("A page touched and given back", "ns", touched)
        server = subprocess.Popen(["redis-server", "--port", PORT, "--save", "", "--bind", "127.0.0.1"], cwd=folder,
                                  stdout=subprocess.DEVNULL)
        try:
            time.sleep(1)
            requests(server.pid, arguments.requests // 4, [], folder)  # fills the keys
            served = {name: [] for name in every}
            for _ in range(arguments.rounds):
                for name, command in every.items():
                    served[name].append(requests(server.pid, arguments.requests, command, folder))
        finally:
            server.terminate()
            server.wait()
        show("A request to redis", "us", served)


if __name__ == "__main__":
    main()
