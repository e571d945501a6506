"""What the tests of `sonde net --http` share: its JSON read back and checked, and nginx under a client."""

import json
import os
import re
import socket
import subprocess
import sys
from collections import Counter

from tracing import SONDE, TracingTest, free_port


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
