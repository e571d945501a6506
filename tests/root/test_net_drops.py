"""Dropped packets: as many as the kernel and the senders count themselves, with the reason and the stack."""

import os
import sys

from namespaces import MakesNamespaces
from net import NetTest
from tracing import main

FLOOD = """
import socket, sys
receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
receiver.bind(("127.0.0.1", 4000))
print("ready", flush=True)
sys.stdin.readline()
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(300):
    sender.sendto(b"x" * 500, ("127.0.0.1", 4000))
"""

SENDER = """
import socket, sys
for _ in range(int(sys.argv[2])):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 5001))
        try:
            one.sendto(b"hello", ("127.0.0.1", int(sys.argv[1])))
        except PermissionError:
            pass
"""

CONNECTS = """
import socket
for _ in range(25):
    with socket.socket() as one:
        assert one.connect_ex(("127.0.0.1", 4001)) == 111
"""


class DropTest(MakesNamespaces, NetTest):
    def snmp(self, namespace, protocol, counter):
        """A counter of /proc/net/snmp."""
        lines = namespace.run("cat", "/proc/net/snmp").stdout.splitlines()
        names, values = (line.split()[1:] for line in lines if line.startswith(protocol + ":"))
        return int(values[names.index(counter)])

    def packets(self, report, reason, **fields):
        rows = [
            row for row in report.of("drop")
            if row["reason"] == reason and all(row[key] == value for key, value in fields.items())
        ]
        return sum(row["packets"] for row in rows)

    def stacks(self, report, reason):
        return [stack for stack in report.of("drop_stack") if stack["reason"] == reason]

    def assert_stacks_equal(self, report, reason, count, function):
        """The stacks count the same packets, and lead through the function that gives up."""
        stacks = self.stacks(report, reason)
        self.assertEqual(sum(stack["packets"] for stack in stacks), count)
        for stack in stacks:
            names = [frame["name"] for frame in stack["frames"]]
            self.assertTrue(any(function in name for name in names), names)
            # The leaf is the kernel's, and not what runs our program.
            self.assertFalse([name for name in names if name.startswith(("bpf_", "__traceiter"))], names)
            self.assertIn("drop", [word for name in (names[0], names[-1]) for word in name.split("_")], names)

    # A full receive buffer: the kernel's own counter of it.
    def test_receive_buffer(self):
        namespace = self.make_namespace()
        before = self.snmp(namespace, "Udp", "RcvbufErrors")
        flood = self.spawn("ip", "netns", "exec", namespace.name, sys.executable, "-c", FLOOD)
        sonde = self.start("--netns", namespace.name, "--drops")
        flood.communicate("go\n", timeout=60)
        report = self.finish(sonde)
        self.assert_lossless(report)
        dropped = self.snmp(namespace, "Udp", "RcvbufErrors") - before
        self.assertGreater(dropped, 100)
        full = {"protocol": "udp", "destination_port": 4000, "destination_address": "127.0.0.1", "interface": "lo"}
        self.assertEqual(self.packets(report, "SOCKET_RCVBUFF", **full), dropped)
        # The process has not received anything yet; that it has the socket is enough.
        self.assertEqual(self.packets(report, "SOCKET_RCVBUFF", pid=flood.pid), dropped)
        self.assert_stacks_equal(report, "SOCKET_RCVBUFF", dropped, "udp")

    # Nobody listens.
    def test_no_socket(self):
        namespace = self.make_namespace()
        sonde = self.start("--netns", namespace.name, "--drops")
        namespace.run(sys.executable, "-c", CONNECTS)
        namespace.run(sys.executable, "-c", SENDER, "4002", "7")
        report = self.finish(sonde)
        self.assertEqual(self.packets(report, "NO_SOCKET", protocol="tcp", destination_port=4001), 25)
        self.assertEqual(self.packets(report, "NO_SOCKET", protocol="udp", destination_port=4002, source_port=5001), 7)
        self.assert_stacks_equal(report, "NO_SOCKET", 32, "rcv")

    # A rule of the firewall: its own counter, and the process whose packets it drops.
    def test_netfilter(self):
        namespace = self.make_namespace()
        namespace.run("nft", "add table inet t; add chain inet t out { type filter hook output priority 0 ; }")
        namespace.run("nft", "add rule inet t out udp dport 4003 counter drop")
        sonde = self.start("--netns", namespace.name, "--drops")
        namespace.run(sys.executable, "-c", SENDER, "4003", "11")
        report = self.finish(sonde)
        self.assertIn("packets 11 ", namespace.run("nft", "list", "ruleset").stdout)
        self.assertEqual(self.packets(report, "NETFILTER_DROP", protocol="udp", destination_port=4003), 11)
        (row,) = [row for row in report.of("drop") if row["reason"] == "NETFILTER_DROP"]
        self.assertEqual(row["comm"], os.path.basename(sys.executable)[:15])
        self.assertEqual(row["bytes"], 11 * (20 + 8 + 5))
        self.assert_stacks_equal(report, "NETFILTER_DROP", 11, "sendmsg")

    # What is read is no drop, and IPv6 has its addresses.
    def test_ipv6(self):
        namespace = self.make_namespace()
        sonde = self.start("--netns", namespace.name, "--drops")
        script = (
            "import socket\n"
            "one = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)\n"
            "one.bind(('::1', 5002))\n"
            "for _ in range(3): one.sendto(b'x', ('::1', 4004))\n"
            "for _ in range(9): one.sendto(b'x', ('::1', 5002)); one.recv(9)\n"
        )
        # The ICMP errors of the first come back with a later call.
        namespace.run(sys.executable, "-c", script, check=False)
        report = self.finish(sonde)
        rows = [row for row in report.of("drop") if row["reason"] == "NO_SOCKET"]
        self.assertEqual(sum(row["packets"] for row in rows), 3)
        self.assertEqual({(row["source_address"], row["source_port"]) for row in rows}, {("::1", 5002)})
        self.assertEqual({(row["destination_address"], row["destination_port"]) for row in rows}, {("::1", 4004)})
        self.assertEqual([row for row in report.of("drop") if row["destination_port"] == 5002], [])

    # The live trace has each drop, with the function that gave up.
    def test_events(self):
        namespace = self.make_namespace()
        sonde = self.start("--netns", namespace.name, "--drops", "--events")
        namespace.run(sys.executable, "-c", SENDER, "4005", "4")
        report = self.finish(sonde)
        rows = [row for row in report.of("drop") if row["destination_port"] == 4005]
        self.assertEqual([(row["reason"], row["packets"]) for row in rows], [("NO_SOCKET", 1)] * 4)
        for row in rows:
            self.assertIn("udp", row["function"])

    # The names come from this kernel, with none of our own.
    def test_names(self):
        with open("/sys/kernel/btf/vmlinux", "rb") as file:
            types = file.read()
        namespace = self.make_namespace()
        sonde = self.start("--netns", namespace.name, "--drops")
        namespace.run(sys.executable, "-c", SENDER, "4006", "1")
        report = self.finish(sonde)
        for row in report.of("drop"):
            self.assertIn(b"\0SKB_DROP_REASON_" + row["reason"].encode() + b"\0", types)

    # Folded stacks end in the reason.
    def test_folded(self):
        namespace = self.make_namespace()
        file = self.path("drops.folded")
        sonde = self.start("--netns", namespace.name, "--drops", "-f", "folded", "-o", file)
        namespace.run(sys.executable, "-c", CONNECTS)
        sonde.terminate()
        self.assertEqual(sonde.wait(timeout=60), 0)
        with open(file, encoding="utf-8") as lines:
            folded = [line.rsplit(" ", 1) for line in lines]
        self.assertEqual(sum(int(count) for stack, count in folded if stack.endswith(";[NO_SOCKET]")), 25)


main()
