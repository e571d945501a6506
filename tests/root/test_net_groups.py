"""`sonde net`: cgroups and containers as targets and as what sums are made by; histograms of latencies."""

import os
import sys

from cgroups import MakesCgroups, mounts
from net import NetTest, Thread, read_all
from tracing import main

# Connects to the port in its arguments once it is told to, so often, and sends so many bytes.
CLIENT = """
import socket, sys
port, times, size = map(int, sys.argv[1:])
print("ready", flush=True)
sys.stdin.readline()
for _ in range(times):
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall(b"x" * size)
        s.shutdown(socket.SHUT_WR)
        s.recv(1)
"""
CONTAINER = "5eed" * 16


class Groups(MakesCgroups, NetTest):
    def setUp(self):
        super().setUp()
        found = mounts("cgroup2")
        if not found:
            self.skipTest("no cgroup2 mounted")
        self.root = found[0][0]
        self.parent = self.make_group(self.root, f"sonde-test-{os.getpid()}")
        self.child = self.make_group(self.parent, f"docker-{CONTAINER}.scope")
        self.listener = self.listen()
        self.port = self.listener.getsockname()[1]

    def client(self, times, size, group=None):
        process = self.spawn(sys.executable, "-c", CLIENT, str(self.port), str(times), str(size))
        if group:
            with open(os.path.join(group, "cgroup.procs"), "w", encoding="ascii") as procs:
                procs.write(str(process.pid))
        process.times = times
        return process

    def run_all(self, *clients):
        def serve():
            for _ in range(sum(client.times for client in clients)):
                with self.listener.accept()[0] as accepted:
                    read_all(accepted)
                    accepted.sendall(b"y")

        thread = Thread(serve)
        for client in clients:
            client.communicate("\n", timeout=60)
        thread.end()

    def clients_seen(self, report):
        return sorted({row["pid"] for row in report.connections if row["remote_port"] == self.port})

    def test_targets(self):
        """--cgroup takes a group and those below it, --container one by its id or the beginning of it."""
        for arguments, which in (
            (("--cgroup", self.parent), (0, 1)), (("--cgroup", self.child), (1,)), (("--container", CONTAINER), (1,)),
            (("--container", CONTAINER[:12]), (1,)),
        ):
            with self.subTest(arguments=arguments):
                clients = [self.client(2, 10, group) for group in (self.parent, self.child, None)]
                sonde = self.start("--port", str(self.port), *arguments)
                self.run_all(*clients)
                report = self.finish(sonde)
                self.assert_lossless(report)
                self.assertEqual(self.clients_seen(report), sorted(clients[i].pid for i in which))
                self.assertEqual(len(report.find(remote_port=self.port)), 2 * len(which))
                # The other ends are this process's, which is no target.
                self.assertEqual(report.find(local_port=self.port, role="server"), [])
                self.assertGreaterEqual(report.books["filtered"], 6 - 2 * len(which))

    def test_by_cgroup(self):
        """--by cgroup adds up what the processes of each group sent and received."""
        clients = [self.client(3, 1000, self.parent), self.client(1, 50, self.parent), self.client(5, 7, self.child)]
        sonde = self.start("--port", str(self.port), "--by", "cgroup")
        self.run_all(*clients)
        report = self.finish(sonde)
        self.assert_lossless(report)
        rows = {row["cgroup"]: (row["tx_bytes"], row["rx_bytes"], row["opened"]) for row in report.traffic}
        name = "/" + os.path.relpath(self.parent, self.root)
        self.assertEqual(rows[name], (3050, 4, 4))
        self.assertEqual(rows[f"{name}/docker-{CONTAINER}.scope"], (35, 5, 5))
        self.assertEqual(sum(row[0] for row in rows.values()), 3085 + 9)

    def test_histogram(self):
        """--histogram: each connection's connect, accept and round-trip time is in one range; percentiles are of them."""
        clients = [self.client(20, 100)]
        sonde = self.start("--port", str(self.port), "--histogram")
        self.run_all(*clients)
        report = self.finish(sonde)
        latencies = {row["name"]: row for row in report.of("latency")}
        histograms = {row["name"]: row for row in report.of("histogram")}
        self.assertEqual(latencies.keys(), histograms.keys())
        for name, ends in (("connect", 20), ("accept", 20), ("rtt", 40)):
            buckets = histograms[name]["buckets"]
            self.assertEqual(sum(bucket["count"] for bucket in buckets), ends, name)
            self.assertEqual(latencies[name]["count"], ends)
            self.assertLessEqual(latencies[name]["min_ns"], latencies[name]["p50_ns"])
            self.assertLessEqual(latencies[name]["p50_ns"], latencies[name]["max_ns"])
            measured = [row[f"{name}_ns"] for row in report.connections if row.get(f"{name}_ns")]
            if measured:
                self.assertEqual((latencies[name]["min_ns"], latencies[name]["max_ns"]), (min(measured), max(measured)))


main()
