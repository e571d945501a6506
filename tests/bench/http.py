#!/usr/bin/env python3
"""What `sonde net --http` costs nginx and wrk, beside what others cost them.

    sudo tests/bench/http.py build/sonde [--rounds N] [--seconds N] [--tls] [--only NAME]

nginx with one worker on CPU 0 serves 600 bytes to 16 connections of wrk on CPU 1; the tools run where the scheduler
puts them. Rounds of the tools are interleaved, so that a change of the machine's speed meets all of them. Medians are
printed: CPU time that nginx and wrk used for a request, its ratio to the same round's without a tool, the tool's own
CPU time for a request, and for sonde the time in its BPF programs for a request, also as a share of the request's CPU
time. Empty BPF programs at the same places are the least that a tracer can cost there.
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
from pathlib import Path

from tools import WITH_TRACEFS, wait_until_traces

EMPTY = [sys.executable, str(Path(__file__).resolve().parent / "empty_programs.py")]
CONF = """\
daemon off;
worker_processes 1;
worker_cpu_affinity 01;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    keepalive_requests 100000000;
    server {{ listen 127.0.0.1:{port}{tls}; root {folder}; }}
}}
"""
TLS = " ssl; ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem"


def make_certificate(folder):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "2", "-subj", "/CN=localhost", "-keyout", f"{folder}/key.pem",
             "-out", f"{folder}/cert.pem"], check=True, stderr=subprocess.DEVNULL)


def start_nginx(folder, tls):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    os.chmod(folder, 0o755)
    Path(folder, "s.txt").write_text("x" * 600, encoding="utf-8")
    if tls:
        make_certificate(folder)
    Path(folder, "nginx.conf").write_text(
        CONF.format(folder=folder, port=port, tls=TLS.format(folder=folder) if tls else ""), encoding="utf-8")
    nginx = subprocess.Popen(["nginx", "-c", f"{folder}/nginx.conf"], stdin=subprocess.DEVNULL)
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return nginx, port
        except ConnectionRefusedError:
            if nginx.poll() is not None:
                sys.exit("nginx did not start")
            time.sleep(0.02)


def worker_of(nginx):
    """It listens before it has one."""
    children = Path(f"/proc/{nginx.pid}/task/{nginx.pid}/children")
    while not (found := children.read_text(encoding="utf-8").split()):
        time.sleep(0.02)
    return found[0]


def cpu_ns(pid):
    return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="utf-8").split()[0])


def tool_ns(pid):
    """Of all its threads."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(path.read_text(encoding="utf-8").split()[0]) for path in threads)


def load(url, worker, seconds):
    """CPU ns for a request, requests."""
    before = cpu_ns(worker)
    wrk = subprocess.Popen(["taskset", "-c", "1", "wrk", "-t1", "-c16", f"-d{seconds}s", url], stdout=subprocess.PIPE,
                           text=True)
    told = wrk.stdout.read()
    _, _, used = os.wait4(wrk.pid, 0)
    wrk.returncode = 0
    requests = int(re.search(r"(\d+) requests in", told).group(1))
    spent = cpu_ns(worker) - before + (used.ru_utime + used.ru_stime) * 1e9
    return spent / requests, requests


def programs():
    return json.loads(subprocess.run(["bpftool", "-j", "prog", "show"], check=True, capture_output=True).stdout)


def in_programs(others, url, worker):
    """ns in sonde's programs for a request, as the kernel measures it: in a run of its own, since that costs time."""
    def total():
        ours = [program for program in programs() if program["id"] not in others]
        return sum(program.get("run_time_ns", 0) for program in ours)

    switch = Path("/proc/sys/kernel/bpf_stats_enabled")
    before = switch.read_text(encoding="utf-8")
    try:
        switch.write_text("1", encoding="utf-8")
        start = total()
        requests = load(url, worker, 1)[1]
        return (total() - start) / requests
    finally:
        switch.write_text(before, encoding="utf-8")


def measure(command, url, worker, seconds):
    """CPU ns for a request, of the tool itself, and in BPF programs; None where the tool does not
    tell, and for all if it does not start."""
    if not command:
        return load(url, worker, seconds)[0], None, None
    others = {program["id"] for program in programs()}
    tool = subprocess.Popen(command, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    try:
        if not wait_until_traces(tool):
            return None
        before = tool_ns(tool.pid)
        ns, requests = load(url, worker, seconds)
        own = (tool_ns(tool.pid) - before) / requests
        bpf = in_programs(others, url, worker) if command[1] == "net" else None
        return ns, own, bpf
    finally:
        tool.send_signal(signal.SIGINT)
        tool.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sonde")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--tls", action="store_true", help="over TLS")
    parser.add_argument("--only", help="tools whose name has this in it")
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        print("skipped: needs root")
        sys.exit(77)
    if not {0, 1} <= os.sched_getaffinity(0):
        sys.exit("CPUs 0 and 1 are not available to this process")
    sonde = [os.path.abspath(arguments.sonde), "net", "-d", "10m", "-q", "-f", "json", "-o", "/dev/null"]
    ways = {
        "no tool": [],
        "empty programs at reads and writes": [*EMPTY, "sock_send_length", "sock_recv_length"],
        "sonde net": sonde,
        "sonde net --http": [*sonde, "--http"],
        "sonde net of nginx": [*sonde, "-p", "NGINX"],
        "sonde net --http of nginx": [*sonde, "--http", "-p", "NGINX"],
        "sonde net --http, another process": [*sonde, "--http", "-p", str(os.getpid())],
        "tcpdump to a file": ["tcpdump", "-i", "lo", "-w", "/dev/null"],
        "tcplife": [*WITH_TRACEFS, "tcplife"],
        "tcptop": [*WITH_TRACEFS, "tcptop", "1"],
    }
    missing = [name for name, command in ways.items() if command and not shutil.which(command[0])]
    missing += [name for name, command in ways.items() if command[:1] == ["unshare"] and not shutil.which(name)]
    for name in missing:
        del ways[name]
    if arguments.only:
        ways = {name: command for name, command in ways.items() if not command or arguments.only in name}
    with tempfile.TemporaryDirectory(prefix="sonde-bench-") as folder:
        nginx, port = start_nginx(folder, arguments.tls)
        try:
            worker = worker_of(nginx)
            url = f"http{'s' if arguments.tls else ''}://127.0.0.1:{port}/s.txt"
            print(f"machine as it is found, load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} CPUs")
            if missing:
                print(f"not installed: {', '.join(missing)}")
            rows = {name: [] for name in ways}
            for _ in range(arguments.rounds):
                for name in list(rows):
                    command = [worker if word == "NGINX" else word for word in ways[name]]
                    row = measure(command, url, worker, arguments.seconds)
                    if row is None:
                        print(f"{name} does not start on this kernel")
                        del rows[name]
                    else:
                        rows[name].append(row)
        finally:
            nginx.terminate()
            nginx.wait()
    show(rows)


def show(rows):
    base = rows["no tool"]
    table = [("", "CPU ns/request", "ratio", "own ns/request", "BPF ns/request", "BPF share")]
    for name, values in rows.items():
        def median(column):
            numbers = [value[column] for value in values if value[column] is not None]
            return statistics.median(numbers) if numbers else None

        ns, own, bpf = (median(column) for column in range(3))
        ratio = statistics.median(value[0] / bare[0] for value, bare in zip(values, base))
        share = "-" if bpf is None else f"{100 * bpf / statistics.median(bare[0] for bare in base):.1f} %"
        table.append((name, f"{ns:.0f}", f"{ratio:.3f}x", "-" if own is None else f"{own:.0f}",
                      "-" if bpf is None else f"{bpf:.0f}", share))
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    print(f"\na request on a kept connection, median of {len(base)} interleaved rounds")
    for row in table:
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        print("  " + "  ".join(cells).rstrip())


if __name__ == "__main__":
    main()
