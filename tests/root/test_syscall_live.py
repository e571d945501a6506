"""`sonde syscall --trace`: lines come while the programs run, and every end of the output is taken well."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import unittest

from tracing import SONDE, SondeTest, main

# Calls without end, and without a rate that would fill a disk.
CALLS = "import os, time\nwhile True:\n    os.getppid()\n    time.sleep(0.001)\n"


class Live(SondeTest):
    def caller(self):
        """A process that calls getppid() until the test ends."""
        process = subprocess.Popen([sys.executable, "-c", CALLS])
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return str(process.pid)

    def sonde(self, *arguments, **options):
        process = subprocess.Popen(
            [SONDE, "syscall", "-T", *arguments], stderr=subprocess.PIPE, text=True, **options
        )
        self.addCleanup(process.stderr.close)
        guard = threading.Timer(60, process.kill)
        guard.start()
        self.addCleanup(guard.cancel)
        return process

    def test_lines_come_at_once(self):
        """A call is shown long before the session ends, in text and in JSON; the summary still follows."""
        pid = self.caller()
        for form in ("table", "json"):
            with self.subTest(form):
                sonde = self.sonde("-e", "getppid", "-f", form, "-p", pid, "-d", "50", stdout=subprocess.PIPE)
                lines = []
                while not any("getppid" in line and '"header"' not in line for line in lines):
                    lines.append(sonde.stdout.readline())
                    self.assertTrue(lines[-1], "sonde ended without a line")
                self.assertIsNone(sonde.poll())
                sonde.send_signal(signal.SIGINT)
                lines += sonde.stdout.read().splitlines(keepends=True)
                self.assertEqual((sonde.wait(), sonde.stderr.read()), (0, ""))
                sonde.stdout.close()
                if form == "table":
                    self.assertRegex(lines[0], rf"\A\d\d:\d\d:\d\d\.\d{{6}} {pid}/{pid} \S+ getppid\(\) = \d+ <")
                    self.assertTrue(any(line.startswith("books ") for line in lines))
                else:
                    types = [json.loads(line)["type"] for line in lines]
                    self.assertEqual((types[0], types[1], types[-1]), ("header", "call", "summary"))

    def test_closed_pipe(self):
        """A reader that has seen enough ends the session, quietly."""
        sonde = self.sonde("-p", self.caller(), "-d", "50", stdout=subprocess.PIPE)
        self.assertIn("(", sonde.stdout.readline())
        sonde.stdout.close()
        began = time.monotonic()
        self.assertEqual((sonde.wait(), sonde.stderr.read()), (0, ""))
        self.assertLess(time.monotonic() - began, 20)

    def test_closed_pipe_of_a_command(self):
        """COMMAND is not ended with the reader, and its status is sonde's."""
        mark = self.path("mark")
        sonde = self.sonde("-q", "--", "sh", "-c", f"sleep 1; touch {mark}; exit 7", stdout=subprocess.PIPE)
        sonde.stdout.readline()
        sonde.stdout.close()
        self.assertEqual((sonde.wait(), sonde.stderr.read()), (7, ""))
        self.assertTrue(os.path.exists(mark))

    def test_full_disk(self):
        """A disk that is full is one error, at once, not one for each line."""
        with open("/dev/full", "w", encoding="ascii") as full:
            sonde = self.sonde("-p", self.caller(), "-d", "50", stdout=full)
            began = time.monotonic()
            error = sonde.stderr.read()
        self.assertEqual(sonde.wait(), 1)
        self.assertRegex(error, r"\Asonde: write stdout: No space left on device\. [^\n]*\n\Z")
        self.assertLess(time.monotonic() - began, 20)


if __name__ == "__main__":
    main()
