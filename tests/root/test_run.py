"""`sonde run`: several tracers at once count what each counts alone."""

import json
import os
import subprocess
import sys

from syscalls import SyscallReport, own_counts
from test_lifecycle import held, loaded
from tracing import SONDE, Report, TracingTest, main, program, sampling_error, undisturbed, wait_until

sys.path.append("/usr/lib/python3/dist-packages")
import jsonschema  # noqa: E402

CALLS = ["threads=4", "getppid=2500", "openat=100", "close=70", "read=50", "exec=2"]
HERTZ = 997
BOTH = ("cpu", "syscall")


class Run(TracingTest):
    def trace_run(self, *arguments, status=0, file="report.json", **options):
        """Runs `sonde run` to its end; its records, and stdout and stderr."""
        result = subprocess.run(
            [SONDE, "run", "-f", "json", "-o", self.path(file), *arguments],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, **options,
        )
        self.assertEqual(result.returncode, status, result.stderr)
        return result

    def records(self, name="report.json"):
        with open(self.path(name), encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]

    def reports(self, records):
        """One report for each tracer of a stream, checked: the books of each balance."""
        header, summary = records[0], records[-1]
        self.assertEqual((header["type"], header["command"], summary["type"]), ("header", "run", "summary"))
        reports = {}
        for books in summary["accounting"]:
            self.assert_balanced(books)
            own = [record for record in records[1:-1]
                   if (books["tracer"] == "cpu") == (record["type"] == "stack")]
            text = "\n".join(map(json.dumps, [header, *own, {**summary, "accounting": [books]}]))
            reports[books["tracer"]] = Report(text) if books["tracer"] == "cpu" else SyscallReport(text)
        return reports

    def config(self, **settings):
        settings = {"enable_syscall_tracing": True, "sample_rate": HERTZ, "syscall": {"by": ["errno"]}, **settings}
        return self.write("config.json", json.dumps(settings))

    def test_calls_are_those_alone(self):
        """The calls of a program that counts its own are exactly those, beside a profiler at full rate."""
        result = self.trace_run("-c", self.config(), "--", program("calls"), *CALLS)
        _, expected = own_counts(result.stdout)
        beside = self.reports(self.records())["syscall"]
        self.assertEqual(sum(beside.books["lost"].values()), 0)
        kinds = {name for name, _ in expected}
        self.assertEqual({key: count for key, count in beside.errors().items() if key[0] in kinds}, expected)
        alone = subprocess.run([SONDE, "syscall", "--by", "errno", "-f", "json", "-o", self.path("alone.json"),
                                "--", program("calls"), *CALLS], capture_output=True, text=True, timeout=120)
        self.assertEqual(alone.returncode, 0, alone.stderr)
        with open(self.path("alone.json"), encoding="utf-8") as lines:
            counted = SyscallReport(lines.read()).errors()
        # What threads wait for each other depends on the scheduler.
        racy = {"futex", "mprotect", "munmap", "madvise", "restart_syscall"}
        self.assertEqual({key: count for key, count in beside.errors().items() if key[0] not in racy},
                         {key: count for key, count in counted.items() if key[0] not in racy})

    @undisturbed
    def test_samples_are_those_alone(self):
        """The profile beside a tracer of system calls has the number of samples and the shares of one alone."""
        result = self.trace_run("-c", self.config(), "--", program("split"), "3")
        measured = json.loads(result.stdout.splitlines()[-1])
        report = self.reports(self.records())["cpu"]
        self.assertEqual(report.count(), report.books["reported"])
        self.assertAlmostEqual(report.count() / (HERTZ * measured["rusage_ns"] / 1e9), 1, delta=0.03)
        heavy, light = report.with_frame("burn_heavy"), report.with_frame("burn_light")
        share = measured["heavy_ns"] / (measured["heavy_ns"] + measured["light_ns"])
        self.assertAlmostEqual(heavy, (heavy + light) * share, delta=sampling_error(heavy + light, share))
        self.assertEqual({stack["tracer"] for stack in report.stacks}, {"cpu"})

    def test_one_summary(self):
        """The stream fits the schema; the summary has each tracer's cost, and theirs is no more than the whole."""
        self.trace_run("-c", self.config(), "--", program("split"), "1")
        validator = jsonschema.Draft202012Validator(
            json.loads(subprocess.run([SONDE, "--schema"], capture_output=True, text=True, check=True).stdout))
        records = self.records()
        for record in records:
            validator.validate(record)
        summary = records[-1]
        self.assertEqual([cost["tracer"] for cost in summary["costs"]], list(BOTH))
        whole = summary["overhead"]
        self.assertEqual(sum(cost["map_bytes"] for cost in summary["costs"]), whole["map_bytes"])
        for key in ("user_cpu_ns", "system_cpu_ns"):
            # The kernel splits the time of threads and of the process by different clocks.
            self.assertLess(sum(cost[key] for cost in summary["costs"]), whole[key] + 50_000_000)
        self.assertEqual({entry["tracer"] for entry in records[0]["plan"]}, set(BOTH))

    def test_folder(self):
        """A folder gets a report for each tracer, whole by itself, and stderr the books and costs of all."""
        result = self.trace_run("-c", self.config(), "--", program("calls"), "getppid=50", file="out/")
        self.assertEqual(sorted(os.listdir(self.path("out"))), ["cpu.json", "syscall.json"])
        for name in BOTH:
            records = self.records(f"out/{name}.json")
            self.assertEqual((records[0]["type"], records[-1]["type"]), ("header", "summary"))
            self.assertEqual([books["tracer"] for books in records[-1]["accounting"]], [name])
            self.assertEqual({entry["tracer"] for entry in records[0]["plan"]}, {name})
            self.assertIn(f"books  {name}: seen ", result.stderr)
            self.assertIn(f"cost   {name}: ", result.stderr)
        self.assertIn("cost   in all: ", result.stderr)
        self.trace_run("-t", "cpu", "--", "true", file="one/")
        self.assertEqual(os.listdir(self.path("one")), ["cpu.json"])
        calls = [record for record in self.records("out/syscall.json") if record.get("name") == "getppid"]
        self.assertEqual([call["calls"] for call in calls], [50])

    def test_live(self):
        """Calls are shown as they return, after the one header and before the one summary."""
        config = self.config(syscall={"trace": True, "calls": ["getppid"]})
        self.trace_run("-c", config, "--", program("calls"), "getppid=300")
        types = [record["type"] for record in self.records() if record["type"] != "stack"]
        self.assertEqual(types, ["header", *["call"] * 300, "summary"])

    def test_intervals(self):
        """Each call is in one interval, each interval has the books of all."""
        self.trace_run("-c", self.config(), "-i", "100ms", "--", program("calls"), "sleep=100")
        records = self.records()
        intervals = [record for record in records if record["type"] == "interval"]
        self.assertGreater(len(intervals), 3)
        for interval in intervals:
            self.assertEqual([books["tracer"] for books in interval["accounting"]], list(BOTH))
        self.assertEqual(sum(r["calls"] for r in records
                             if r["type"] == "syscall" and r["name"] == "clock_nanosleep"), 100)

    def test_one_that_cannot_start(self):
        """A tracer that cannot start is named; nothing is attached, COMMAND does not run, no file appears."""
        before = loaded()
        config = self.config(syscall={"calls": ["opnat"]})
        result = self.trace_run("-c", config, "--", "touch", self.path("ran"), status=2)
        self.assertTrue(result.stderr.startswith("sonde: syscall: "), result.stderr)
        self.assertEqual(os.listdir(self.folder), ["config.json"])
        wait_until(lambda: not loaded() - before - held(), 10)

    def test_keep_going(self):
        """--keep-going runs the rest, says so on stderr and in the report; none left is an error."""
        config = self.config(syscall={"calls": ["opnat"]})
        result = self.trace_run("--keep-going", "-c", config, "--", "touch", self.path("ran"))
        self.assertTrue(result.stderr.startswith("sonde: syscall did not run: "), result.stderr)
        summary = self.records()[-1]
        self.assertEqual([books["tracer"] for books in summary["accounting"]], ["cpu"])
        self.assertTrue(any(notice.startswith("syscall did not run: ") for notice in summary["notices"]))
        self.assertTrue(os.path.exists(self.path("ran")))
        self.trace_run("--keep-going", "-t", "syscall", "-c", config, status=2)

    def test_statuses(self):
        """COMMAND's status is the command's; what cannot be launched, and a lost event, have their own."""
        for command, status in ((["sh", "-c", "exit 7"], 7), (["sh", "-c", "kill -9 $$"], 137),
                                (["no-such-program"], 127), (["/etc/passwd"], 126)):
            with self.subTest(command):
                self.trace_run("-c", self.config(), "--", *command, status=status)
        tiny = self.config(syscall={"trace": True, "ring_bytes": 4096})
        self.trace_run("-c", tiny, "--fail-on-loss", "--", program("calls"), "threads=4", "getppid=200000", status=4)


if __name__ == "__main__":
    main()
