"""`sonde net --http`: every exchange of clients and servers, whatever system calls and pieces they use."""

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
import time
from collections import Counter

from http_sessions import BUFFER, NGINX, RUN, HttpReport, HttpTest, ServesTest
from tracing import SONDE, free_port, main

HERE = os.path.dirname(os.path.abspath(__file__))
WORKLOAD = os.path.join(HERE, "http_workload.py")


class ExchangeTest(HttpTest):
    def workload(self, *flags, options):
        """Exchanges of several connections, one after another; .told has what each of them says of itself."""
        report = self.trace("--events", *flags, "--", sys.executable, WORKLOAD, *map(json.dumps, options))
        report.told = json.loads(report.stdout)
        return report

    def assert_exchanges(self, report, expected):
        """The same at both ends, and nothing else."""
        for role in ("client", "server"):
            self.assertEqual(report.exchanges(role), expected, role)
        self.assertEqual(report.unseen(), {})


REQUESTS = [
    ["GET", "/a?secret=1", 200, 5], ["POST", "/b", 404, 70000, 3000], ["HEAD", "/c", 200, 900],
    ["PUT", "/d", 204, 0, 10], ["DELETE", "/e", 500, 0], ["GET", "/" + "f" * 600, 200, 1200],
]
EXPECTED = [(method, path.split("?")[0], status) for method, path, status, *_ in REQUESTS]


class SystemCalls(ExchangeTest):
    def test_each_call(self):
        """Every call that moves bytes of a process, with heads in several buffers, and bodies that look like heads;
        100 Continue is not the response, be it read alone or with it."""
        calls = [("write", "read"), ("send", "recv"), ("sendto", "recvfrom"), ("writev", "readv"),
                 ("sendmsg", "recvmsg")]
        options = [{"send": send, "receive": receive, "requests": REQUESTS} for send, receive in calls]
        options.append({"interim": True, "requests": REQUESTS})
        report = self.workload(options=options)
        self.assertEqual({told["answered"] for told in report.told}, {len(REQUESTS)})
        self.assert_exchanges(report, EXPECTED * len(options))

    def test_small_pieces(self):
        """Heads that come in pieces, down to single bytes."""
        requests = [REQUESTS[0], REQUESTS[3], REQUESTS[4]]
        options = [{"piece": 7, "requests": requests}, {"piece": 64, "receive": "byte", "requests": requests}]
        report = self.workload(options=options)
        self.assert_exchanges(report, [EXPECTED[0], EXPECTED[3], EXPECTED[4]] * 2)

    def test_pipelining(self):
        """Requests in one write, their responses in as few reads as there may be."""
        requests = [["GET", f"/{i}", 200 + i % 3, 100 + i] for i in range(50)]
        report = self.workload(options=[{"pipelined": True, "requests": requests}])
        self.assert_exchanges(report, [(method, path, status) for method, path, status, _ in requests])

    def test_no_response(self):
        """A request that the server closes on is there, without status and latency."""
        report = self.workload(options=[{"requests": [["GET", "/a", 200, 1], ["GET", "/gone", 0, 0]]}])
        self.assert_exchanges(report, [("GET", "/a", 200), ("GET", "/gone", None)])
        self.assertEqual({r["latency_ns"] for r in report.of("http") if r["path"] == "/gone"}, {None})

    def test_fields(self):
        """A record has the process, both ends, sizes and times; the query only if asked for."""
        for flags, path in [([], "/a"), (["--http-query"], "/a?secret=1")]:
            options = [{"requests": [REQUESTS[0]]}, {"requests": [REQUESTS[0]], "ipv6": True}]
            report = self.workload(*flags, options=options)
            for told in report.told:
                (client,) = [r for r in report.of("http") if [r["local_address"], r["local_port"]] == told["client"]]
                (server,) = [r for r in report.of("http") if [r["local_address"], r["local_port"]] == told["server"]]
                self.assertEqual((client["role"], server["role"]), ("client", "server"))
                for one, other in ((client, server), (server, client)):
                    self.assertEqual((one["remote_address"], one["remote_port"]),
                                     (other["local_address"], other["local_port"]))
                    self.assertEqual((one["path"], one["pid"], one["host"]), (path, told["pid"], "example.org"))
                    self.assertEqual((one["request_bytes"], one["response_bytes"]), (0, 5))
                    self.assertEqual((one["tls"], one["path_cut"]), (False, False))
                    self.assertLess(abs(one["time_ns"] / 1e9 - time.time()), 600)
                # The server's time is part of the client's.
                self.assertGreater(server["latency_ns"], 0)
                self.assertGreater(client["latency_ns"], server["latency_ns"])


class Nginx(ServesTest):
    def test_wrk(self):
        """The server's exchanges equal its access log; the client's equal wrk's count and those it left in flight.

        wrk closes its connections while it waits for responses, so the last request of each of them may be without one,
        and may not even have been read."""
        connections = 16
        for sendfile in ("off", "on"):
            with self.subTest(sendfile=sendfile):
                report = self.serve(
                    lambda port: ["wrk", "-t2", f"-c{connections}", "-d2s", f"http://127.0.0.1:{port}/s.txt"],
                    sendfile=sendfile, flags=BUFFER)
                (count,) = re.findall(r"(\d+) requests in", report.stdout)
                server, client = report.counts(role="server"), report.counts(role="client", comm="wrk")
                self.assertEqual(set(server) - {None}, {200})
                self.assertEqual(sum(server.values()), report.logged[200])
                self.assertLessEqual(server[None], connections)
                in_flight = client[200] - int(count) + client[None]
                self.assertGreaterEqual(client[200], int(count))
                self.assertLessEqual(in_flight, connections)
                self.assertEqual({row["path"] for row in report.of("http_summary")}, {"/s.txt"})
                self.assertLessEqual(sum(server.values()), sum(client.values()))
                self.assertLessEqual(sum(client.values()) - sum(server.values()), connections)
                self.assertEqual(report.unseen(), {})

    def test_statuses(self):
        """Errors, ranges, conditions and HEAD over kept connections; bodies that come by sendfile()."""
        def client(port):
            url = f"http://127.0.0.1:{port}"
            return ["curl", "-s", "-o", "/dev/null", f"{url}/s.txt", "-o", "/dev/null", f"{url}/large.bin",
                    "-o", "/dev/null", f"{url}/missing?q", "-o", "/dev/null", f"{url}/large.bin"]

        report = self.serve(client, sendfile="on", flags=["--events"])
        expected = [("GET", "/s.txt", 200), ("GET", "/large.bin", 200), ("GET", "/missing", 404),
                    ("GET", "/large.bin", 200)]
        self.assertEqual(report.exchanges("client"), expected)
        self.assertEqual(report.exchanges("server"), expected)
        sizes = {r["path"]: r["response_bytes"] for r in report.of("http") if r["status"] == 200}
        self.assertEqual(sizes, {"/s.txt": 600, "/large.bin": 300_000})


class OtherPrograms(HttpTest):
    def test_python_and_curl(self):
        """http.server with chunks, and curl that asks twice."""
        program = textwrap.dedent("""\
            import http.server, subprocess, threading
            class Handler(http.server.BaseHTTPRequestHandler):
                protocol_version = "HTTP/1.1"
                def log_message(self, *_): pass
                def do_GET(self):
                    self.send_response(203)
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                    for part in (b"5\\r\\nhello\\r\\n", b"0\\r\\n\\r\\n"):
                        self.wfile.write(part)
                def do_POST(self):
                    self.rfile.read(int(self.headers["Content-Length"]))
                    self.do_GET()
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            threading.Thread(target=server.serve_forever).start()
            url = f"http://127.0.0.1:{server.server_port}"
            subprocess.run(["curl", "-s", "-o", "/dev/null", url + "/1", "-o", "/dev/null", url + "/2"], check=True)
            subprocess.run(["curl", "-s", "-o", "/dev/null", "--data-binary", "@-", url + "/3"], input=b"z" * 90000,
                           check=True)
            server.shutdown()
            """)
        report = self.trace("--events", "--", sys.executable, "-c", program)
        expected = [("GET", "/1", 203), ("GET", "/2", 203), ("POST", "/3", 203)]
        self.assertEqual(report.exchanges("client"), expected)
        self.assertEqual(report.exchanges("server"), expected)
        self.assertEqual({r["response_bytes"] for r in report.of("http")}, {None})

    def test_node(self):
        """A server and a client of node, which write head and body at once."""
        program = textwrap.dedent("""\
            const http = require('http');
            const server = http.createServer((q, r) => { r.writeHead(q.url === '/no' ? 404 : 200); r.end('hello'); });
            const agent = new http.Agent({keepAlive: true, maxSockets: 1});
            server.listen(0, '127.0.0.1', async () => {
              for (const path of ['/a', '/no', '/b'])
                await new Promise(done => http.get({port: server.address().port, path, agent, host: '127.0.0.1'},
                                                   r => { r.resume(); r.on('end', done); }));
              agent.destroy();
              server.close();
            });
            """)
        report = self.trace("--events", "--", shutil.which("node"), "-e", program)
        expected = [("GET", "/a", 200), ("GET", "/no", 404), ("GET", "/b", 200)]
        self.assertEqual(report.exchanges("client"), expected)
        self.assertEqual(report.exchanges("server"), expected)


class Unix(HttpTest):
    """Over unix sockets the server's path stands for its address."""

    def test_nginx_and_curl(self):
        """A server on a path, which the server's log agrees with; one that passes requests on to it."""
        port, path = free_port(), self.path("s.sock")
        self.write("access.log", "", mode=0o666)
        os.chmod(self.folder, 0o777)
        conf = self.write("nginx.conf", NGINX.format(folder=self.folder, port=port, sendfile="on", tls="").replace(
            "root ", f"listen unix:{path}; location /on/ {{{{ proxy_pass http://unix:{path}:/; }}}} root ".format()))
        self.write("s.txt", "x" * 600)
        curl = ["curl", "-s", "--unix-socket", path, "-o", "/dev/null", "http://h/s.txt?q", "-o", "/dev/null",
                "http://h/none"]
        report = self.trace("--events", "--", sys.executable, "-c", RUN, conf, str(port), "sh", "-c",
                            " ".join(curl) + f"; curl -s -o /dev/null http://127.0.0.1:{port}/on/s.txt")
        over_unix = [r for r in report.of("http") if path in (r["local_address"], r["remote_address"])]
        seen = Counter((r["role"], r["comm"], r["path"], r["status"]) for r in over_unix)
        self.assertEqual(seen, Counter({
            ("client", "curl", "/s.txt", 200): 1, ("client", "curl", "/none", 404): 1,
            ("client", "nginx", "/s.txt", 200): 1, ("server", "nginx", "/s.txt", 200): 2,
            ("server", "nginx", "/none", 404): 1}))
        for record in over_unix:
            own = "local_address" if record["role"] == "server" else "remote_address"
            other = "remote_address" if record["role"] == "server" else "local_address"
            self.assertEqual((record[own], record[other], record["remote_port"]), (path, None, None))
        with open(self.path("access.log"), encoding="utf-8") as log:
            self.assertEqual(len(log.readlines()), 4)
        self.assertEqual(len(report.of("http")), 2 * 4)

    def test_many_connections(self):
        """One request each, of which the client, the server or nobody reads the end."""
        program = textwrap.dedent("""\
            import socket, sys
            path, count = sys.argv[1], int(sys.argv[2])
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(path)
                listener.listen()
                for i in range(count):
                    client = socket.socket(socket.AF_UNIX)
                    client.connect(path)
                    server = listener.accept()[0]
                    client.sendall(b"GET /%d HTTP/1.1\\r\\n\\r\\n" % (i % 7))
                    if i % 5 == 0:
                        client.shutdown(socket.SHUT_WR)
                    server.recv(4096)
                    if i % 5 == 0:
                        assert server.recv(4096) == b""
                    server.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")
                    client.recv(4096)
                    if i % 5 == 1:
                        client.close()
                        assert server.recv(10) == b""
                    if i % 5 == 2:
                        server.close()
                        assert client.recv(10) == b""
                    client.close()
                    server.close()
            """)
        count = 2000
        name = "\0sonde-test-" + str(os.getpid())
        report = self.trace(*BUFFER, "--", sys.executable, "-c", program.replace("sys.argv[1]", repr(name)), "-",
                            str(count))
        for role in ("client", "server"):
            self.assertEqual(report.counts(role=role, server_address="@" + name[1:]), Counter({200: count}))
        self.assertEqual(sum(row["count"] for row in report.of("http_summary")), 2 * count)
        self.assertEqual(report.books["in_flight"], 0)
        self.assertEqual(report.unseen(), {})


class NotSeen(HttpTest):
    def test_http2_and_other_protocols(self):
        """A connection with HTTP/2's preface is counted; one with another protocol leaves nothing."""
        program = textwrap.dedent("""\
            import socket
            def talk(*messages):
                with socket.create_server(("127.0.0.1", 0)) as listener:
                    client = socket.create_connection(listener.getsockname())
                    server = listener.accept()[0]
                    for request, response in messages:
                        client.sendall(request); server.recv(4096)
                        server.sendall(response); client.recv(4096)
                    client.close(); server.close()
            talk((b"PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n", b"\\0\\0\\0\\4\\0\\0\\0\\0\\0"))
            talk(*[(b"*1\\r\\n$4\\r\\nPING\\r\\n", b"+PONG\\r\\n")] * 40)
            talk((b"GET key\\r\\n", b"value\\r\\n"),
                 (b"OPTIONS sip:a SIP/2.0\\r\\n\\r\\n", b"SIP/2.0 200 OK\\r\\n\\r\\n"))
            """)
        report = self.trace("--", sys.executable, "-c", program)
        self.assertEqual(report.of("http_summary"), [])
        self.assertEqual(report.unseen(), {"http2": 2})

    def test_joined_midway(self):
        """A connection from before: a response to an unseen request is counted, what follows is seen."""
        program = textwrap.dedent("""\
            import socket, sys
            listener = socket.create_server(("127.0.0.1", 0))
            client = socket.create_connection(listener.getsockname())
            server = listener.accept()[0]
            client.sendall(b"GET /before HTTP/1.1\\r\\n\\r\\n"); server.recv(4096)
            print("ready", listener.getsockname()[1], flush=True)
            sys.stdin.readline()
            for path in (b"", b"/1", b"/2"):
                if path:
                    client.sendall(b"GET " + path + b" HTTP/1.1\\r\\n\\r\\n"); server.recv(4096)
                server.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n"); client.recv(4096)
            client.close(); server.close()
            """)
        process = self.spawn(sys.executable, "-c", program)
        file = self.path("report.json")
        with subprocess.Popen([SONDE, "net", "--http", "--events", "-q", "-f", "json", "-o", "/dev/stdout", "-p",
                               str(process.pid)], stdout=subprocess.PIPE, text=True) as sonde:
            header = sonde.stdout.readline()  # it is written once recording has begun
            process.stdin.write("\n")
            process.stdin.flush()
            process.wait()
            text = header + sonde.stdout.read()
        report = HttpReport(text)
        for role in ("client", "server"):
            self.assertEqual(report.exchanges(role), [("GET", "/1", 200), ("GET", "/2", 200)])
        self.assertEqual(report.unseen(), {"no_request": 2})


if __name__ == "__main__":
    main()
