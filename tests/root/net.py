"""What the tests of `sonde net` share: its JSON read back and checked, and programs that talk."""

import json
import socket
import threading

import jsonschema

from tracing import SONDE, Records, TracingTest, run, wait_until

# Of a listener's accept queue and of kernel buffers that a test waits for.
SECONDS = 60


class NetReport(Records):
    def __init__(self, text):
        super().__init__(text)
        self.connections = self.of("connection")
        self.traffic = self.of("traffic")
        self.events = self.of("net_event")

    def find(self, **fields):
        """Connections with these fields."""
        return [
            record for record in self.connections
            if all(record[key] == value for key, value in fields.items())
        ]


class NetTest(TracingTest):
    def read_net(self, text):
        """Every report that a test reads is checked: by the schema, and its books balance."""
        report = NetReport(text)
        self.assertEqual((report.header["type"], report.summary["type"]), ("header", "summary"))
        validator = jsonschema.Draft202012Validator(json.loads(run("--schema").stdout))
        for record in {record["type"]: record for record in report.records}.values():
            validator.validate(record)
        self.assert_balanced(report.books)
        return report

    def assert_lossless(self, report):
        self.assertEqual(sum(report.books["lost"].values()), 0, report.books)

    def start(self, *arguments):
        """`sonde net` in the background, once it records; finish() ends it."""
        return self.start_session("net", "-d", "10m", *arguments)

    def finish(self, sonde):
        sonde.terminate()
        return self.collect(sonde)

    def collect(self, sonde):
        """Of one that has been told to end; a second signal would end it at once."""
        _, err = sonde.communicate(timeout=SECONDS)
        self.assertEqual(sonde.returncode, 0, err)
        with open(sonde.file, encoding="utf-8") as lines:
            return self.read_net(lines.read())

    def listen(self, family=socket.AF_INET, address="127.0.0.1", backlog=128):
        listener = socket.socket(family)
        self.addCleanup(listener.close)
        listener.bind((address, 0))
        listener.listen(backlog)
        listener.settimeout(SECONDS)
        return listener


class Thread(threading.Thread):
    """Ends with what it raised."""

    def __init__(self, function, *arguments):
        super().__init__(daemon=True)
        self._call = (function, arguments)
        self._error = None
        self.start()

    def run(self):
        function, arguments = self._call
        try:
            function(*arguments)
        except BaseException as error:  # pylint: disable=broad-except
            self._error = error

    def end(self):
        self.join(SECONDS)
        if self.is_alive():
            raise TimeoutError("a thread did not end")
        if self._error:
            raise self._error


def read_all(sock, size=65536):
    """Bytes until the end of the stream."""
    count = 0
    while True:
        got = len(sock.recv(size))
        if got == 0:
            return count
        count += got


__all__ = ["NetReport", "NetTest", "SECONDS", "SONDE", "Thread", "read_all", "run", "wait_until"]
