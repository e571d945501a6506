#!/usr/bin/env python3
"""What `sonde mem --alloc` and `--live` cost a redis server and a Python program, beside what others cost them.

    sudo tests/bench/alloc.py build/sonde [build/tests/root/hold_probes [build/tests/testprogs/alloc_spin]] [--rounds N]

Each way is run on a fresh process, and rounds of the ways are interleaved with untraced ones. Printed are medians of the
target's CPU time for a request or a round of work, and its ratio to that without a tool. heaptrack is injected when the
target starts; the others attach. Also: how long it takes to set and take away breakpoints in 500 functions; and what
--max-overhead 5 leaves of the speed of programs that do nothing but allocate, and how near the totals are to theirs.
"""

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

PORT = 7391
REQUESTS = 200_000
PYTHON_WORK = """
import sys
print("ready", flush=True); sys.stdin.readline()
for i in range(150):
    {str(j): [j] * 10 for j in range(2000)}
print("done", flush=True); sys.stdin.readline()
"""
BPFTRACE_ALLOC = 'uprobe:{lib}:malloc /pid == {pid}/ {{ @[ustack] = sum(arg0); }}'
BPFTRACE_LIVE = (
    'uprobe:{lib}:malloc /pid == {pid}/ {{ @s[tid] = arg0; @b[ustack] = sum(arg0); }} '
    'uretprobe:{lib}:malloc /pid == {pid} && @s[tid]/ {{ @l[retval] = @s[tid]; delete(@s[tid]); }} '
    'uprobe:{lib}:free /pid == {pid}/ {{ delete(@l[arg0]); }}'
)
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def library_of(pid, names):
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps:
        for line in maps:
            path = line.split()[-1]
            if any(name in os.path.basename(path) for name in names):
                return path
    raise LookupError(names)


class Redis:
    name = "redis SET"
    allocator = ("jemalloc",)

    def __init__(self, folder, prefix):
        self.process = subprocess.Popen(
            [*prefix, "redis-server", "--port", str(PORT), "--save", "", "--dir", folder],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, cwd=folder,
        )
        deadline = time.monotonic() + 30
        while subprocess.run(["redis-cli", "-p", str(PORT), "ping"], capture_output=True, check=False).returncode:
            if time.monotonic() > deadline:
                raise TimeoutError("redis-server")
            time.sleep(0.1)
        info = subprocess.run(["redis-cli", "-p", str(PORT), "info", "server"], capture_output=True, text=True, check=True)
        self.pid = next(int(line.split(":")[1]) for line in info.stdout.splitlines() if line.startswith("process_id"))

    def work(self):
        before = cpu_seconds(self.pid)
        subprocess.run(
            ["redis-benchmark", "-p", str(PORT), "-t", "set", "-n", str(REQUESTS), "-r", "100000", "-q"],
            stdout=subprocess.DEVNULL, check=True,
        )
        return (cpu_seconds(self.pid) - before) / REQUESTS * 1e6

    def end(self):
        subprocess.run(["redis-cli", "-p", str(PORT), "shutdown", "nosave"], capture_output=True, check=False)
        self.process.wait()


class Python:
    name = "python3 PYTHONMALLOC=malloc"
    allocator = ("libc.so.6",)

    def __init__(self, folder, prefix):
        self.process = subprocess.Popen(
            [*prefix, "/usr/bin/python3", "-c", PYTHON_WORK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONMALLOC": "malloc"}, cwd=folder, start_new_session=True,
        )
        while "ready" not in self.process.stdout.readline():
            pass
        listed = subprocess.run(
            ["pgrep", "-g", str(os.getpgid(self.process.pid)), "-x", "python3"], capture_output=True, text=True, check=True
        )
        self.pid = int(listed.stdout.split()[-1])

    def work(self):
        before = cpu_seconds(self.pid)
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        while "done" not in self.process.stdout.readline():
            pass
        return (cpu_seconds(self.pid) - before) * 1e3

    def end(self):
        self.process.stdin.write("end\n")
        self.process.stdin.close()
        self.process.wait()


class Way:
    """`command`: what attaches; {pid} and {lib} stand for the target and the file of its allocator."""

    def __init__(self, name, command=(), prefix=()):
        self.name, self.command, self.prefix = name, command, prefix

    def available(self):
        return all(shutil.which(c[0]) for c in (self.command, self.prefix) if c)

    def measure(self, target_class, folder):
        target = target_class(folder, self.prefix)
        tool = None
        try:
            if self.command:
                library = library_of(target.pid, target.allocator)
                words = [word.format(pid=target.pid, lib=library) for word in self.command]
                tool = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
                time.sleep(4)
                if tool.poll() is not None:
                    raise RuntimeError(f"{self.name}: ended with {tool.returncode}")
            return target.work()
        finally:
            if tool:
                tool.send_signal(signal.SIGINT)
                tool.wait()
            target.end()


def ways(sonde):
    limited = [sonde, "mem", "-d", "1h", "-o", "report.json", "-p", "{pid}"]
    sonde_mem = [*limited, "--max-overhead", "none"]
    return [
        Way("untraced"),
        Way("sonde --alloc (default)", [*limited, "--alloc"]),
        Way("sonde --live (default)", [*limited, "--live"]),
        Way("sonde --alloc (64 KiB)", [*sonde_mem, "--alloc"]),
        Way("sonde --live (64 KiB)", [*sonde_mem, "--live"]),
        Way("sonde --live (every call)", [*sonde_mem, "--live", "--sample-bytes", "1"]),
        Way("libbpf memleak", ["memleak", "-p", "{pid}", "-O", "{lib}", "3600"]),
        Way("bcc memleak", ["memleak-bpfcc", "-p", "{pid}", "-O", "{lib}", "3600"]),
        Way("bpftrace malloc by ustack", ["bpftrace", "-e", BPFTRACE_ALLOC]),
        Way("bpftrace malloc + free", ["bpftrace", "-e", BPFTRACE_LIVE]),
        Way("heaptrack", prefix=["heaptrack"]),
    ]


def attach_time(hold):
    """Milliseconds to set and to take away breakpoints in 500 functions of the C library of a process."""
    target = subprocess.Popen(["sleep", "1000"])
    try:
        time.sleep(0.2)
        library = library_of(target.pid, ("libc.so.6",))
        listed = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True).stdout
        places = sorted({int(line.split()[0], 16) for line in listed.splitlines() if line.split()[1] == "T"})[:500]
        holder = subprocess.Popen(
            [hold, str(target.pid), library, *map(str, places)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        attached = int(holder.stdout.readline().split()[3]) / 1e6
        detached = int(holder.communicate("")[0].split()[-1]) / 1e6
        return attached, detached
    finally:
        target.kill()
        target.wait()


def spin(command, arguments):
    """Calls in a second of CPU time, as the program says."""
    said = subprocess.run([*command, *arguments], capture_output=True, text=True, check=True).stdout
    return int(said.split()[2]) / float(arguments[0])


def windows(sonde, program, rounds):
    """A program of a few seconds by itself, and traced in windows."""
    print("\n--max-overhead 5: calls a second alone, slower by, calls told of all")
    for kind, work in (
        ("nothing but computing between", ("6", "500", "1")),
        ("more of it", ("6", "5000", "1")),
        ("misses of caches between", ("6", "-40", "1")),
        ("two threads", ("3", "500", "2")),
    ):
        results = []
        for _ in range(rounds):
            alone = spin([program], work)
            with tempfile.NamedTemporaryFile(suffix=".json") as file:
                tracer = [sonde, "mem", "--alloc", "--max-overhead", "5", "-f", "json", "-o", file.name, "--"]
                traced = spin([*tracer, program], work)
                with open(file.name, encoding="utf-8") as lines:
                    sites = [json.loads(line) for line in lines if '"allocation_site"' in line]
            told = sum(s["allocated_count"] for s in sites if any(f["name"] == "spin" for f in s["frames"]))
            results.append((alone, 100 * (alone / traced - 1), told / traced / float(work[0])))
        for alone, slower, share in results:
            print(f"  {kind:<32}{alone / 1e6:8.2f} M{slower:8.1f} %{share:8.3f}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("sonde")
    arguments.add_argument("hold_probes", nargs="?")
    arguments.add_argument("alloc_spin", nargs="?")
    arguments.add_argument("--rounds", type=int, default=3)
    given = arguments.parse_args()
    print("load", os.getloadavg())
    if given.hold_probes:
        print("500 functions: set in {:.0f} ms, taken away in {:.0f} ms".format(*attach_time(given.hold_probes)))
    if given.alloc_spin:
        windows(given.sonde, given.alloc_spin, given.rounds)
    for target in (Redis, Python):
        taken = {}
        for _ in range(given.rounds):
            for way in ways(os.path.abspath(given.sonde)):
                if not way.available():
                    continue
                with tempfile.TemporaryDirectory() as folder:
                    try:
                        taken.setdefault(way.name, []).append(way.measure(target, folder))
                    except (RuntimeError, LookupError, TimeoutError) as problem:
                        print(f"{target.name}: {way.name}: {problem}", file=sys.stderr)
        bare = statistics.median(taken["untraced"])
        print(f"\n{target.name}: CPU {'us a request' if target is Redis else 'ms'}")
        for name, values in taken.items():
            print(f"  {name:<28}{statistics.median(values):10.2f}{statistics.median(values) / bare:8.2f}x")


if __name__ == "__main__":
    main()
