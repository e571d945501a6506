"""One report in every format, read back by the programs that the formats are for."""

import html
import json
import os
import re
import subprocess

from tracing import SONDE, Report, TracingTest, main, program

SYSTEM_PYTHON = "/usr/bin/python3"  # has Debian's jsonschema

VALIDATE = """
import json, sys
import jsonschema
schema = json.load(open(sys.argv[1]))
validator = jsonschema.Draft202012Validator(schema)
for line in open(sys.argv[2]):
    validator.validate(json.loads(line))
"""


def merged(pairs):
    sums = {}
    for name, value in pairs:
        sums[name] = sums.get(name, 0) + value
    return sums


class Formats(TracingTest):
    def setUp(self):
        super().setUp()
        self.spawn(program("split"), "600")
        self.spawn(program("spin"))
        self.spawn(program("clock"))
        subprocess.run(
            [os.environ["RENDER_ALL"], "3000", self.folder], check=True, timeout=60
        )
        with open(self.path("report.json"), encoding="utf-8") as lines:
            self.report = self.read_report(lines.read())
        total = self.report.count()
        selves, totals = {}, {}
        for stack in self.report.stacks:
            names = [frame["name"] for frame in stack["frames"]]
            if names:
                selves[names[0]] = selves.get(names[0], 0) + stack["count"]
            for name in set(names):
                totals[name] = totals.get(name, 0) + stack["count"]
        # (self, total) in percent of the functions that matter; readers shorten C++ names.
        self.expected = {
            name: (100 * selves.get(name, 0) / total, 100 * count / total)
            for name, count in totals.items()
            if count / total > 0.01 and re.fullmatch(r"[A-Za-z_]\w*", name)
        }
        for name in ("burn_heavy", "burn_light", "spin_here", "main"):
            self.assertIn(name, self.expected)

    def test_table(self):
        """The table's shares are those of the JSON records."""
        shown = {}
        with open(self.path("report.table"), encoding="utf-8") as lines:
            for line in lines:
                row = re.fullmatch(r"\s*([\d.]+)\s+([\d.]+)\s+\d+  .*\s(\w+)", line.rstrip("\n"))
                if row:
                    own, total = shown.get(row[3], (0, 0))
                    shown[row[3]] = (own + float(row[1]), total + float(row[2]))
        for name, (own, total) in self.expected.items():
            with self.subTest(name):
                # A name of several modules, as main, has a row for each, rounded to 0.005 each.
                self.assertAlmostEqual(shown[name][0], own, delta=0.05)
                self.assertGreaterEqual(shown[name][1] + 0.05, total)
        self.assertAlmostEqual(shown["burn_heavy"][1], self.expected["burn_heavy"][1], delta=0.01)

    def test_flamegraph(self):
        """flamegraph.pl draws the shares of the JSON records."""
        svg = subprocess.run(
            [os.environ["PERL"], os.environ["FLAMEGRAPH"], "--minwidth", "0", self.path("report.folded")],
            check=True, capture_output=True, text=True, timeout=60,
        )
        self.assertEqual(svg.stderr, "")
        boxes = re.findall(r"<title>(.*?) \(([\d,]+) samples, [\d.]+%\)</title>", svg.stdout)
        self.assertEqual(
            [int(count.replace(",", "")) for name, count in boxes if name == "all"], [self.report.count()]
        )
        drawn = merged(
            (re.sub(r"_\[k\]$", "", html.unescape(name)), int(count.replace(",", ""))) for name, count in boxes
        )
        for name in ("burn_heavy", "burn_light", "spin_here", "main"):
            with self.subTest(name):
                self.assertAlmostEqual(
                    100 * drawn[name] / self.report.count(), self.expected[name][1], delta=0.001
                )

    def test_folded(self):
        """The folded stacks hold every sample, with the process's name first and kernel frames marked."""
        counts = {}
        with open(self.path("report.folded"), encoding="utf-8") as lines:
            for line in lines:
                stack, count = line.rsplit(" ", 1)
                comm = stack.split(";")[0]
                counts[comm] = counts.get(comm, 0) + int(count)
        for comm in ("split", "spin", "clock"):
            self.assertEqual(counts[comm], self.report.by("comm")[comm])
        self.assertEqual(sum(counts.values()), self.report.count())

    def test_pprof(self):
        """`go tool pprof -top` shows the shares of the JSON records, as samples and as CPU time."""
        for index in ("samples", "cpu"):
            top = subprocess.run(
                [os.environ["GO"], "tool", "pprof", "-top", f"-sample_index={index}", "-nodecount=100000",
                 "-nodefraction=0", "-edgefraction=0", "-symbolize=none", self.path("report.pprof")],
                check=True, capture_output=True, text=True, timeout=60,
                env={**os.environ, "HOME": self.folder, "GOCACHE": self.folder, "GOFLAGS": "-mod=mod"},
            ).stdout
            rows = re.findall(
                r"^\s*\S+\s+([\d.]+)%\s+[\d.]+%\s+\S+\s+([\d.]+)%\s+(\S+)(?: \(inline\))?$", top, re.M
            )
            shown = {name: (float(own), float(total)) for own, total, name in rows}
            for name, (own, total) in self.expected.items():
                with self.subTest(index=index, name=name):
                    # pprof prints at most two digits after the point, and three in all.
                    self.assertAlmostEqual(shown[name][0], own, delta=0.05)
                    self.assertAlmostEqual(shown[name][1], total, delta=0.05)

    def test_pprof_labels(self):
        """pprof can select by the labels that name a process."""
        spin = self.report.by("comm")["spin"]
        top = subprocess.run(
            [os.environ["GO"], "tool", "pprof", "-top", "-sample_index=samples", "-tagfocus=comm=spin",
             "-symbolize=none", self.path("report.pprof")],
            check=True, capture_output=True, text=True, timeout=60,
            env={**os.environ, "HOME": self.folder, "GOCACHE": self.folder},
        ).stdout
        self.assertRegex(top, rf"(?m)^Showing nodes accounting for \d+, [\d.]+% of {self.report.count()} total")
        with_callees = re.search(r"(?m)^\s*\S+\s+\S+\s+\S+\s+(\d+)\s+\S+\s+spin_here$", top)
        self.assertAlmostEqual(int(with_callees[1]) / spin, 1, delta=0.02)


class Schema(TracingTest):
    def setUp(self):
        super().setUp()
        with open(self.path("schema"), "w", encoding="utf-8") as schema:
            subprocess.run([SONDE, "--schema"], check=True, stdout=schema, timeout=60)

    def validate(self, file):
        return subprocess.run(
            [SYSTEM_PYTHON, "-c", VALIDATE, self.path("schema"), file], capture_output=True, text=True, timeout=120
        )

    def check(self, command, *sessions):
        """Each line is valid. The types of all of them."""
        types = set()
        for number, arguments in enumerate(sessions):
            with self.subTest(arguments):
                file = self.path(f"{number}.json")
                subprocess.run(
                    [SONDE, command, "-f", "json", "-o", file, *arguments],
                    check=True, stdout=subprocess.DEVNULL, timeout=60,
                )
                checked = self.validate(file)
                self.assertEqual(checked.returncode, 0, checked.stderr)
                with open(file, encoding="utf-8") as lines:
                    types.update(json.loads(line)["type"] for line in lines)
        return types

    def test_cpu(self):
        """Each line of `sonde cpu` is valid by the schema that the program prints."""
        self.spawn(program("spin"))
        types = self.check("cpu", ["-d", "300ms"], ["-d", "500ms", "-i", "200ms"], ["-p", "1", "-d", "100ms"])
        self.assertEqual(types, {"header", "stack", "interval", "summary"})

    def test_syscall(self):
        """So is each line of `sonde syscall`, whatever it is asked for."""
        work = ["--", program("calls"), "threads=2", "getppid=50", "openat=5", "close=5", "sleep=5", "block=1"]
        keys = ["process", "thread", "cgroup", "errno"]
        types = self.check(
            "syscall", work, ["--count", *work], *(["--by", key, *work] for key in keys),
            ["--by", ",".join(keys), "--histogram", "--errors", *work], ["-i", "10ms", "--histogram", *work],
            ["--stacks", *work], ["--stacks", "--weight", "time", *work], ["--stacks", "--weight", "errors", *work],
            ["-d", "300ms", "--", "sleep", "1"], ["--trace", *work], ["--trace", "-d", "300ms", "--", "sleep", "1"],
            ["--trace", "--strings", "4096", "--", program("arguments"), self.path("file")],
            ["--trace", "--", program("fault"), self.path("pages")],
        )
        self.assertEqual(
            types,
            {"header", "syscall", "syscall_error", "histogram", "in_flight", "stack", "call", "interval", "summary"},
        )

    def test_can_fail(self):
        """The schema refuses what it should: a count that is no number."""
        wrong = [
            {"type": "stack", "pid": 1, "tid": 1, "comm": "x", "count": "1", "frames": []},
            {"type": "syscall_error", "name": "openat", "nr": 257, "error": "ENOENT", "calls": "1"},
        ]
        for record in wrong:
            file = self.write("wrong.json", json.dumps(record) + "\n")
            self.assertIn("ValidationError", self.validate(file).stderr)


class Intervals(TracingTest):
    def test_add_up(self):
        """The intervals divide the samples among themselves; the books are those of the session."""
        self.spawn(program("spin"))
        # How many there are depends on how late a busy machine gets to them.
        report = self.trace("-d", "4", "-i", "500ms", "-F", "499")
        intervals = [record for record in report.records if record["type"] == "interval"]
        self.assertTrue(intervals)
        self.assertEqual([record["index"] for record in intervals], list(range(1, len(intervals) + 1)))
        for record in intervals:
            self.assertEqual(record["accounting"][0]["tracer"], "cpu")
        self.assertIsInstance(report, Report)


if __name__ == "__main__":
    main()
