"""The books and the cost. That they balance is checked for every report of every test, by read_report()."""

import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import time

from tracing import SONDE, TracingTest, fdinfo, main, program, run, undisturbed

# A number of messages over a connection within one process.
MESSAGES = """
import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(listener.getsockname())
server, _ = listener.accept()
for _ in range(int(sys.argv[1])):
    client.send(b"GET / HTTP/1.1\\r\\n\\r\\n")
    server.recv(100)
"""


class Limit(TracingTest):
    def test_max_samples(self):
        """At --max-samples recording stops, each CPU passing it by one at most, and the report says when."""
        self.spawn(program("spin"))
        report = self.trace("-F", "997", "-d", "3", "--max-samples", "20")
        self.assertGreaterEqual(report.count(), 20)
        self.assertLessEqual(report.count(), 20 + os.cpu_count())
        (notice,) = [text for text in report.summary["notices"] if "--max-samples" in text]
        self.assertRegex(notice, r"20 samples")

    def test_default_is_enough(self):
        """Without the option the limit is never in the way."""
        self.spawn(program("spin"))
        report = self.trace("-F", "997", "-d", "1")
        self.assertEqual([text for text in report.summary["notices"] if "--max-samples" in text], [])


class Loss(TracingTest):
    def test_none(self):
        """Nothing is lost on a busy machine, and --fail-on-loss agrees."""
        for _ in range(3):
            self.spawn(program("spin"))
        report = self.trace("-F", "997", "-d", "2", "--fail-on-loss")
        self.assertEqual(sum(report.books["lost"].values()), 0)

    def test_forced(self):
        """Stacks that are new at every sample, while sonde is stopped and reads none: some are lost, and said to be."""
        deep = [self.spawn(program("depths"), "60") for _ in range(os.cpu_count())]
        sonde = self.start_session(
            "cpu", "-F", "1000", "-d", "5", "--fail-on-loss", "-p", ",".join(str(process.pid) for process in deep)
        )
        sonde.send_signal(signal.SIGSTOP)
        time.sleep(4)
        sonde.send_signal(signal.SIGCONT)
        _, err = sonde.communicate(timeout=60)
        with open(sonde.file, encoding="utf-8") as lines:
            report = self.read_report(lines.read())
        self.assertGreater(sum(report.books["lost"].values()), 0)
        self.assertEqual(sonde.returncode, 4, err)
        self.assertIn("lost", err)

    @undisturbed
    def test_idle_is_not_seen_as_work(self):
        """What is filtered is counted as such: with a target, every sample of other processes."""
        spin = self.spawn(program("spin"))
        self.spawn(program("spin"))
        report = self.trace("-p", str(spin.pid), "-F", "499", "-d", "1")
        self.assertGreater(report.books["filtered"], 0)
        online = report.header["online_cpus"]
        seconds = report.summary["duration_ns"] / 1e9
        # cpu-clock ticks on idle CPUs, too: every tick of every CPU is in the books.
        if report.plan("sampling")["hook"] == "perf_event:cpu-clock":
            self.assertAlmostEqual(report.books["seen"] / (499 * online * seconds), 1, delta=0.05)


class EveryFormat(TracingTest):
    def test_books_and_cost_are_shown(self):
        """Each format, or stderr beside it, shows seen = reported + filtered + lost + in flight, and the cost."""
        for name in ("table", "folded", "pprof"):
            file = self.path(f"report.{name}")
            result = run("cpu", "-d", "300ms", "-f", name, "-o", file)
            self.assertEqual(result.returncode, 0, result.stderr)
            text = result.stderr
            if name == "table":
                with open(file, encoding="utf-8") as table:
                    text = table.read()
            books = re.search(
                r"cpu: seen ([\d,]+) = reported ([\d,]+) \+ filtered ([\d,]+) \+ lost ([\d,]+).* \+ in flight ([\d,]+)",
                text,
            )
            self.assertIsNotNone(books, text)
            seen, *parts = (int(number.replace(",", "")) for number in books.groups())
            self.assertEqual(seen, sum(parts))
            self.assertRegex(text, r"cost +([\d.]+ % of one CPU|[\d.]+ m?s of CPU time)")


class Cost(TracingTest):
    @undisturbed
    def test_measured(self):
        """The stated CPU time is that which the kernel charged to the process; memory is below 50 MB."""
        spin = self.spawn(program("spin"))
        file = self.path("report.json")
        sonde = subprocess.Popen([SONDE, "cpu", "-p", str(spin.pid), "-d", "2", "-F", "499", "-o", file])
        _, status, used = os.wait4(sonde.pid, 0)
        sonde.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(sonde.returncode, 0)
        with open(file, encoding="utf-8") as lines:
            overhead = json.loads(lines.readlines()[-1])["overhead"]
        stated = (overhead["user_cpu_ns"] + overhead["system_cpu_ns"]) / 1e9
        charged = used.ru_utime + used.ru_stime
        # Writing the report comes after the statement; nothing stated may be missing from the charge.
        self.assertLessEqual(stated, charged * 1.1 + 0.02)
        self.assertGreaterEqual(stated, charged * 0.3)
        self.assertLess(overhead["memory_bytes"], 50 << 20)
        self.assertGreater(overhead["map_bytes"], 0)
        self.assertGreater(overhead["bpf_ns"], 0)

    def test_time_in_bpf_programs(self):
        """The stated time in BPF programs is the kernel's own sum, for each tracer's way to count their runs."""
        # On while this descriptor is open, whatever others write to kernel.bpf_stats_enabled.
        bpf, enable_stats, run_time = 321, 32, ctypes.c_uint32(0)
        stats = ctypes.CDLL(None, use_errno=True).syscall(bpf, enable_stats, ctypes.byref(run_time), 4)
        self.assertGreaterEqual(stats, 0, os.strerror(ctypes.get_errno()))
        self.addCleanup(os.close, stats)
        for arguments, workload in (
            (["cpu", "-F", "997"], [program("split"), "1"]),
            (["syscall"], [program("calls"), "getppid=100000"]),
            (["syscall", "--count"], [program("calls"), "getppid=100000"]),
            (["syscall", "--stacks"], [program("calls"), "getppid=20000"]),
            (["net"], [sys.executable, "-c", MESSAGES, "40000"]),
            (["net", "--events"], [sys.executable, "-c", MESSAGES, "40000"]),
            (["net", "--http"], [sys.executable, "-c", MESSAGES, "40000"]),
            (["mem"], ["sh", "-c", f"echo 'anonymous 128' | {program('grows')}"]),
            (["mem", "--kernel"], ["sh", "-c", "for i in $(seq 200); do true | true; done"]),
        ):
            with self.subTest(arguments=arguments):
                # A program that is preempted counts as running; on a busy machine one such run outweighs the rest.
                if not any(self.bpf_time_is_true(arguments, workload) for _ in range(3)):
                    self.fail("three times of three not the kernel's sum")

    def bpf_time_is_true(self, arguments, workload):
        sonde = self.start_session(*arguments, "-d", "10m")
        subprocess.run(workload, check=True, stdout=subprocess.DEVNULL, timeout=60)
        held = {number for text in fdinfo(sonde.pid) for number in re.findall(r"(?m)^prog_id:\s*(\d+)", text)}
        least = self.run_time(held)
        sonde.terminate()
        # The machine does other things until the programs are gone, which they are one by one.
        most = least
        while last := self.run_time(held):
            most = max(most, last)
        _, err = sonde.communicate(timeout=60)
        self.assertEqual(sonde.returncode, 0, err)
        with open(sonde.file, encoding="utf-8") as lines:
            overhead = json.loads(lines.readlines()[-1])["overhead"]
        # Windows of a hundredth of the time are a sample.
        return 0.7 * least < overhead["bpf_ns"] < 1.43 * most

    @staticmethod
    def run_time(programs):
        """The kernel's sum for these program IDs."""
        shown = subprocess.run(["bpftool", "-j", "prog", "show"], check=True, capture_output=True, text=True)
        return sum(each.get("run_time_ns", 0) for each in json.loads(shown.stdout) if str(each["id"]) in programs)


if __name__ == "__main__":
    main()
