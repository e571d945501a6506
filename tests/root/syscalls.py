"""What the tests of `sonde syscall` share."""

import json
import subprocess
from collections import Counter

from tracing import SONDE, Records, TracingTest, wait_until

SUMMARY_MODES = ([], ["--count"])


class SyscallReport(Records):
    def __init__(self, text):
        super().__init__(text)
        self.rows = self.of("syscall")
        self.calls = self.of("call")
        self.in_flight = self.of("in_flight")

    def count(self, name=None, **fields):
        """Calls in the rows of this name and with these fields."""
        return sum(
            row["calls"]
            for row in self.rows
            if name in (None, row["name"]) and all(row[key] == value for key, value in fields.items())
        )

    def errors(self):
        """Calls by (name, errno): of rows by errno, of the table of errors, or of a live trace."""
        counts = Counter()
        failed = self.of("syscall_error")
        for row in self.rows:
            if "error" in row:
                counts[row["name"], row["error"] or ""] += row["calls"]
            else:
                counts[row["name"], ""] += row["calls"] - row["errors"]
        for row in failed:
            counts[row["name"], row["error"]] += row["calls"]
        for call in self.calls:
            counts[call["name"], call["error"] or ""] += 1
        return +counts


class SyscallTest(TracingTest):
    def read_calls(self, text):
        """Every report that a test reads is checked: its books balance and equal its rows or calls."""
        report = SyscallReport(text)
        self.assertEqual((report.header["type"], report.summary["type"]), ("header", "summary"))
        books = report.books
        self.assertEqual(
            books["seen"],
            books["reported"] + books["filtered"] + sum(books["lost"].values()) + books["in_flight"],
            books,
        )
        shown = report.calls if report.header["config"].get("trace") else report.rows
        if shown is report.rows:
            self.assertEqual(report.count(), books["reported"])
        else:
            self.assertEqual(len(report.calls), books["reported"])
        return report

    def trace(self, *arguments, status=0, **options):
        """Runs `sonde syscall` to its end."""
        file = self.path("report.json")
        result = subprocess.run(
            [SONDE, "syscall", "-f", "json", "-o", file, *arguments],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, **options,
        )
        self.assertEqual(result.returncode, status, result.stderr)
        with open(file, encoding="utf-8") as lines:
            report = self.read_calls(lines.read())
        report.stdout, report.stderr = result.stdout, result.stderr
        return report

    def start(self, *arguments):
        """`sonde syscall` in the background, once it records; finish() ends it."""
        return self.start_session("syscall", *arguments)

    def finish(self, sonde, number=None):
        if number:
            sonde.send_signal(number)
        _, err = sonde.communicate(timeout=60)
        self.assertEqual(sonde.returncode, 0, err)
        with open(sonde.file, encoding="utf-8") as lines:
            return self.read_calls(lines.read())

    def assert_lossless(self, report):
        self.assertEqual(sum(report.books["lost"].values()), 0, report.books)


def own_counts(stdout):
    """(its JSON, its calls by (name, errno)) from the output of tests/testprogs/calls."""
    told = json.loads(stdout.splitlines()[-1])
    counts = Counter(
        {(name, error): count for name, errors in told["calls"].items() for error, count in errors.items()}
    )
    return told, +counts


__all__ = ["SUMMARY_MODES", "SyscallReport", "SyscallTest", "own_counts", "wait_until"]
