"""`sonde net`: bytes are those that the programs count themselves, of every connection."""

import os
import socket
import struct
import tempfile

from net import NetTest, Thread, read_all
from tracing import main

LOOPBACK = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}


class TcpBytes(NetTest):
    def exchange(self, report_port, client, server, family=socket.AF_INET, address=None, arguments=()):
        """Runs both ends of a connection and gives what sonde says of the client's and of the server's."""
        listener = self.listen(family, address or LOOPBACK[family])
        port = listener.getsockname()[1]
        sonde = self.start("--port", str(port), *arguments)

        def serve():
            with listener.accept()[0] as accepted:
                server(accepted)

        thread = Thread(serve)
        with socket.create_connection((report_port or address or LOOPBACK[family], port)) as connected:
            local_port = connected.getsockname()[1]
            client(connected)
        thread.end()
        report = self.finish(sonde)
        self.assert_lossless(report)
        (of_client,) = report.find(role="client", local_port=local_port, remote_port=port)
        (of_server,) = report.find(role="server", local_port=port, remote_port=local_port)
        for end in (of_client, of_server):
            self.assertEqual(end["pid"], os.getpid())
            self.assertEqual(end["state"], "CLOSED")
            self.assertIsNone(end["explanation"])
        return of_client, of_server

    def check(self, sent, answered, client, server, **options):
        of_client, of_server = self.exchange(None, client, server, **options)
        self.assertEqual((of_client["tx_bytes"], of_client["rx_bytes"]), (sent, answered))
        self.assertEqual((of_server["tx_bytes"], of_server["rx_bytes"]), (answered, sent))
        return of_client, of_server

    def test_many_small_writes(self):
        """Each of 5000 writes counts."""
        def client(sock):
            for _ in range(5000):
                sock.sendall(b"x" * 7)
            sock.shutdown(socket.SHUT_WR)
            self.assertEqual(read_all(sock), 3)

        def server(sock):
            self.assertEqual(read_all(sock, 100), 35000)
            sock.sendall(b"end")

        of_client, of_server = self.check(35000, 3, client, server)
        self.assertEqual((of_client["close_reason"], of_server["close_reason"]), ("fin_local", "fin_remote"))
        self.assertGreater(of_client["connect_ns"], 0)
        self.assertGreater(of_server["accept_ns"], 0)

    def test_what_is_read_after_the_end(self):
        """What a process reads after the kernel has closed the connection belongs to it, what it leaves does not."""
        def client(sock):
            sock.shutdown(socket.SHUT_WR)
            # All of the answer and the FIN are there before a byte is read.
            while len(sock.recv(9001, socket.MSG_PEEK)) < 9000 or not self.has_ended(sock):
                pass
            self.assertEqual(len(sock.recv(1000)), 1000)
            self.assertEqual(len(sock.recv(1000)), 1000)

        def server(sock):
            self.assertEqual(read_all(sock), 0)
            sock.sendall(b"y" * 9000)

        of_client, of_server = self.exchange(None, client, server)
        self.assertEqual((of_client["tx_bytes"], of_client["rx_bytes"]), (0, 2000))
        self.assertEqual((of_server["tx_bytes"], of_server["rx_bytes"]), (9000, 0))

    @staticmethod
    def has_ended(sock):
        """tcp_info's first byte is the state: 7 is TCP_CLOSE."""
        return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 8)[0] == 7

    def test_sendfile(self):
        """What never was in the program's memory counts as well."""
        size = 3_000_001
        with tempfile.TemporaryFile() as file:
            file.truncate(size)

            def client(sock):
                sent = 0
                while sent < size:
                    sent += os.sendfile(sock.fileno(), file.fileno(), sent, size - sent)
                sock.shutdown(socket.SHUT_WR)
                read_all(sock)

            self.check(size, 0, client, lambda sock: self.assertEqual(read_all(sock), size))

    def test_zerocopy(self):
        """Pages that the kernel sends from where they are, told by the error queue when it has done with them."""
        # asm-generic/socket.h, linux/socket.h
        so_zerocopy, msg_zerocopy, msg_errqueue = 60, 0x4000000, 0x2000
        size, times = 300_000, 20
        data = bytes(size)

        def client(sock):
            sock.setsockopt(socket.SOL_SOCKET, so_zerocopy, 1)
            for _ in range(times):
                left = size
                while left:
                    left -= sock.send(memoryview(data)[:left], msg_zerocopy)
                    try:
                        sock.recvmsg(0, 4096, msg_errqueue | socket.MSG_DONTWAIT)
                    except BlockingIOError:
                        pass
            sock.shutdown(socket.SHUT_WR)
            read_all(sock)

        self.check(size * times, 0, client, lambda sock: self.assertEqual(read_all(sock), size * times))

    def test_splice(self):
        """So does what goes on from a socket through a pipe."""
        size = 1_000_000
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        self.addCleanup(os.close, writer)

        def server(sock):
            left = size
            while left:
                got = os.splice(sock.fileno(), writer, min(left, 65536))
                self.assertGreater(got, 0)
                while got:
                    part = len(os.read(reader, got))
                    got -= part
                    left -= part
            read_all(sock)

        def client(sock):
            sock.sendall(b"z" * size)
            sock.shutdown(socket.SHUT_WR)
            read_all(sock)

        self.check(size, 0, client, server)

    def test_more_than_32_bits(self):
        """Sequence numbers wrap around after 4 GiB; the count does not."""
        size = (4 << 30) + 12345
        chunk = bytes(4 << 20)

        def client(sock):
            left = size
            while left:
                left -= sock.send(chunk[: min(left, len(chunk))])
            sock.shutdown(socket.SHUT_WR)
            read_all(sock)

        def server(sock):
            # MSG_TRUNC: dropped without a copy, tcp(7). It counts as read.
            got, room = 0, bytearray(8 << 20)
            while more := sock.recv_into(room, 0, socket.MSG_TRUNC):
                got += more
            self.assertEqual(got, size)

        self.check(size, 0, client, server)

    def test_ipv6(self):
        """The same over IPv6; and IPv4 over an IPv6 socket is IPv4."""
        def client(sock):
            sock.sendall(b"x" * 1000)
            sock.shutdown(socket.SHUT_WR)
            read_all(sock)

        def server(sock):
            read_all(sock)
            sock.sendall(b"y" * 10)

        for end in self.check(1000, 10, client, server, family=socket.AF_INET6):
            self.assertEqual((end["family"], end["local_address"], end["remote_address"]), ("ipv6", "::1", "::1"))
        mapped = self.exchange("127.0.0.1", client, server, family=socket.AF_INET6, address="::")
        for end in mapped:
            self.assertEqual((end["family"], end["local_address"]), ("ipv4", "127.0.0.1"))
        self.assertEqual([end["tx_bytes"] for end in mapped], [1000, 10])

    def test_without_socket_lengths(self):
        """Before 6.3 the bytes are the same, and who reads is known; UDP is said to be missing."""
        def client(sock):
            sock.sendall(b"x" * 1000)
            sock.shutdown(socket.SHUT_WR)
            self.assertEqual(read_all(sock), 10)

        def server(sock):
            self.assertEqual(read_all(sock), 1000)
            sock.sendall(b"y" * 10)

        self.check(1000, 10, client, server, arguments=("--no-feature", "socket_lengths"))

    def test_reset_with_unread_bytes(self):
        """Bytes that nobody read are not counted as read; the sentence says how many there were."""
        def client(sock):
            sock.sendall(b"x" * 5000)
            with self.assertRaises(ConnectionResetError):
                read_all(sock)

        def server(sock):
            got = len(sock.recv(1000, socket.MSG_WAITALL))
            self.assertEqual(got, 1000)
            while len(sock.recv(4000, socket.MSG_PEEK)) < 4000:
                pass

        listener = self.listen()
        port = listener.getsockname()[1]
        sonde = self.start("--port", str(port))
        thread = Thread(lambda: self.close_after(listener, server))
        with socket.create_connection(("127.0.0.1", port)) as connected:
            client(connected)
        thread.end()
        report = self.finish(sonde)
        (of_client,) = report.find(role="client")
        (of_server,) = report.find(role="server")
        self.assertEqual((of_client["tx_bytes"], of_server["rx_bytes"]), (5000, 1000))
        self.assertEqual(of_server["close_reason"], "reset_sent")
        self.assertIn("4000 bytes unread", of_server["explanation"])
        self.assertEqual((of_client["close_reason"], of_client["error"]), ("reset_received", "ECONNRESET"))

    @staticmethod
    def close_after(listener, server):
        with listener.accept()[0] as accepted:
            server(accepted)


class Connections(NetTest):
    def test_before_and_still_open(self):
        """A connection of before is there with all that went through it, one that stays open as well."""
        listener = self.listen()
        port = listener.getsockname()[1]
        old = socket.create_connection(("127.0.0.1", port))
        self.addCleanup(old.close)
        accepted = listener.accept()[0]
        self.addCleanup(accepted.close)
        old.sendall(b"x" * 1234)
        self.assertEqual(len(accepted.recv(1234, socket.MSG_WAITALL)), 1234)
        sonde = self.start("--port", str(port))
        old.sendall(b"x" * 4321)
        self.assertEqual(len(accepted.recv(321, socket.MSG_WAITALL)), 321)
        idle = socket.create_connection(("127.0.0.1", port))
        self.addCleanup(idle.close)
        self.addCleanup(listener.accept()[0].close)
        new = socket.create_connection(("127.0.0.1", port))
        self.addCleanup(new.close)
        new.sendall(b"y" * 11)
        report = self.finish(sonde)
        # Accepted and not used: it is known whose it is all the same.
        (of_idle,) = report.find(remote_port=idle.getsockname()[1])
        self.assertEqual((of_idle["role"], of_idle["pid"]), ("server", os.getpid()))
        (of_old,) = report.find(local_port=old.getsockname()[1])
        self.assertEqual((of_old["tx_bytes"], of_old["state"], of_old["began_before"], of_old["role"]),
                         (5555, "ESTABLISHED", True, "client"))
        self.assertIsNone(of_old["duration_ns"])
        (of_accepted,) = report.find(remote_port=old.getsockname()[1])
        self.assertEqual((of_accepted["rx_bytes"], of_accepted["pid"], of_accepted["role"]), (1555, os.getpid(), "server"))
        (of_new,) = report.find(local_port=new.getsockname()[1])
        self.assertEqual((of_new["tx_bytes"], of_new["began_before"], of_new["role"]), (11, False, "client"))
        # Nobody has accepted it.
        (waiting,) = report.find(remote_port=new.getsockname()[1])
        self.assertEqual((waiting["role"], waiting["pid"], waiting["rx_bytes"]), ("server", None, 0))
        (of_listener,) = report.find(role="listener")
        self.assertEqual((of_listener["state"], of_listener["pid"]), ("LISTEN", os.getpid()))

    def test_many_short_ones(self):
        """Of 20,000 connections none is lost, and each has its own bytes."""
        count = 20_000
        listener = self.listen()
        port = listener.getsockname()[1]
        sonde = self.start("--port", str(port))

        def serve():
            for _ in range(count):
                with listener.accept()[0] as accepted:
                    (length,) = struct.unpack("<I", accepted.recv(4, socket.MSG_WAITALL))
                    accepted.sendall(b"a" * length)

        thread = Thread(serve)
        for i in range(count):
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(struct.pack("<I", i % 1000))
                self.assertEqual(read_all(client), i % 1000)
        thread.end()
        report = self.finish(sonde)
        self.assert_lossless(report)
        expected = sum(i % 1000 for i in range(count))
        for role, sent, received in (("client", 4 * count, expected), ("server", expected, 4 * count)):
            ends = report.find(role=role)
            self.assertEqual(len(ends), count)
            self.assertEqual(sum(end["tx_bytes"] for end in ends), sent)
            self.assertEqual(sum(end["rx_bytes"] for end in ends), received)
            self.assertEqual({end["pid"] for end in ends}, {os.getpid()})


if __name__ == "__main__":
    main()
