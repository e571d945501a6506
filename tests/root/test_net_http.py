"""`sonde net --http`: every exchange of clients and servers, whatever system calls and pieces they use."""

import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import textwrap
import time
from collections import Counter

from tracing import SONDE, TracingTest, main

HERE = os.path.dirname(os.path.abspath(__file__))
WORKLOAD = os.path.join(HERE, "http_workload.py")


class HttpReport:
    def __init__(self, text):
        self.records = [json.loads(line) for line in text.splitlines()]
        self.summary = self.records[-1]
        (self.books,) = self.summary["accounting"]

    def of(self, kind):
        return [record for record in self.records if record["type"] == kind]

    def exchanges(self, role):
        """(method, path, status) of single exchanges, in order."""
        return [(r["method"], r["path"], r["status"]) for r in self.of("http") if r["role"] == role]

    def counts(self, **wanted):
        """Exchanges of summary rows by status."""
        counts = Counter()
        for row in self.of("http_summary"):
            if all(row[key] == value for key, value in wanted.items()):
                counts[row["status"]] += row["count"]
        return counts

    def unseen(self):
        return {row["reason"]: row["count"] for row in self.of("http_unseen")}


class HttpTest(TracingTest):
    def trace(self, *arguments, status=0):
        file = self.path("report.json")
        result = subprocess.run(
            [SONDE, "net", "--http", "-f", "json", "-o", file, *arguments],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        )
        self.assertEqual(result.returncode, status, result.stderr)
        with open(file, encoding="utf-8") as lines:
            report = HttpReport(lines.read())
        self.assertEqual(
            report.books["seen"],
            report.books["reported"] + report.books["filtered"] + sum(report.books["lost"].values())
            + report.books["in_flight"],
            report.books,
        )
        self.assertEqual(sum(report.books["lost"].values()), 0, report.books)
        report.stdout = result.stdout
        return report

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


class SystemCalls(HttpTest):
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


NGINX = """\
daemon off;
worker_processes 2;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    sendfile {sendfile};
    keepalive_requests 1000000;
    server {{ listen 127.0.0.1:{port}{tls}; root {folder}; }}
}}
"""

# Serves and loads, and ends when all is over.
RUN = """\
import socket, subprocess, sys, time
nginx = subprocess.Popen(["nginx", "-c", sys.argv[1]], stdin=subprocess.DEVNULL)
while True:
    try:
        socket.create_connection(("127.0.0.1", int(sys.argv[2]))).close()
        break
    except ConnectionRefusedError:
        assert nginx.poll() is None
        time.sleep(0.02)
subprocess.run(sys.argv[3:], check=True)
nginx.send_signal(3)
nginx.wait()
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


# Of all that wrk makes in two seconds: what is lost on a busy machine is counted, but not which requests those were.
BUFFER = ("--buffer", "64M")


class ServesTest(HttpTest):
    def serve(self, client, sendfile="off", flags=(), tls=""):
        port = free_port()
        self.write("access.log", "", mode=0o666)
        os.chmod(self.folder, 0o777)
        conf = self.write("nginx.conf", NGINX.format(folder=self.folder, port=port, sendfile=sendfile, tls=tls))
        self.write("s.txt", "x" * 600)
        self.write("large.bin", "y" * 300_000)
        report = self.trace(*flags, "--", sys.executable, "-c", RUN, conf, str(port), *client(port))
        with open(self.path("access.log"), encoding="utf-8") as log:
            report.logged = Counter(int(re.search(r'" (\d{3}) ', line).group(1)) for line in log)
        report.port = port
        return report


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


class TlsTest(ServesTest):
    def setUp(self):
        super().setUp()
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-days", "2", "-subj", "/CN=localhost", "-keyout", self.path("key.pem"),
             "-out", self.path("cert.pem")], check=True, stderr=subprocess.DEVNULL)
        self.tls = (f" ssl; ssl_certificate {self.path('cert.pem')}; ssl_certificate_key {self.path('key.pem')}")


class Tls(TlsTest):
    """What a TLS library is given and gives is seen as what goes over a socket."""

    def test_wrk(self):
        """As without TLS, with the ends of the connection's socket."""
        report = self.serve(lambda port: ["wrk", "-t2", "-c8", "-d2s", f"https://127.0.0.1:{port}/s.txt"], tls=self.tls,
                            flags=BUFFER)
        (count,) = re.findall(r"(\d+) requests in", report.stdout)
        server, client = report.counts(role="server"), report.counts(role="client", comm="wrk")
        self.assertEqual(sum(server.values()), report.logged[200])
        self.assertLessEqual(server[None], 8)
        self.assertGreaterEqual(client[200], int(count))
        self.assertLessEqual(client[200] - int(count) + client[None], 8)
        for row in report.of("http_summary"):
            self.assertEqual((row["tls"], row["server_address"], row["server_port"]),
                             (True, "127.0.0.1", report.port))

    def test_curl(self):
        """Single exchanges, with queries removed, and several connections one after another."""
        def client(port):
            url = f"https://127.0.0.1:{port}"
            once = f"curl -sk -o /dev/null {url}/s.txt?a -o /dev/null {url}/missing -o /dev/null {url}/large.bin"
            return ["sh", "-c", f"{once}; {once}"]

        report = self.serve(client, flags=["--events"], tls=self.tls)
        expected = [("GET", "/s.txt", 200), ("GET", "/missing", 404), ("GET", "/large.bin", 200)] * 2
        self.assertEqual(report.exchanges("client"), expected)
        self.assertEqual(report.exchanges("server"), expected)
        for record in report.of("http"):
            self.assertTrue(record["tls"])
            self.assertIn(report.port, (record["local_port"], record["remote_port"]))

    def test_python(self):
        """SSL_read_ex() and SSL_write_ex(), by http.server and http.client."""
        program = textwrap.dedent(f"""\
            import http.client, http.server, ssl, threading
            class Handler(http.server.BaseHTTPRequestHandler):
                protocol_version = "HTTP/1.1"
                def log_message(self, *_): pass
                def do_GET(self):
                    self.send_response(200)
                    self.send_header("Content-Length", "5")
                    self.end_headers()
                    self.wfile.write(b"hello")
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain("{self.path('cert.pem')}", "{self.path('key.pem')}")
            server.socket = context.wrap_socket(server.socket, server_side=True)
            threading.Thread(target=server.serve_forever).start()
            trusting = ssl.create_default_context(cafile="{self.path('cert.pem')}")
            trusting.check_hostname = False
            client = http.client.HTTPSConnection("127.0.0.1", server.server_port, context=trusting)
            for path in ("/1", "/2", "/3"):
                client.request("GET", path)
                client.getresponse().read()
            client.close()
            server.shutdown()
            """)
        report = self.trace("--events", "--", sys.executable, "-c", program)
        expected = [("GET", f"/{i}", 200) for i in (1, 2, 3)]
        self.assertEqual(report.exchanges("client"), expected)
        self.assertEqual(report.exchanges("server"), expected)

    def test_bytes_stay(self):
        """What is probed gets and sends the same bytes while it is traced, and its file stays as it was."""
        library = subprocess.run(["sh", "-c", "ldd $(command -v curl) | sed -n 's/.*libssl.* => \\([^ ]*\\).*/\\1/p'"],
                                 check=True, capture_output=True, text=True).stdout.strip()
        def contents():
            with open(library, "rb") as file:
                return hashlib.sha256(file.read()).hexdigest()

        before = contents()
        report = self.serve(
            lambda port: ["sh", "-c", f"curl -sk https://127.0.0.1:{port}/large.bin | sha256sum"], tls=self.tls)
        self.assertIn(hashlib.sha256(b"y" * 300_000).hexdigest(), report.stdout)
        self.assertEqual(contents(), before)


class GnuTls(TlsTest):
    """Programs that use GnuTLS, against servers that use another library and that one."""

    def test_clients(self):
        """wget, git, apt and gnutls-cli: the server, which uses OpenSSL, has logged what they are seen to ask for."""
        def client(port):
            url = f"https://127.0.0.1:{port}"
            return ["sh", "-c", f"""
                wget -q --no-check-certificate -O /dev/null {url}/s.txt?a {url}/large.bin {url}/missing
                GIT_SSL_NO_VERIFY=1 git ls-remote {url}/x.git 2>/dev/null
                /usr/lib/apt/apt-helper -q -o Acquire::https::Verify-Peer=false -o Acquire::https::Verify-Host=false \
                    -o APT::Sandbox::User=root download-file {url}/s.txt {self.path("downloaded")} >/dev/null
                printf 'HEAD /large.bin HTTP/1.0\\r\\n\\r\\n' | gnutls-cli --insecure 127.0.0.1 -p {port} >/dev/null
                """]

        report = self.serve(client, flags=["--events"], tls=self.tls)
        expected = [("GET", "/s.txt", 200), ("GET", "/large.bin", 200), ("GET", "/missing", 404),
                    ("GET", "/x.git/info/refs", 404), ("GET", "/s.txt", 200), ("HEAD", "/large.bin", 200)]
        self.assertEqual(sum(report.logged.values()), len(expected))
        self.assertEqual(report.exchanges("server"), expected)
        self.assertEqual(report.exchanges("client"), expected)
        clients = [r for r in report.of("http") if r["role"] == "client"]
        self.assertEqual([r["comm"] for r in clients], ["wget"] * 3 + ["git-remote-http", "https", "gnutls-cli"])
        for record in report.of("http"):
            self.assertTrue(record["tls"])
            self.assertIn(report.port, (record["local_port"], record["remote_port"]))

    def test_server(self):
        """gnutls-serv, asked by a program that uses OpenSSL and by one that uses GnuTLS."""
        port = free_port()
        script = self.write("serve.sh", f"""
            gnutls-serv --http -q -p {port} --x509keyfile {self.path("key.pem")} --x509certfile {self.path("cert.pem")} \
                >/dev/null 2>&1 &
            until curl -sk -o /dev/null https://127.0.0.1:{port}/first; do kill -0 $! || exit 1; sleep 0.05; done
            curl -sk -o /dev/null https://127.0.0.1:{port}/curl
            wget -q --no-check-certificate -O /dev/null https://127.0.0.1:{port}/wget
            kill $!
            wait
            """)
        report = self.trace("--events", "--", "sh", script)
        expected = [("GET", f"/{name}", 200) for name in ("first", "curl", "wget")]
        self.assertEqual(report.exchanges("client"), expected)
        self.assertEqual(report.exchanges("server"), expected)

    def test_full_socket(self):
        """Requests that the library has taken when the socket was full, of which the next call, without any data, says
        that they were sent."""
        report = self.trace("--events", "--", sys.executable, os.path.join(HERE, "gnutls_workload.py"),
                            self.path("key.pem"), self.path("cert.pem"))
        told = json.loads(report.stdout)
        self.assertGreater(told["resumed"], 0)
        expected = [("POST", f"/{i}", 200) for i in range(told["requests"])]
        self.assertEqual(report.exchanges("client"), expected)
        self.assertEqual(report.exchanges("server"), expected)


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
