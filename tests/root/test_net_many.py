"""`sonde net`: more open connections than the ring holds records of, and more than a report keeps."""

import json
import sys

from namespaces import MakesNamespaces
from net import NetTest
from tracing import main

CONNECTIONS = 2000
SOCKETS = 2 * CONNECTIONS + 1

# Both ends of the connections, and their listener.
HOLDER = f"""
import socket, sys
listener = socket.create_server(("127.0.0.1", 0), backlog=128)
held = []
for _ in range({CONNECTIONS}):
    held.append(socket.create_connection(listener.getsockname()))
    held.append(listener.accept()[0])
print("ready", flush=True)
sys.stdin.readline()
"""


class ManySockets(MakesNamespaces, NetTest):
    def hold(self):
        namespace = self.make_namespace()
        return namespace, self.spawn("ip", "netns", "exec", namespace.name, sys.executable, "-c", HOLDER)

    def test_more_than_the_ring(self):
        """Each is there once, with its owner, read through a ring that holds a fifteenth of them."""
        namespace, holder = self.hold()
        report = self.finish(self.start("--netns", namespace.name, "--buffer", "64K"))
        self.assert_lossless(report)
        self.assertEqual(len(report.connections), SOCKETS)
        ends = {(row["local_port"], row["remote_port"]) for row in report.connections}
        self.assertEqual(len(ends), SOCKETS)
        self.assertEqual({row["pid"] for row in report.connections}, {holder.pid})
        self.assertEqual({row["state"] for row in report.connections}, {"ESTABLISHED", "LISTEN"})

    def test_while_they_close(self):
        """Those that end while the open ones are read are told once: the process is killed as tracing ends."""
        namespace, holder = self.hold()
        sonde = self.start("--netns", namespace.name, "--buffer", "1M")
        sonde.terminate()
        holder.kill()
        report = self.collect(sonde)
        self.assert_lossless(report)
        # Those of other network namespaces are seen, too, and left out.
        self.assertEqual(report.books["seen"] - report.books["filtered"], SOCKETS)
        ends = [(row["local_port"], row["remote_port"]) for row in report.connections]
        self.assertEqual((len(ends), len(set(ends))), (SOCKETS, SOCKETS))

    def test_more_than_is_kept(self):
        """What a report has no room for is lost, and counted."""
        namespace, _ = self.hold()
        config = self.write("config.json", json.dumps({"network": {"max_connections": 1000}}))
        report = self.finish(self.start("--netns", namespace.name, "-c", config))
        self.assertEqual(len(report.connections), 1000)
        self.assertEqual(report.books["lost"]["max_connections"], SOCKETS - 1000)
        self.assertEqual(report.books["reported"], 1000)


main()
