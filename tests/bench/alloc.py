#!/usr/bin/env python3
"""What `sonde mem --alloc` and `--live` cost a redis server and a Python program, beside what others cost them.

    sudo tests/bench/alloc.py build/sonde [build/tests/root/hold_probes] [--rounds N] [--only WORD] [--headers FOLDER]

Each way is run on a fresh process that works all the time: redis-server with jemalloc, which a client has SET random keys,
and python3 with PYTHONMALLOC=malloc, which reads JSON, counts and changes what is in it, writes it again and keeps the last
of it. Rounds of the ways are interleaved. Printed are medians of the target's CPU time for a request or a document, and its
ratio to that without a tool: from one second after the tool has begun on ("steady"), and from when it is launched until
then ("start": what attaching takes, and the first second). heaptrack is injected when the target starts; the others attach.
"idle" ways attach to a target that does nothing, which is woken when the tool has begun: "start" is its first second then.

--headers: a folder with include and arch of some kernel, for bcc on a kernel whose headers are not installed. Also, with
hold_probes: how long it takes to set and take away breakpoints in 500 functions.
"""

import argparse
import mmap
import os
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time

PORT = 7391
STEADY_SECONDS = 10
PYTHON_WORK = """
import collections, json, mmap, struct, sys, time
file = open("progress", "r+b")
progress = mmap.mmap(file.fileno(), 16)
people = [{"id": i, "name": f"user {i}", "tags": [f"tag {i * j % 37}" for j in range(5)], "visits": {str(j): [i, j, i / 7]
           for j in range(8)}} for i in range(50)]
document = json.dumps(people)
kept = collections.deque(maxlen=20)
print("ready", flush=True)
sys.stdin.readline()
rounds = 0
while True:
    people = json.loads(document)
    counts = {}
    for person in people:
        for tag in person["tags"]:
            counts[tag] = counts.get(tag, 0) + 1
        person["name"] = person["name"].upper() + " " + str(person["id"] * 1000)
        person["visits"] = {day: [visit * 2 for visit in visits] for day, visits in person["visits"].items()}
    kept.append((counts, json.dumps(sorted(people, key=lambda person: person["name"]))))
    rounds += 1
    struct.pack_into("QQ", progress, 0, rounds, time.process_time_ns())
"""
BPFTRACE_ALLOC = 'uprobe:{lib}:malloc /pid == {pid}/ {{ @[ustack] = sum(arg0); }}'
BPFTRACE_LIVE = (
    'uprobe:{lib}:malloc /pid == {pid}/ {{ @s[tid] = arg0; @b[ustack] = sum(arg0); }} '
    'uretprobe:{lib}:malloc /pid == {pid} && @s[tid]/ {{ @l[retval] = @s[tid]; delete(@s[tid]); }} '
    'uprobe:{lib}:free /pid == {pid}/ {{ delete(@l[arg0]); }}'
)
# bcc 0.26 of Debian calls a function of seven arguments with six.
BCC_WITH_ALL_ARGUMENTS = """
import ctypes, runpy, sys
from bcc import libbcc
attach = libbcc.lib.bpf_attach_uprobe
attach.argtypes = None
libbcc.lib.bpf_attach_uprobe = lambda fd, end, name, path, address, pid: attach(
    fd, end, ctypes.c_char_p(name), ctypes.c_char_p(path), ctypes.c_ulonglong(address), pid, 0)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def cpu_ns(pid):
    return time.clock_gettime_ns(~pid << 3 | 2)  # as clock_getcpuclockid(3) makes it


def library_of(pid, names):
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps:
        for line in maps:
            path = line.split()[-1]
            if any(name in os.path.basename(path) for name in names):
                return path
    raise LookupError(names)


class Redis:
    name = "redis SET"
    unit = "us a request"
    scale = 1e-3
    allocator = ("jemalloc",)

    def __init__(self, folder, prefix):
        self.client = None
        self.process = subprocess.Popen(
            [*prefix, "redis-server", "--port", str(PORT), "--save", "", "--dir", folder],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, cwd=folder,
        )
        deadline = time.monotonic() + 30
        while self.command("ping").returncode:
            if time.monotonic() > deadline:
                raise TimeoutError("redis-server")
            time.sleep(0.1)
        self.pid = int(self.info("process_id"))

    @staticmethod
    def command(*words):
        return subprocess.run(["redis-cli", "-p", str(PORT), *words], capture_output=True, text=True, check=False)

    def info(self, name):
        return next(line.split(":")[1] for line in self.command("info").stdout.splitlines() if line.startswith(name + ":"))

    def work(self):
        self.client = subprocess.Popen(
            ["redis-benchmark", "-p", str(PORT), "-t", "set", "-n", "1000000000", "-r", "100000", "-q"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )

    def progress(self):
        return int(self.info("total_commands_processed")), cpu_ns(self.pid)

    def end(self):
        if self.client:
            self.client.kill()
            self.client.wait()
        self.command("shutdown", "nosave")
        self.process.wait()


class Python:
    name = "python3, JSON, PYTHONMALLOC=malloc"
    unit = "ms a document"
    scale = 1e-6
    allocator = ("libc.so.6",)

    def __init__(self, folder, prefix):
        path = os.path.join(folder, "progress")
        with open(path, "wb") as file:
            file.write(bytes(16))
        with open(path, "rb") as file:
            self.shared = mmap.mmap(file.fileno(), 16, prot=mmap.PROT_READ)
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
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def progress(self):
        return struct.unpack("QQ", self.shared)

    def end(self):
        os.kill(self.pid, signal.SIGKILL)
        self.process.communicate()


class Way:
    """`command`: what attaches; {pid} and {lib} stand for the target and the file of its allocator."""

    def __init__(self, name, command=(), prefix=(), idle=False, env=None):
        self.name, self.command, self.prefix, self.idle = name, command, prefix, idle
        self.env = {**os.environ, **(env or {})}

    def available(self):
        return all(os.path.exists(word) or shutil.which(word) for word in (*self.command[:1], *self.prefix[:1]))

    def begin_tool(self, target, folder):
        """Attaches; back when it has."""
        library = library_of(target.pid, target.allocator)
        words = [word.format(pid=target.pid, lib=library) for word in self.command]
        with open(os.path.join(folder, "tool.out"), "wb") as out:
            tool = subprocess.Popen(words, stdout=out, stderr=out, cwd=folder, env=self.env)
        deadline = time.monotonic() + 6
        # The thread that reads is the last thing that sonde starts; the others are given time.
        is_sonde = self.command[1] == "mem"
        while tool.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
            if is_sonde and len(os.listdir(f"/proc/{tool.pid}/task")) > 1:
                break
        if tool.poll() is not None and not is_sonde:
            with open(os.path.join(folder, "tool.out"), encoding="utf-8") as out:
                raise RuntimeError(f"{self.name}: ended with {tool.returncode}: {out.read()[-300:]}")
        return tool

    def measure(self, target_class, folder):
        """CPU time a unit of work, in the steady state and from the start until then, and how the tool ended before."""
        target = target_class(folder, self.prefix)
        tool = None
        try:
            if not self.idle:
                target.work()
                time.sleep(1)
            marks = [target.progress()]
            if self.command:
                tool = self.begin_tool(target, folder)
            if self.idle:
                target.work()
            for seconds in (1, STEADY_SECONDS):
                time.sleep(seconds)
                marks.append(target.progress())
            start, steady = (
                (after[1] - before[1]) / max(after[0] - before[0], 1) for before, after in zip(marks, marks[1:])
            )
            ended = {None: "", 0: "stopped by itself", 2: "refused to begin"}[tool.poll() if tool else None]
            return steady * target.scale, start * target.scale, ended
        finally:
            if tool:
                tool.send_signal(signal.SIGINT)
                try:
                    tool.wait(timeout=30)
                except subprocess.TimeoutExpired:
                    tool.kill()
                    tool.wait()
            target.end()


def ways(sonde, headers):
    limited = [sonde, "mem", "-d", "1h", "-o", "report.json", "-p", "{pid}"]
    unlimited = [*limited, "--max-overhead", "none"]
    memleak = shutil.which("memleak-bpfcc")
    bcc = [
        Way(
            "bcc memleak", ["/usr/bin/python3", "-c", BCC_WITH_ALL_ARGUMENTS, memleak, "-p", "{pid}", "-O", "{lib}", "3600"],
            env={"BCC_KERNEL_SOURCE": headers} if headers else None,
        )
    ] if memleak else []
    return [
        Way("untraced"),
        Way("sonde --alloc (default)", [*limited, "--alloc"]),
        Way("sonde --live (default)", [*limited, "--live"]),
        Way("sonde --alloc, idle first", [*limited, "--alloc"], idle=True),
        Way("sonde --live, idle first", [*limited, "--live"], idle=True),
        Way("sonde --alloc (no limit)", [*unlimited, "--alloc"]),
        Way("sonde --live (no limit)", [*unlimited, "--live"]),
        Way("bpftrace malloc by ustack", ["bpftrace", "-e", BPFTRACE_ALLOC]),
        Way("bpftrace malloc + free", ["bpftrace", "-e", BPFTRACE_LIVE]),
        Way("heaptrack", prefix=["heaptrack"]),
        *bcc,
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


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("sonde")
    arguments.add_argument("hold_probes", nargs="?")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--only", default="", help="of targets and ways those with this in their name")
    arguments.add_argument("--headers")
    given = arguments.parse_args()
    print("load", os.getloadavg())
    if given.hold_probes:
        print("500 functions: set in {:.0f} ms, taken away in {:.0f} ms".format(*attach_time(given.hold_probes)))
    for target in (Redis, Python):
        all_ways = [way for way in ways(os.path.abspath(given.sonde), given.headers) if way.available()]
        if given.only not in target.name:
            all_ways = [way for way in all_ways if given.only in way.name or way.name == "untraced"]
        if len(all_ways) < 2:
            continue
        taken = {}
        for _ in range(given.rounds):
            for way in all_ways:
                with tempfile.TemporaryDirectory() as folder:
                    try:
                        measured = way.measure(target, folder)
                        taken.setdefault(way.name, []).append(measured)
                    except (RuntimeError, LookupError, TimeoutError) as problem:
                        print(f"{target.name}: {way.name}: {problem}", file=sys.stderr)
        bare = statistics.median(steady for steady, *_ in taken["untraced"])
        print(f"\n{target.name}: CPU {target.unit}; ratio steady, lowest to highest; ratio start")
        for name, values in taken.items():
            steady, start, ended = (sorted(column) for column in zip(*values))
            print(
                f"  {name:<28}{statistics.median(steady):10.3f}{statistics.median(steady) / bare:8.2f}x"
                f"  {steady[0] / bare:.2f} to {steady[-1] / bare:.2f}{statistics.median(start) / bare:8.2f}x  {ended[-1]}",
                flush=True,
            )


if __name__ == "__main__":
    main()
