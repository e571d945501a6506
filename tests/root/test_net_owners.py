"""`sonde net`: each connection belongs to the process that used it, also where servers fork and threads serve."""

import os
import re
import shutil
import signal
import socket
import struct
import subprocess
from collections import Counter

from net import NetTest, SECONDS, Thread, read_all
from tracing import free_port, main, wait_until

CONNECTIONS = 2000


class Owners(NetTest):
    def wait_for(self, port):
        def answers():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        wait_until(answers, SECONDS)

    def test_nginx(self):
        """Two workers serve short connections: worker and bytes of each are those of nginx's own log."""
        port = free_port()
        folder = self.path("nginx")
        os.makedirs(folder)
        os.chmod(os.path.dirname(folder), 0o755)
        log = os.path.join(folder, "log")
        with open(os.path.join(folder, "nginx.conf"), "w", encoding="utf-8") as file:
            file.write(
                f"worker_processes 2; daemon off; user root; pid {folder}/pid; error_log {folder}/error;\n"
                "events { worker_connections 512; }\n"
                "http { log_format own '$pid $remote_port $request_length $bytes_sent';\n"
                f"access_log {log} own; keepalive_timeout 0; client_body_temp_path {folder}/a;\n"
                f"proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d;\n"
                f"scgi_temp_path {folder}/e;\n"
                f"server {{ listen 127.0.0.1:{port} reuseport; location / {{ return 200 'hello'; }} }} }}\n"
            )
        nginx = subprocess.Popen(
            [shutil.which("nginx") or "/usr/sbin/nginx", "-c", os.path.join(folder, "nginx.conf"), "-p", folder],
            stderr=subprocess.DEVNULL,
        )
        self.addCleanup(self.end, nginx)
        self.wait_for(port)
        sonde = self.start("--port", str(port), "--protocol", "tcp")
        clients = [Thread(self.get, port, CONNECTIONS // 4) for _ in range(4)]
        for client in clients:
            client.end()
        wait_until(lambda: self.lines(log) >= CONNECTIONS, SECONDS)
        report = self.finish(sonde)
        self.assert_lossless(report)
        with open(log, encoding="utf-8") as lines:
            logged = {int(line.split()[1]): line.split() for line in lines}
        shown = {row["remote_port"]: row for row in report.find(role="server")}
        checked = 0
        for remote_port, (pid, _, request, sent) in logged.items():
            row = shown.get(remote_port)
            if row is None:
                continue  # of the test whether nginx answers
            checked += 1
            self.assertEqual(
                (row["pid"], row["rx_bytes"], row["tx_bytes"], row["comm"]),
                (int(pid), int(request), int(sent), "nginx"),
            )
        self.assertEqual(checked, len(shown))
        self.assertGreaterEqual(checked, CONNECTIONS)
        self.assertEqual({row["pid"] for row in report.find(role="client")}, {os.getpid()})

    @staticmethod
    def lines(log):
        with open(log, "rb") as file:
            return file.read().count(b"\n")

    @staticmethod
    def get(port, times):
        for _ in range(times):
            with socket.create_connection(("127.0.0.1", port), SECONDS) as sock:
                sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                assert read_all(sock) > 0

    def test_forking_server(self):
        """The parent accepts, a child of its own answers each: the connection is the child's."""
        listener = self.listen()
        port = listener.getsockname()[1]
        sonde = self.start("--port", str(port))
        times = 200

        def serve():
            for _ in range(times):
                accepted = listener.accept()[0]
                child = os.fork()
                if child == 0:
                    try:
                        accepted.sendall(struct.pack("<I", os.getpid()))
                    finally:
                        os._exit(0)
                accepted.close()
                os.waitpid(child, 0)

        server = os.fork()
        if server == 0:
            try:
                serve()
            finally:
                os._exit(0)
        owners = {}
        for _ in range(times):
            with socket.create_connection(("127.0.0.1", port), SECONDS) as client:
                (pid,) = struct.unpack("<I", client.recv(4, socket.MSG_WAITALL))
                owners[client.getsockname()[1]] = pid
        os.waitpid(server, 0)
        report = self.finish(sonde)
        self.assertEqual({row["remote_port"]: row["pid"] for row in report.find(role="server")}, owners)
        self.assertEqual({row["pid"] for row in report.find(role="client")}, {os.getpid()})

    def test_threading_server(self):
        """A thread for each connection, several clients at once: the server's process has them all, with their bytes."""
        listener = self.listen()
        port = listener.getsockname()[1]
        sonde = self.start("--port", str(port))
        clients, times = 4, 100

        def answer(accepted):
            with accepted:
                accepted.sendall(b"a" * (100 + len(accepted.recv(4096))))

        def serve():
            threads = [Thread(answer, listener.accept()[0]) for _ in range(clients * times)]
            for thread in threads:
                thread.end()

        def ask(size):
            for _ in range(times):
                with socket.create_connection(("127.0.0.1", port), SECONDS) as client:
                    client.sendall(b"q" * size)
                    assert read_all(client) == 100 + size

        pids = []
        for number in range(clients + 1):
            pids.append(os.fork())
            if pids[-1] == 0:
                status = 1
                try:
                    serve() if number == 0 else ask(number)
                    status = 0
                finally:
                    os._exit(status)
        for pid in pids:
            self.assertEqual(os.waitpid(pid, 0)[1], 0)
        report = self.finish(sonde)
        self.assert_lossless(report)
        expected = {(pid, number, 100 + number): times for number, pid in enumerate(pids) if number}
        seen = Counter((row["pid"], row["tx_bytes"], row["rx_bytes"]) for row in report.find(role="client"))
        self.assertEqual(seen, expected)
        of_server = Counter((row["pid"], row["rx_bytes"], row["tx_bytes"]) for row in report.find(role="server"))
        self.assertEqual(of_server, {(pids[0], asked, told): count for (_, asked, told), count in expected.items()})

    def test_redis(self):
        """A connection a request: as many, and as many bytes, as redis counts itself; all of them are its own."""
        port = free_port()
        redis = subprocess.Popen(
            ["redis-server", "--port", str(port), "--save", "", "--appendonly", "no", "--bind", "127.0.0.1",
             "--dir", os.path.dirname(self.path("redis"))],
            stdout=subprocess.DEVNULL,
        )
        self.addCleanup(self.end, redis)
        self.wait_for(port)
        before = self.redis_counts(port)
        sonde = self.start("--port", str(port), "--protocol", "tcp")
        subprocess.run(
            ["redis-benchmark", "-p", str(port), "-n", str(CONNECTIONS), "-c", "20", "-k", "0", "-t", "set", "-q"],
            check=True, stdout=subprocess.DEVNULL, timeout=120,
        )
        after = self.redis_counts(port)
        report = self.finish(sonde)
        self.assert_lossless(report)
        servers = report.find(role="server")
        self.assertEqual({(row["pid"], row["comm"]) for row in servers}, {(redis.pid, "redis-server")})
        self.assertEqual(len(servers), after["total_connections_received"] - before["total_connections_received"])
        # redis has read the request that asks for these figures, and has not counted the answer.
        self.assertEqual(
            sum(row["rx_bytes"] for row in servers),
            after["total_net_input_bytes"] - before["total_net_input_bytes"],
        )

    @staticmethod
    def redis_counts(port):
        out = subprocess.run(
            ["redis-cli", "-p", str(port), "info", "stats"], capture_output=True, text=True, check=True, timeout=60
        ).stdout
        return {name: int(number) for name, number in re.findall(r"(total_\w+):(\d+)\r?$", out, re.MULTILINE)}

    @staticmethod
    def end(process):
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=SECONDS)


if __name__ == "__main__":
    main()
