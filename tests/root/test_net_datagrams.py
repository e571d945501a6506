"""`sonde net`: what goes through UDP and unix sockets."""

import os
import socket

from net import NetTest
from tracing import main

MESSAGES = 300
SIZES = [i % 1200 for i in range(MESSAGES)]
TOTAL = sum(SIZES)


class Datagrams(NetTest):
    def totals(self, row):
        return row["tx_bytes"], row["tx_packets"], row["rx_bytes"], row["rx_packets"]

    def check_udp(self, family, address, connected):
        server = socket.socket(family, socket.SOCK_DGRAM)
        client = socket.socket(family, socket.SOCK_DGRAM)
        for each in (server, client):
            self.addCleanup(each.close)
            each.settimeout(60)
        server.bind((address, 0))
        port = server.getsockname()[1]
        sonde = self.start("--port", str(port), "--protocol", "udp")
        if connected:
            client.connect((address, port))
        for size in SIZES:
            message = b"u" * size
            if connected:
                client.send(message)
            else:
                client.sendto(message, (address, port))
            got, sender = server.recvfrom(2000)
            self.assertEqual(len(got), size)
            server.sendto(b"ok", sender)
            client.recv(10)
        client_port = client.getsockname()[1]
        report = self.finish(sonde)
        self.assert_lossless(report)
        (of_server,) = report.find(local_port=port)
        self.assertEqual(self.totals(of_server), (2 * MESSAGES, MESSAGES, TOTAL, MESSAGES))
        if connected:
            (of_client,) = report.find(remote_port=port)
            self.assertEqual(self.totals(of_client), (TOTAL, MESSAGES, 2 * MESSAGES, MESSAGES))
            self.assertEqual((of_client["local_port"], of_client["remote_address"]), (client_port, address))
        for row in report.connections:
            self.assertEqual((row["pid"], row["protocol"]), (os.getpid(), "udp"))
            self.assertEqual(row["family"], "ipv4" if family == socket.AF_INET else "ipv6")

    def test_udp(self):
        """Each datagram is counted once at each end, empty ones too, connected or not, over both families."""
        for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            for connected in (False, True):
                with self.subTest(family=family, connected=connected):
                    self.check_udp(family, address, connected)

    def test_peeking(self):
        """A datagram that was looked at is not received."""
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(server.close)
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        sonde = self.start("--local-port", str(port), "--protocol", "udp")
        server.sendto(b"hello", ("127.0.0.1", port))
        self.assertEqual(len(server.recv(100, socket.MSG_PEEK)), 5)
        self.assertEqual(len(server.recv(100)), 5)
        report = self.finish(sonde)
        (row,) = report.connections
        self.assertEqual(self.totals(row), (5, 1, 5, 1))

    def test_unix(self):
        """Streams and datagrams of AF_UNIX, by path; a client shows the path that it talks to."""
        path = self.path("socket")
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(path)
        listener.listen()
        sonde = self.start("--protocol", "unix", "-p", str(os.getpid()))
        client = socket.socket(socket.AF_UNIX)
        client.connect(path)
        server = listener.accept()[0]
        client.sendall(b"x" * 100)
        client.sendall(b"x" * 20)
        self.assertEqual(len(server.recv(200)), 120)
        server.sendall(b"y" * 7)
        self.assertEqual(len(client.recv(200)), 7)
        client.close()
        server.close()
        report = self.finish(sonde)
        rows = sorted((row["tx_bytes"], row["rx_bytes"]) for row in report.find(path=path))
        self.assertEqual(rows, [(7, 120), (120, 7)])
        self.assertEqual({row["protocol"] for row in report.find(path=path)}, {"unix"})


if __name__ == "__main__":
    main()
