"""`sonde net --http` within TLS: what programs give to OpenSSL and GnuTLS and get from them."""

import hashlib
import json
import os
import re
import subprocess
import sys
import textwrap

from http_sessions import BUFFER, ServesTest
from tracing import free_port, main

HERE = os.path.dirname(os.path.abspath(__file__))


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
                unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
                wget -q --no-check-certificate -O /dev/null {url}/s.txt?a {url}/large.bin {url}/missing
                GIT_SSL_NO_VERIFY=1 git -c http.proxy= ls-remote {url}/x.git 2>/dev/null
                /usr/lib/apt/apt-helper -q -o Acquire::https::Verify-Peer=false -o Acquire::https::Verify-Host=false \
                    -o Acquire::https::Proxy=DIRECT -o APT::Sandbox::User=root download-file {url}/s.txt {self.path("downloaded")} >/dev/null
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


if __name__ == "__main__":
    main()
