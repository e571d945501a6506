"""DNS queries: every one that is sent is a row, and the row is right."""

import collections
import json
import os
import signal
import subprocess
import sys
import time

from namespaces import MakesNamespaces
from net import NetTest, wait_until
from tracing import main

HERE = os.path.dirname(__file__)
CLIENT = [sys.executable, os.path.join(HERE, "dns_client.py")]
SERVER = [sys.executable, os.path.join(HERE, "dns_server.py")]
TYPES = {1: "A", 28: "AAAA"}


class DnsTest(MakesNamespaces, NetTest):
    def serve(self, *addresses):
        """A namespace with our server as its resolver: ip-netns(8) mounts its resolv.conf over the system's."""
        namespace = self.make_namespace()
        folder = f"/etc/netns/{namespace.name}"
        os.makedirs(folder)
        self.addCleanup(subprocess.run, ["rm", "-r", folder], check=True)
        with open(folder + "/resolv.conf", "w", encoding="utf-8") as file:
            file.write(f"nameserver {addresses[0]}\noptions timeout:1 attempts:1\nsearch .\n")
        self.log = self.path("server.log")
        self.server = self.spawn("ip", "netns", "exec", namespace.name, *SERVER, self.log, *addresses)
        return namespace

    def asked(self):
        """What the server got, malformed messages aside."""
        with open(self.log, encoding="utf-8") as lines:
            return [query for query in map(json.loads, lines) if "name" in query]

    def trace_client(self, namespace, *steps, arguments=("--dns",), command=CLIENT):
        """The rows of what a command in the namespace asks, and the report."""
        sonde = self.start("--netns", namespace.name, *arguments)
        self.client = subprocess.Popen(["ip", "netns", "exec", namespace.name, *command, *steps], stdout=subprocess.PIPE)
        self.client.communicate(timeout=60)
        self.assertEqual(self.client.returncode, 0)
        report = self.finish(sonde)
        self.assert_lossless(report)
        return report.of("dns"), report

    def assert_rows_are(self, rows, asked):
        """By name, type, id and transport, as often."""
        def known(row):
            return row["name"], row["query_type"], row["id"], row["protocol"]

        def got(query):
            return query["name"], TYPES[query["type"]], query["id"], "tcp" if query["tcp"] else "udp"

        self.assertEqual(collections.Counter(map(known, rows)), collections.Counter(map(got, asked)))

    # What glibc asks, whatever it is answered.
    def test_resolver(self):
        namespace = self.serve("127.0.0.1")
        names = ("ok1.test", "nx1.test", "fail1.test", "refused1.test", "none1.test", "big1.test", "form1.test")
        rows, report = self.trace_client(namespace, *(f"getaddrinfo:{name}" for name in names))
        asked = self.asked()
        self.assertGreaterEqual(len(asked), 2 * len(names))
        self.assert_rows_are(rows, asked)
        expected = {"ok1": "NOERROR", "nx1": "NXDOMAIN", "fail1": "SERVFAIL", "refused1": "REFUSED",
                    "none1": "NOERROR", "big1": "NOERROR", "form1": "FORMERR"}
        for row in rows:
            self.assertEqual(row["rcode"], expected[row["name"].split(".")[0]], row)
            self.assertEqual(row["outcome"], "answered")
            self.assertEqual((row["server_address"], row["server_port"]), ("127.0.0.1", 53))
            self.assertEqual(row["comm"], os.path.basename(sys.executable)[:15])
            self.assertGreater(row["latency_ns"], 0)
        # ip-netns(8) becomes the command.
        self.assertEqual({row["pid"] for row in rows}, {self.client.pid})
        by_name = {(row["name"], row["query_type"], row["protocol"]): row for row in rows}
        self.assertEqual(by_name["ok1.test", "A", "udp"]["answers"], ["A 192.0.2.1"])
        self.assertEqual(by_name["ok1.test", "AAAA", "udp"]["answers"], ["AAAA 2001:db8::1"])
        self.assertTrue(by_name["big1.test", "A", "udp"]["truncated"])
        self.assertEqual(by_name["big1.test", "A", "tcp"]["answers"], [f"A 192.0.2.{i + 1}" for i in range(40)])
        self.assertEqual(
            by_name["nx1.test", "A", "udp"]["explanation"],
            "127.0.0.1 answers NXDOMAIN for nx1.test: the name does not exist",
        )
        self.assertIn("(Blocked)", by_name["refused1.test", "A", "udp"]["explanation"])
        self.assertEqual(by_name["none1.test", "AAAA", "udp"]["explanation"], "none1.test has no AAAA records")
        (latency,) = [row for row in report.of("latency") if row["name"] == "dns"]
        self.assertEqual(latency["count"], len(rows))

    # Any program that sends a query, over UDP and TCP, IPv4 and IPv6, with exact counts.
    def test_raw_sockets(self):
        namespace = self.serve("127.0.0.1", "::1")
        rows, _ = self.trace_client(
            namespace, "udp:127.0.0.1:ok2.test:500", "udp:::1:ok3.test:100", "tcp:127.0.0.1:ok4.test:50",
            "tcp:::1:ok5.test:20",
        )
        self.assertEqual(len(rows), 670)
        self.assert_rows_are(rows, self.asked())
        self.assertEqual(
            collections.Counter((row["name"], row["protocol"], row["family"], row["outcome"]) for row in rows),
            {("ok2.test", "udp", "ipv4", "answered"): 500, ("ok3.test", "udp", "ipv6", "answered"): 100,
             ("ok4.test", "tcp", "ipv4", "answered"): 50, ("ok5.test", "tcp", "ipv6", "answered"): 20},
        )

    # A response that does not come is a timeout, once the time is over; a query sent again is two.
    def test_no_response(self):
        namespace = self.serve("127.0.0.1")
        rows, _ = self.trace_client(
            namespace, "udp:127.0.0.1:never1.test", "again:127.0.0.1:never2.test", "sleep:6.5",
        )
        self.assert_rows_are(rows, self.asked())
        self.assertEqual(
            sorted((row["name"], row["outcome"]) for row in rows),
            [("never1.test", "timeout"), ("never2.test", "asked_again"), ("never2.test", "timeout")],
        )
        for row in rows:
            self.assertIsNone(row["rcode"])
            self.assertIsNone(row["latency_ns"])
            if row["outcome"] == "timeout":
                self.assertEqual(row["explanation"], "no answer from 127.0.0.1 port 53 within 5 s")

    # A response that is still in the ring when tracing ends is one: the thread that reads the ring is held up.
    def test_response_at_the_stop(self):
        namespace = self.serve("127.0.0.1")
        sonde = self.start("--netns", namespace.name, "--dns")
        self.hold_up_reader(sonde)
        self.server.send_signal(signal.SIGSTOP)
        client = self.spawn("ip", "netns", "exec", namespace.name, *CLIENT, "udp:127.0.0.1:ok1.test", ready=False)
        wait_until(lambda: namespace.run("ss", "-Hunl", "sport = :53").stdout.split()[1] != "0")
        time.sleep(0.5)  # the ring is read ten times a second: the query has gone from it
        sonde.send_signal(signal.SIGSTOP)
        self.server.send_signal(signal.SIGCONT)
        client.wait(60)
        sonde.terminate()
        sonde.send_signal(signal.SIGCONT)
        report = self.collect(sonde)
        self.assertEqual([(row["name"], row["outcome"]) for row in report.of("dns")], [("ok1.test", "answered")])

    @staticmethod
    def hold_up_reader(sonde):
        """Lets it run only when the thread that ends the session waits for it."""
        threads = [int(name) for name in os.listdir(f"/proc/{sonde.pid}/task")]
        for thread in threads:
            os.sched_setaffinity(thread, {min(os.sched_getaffinity(0))})
            if thread != sonde.pid:
                os.sched_setscheduler(thread, os.SCHED_IDLE, os.sched_param(0))

    # Nobody listens: the kernel says so, and so do we.
    def test_unreachable(self):
        namespace = self.make_namespace()
        rows, _ = self.trace_client(namespace, "udp:127.0.0.1:never1.test", "udp:::1:never2.test")
        self.assertEqual([row["outcome"] for row in rows], ["unreachable"] * 2)
        self.assertEqual(
            {row["explanation"] for row in rows},
            {"nothing listens at 127.0.0.1 port 53 (ICMP port unreachable)",
             "nothing listens at ::1 port 53 (ICMP port unreachable)"},
        )

    # Bytes that are no query are rows that say so, and what comes after them is read.
    def test_malformed(self):
        namespace = self.serve("127.0.0.1")
        header = "000701000001000000000000"
        rows, _ = self.trace_client(
            namespace, "raw:127.0.0.1:00", "raw:127.0.0.1:" + "ff" * 3000, f"raw:127.0.0.1:{header}c00c00010001",
            f"raw:127.0.0.1:{header}3f6161", "udp:127.0.0.1:ok1.test", "sleep:6.5",
        )
        self.assertEqual(
            sorted((row["name"] or "", row["outcome"]) for row in rows),
            # ff ff is a response: not a client's.
            [("", "malformed"), ("", "timeout"), ("", "timeout"), ("ok1.test", "answered")],
        )

    # With a target only its queries are shown; the others are counted as left out.
    def test_target(self):
        namespace = self.serve("127.0.0.1")
        waiting = self.spawn(
            "ip", "netns", "exec", namespace.name, "sh", "-c", 'echo ready; read line; exec "$@"', "sh", *CLIENT,
            "udp:127.0.0.1:ok1.test:3",
        )
        sonde = self.start("--netns", namespace.name, "--dns", "-p", str(waiting.pid))
        namespace.run(*CLIENT, "udp:127.0.0.1:ok9.test:5")
        waiting.communicate("go\n", timeout=60)
        report = self.finish(sonde)
        self.assertEqual([(row["name"], row["pid"]) for row in report.of("dns")], [("ok1.test", waiting.pid)] * 3)
        self.assertGreaterEqual(report.books["filtered"], 5)

    # A connection that fails says what DNS had told the process before.
    def test_failed_connection(self):
        namespace = self.serve("127.0.0.1")
        namespace.run("ip", "addr", "add", "192.0.2.1/32", "dev", "lo")
        _, report = self.trace_client(
            namespace, "udp:127.0.0.1:ok7.test", "udp:127.0.0.1:nx7.test", "connect:192.0.2.1:81", "connect:127.0.0.1:82",
        )
        named, other = (row for port in (81, 82) for row in report.connections if row["remote_port"] == port
                        and row["role"] == "client")
        self.assertEqual((named["remote_name"], other["remote_name"]), ("ok7.test", None))
        self.assertIn("; by DNS it is ok7.test", named["explanation"])
        for row in (named, other):
            self.assertEqual(row["failed_lookup"], "127.0.0.1 answers NXDOMAIN for nx7.test: the name does not exist")
            self.assertIn("before, a lookup of the process failed: " + row["failed_lookup"], row["explanation"])
            self.assertIn("refused the connection", row["explanation"])

    # The live trace has them without being asked.
    def test_events(self):
        namespace = self.serve("127.0.0.1")
        rows, _ = self.trace_client(namespace, "udp:127.0.0.1:nx1.test:3", arguments=("--events",))
        self.assertEqual([(row["name"], row["result"]) for row in rows], [("nx1.test", "NXDOMAIN")] * 3)

    # dig has a resolver of its own.
    def test_dig(self):
        namespace = self.serve("127.0.0.1")
        (row,), _ = self.trace_client(namespace, "+short", "@127.0.0.1", "none1.test", "TXT", command=["dig"])
        self.assertEqual((row["pid"], row["name"], row["query_type"]), (self.client.pid, "none1.test", "TXT"))

    # Without bpf_dynptr_from_skb() what is in pages is counted, and the rest is as it was.
    def test_without_packet_pages(self):
        namespace = self.serve("127.0.0.1")
        rows, report = self.trace_client(
            namespace, "udp:127.0.0.1:ok1.test:20", arguments=("--dns", "--no-feature", "packet_pages")
        )
        self.assert_rows_are(rows, self.asked())
        (entry,) = [entry for entry in report.header["plan"] if entry["feature"] == "DNS"]
        self.assertEqual(entry["state"], "fallback")


main()
