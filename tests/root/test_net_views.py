"""`sonde net`: filters, sums, intervals, events, and loss in the network."""

import json
import os
import socket
import subprocess

from namespaces import MakesNamespaces
from net import SECONDS, SONDE, NetTest, Thread, read_all
from tracing import main

PACKETS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "packets_workload.py")
SERVER = """
import socket, sys
l = socket.socket(); l.bind(("10.77.0.2", 5000)); l.listen()
print("ready", flush=True)
c = l.accept()[0]
n = 0
while True:
    b = c.recv(1 << 16)
    if not b: break
    n += len(b)
c.sendall(str(n).encode())
c.close()
"""
CLIENT = """
import socket
s = socket.create_connection(("10.77.0.2", 5000))
left = SIZE
while left:
    left -= s.send(bytes(min(left, 65536)))
s.shutdown(socket.SHUT_WR)
assert int(s.recv(100)) == SIZE
info = s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
# struct tcp_info: tcpi_total_retrans
print(int.from_bytes(info[100:104], "little"))
"""


class Talk(NetTest):
    def talk(self, listener, size, answer=0):
        """One connection: `size` bytes to the listener and `answer` back. Gives the client's port."""
        port = listener.getsockname()[1]

        def serve():
            with listener.accept()[0] as accepted:
                read_all(accepted)
                accepted.sendall(b"a" * answer)

        thread = Thread(serve)
        with socket.create_connection(listener.getsockname()[:2], SECONDS) as client:
            client.sendall(b"q" * size)
            client.shutdown(socket.SHUT_WR)
            assert read_all(client) == answer
            local = client.getsockname()[1]
        thread.end()
        self.assertNotEqual(port, local)
        return local


class Filters(Talk):
    def shown(self, *arguments):
        """The listeners' ports of connections that a session with these filters shows, out of three."""
        v4, other, v6 = self.listen(), self.listen(), self.listen(socket.AF_INET6, "::1")
        ports = {"v4": v4, "other": other, "v6": v6}
        numbers = {name: listener.getsockname()[1] for name, listener in ports.items()}
        sonde = self.start("-p", str(os.getpid()), *(text.format(**numbers) for text in arguments))
        for listener in ports.values():
            self.talk(listener, 10)
        report = self.finish(sonde)
        self.assert_lossless(report)
        names = {number: name for name, number in numbers.items()}
        return sorted(
            (names.get(row["local_port"]) or names.get(row["remote_port"]), row["role"])
            for row in report.connections
            if row["role"] != "listener" and row["local_port"] and row["remote_port"]
            and (row["local_port"] in names or row["remote_port"] in names)
        )

    def test_filters(self):
        """Each filter lets through what it names, and nothing else."""
        ends = [(name, role) for name in ("other", "v4", "v6") for role in ("client", "server")]
        self.assertEqual(self.shown(), ends)
        self.assertEqual(self.shown("--port", "{v4}"), ends[2:4])
        self.assertEqual(self.shown("--port", "{v4},{other}"), ends[:4])
        self.assertEqual(self.shown("--local-port", "{v4}"), [("v4", "server")])
        self.assertEqual(self.shown("--family", "6"), ends[4:])
        self.assertEqual(self.shown("--remote", "127.0.0.0/8"), ends[:4])
        self.assertEqual(self.shown("--remote", "::1"), ends[4:])
        self.assertEqual(self.shown("--protocol", "udp"), [])
        self.assertEqual(self.shown("--netns", str(os.getpid())), ends)

    def test_other_processes(self):
        """A process that is no target is not shown; what it did is in the books."""
        listener = self.listen()
        with subprocess.Popen(["sleep", "infinity"]) as other:
            self.addCleanup(other.kill)
            sonde = self.start("-p", str(other.pid), "--port", str(listener.getsockname()[1]))
            self.talk(listener, 10)
            report = self.finish(sonde)
            other.kill()
        self.assertEqual(report.connections, [])
        self.assertGreaterEqual(report.books["filtered"], 2)

    def test_command(self):
        """A command's connections are there from its first instruction on."""
        listener = self.listen()
        port = listener.getsockname()[1]
        file = self.path("report.json")
        script = f"import socket; socket.create_connection(('127.0.0.1', {port})).sendall(b'x' * 42)"
        result = subprocess.run(
            [SONDE, "net", "-f", "json", "-o", file, "--protocol", "tcp", "--", "python3", "-c", script],
            capture_output=True, text=True, timeout=120, check=False,
        )
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(file, encoding="utf-8") as lines:
            report = self.read_net(lines.read())
        (row,) = report.connections
        self.assertEqual((row["comm"], row["tx_bytes"], row["remote_port"]), ("python3", 42, port))


class Sums(Talk):
    def test_by(self):
        """Sums by process, remote address and port are those of the connections."""
        for by, key, value in (
            ("process", "pid", os.getpid()), ("remote", "remote_address", "127.0.0.1"), ("port", "port", None)
        ):
            with self.subTest(by):
                listener = self.listen()
                port = listener.getsockname()[1]
                sonde = self.start("--port", str(port), "--by", by)
                for size in (1000, 2000, 3000):
                    self.talk(listener, size, 50)
                report = self.finish(sonde)
                (row,) = report.traffic
                self.assertEqual(row[key], value or port)
                self.assertEqual((row["tx_bytes"], row["rx_bytes"]), (6150, 6150))
                self.assertEqual((row["opened"], row["closed"], row["failed"]), (6, 6, 0))

    def test_intervals(self):
        """The traffic of all intervals adds up to the connections'."""
        listener = self.listen()
        port = listener.getsockname()[1]
        sonde = self.start("--port", str(port), "-i", "200ms")
        done = Thread(self.talk, listener, 5_000_000, 1000)
        done.end()
        # Until an interval has all of it.
        with subprocess.Popen(["sleep", "1"]):
            pass
        report = self.finish(sonde)
        self.assertEqual(sum(row["tx_bytes"] for row in report.traffic), 5_001_000)
        self.assertEqual(sum(row["rx_bytes"] for row in report.traffic), 5_001_000)
        self.assertEqual(sum(row["tx_bytes"] for row in report.connections), 5_001_000)

    def test_folded(self):
        """Bytes by process and remote address, for flame graphs."""
        listener = self.listen()
        port = listener.getsockname()[1]
        sonde = self.start("--port", str(port), "-f", "folded")
        self.talk(listener, 1000, 50)
        sonde.terminate()
        self.assertEqual(sonde.wait(SECONDS), 0)
        with open(sonde.file, encoding="utf-8") as lines:
            stacks = dict(line.rsplit(" ", 1) for line in lines.read().splitlines())
        # Both ends are this process, and 127.0.0.1 is the other one of each.
        with open("/proc/self/comm", encoding="utf-8") as name:
            self.assertEqual(stacks, {f"{name.read().strip()};127.0.0.1": "2100"})


class Events(Talk):
    def test_events(self):
        """The life of a connection, in its order."""
        listener = self.listen()
        port = listener.getsockname()[1]
        sonde = self.start("--port", str(port), "--events")
        local = self.talk(listener, 100, 5)
        report = self.finish(sonde)
        self.assertEqual(report.connections, [])
        self.assertEqual(len(report.events), report.books["reported"])
        of_client = [event["event"] for event in report.events if event["local_port"] == local]
        self.assertEqual(of_client[-2:], ["established", "close"])
        # Before it has a port of its own.
        self.assertIn(("connect", port), [(event["event"], event["remote_port"]) for event in report.events])
        of_server = [event["event"] for event in report.events if event["remote_port"] == local]
        self.assertEqual(of_server, ["established", "accept", "close"])


class Packets(NetTest):
    def test_each_send_and_receive(self):
        """A row for each call that moved something, with its bytes: TCP and UDP, connected and not, of two processes
        that share a socket; what only looks (MSG_PEEK) and ends of streams are none."""
        report = self.finish_after(["--events", "--packets"])
        told = json.loads(report.stdout)
        rows = [event for event in report.events if event["event"] in ("send", "receive")]
        seen = [[row["event"], row["protocol"], row["family"], row["pid"], row["local_port"], row["remote_port"],
                 row["tx_bytes"] if row["event"] == "send" else row["rx_bytes"]] for row in rows]
        self.assertEqual(seen, told)
        for row in rows:
            other = "rx_bytes" if row["event"] == "send" else "tx_bytes"
            for absent in (other, "state", "retransmits", "duration_ns", "close_reason"):
                self.assertIsNone(row[absent], absent)
        self.assertEqual(len(report.events), report.books["reported"])
        self.assert_lossless(report)

    def test_not_asked_for(self):
        """Without --packets there are none."""
        report = self.finish_after(["--events"])
        self.assertEqual({event["event"] for event in report.events} & {"send", "receive"}, set())
        self.assertTrue(report.events)

    def finish_after(self, flags):
        file = self.path("report.json")
        done = subprocess.run(
            [SONDE, "net", "-q", "-f", "json", "-o", file, "--protocol", "tcp,udp", *flags, "--", "python3", PACKETS],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(file, encoding="utf-8") as lines:
            report = self.read_net(lines.read())
        report.stdout = done.stdout
        return report


class Loss(MakesNamespaces, NetTest):
    def test_loss_on_the_way(self):
        """Segments that are sent again are counted as such, and their bytes once."""
        left, right = self.make_pair()
        # A queue that is too short for what TCP sends at once.
        left.run("tc", "qdisc", "add", "dev", "v0", "root", "tbf", "rate", "50mbit", "burst", "8kb", "limit", "20kb")
        size = 4_000_000
        sonde = self.start("--port", "5000")
        server = subprocess.Popen(
            ["ip", "netns", "exec", right.name, "python3", "-c", SERVER], stdout=subprocess.PIPE, text=True
        )
        self.addCleanup(self._end_server, server)
        self.assertEqual(server.stdout.readline(), "ready\n")
        retransmits = int(left.run("python3", "-c", CLIENT.replace("SIZE", str(size))).stdout)
        server.wait(SECONDS)
        report = self.finish(sonde)
        (of_client,) = report.find(role="client")
        (of_server,) = report.find(role="server")
        self.assertEqual((of_client["tx_bytes"], of_client["rx_bytes"]), (size, len(str(size))))
        self.assertEqual((of_server["tx_bytes"], of_server["rx_bytes"]), (len(str(size)), size))
        self.assertGreater(retransmits, 0)
        # It may have had to send its FIN again.
        self.assertGreaterEqual(of_client["retransmits"], retransmits)
        self.assertLessEqual(of_client["retransmits"], retransmits + 3)
        self.assertGreater(of_client["rtt_us"], 0)
        self.assertNotEqual(of_client["netns"], of_server["netns"])

    @staticmethod
    def _end_server(server):
        if server.poll() is None:
            server.kill()
        server.wait()
        server.stdout.close()


if __name__ == "__main__":
    main()
