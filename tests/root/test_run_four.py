"""`sonde run` with all four tracers: each counts what it counts alone, and what the programs themselves count."""

import json
import os
import subprocess
import sys

from syscalls import own_counts
from tracing import SONDE, TracingTest, main, program, sampling_error

HERTZ = 997
MIB = 1 << 20
GROWN = 32 * MIB
SENT = (1, 4096, 300_000)
CALLS = ["threads=2", "getppid=2500", "openat=100", "read=50"]
TRACERS = ("cpu", "net", "syscall", "mem")

# A connection for each size: the client sends as much, the server answers with half.
TALK = """
import socket, sys, threading
sizes = [int(size) for size in sys.argv[1:]]
listener = socket.create_server(("127.0.0.1", 0))

def read(connection, size):
    while size:
        got = len(connection.recv(min(size, 65536)))
        if not got:
            sys.exit("closed early")
        size -= got

def serve():
    for size in sizes:
        connection, _ = listener.accept()
        with connection:
            read(connection, size)
            connection.sendall(bytes(size // 2))

server = threading.Thread(target=serve)
server.start()
for size in sizes:
    with socket.create_connection(listener.getsockname()) as connection:
        connection.sendall(bytes(size))
        read(connection, size // 2)
server.join()
"""

# Everything at once, so that two CPUs are busy. What a program says of itself goes into a file that its parent opened:
# between fork and exec its process makes none of the calls that CALLS counts.
WORKLOAD = """
import os, subprocess, sys, time
def start(name, *arguments, **options):
    with open(name + ".out", "w") as out:
        return subprocess.Popen(arguments, stdout=out, **options)
calls = start("calls", os.environ["CALLS"], *{calls})
grows = start("grows", os.environ["GROWS"], stdin=subprocess.PIPE, text=True)
talk = start("talk", sys.executable, "talk.py", *{sizes})
split = start("split", os.environ["SPLIT"], "1")
# Its files have unwind tables before the pages come that are counted at their stack.
grows.stdin.write("brk 1\\n")
grows.stdin.flush()
time.sleep(1)
grows.communicate("anonymous {mib}\\n")
for process in calls, grows, talk, split:
    if process.wait() != 0:
        sys.exit(1)
print(calls.pid)
"""


class Four(TracingTest):
    def run_tracers(self, *tracers):
        """What these tracers say of the workload, by the name of the tracer; see the functions below."""
        self.write("talk.py", TALK)
        self.write("workload.py", WORKLOAD.format(calls=CALLS, mib=GROWN // MIB, sizes=[str(size) for size in SENT]))
        config = self.write("config.json", json.dumps({
            "sample_rate": HERTZ, "enable_network_tracing": True, "enable_syscall_tracing": True,
            "enable_memory_tracing": True, "syscall": {"by": ["process", "errno"]},
        }))
        file = self.path("report.json")
        result = subprocess.run(
            [SONDE, "run", "-c", config, "-t", ",".join(tracers), "-f", "json", "-o", file, "--",
             sys.executable, "workload.py"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, cwd=self.folder,
            env={**os.environ, "CALLS": program("calls"), "GROWS": program("grows"), "SPLIT": program("split")},
        )
        self.assertEqual(result.returncode, 0, result.stderr)
        self.calls_pid = int(result.stdout)
        with open(file, encoding="utf-8") as lines:
            records = [json.loads(line) for line in lines]
        books = {books["tracer"]: books for books in records[-1]["accounting"]}
        self.assertEqual(list(books), list(tracers))
        for each in books.values():
            self.assert_balanced(each)
            self.assertEqual(sum(each["lost"].values()), 0, each)
        return {tracer: getattr(self, f"of_{tracer}")(records) for tracer in tracers}

    def read_own(self, name):
        with open(self.path(name), encoding="utf-8") as text:
            return text.read()

    def of_syscall(self, records):
        """{(call, error): calls} of the program that counts its own, which those must be."""
        _, expected = own_counts(self.read_own("calls.out"))
        counts = {}
        for row in records:
            if row["type"] == "syscall" and row["pid"] == self.calls_pid:
                key = (row["name"], row["error"] or "")
                counts[key] = counts.get(key, 0) + row["calls"]
        kinds = {name for name, _ in expected}
        self.assertEqual({key: count for key, count in counts.items() if key[0] in kinds}, expected)
        # What threads wait for each other depends on the scheduler.
        racy = {"futex", "mprotect", "munmap", "madvise", "restart_syscall"}
        return {key: count for key, count in counts.items() if key[0] not in racy}

    def of_net(self, records):
        """Sorted (role, bytes sent, bytes received) of the connections, which are those of TALK."""
        found = sorted(
            (row["role"], row["tx_bytes"], row["rx_bytes"])
            for row in records
            if row["type"] == "connection" and row["protocol"] == "tcp" and row["role"] != "listener"
        )
        clients = [("client", size, size // 2) for size in SENT]
        servers = [("server", size // 2, size) for size in SENT]
        self.assertEqual(found, sorted(clients + servers))
        return found

    def of_mem(self, records):
        """(bytes, faults) of the function that touched GROWN bytes."""
        found = [
            row for row in records
            if row["type"] == "fault_site" and any(frame["name"] == "grow_anonymous" for frame in row["frames"])
        ]
        grown = (sum(row["bytes"] for row in found), sum(row["count"] for row in found))
        self.assertEqual(grown, (GROWN, GROWN // os.sysconf("SC_PAGESIZE")))
        return grown

    def of_cpu(self, records):
        """None: samples differ from run to run. Their number and shares are those of the program's own clock."""
        own = json.loads(self.read_own("split.out").splitlines()[-1])
        counts = {"burn_heavy": 0, "burn_light": 0}
        samples = 0
        for row in records:
            if row["type"] == "stack" and row["comm"] == "split":
                samples += row["count"]
                for name in counts.keys() & {frame["name"] for frame in row["frames"]}:
                    counts[name] += row["count"]
        self.assertAlmostEqual(samples / (HERTZ * own["rusage_ns"] / 1e9), 1, delta=0.1)
        both = sum(counts.values())
        share = own["heavy_ns"] / (own["heavy_ns"] + own["light_ns"])
        self.assertAlmostEqual(counts["burn_heavy"], both * share, delta=sampling_error(both, share))

    def test_as_alone(self):
        """Each of the four says beside the others what it says alone."""
        together = self.run_tracers(*TRACERS)
        alone = {tracer: self.run_tracers(tracer)[tracer] for tracer in TRACERS}
        self.assertEqual(together, alone)


if __name__ == "__main__":
    main()
