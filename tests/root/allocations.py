"""`sonde mem --alloc` run and its report held against what a program says of itself."""

import json
import os
import re
import signal
import subprocess
import time

from tracing import SONDE, TracingTest, fdinfo, program, wait_until

EXACT = ("--sample-bytes", "1", "--max-overhead", "none")


class MemReport:
    """One session's JSON lines. Frames are leaf first."""

    def __init__(self, text):
        self.records = [json.loads(line) for line in text.splitlines()]
        self.header = self.records[0]
        self.summary = self.records[-1]
        self.sites = [record for record in self.records if record["type"] == "allocation_site"]
        (self.books,) = self.summary["accounting"]
        self.notices = "\n".join(self.summary["notices"])

    def of(self, function):
        return [site for site in self.sites if any(f["name"] == function for f in site["frames"])]

    def sum(self, function, field):
        return sum(site[field] for site in self.of(function))


def says(text):
    """What a program says: {name: [numbers]}."""
    lines = (line.split() for line in text.splitlines() if " " in line)
    return {name: [int(number) for number in numbers] for name, *numbers in lines}


class AllocationTest(TracingTest):
    def mem(self, *arguments, status=0, env=None):
        """Runs `sonde mem` to its end; gives its report, with what the command printed."""
        file = self.path("report.json")
        result = subprocess.run(
            [SONDE, "mem", "-f", "json", "-o", file, *arguments],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=240, env=env,
        )
        self.assertEqual(result.returncode, status, result.stderr)
        if status:
            return result.stderr
        return self.read(file, result.stdout)

    def read(self, file, stdout=""):
        with open(file, encoding="utf-8") as lines:
            report = MemReport(lines.read())
        report.stdout = stdout
        self.assert_balanced(report.books)
        return report

    def attach(self, process, *arguments):
        """Starts `sonde mem` on a process; returns when its breakpoints in the C library are there."""
        before = code(process.pid)
        return self.attach_until(process, lambda: code(process.pid) != before, *arguments)

    def attach_until(self, process, condition, *arguments):
        file = self.path("report.json")
        tracer = subprocess.Popen(
            [SONDE, "mem", "-f", "json", "-o", file, "-d", "1h", *arguments, "-p", str(process.pid)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        self.addCleanup(self._end_tracer, tracer)
        tracer.file = file

        def is_attached():
            self.assertIsNone(tracer.poll(), tracer.poll() and tracer.stderr.read())
            return condition() and holds_link(tracer.pid, process.pid)

        wait_until(is_attached, 60)
        # Recording begins just after; nothing tells when.
        time.sleep(2)
        return tracer

    @staticmethod
    def _end_tracer(tracer):
        tracer.kill()
        tracer.wait()
        tracer.stdout.close()
        tracer.stderr.close()

    def finish(self, tracer):
        tracer.send_signal(signal.SIGINT)
        _, errors = tracer.communicate(timeout=120)
        self.assertEqual(tracer.returncode, 0, errors)
        return self.read(tracer.file)


def holds_link(tracer, pid):
    """Whether a process holds breakpoints in another: others may have set some there, too. True where the kernel
    does not tell (before 6.16)."""
    for text in fdinfo(tracer):
        if "link_type:\tuprobe_multi" in text:
            found = re.search(r"^pid:\t(\d+)$", text, re.M)
            if found is None or int(found.group(1)) == pid:
                return True
    return False


def code(pid):
    """The bytes of the C library's code in a process."""
    found = []
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
        for line in maps:
            part = re.match(r"(\w+)-(\w+) r-xp \S+ \S+ \d+ +\S*/libc\.so\.6$", line)
            if part:
                start, end = (int(part.group(i), 16) for i in (1, 2))
                memory.seek(start)
                found.append(memory.read(end - start))
    return found


def preloading(library):
    return {**os.environ, "LD_PRELOAD": library}


__all__ = ["AllocationTest", "EXACT", "MemReport", "code", "fdinfo", "preloading", "program", "says"]
