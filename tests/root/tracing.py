"""What the tests that trace for real share: sonde's JSON read back, programs to look at, books checked."""

import ctypes
import functools
import json
import math
import os
import platform
import re
import signal
import socket
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "cli"))
from sonde_cli import SONDE, SondeTest, run  # noqa: E402

PROGRAMS = os.environ["PROGRAMS"]
MESON_SKIP = 77

_SYS_BPF = {"x86_64": 321, "aarch64": 280}
_BPF_PROG_LOAD = 5
_BPF_PROG_TYPE_PERF_EVENT = 7


def program(name):
    """Path of one of tests/testprogs."""
    return os.path.join(PROGRAMS, name)


def why_no_bpf():
    """Why this machine cannot run these tests; None if it can. sonde itself is not asked: it could be wrong."""
    if os.geteuid() != 0:
        return "needs root"
    if platform.machine() not in _SYS_BPF:
        return "unknown architecture"

    # union bpf_attr, linux/bpf.h: the program is "r0 = 0; exit".
    code = ctypes.create_string_buffer(bytes.fromhex("b700000000000000" "9500000000000000"))
    licence = ctypes.create_string_buffer(b"GPL")
    attributes = ctypes.create_string_buffer(128)
    ctypes.memmove(
        attributes,
        _BPF_PROG_TYPE_PERF_EVENT.to_bytes(4, sys.byteorder)
        + (2).to_bytes(4, sys.byteorder)
        + ctypes.addressof(code).to_bytes(8, sys.byteorder)
        + ctypes.addressof(licence).to_bytes(8, sys.byteorder),
        24,
    )
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.syscall(_SYS_BPF[platform.machine()], _BPF_PROG_LOAD, attributes, 128)
    if fd < 0:
        return "bpf(BPF_PROG_LOAD): " + os.strerror(ctypes.get_errno())
    os.close(fd)
    return None


def main():
    """Runs the tests of the calling module, or skips all of them with the reason."""
    reason = why_no_bpf()
    if reason:
        print(f"skipped: {reason}")
        sys.exit(MESON_SKIP)
    result = unittest.main(exit=False).result
    # For .ci/run, which demands that every test could run.
    for test, reason in result.skipped:
        print(f"skipped: {test.id()}: {reason}")
    sys.exit(not result.wasSuccessful())


class Records:
    """One session's JSON lines. Frames of stacks are leaf first."""

    def __init__(self, text):
        self.records = [json.loads(line) for line in text.splitlines()]
        self.header = self.records[0]
        self.summary = self.records[-1]
        (self.books,) = self.summary["accounting"]

    def of(self, kind):
        return [record for record in self.records if record["type"] == kind]


class Report(Records):
    """Of `sonde cpu`."""

    def __init__(self, text):
        super().__init__(text)
        self.stacks = self.of("stack")

    def count(self, wanted=lambda stack: True):
        return sum(stack["count"] for stack in self.stacks if wanted(stack))

    def by(self, field):
        """Samples for each pid, tid or comm."""
        counts = {}
        for stack in self.stacks:
            counts[stack[field]] = counts.get(stack[field], 0) + stack["count"]
        return counts

    def with_frame(self, name):
        return self.count(lambda stack: any(frame["name"] == name for frame in stack["frames"]))

    def names(self):
        return {frame["name"] for stack in self.stacks for frame in stack["frames"]}

    def plan(self, feature):
        return next(entry for entry in self.header["plan"] if entry["feature"] == feature)


def free_port():
    """A TCP port of the loopback that nobody uses; somebody may before the caller does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def library(name):
    """Path of an x86-64 library that programs on this machine load."""
    listed = subprocess.run(["ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    return re.search(rf"\s{re.escape(name)} \(.*x86-64.*=> (\S+)", listed).group(1)


def sampling_error(samples, share):
    """Half width of the 99.9 % confidence interval of a share, in samples."""
    return 3.29 * math.sqrt(samples * share * (1 - share))


def undisturbed(test):
    """For a test whose result depends on when the machine runs what, such as one of two clocks: it has three attempts.

    A machine that stands still for a moment, as virtual ones do, makes one of them wrong; a defect each of them. What is printed says that there was more than one.
    """

    @functools.wraps(test)
    def attempts(self, *arguments):
        for _ in range(2):
            try:
                return test(self, *arguments)
            except AssertionError as error:
                print(f"{test.__qualname__} once more: {error}", file=sys.stderr)
            self.doCleanups()
            self.setUp()
        return test(self, *arguments)

    return attempts


def wait_until(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s")
        time.sleep(0.02)


def cpu_seconds(pid):
    """User and system time of a process so far."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def fdinfo(pid):
    """What the kernel tells of each descriptor of a process; it closes some meanwhile."""
    for number in os.listdir(f"/proc/{pid}/fdinfo"):
        try:
            with open(f"/proc/{pid}/fdinfo/{number}", encoding="utf-8") as file:
                yield file.read()
        except FileNotFoundError:
            continue


class TracingTest(SondeTest):
    def assert_balanced(self, books):
        self.assertEqual(
            books["seen"],
            books["reported"] + books["filtered"] + sum(books["lost"].values()) + books["in_flight"],
            books,
        )
        self.assertEqual(books["in_flight"], 0, books)

    def read_report(self, text):
        """Every report that a test reads is checked: its books balance and equal its stacks."""
        report = Report(text)
        self.assertEqual(report.header["type"], "header")
        self.assertEqual(report.summary["type"], "summary")
        self.assert_balanced(report.books)
        self.assertEqual(report.count(), report.books["reported"])
        return report

    def trace(self, *arguments, status=0, prefix=(), **options):
        """Runs `sonde cpu` to its end."""
        file = self.path("report.json")
        result = subprocess.run(
            [*prefix, options.pop("sonde", SONDE), "cpu", "-f", "json", "-o", file, *arguments],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, **options,
        )
        self.assertEqual(result.returncode, status, result.stderr)
        with open(file, encoding="utf-8") as lines:
            report = self.read_report(lines.read())
        report.stdout, report.stderr = result.stdout, result.stderr
        return report

    def start_session(self, command, *arguments):
        """sonde in the background, once it records; it is ended with the test. Its report goes to .file."""
        file = self.path("report.json")
        sonde = subprocess.Popen(
            [SONDE, command, "-v", "-f", "json", "-o", file, *arguments],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )
        self.addCleanup(self._end, sonde)
        sonde.file = file
        said = []
        for line in sonde.stderr:
            said.append(line)
            if line.endswith(": recording\n"):
                return sonde
        self.fail("".join(said))

    def spawn(self, *command, ready=True, **options):
        """Starts a program that is ended with the test; `ready` waits for its first line, kept in .ready."""
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options
        )
        self.addCleanup(self._end, process)
        process.ready = process.stdout.readline().split() if ready else []
        if ready:
            self.assertTrue(process.ready and process.ready[0] == "ready", process.ready)
        return process

    @staticmethod
    def _end(process):
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()


__all__ = [
    "SONDE", "Records", "Report", "SondeTest", "TracingTest", "cpu_seconds", "fdinfo", "free_port", "library", "main",
    "program", "run", "sampling_error", "undisturbed", "wait_until",
]
