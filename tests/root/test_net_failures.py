"""`sonde net`: failed connections, each made to fail in one way, with the sentence that says why."""

import errno
import os
import socket
import struct
import subprocess
import sys

from namespaces import MakesNamespaces
from net import NetTest, SECONDS
from tracing import main, wait_until


class Failures(MakesNamespaces, NetTest):
    def failed(self, report, **fields):
        (row,) = [row for row in report.find(**fields) if row["explanation"]]
        return row

    def connect_seen(self, netns, address, error, is_whole=lambda row: True):
        """A connect() that fails by a timer, as it is reported. The kernel of a virtual machine may protect a process: in an
        interrupt of it no BPF program runs, and the timer may be in one. The report has to say so; there are two more attempts.
        """
        for _ in range(3):
            sonde = self.start("--netns", netns.name)
            self.connect(netns, address, error)
            row = self.failed(self.finish(sonde), remote_address=address)
            if row["close_reason"] != "unseen" and is_whole(row):
                break
            print("once more:", row["explanation"], file=sys.stderr)
        return row

    def test_refused(self):
        """Nobody listens: the peer answers with a reset."""
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
        sonde = self.start("--port", str(port))
        with socket.socket() as client, self.assertRaises(ConnectionRefusedError):
            client.connect(("127.0.0.1", port))
        report = self.finish(sonde)
        row = self.failed(report, remote_port=port)
        self.assertEqual((row["error"], row["errno"]), ("ECONNREFUSED", errno.ECONNREFUSED))
        self.assertEqual((row["close_reason"], row["role"], row["pid"]), ("reset_received", "client", os.getpid()))
        self.assertIn(f"127.0.0.1:{port} refused the connection", row["explanation"])
        self.assertEqual((row["tx_bytes"], row["rx_bytes"], row["retransmits"]), (0, 0, 0))

    def test_reset_by_peer(self):
        """A peer that closes with SO_LINGER 0 resets; each side says who did it."""
        listener = self.listen()
        port = listener.getsockname()[1]
        sonde = self.start("--port", str(port))
        with socket.create_connection(("127.0.0.1", port)) as client:
            accepted = listener.accept()[0]
            client.sendall(b"x")
            accepted.recv(1)
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            accepted.close()
            with self.assertRaises(ConnectionResetError):
                client.recv(1)
        report = self.finish(sonde)
        of_client = self.failed(report, role="client")
        self.assertEqual((of_client["error"], of_client["close_reason"]), ("ECONNRESET", "reset_received"))
        self.assertIn(f"127.0.0.1:{port} reset the connection", of_client["explanation"])
        of_server = self.failed(report, role="server")
        self.assertEqual((of_server["error"], of_server["close_reason"]), (None, "reset_sent"))
        self.assertIn("closed the connection by a reset", of_server["explanation"])

    def test_no_port_left(self):
        """The range of local ports is used up."""
        netns = self.make_namespace()
        netns.run("sysctl", "-qw", "net.ipv4.ip_local_port_range=40000 40000")
        sonde = self.start("--netns", netns.name)
        script = (
            "import socket, errno\n"
            "l = socket.socket(); l.bind(('127.0.0.1', 50000)); l.listen()\n"
            "a = socket.create_connection(('127.0.0.1', 50000))\n"
            "b = socket.socket()\n"
            "assert b.connect_ex(('127.0.0.1', 50000)) == errno.EADDRNOTAVAIL\n"
        )
        netns.run("python3", "-c", script)
        report = self.finish(sonde)
        row = self.failed(report, role="client", error="EADDRNOTAVAIL")
        self.assertIn("no local port was free", row["explanation"])

    def test_timeout(self):
        """SYNs vanish on the way: they are sent again, then the connection is given up."""
        left, _ = self.make_pair()
        # The host at the other end of the cable has another hardware address, and drops what is not for it.
        left.run("ip", "neigh", "add", "10.77.0.2", "lladdr", "02:00:00:00:00:01", "dev", "v0")
        left.run("sysctl", "-qw", "net.ipv4.tcp_syn_retries=1", "net.ipv4.tcp_syn_linear_timeouts=0", check=False)
        row = self.connect_seen(left, "10.77.0.2", errno.ETIMEDOUT)
        self.assertEqual((row["error"], row["close_reason"], row["retransmits"]), ("ETIMEDOUT", "timeout", 1))
        self.assertEqual(row["drop_reason"], "OTHERHOST")
        self.assertIn("10.77.0.2:81 did not answer: 1 SYNs were sent again", row["explanation"])

    def test_dropped_packets(self):
        """A firewall drops or rejects the SYNs, here or in another network namespace of the machine: it is named."""
        for side, hook, verdict, error, sentence in (
            ("left", "output", "drop", errno.ETIMEDOUT, "10.77.0.2:81 did not answer: 1 SYNs were sent again"),
            ("right", "input", "drop", errno.ETIMEDOUT, "10.77.0.2:81 did not answer: 1 SYNs were sent again"),
            ("right", "input", "reject with tcp reset", errno.ECONNREFUSED, "10.77.0.2:81 refused the connection"),
        ):
            left, right = self.make_pair()
            left.run("sysctl", "-qw", "net.ipv4.tcp_syn_retries=1", "net.ipv4.tcp_syn_linear_timeouts=0", check=False)
            rules = f"table ip t {{ chain c {{ type filter hook {hook} priority 0; tcp dport 81 {verdict}; }}; }}"
            {"left": left, "right": right}[side].run("nft", rules)
            packets = 2 if verdict == "drop" else 1
            row = self.connect_seen(left, "10.77.0.2", error, lambda row: row["dropped_packets"] == packets)
            self.assertEqual((row["errno"], row["drop_reason"], row["dropped_packets"]),
                             (error, "NETFILTER_DROP", packets))
            self.assertTrue(row["drop_function"])
            self.assertIn(sentence, row["explanation"])
            self.assertIn(f"the kernel of this machine dropped {packets} of its packets: NETFILTER_DROP in",
                          row["explanation"])

    def test_nobody_listens(self):
        """The kernel found no socket for the SYN: no firewall is suspected; the live trace says so, too."""
        netns = self.make_namespace()
        for arguments in ((), ("--events",)):
            sonde = self.start("--netns", netns.name, *arguments)
            self.connect(netns, "127.0.0.1", errno.ECONNREFUSED)
            report = self.finish(sonde)
            rows = report.events if arguments else report.connections
            (row,) = [row for row in rows if row["explanation"]]
            self.assertIn("nothing listens on that port of this machine (NO_SOCKET)", row["explanation"])

    def test_unreachable(self):
        """The host is not there: its neighbours say so."""
        left, _ = self.make_pair()
        row = self.connect_seen(left, "10.77.0.99", errno.EHOSTUNREACH)
        self.assertEqual((row["error"], row["close_reason"]), ("EHOSTUNREACH", "unreachable"))
        self.assertIn("10.77.0.99:81 cannot be reached", row["explanation"])

    def test_no_route(self):
        """There is no route, or one that forbids: connect() fails before a packet is made."""
        netns = self.make_namespace()
        for kind, address, error, why in (
            (None, "10.88.0.1", errno.ENETUNREACH, "there is no route to that network"),
            ("unreachable", "10.88.1.1", errno.EHOSTUNREACH, "cannot be reached"),
            ("prohibit", "10.88.2.1", errno.EACCES, "forbids it"),
            ("blackhole", "10.88.3.1", errno.EINVAL, "a blackhole route"),
            (None, "2001:db8::1", errno.ENETUNREACH, "there is no route to that network"),
            ("prohibit", "2001:db8:1::1", errno.EACCES, "forbids it"),
        ):
            with self.subTest(address):
                if kind:
                    netns.run("ip", "route", "add", kind, address)
                sonde = self.start("--netns", netns.name)
                self.connect(netns, address, error, times=3)
                report = self.finish(sonde)
                rows = [row for row in report.find(remote_address=address) if row["explanation"]]
                self.assertEqual([row["errno"] for row in rows], [error] * 3)
                for row in rows:
                    self.assertEqual((row["comm"], row["role"], row["remote_port"]), ("python3", "client", 81))
                    self.assertIn(why, row["explanation"])

    @staticmethod
    def connect(netns, address, error, times=1):
        netns.run(
            "python3", "-c",
            "import socket\n"
            f"for _ in range({times}):\n"
            f"    s = socket.socket(socket.{'AF_INET6' if ':' in address else 'AF_INET'})\n"
            f"    assert s.connect_ex(('{address}', 81)) == {error}\n",
        )

    def test_listener_overflow(self):
        """Connections beyond the backlog are dropped; the listener is named, and what waits for it knows why."""
        listener = self.listen(backlog=0)
        port = listener.getsockname()[1]
        sonde = self.start("--port", str(port))
        clients = []
        for _ in range(4):
            client = socket.socket()
            self.addCleanup(client.close)
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
            clients.append(client)
        wait_until(lambda: self.drops(port) > 0, SECONDS)
        expected = self.drops(port)
        for client in clients:
            client.close()
        report = self.finish(sonde)
        (row,) = report.of("listener")
        self.assertEqual((row["local_port"], row["pid"], row["backlog_limit"]), (port, os.getpid(), 0))
        self.assertGreaterEqual(row["drops"], expected)
        cancelled = [row for row in report.find(role="client") if row["close_reason"] == "cancelled"]
        self.assertTrue(cancelled)
        self.assertIn("its backlog of 0 was full", cancelled[0]["explanation"])

    @staticmethod
    def drops(port):
        """What ss(8) says of the listener: the d of skmem is sk_drops."""
        out = subprocess.run(["ss", "-tlnmH", f"sport = :{port}"], capture_output=True, text=True, check=True).stdout
        return int(out.rsplit("d", 1)[1].split(")")[0])


if __name__ == "__main__":
    main()
