#!/usr/bin/env python3
"""What `sonde net` costs a web server and its client, on open connections and with one for each request, beside what
others cost them.

    sudo tests/bench/net.py build/sonde [--rounds N] [--seconds S]

nginx serves a small page to wrk over the loopback, first over connections that stay open, then over one for each
request. Rounds of the tools are interleaved, so that a change of the machine's speed meets all of them. Medians are
printed: microseconds of CPU time that nginx and wrk used for a request, its ratio to that without a tool, the tool's own
CPU time, and for sonde the time in its BPF programs for a request, also as a share of the request's CPU time.
"""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tools import WITH_TRACEFS, wait_until_traces

TICKS = os.sysconf("SC_CLK_TCK")
CONFIG = """
worker_processes 1; daemon off; user root; pid {folder}/pid; error_log /dev/null;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000000;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{ listen 127.0.0.1:{port}; location / {{ return 200 'hello'; }} }}
}}
"""


@dataclass
class Way:
    name: str
    command: list

    def available(self):
        return not self.command or bool(shutil.which(self.command[0]) and shutil.which(self.program()))

    def program(self):
        return self.command[len(WITH_TRACEFS) if self.command[0] == WITH_TRACEFS[0] else 0]


def ways(sonde, port):
    report = [sonde, "net", "-q", "-f", "json", "-o", "report.json", "--port", str(port)]
    return [
        Way("no tool", []),
        Way("sonde net", report),
        Way("sonde net, whole machine", report[:7]),
        Way("sonde net --by process", [*report, "--by", "process"]),
        Way("tcpdump to a file", ["tcpdump", "-i", "lo", "-U", "-w", "out", "-s", "96", f"port {port}"]),
        Way("tcplife", [*WITH_TRACEFS, "tcplife"]),
        Way("tcptop", [*WITH_TRACEFS, "tcptop", "1"]),
    ]


def cpu_of(pid):
    """CPU seconds of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Server:
    def __init__(self, folder):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        config = Path(folder, "nginx.conf")
        config.write_text(CONFIG.format(folder=folder, port=self.port), encoding="utf-8")
        self.process = subprocess.Popen(["nginx", "-c", str(config), "-p", folder], stderr=subprocess.DEVNULL)
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    break
            time.sleep(0.05)
        self.workers = []
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        while not self.workers:  # it listens before it has one
            self.workers = [int(pid) for pid in children.read_text(encoding="utf-8").split()]
            time.sleep(0.02)

    def cpu(self):
        return sum(cpu_of(pid) for pid in self.workers)

    def end(self):
        self.process.terminate()
        self.process.wait()


def load(server, seconds, close):
    """(us of nginx and wrk for a request, requests)"""
    before = server.cpu()
    header = ["-H", "Connection: close"] if close else []
    wrk = subprocess.Popen(
        ["wrk", "-t1", "-c16", f"-d{seconds}s", *header, f"http://127.0.0.1:{server.port}/"],
        stdout=subprocess.PIPE, text=True,
    )
    told = wrk.stdout.read()
    _, status, used = os.wait4(wrk.pid, 0)
    wrk.returncode = os.waitstatus_to_exitcode(status)
    requests = int(re.search(r"(\d+) requests in", told)[1])
    spent = server.cpu() - before + used.ru_utime + used.ru_stime
    return spent * 1e6 / requests, requests


def run(way, server, seconds, folder, close):
    """(us of both for a request, tool's CPU seconds, BPF ns for a request or None) of one round; None if the tool does
    not start."""
    if not way.command:
        return load(server, seconds, close)[0], 0.0, None
    tool = subprocess.Popen(
        way.command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        if not wait_until_traces(tool):
            return None
        us, requests = load(server, seconds, close)
        own = cpu_of(tool.pid)
    finally:
        tool.send_signal(signal.SIGINT)
        tool.wait()
    bpf = None
    if "net" in way.command[:2]:
        with open(Path(folder, "report.json"), encoding="utf-8") as lines:
            summary = json.loads(list(lines)[-1])
        spent = summary["overhead"]["bpf_ns"]
        bpf = None if spent is None else spent / requests
    return us, own, bpf


def show(title, chosen, rows):
    base = statistics.median(row[0] for row in rows["no tool"])
    table = [("", "us/request", "ratio", "own CPU", "BPF ns/request", "BPF share")]
    for way in chosen:
        us = statistics.median(row[0] for row in rows[way.name])
        own = statistics.median(row[1] for row in rows[way.name])
        bpf = [row[2] for row in rows[way.name] if row[2] is not None]
        cells = (f"{statistics.median(bpf):.0f}", f"{statistics.median(bpf) / base / 10:.1f} %") if bpf else ("-", "-")
        table.append((way.name, f"{us:.1f}", f"{us / base:.3f}x", f"{own:.2f} s" if way.command else "-", *cells))
    print(f"\n{title}")
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    for row in table:
        print("  " + "  ".join([row[0].ljust(widths[0])] + [c.rjust(w) for c, w in zip(row[1:], widths[1:])]).rstrip())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sonde")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    arguments = parser.parse_args()
    if os.geteuid() != 0 or not shutil.which("wrk") or not shutil.which("nginx"):
        print("skipped: needs root, nginx and wrk")
        sys.exit(77)
    print(f"machine as it is found, load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} CPUs")
    with tempfile.TemporaryDirectory(prefix="sonde-bench-") as folder:
        os.chmod(folder, 0o755)
        server = Server(folder)
        try:
            chosen = [way for way in ways(os.path.abspath(arguments.sonde), server.port) if way.available()]
            for title, close in (("requests over 16 open connections", False), ("a connection for each request", True)):
                rows = {way.name: [] for way in chosen}
                for _ in range(arguments.rounds):
                    for way in list(chosen):
                        row = run(way, server, arguments.seconds, folder, close)
                        if row is None:
                            print(f"{way.name} does not start on this kernel")
                            chosen.remove(way)
                        else:
                            rows[way.name].append(row)
                show(f"{title}, median of {arguments.rounds} interleaved rounds", chosen, rows)
        finally:
            server.end()


if __name__ == "__main__":
    main()
