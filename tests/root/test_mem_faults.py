"""`sonde mem`: the growth of resident memory by stack, held against /proc/PID/smaps_rollup."""

import json
import os
import re
import signal
import subprocess

from tracing import SONDE, TracingTest, main, program

KIB = 1 << 10
MIB = 1 << 20
PAGE = os.sysconf("SC_PAGESIZE")
GROWS = program("grows")
SITES = ("fault_site", "release_site", "map_site", "unmap_site", "copy_site", "major_fault_site")


def smaps(pid):
    """{field: bytes} of the kernel's own walk over the page tables."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as lines:
        return {key: int(kib) * KIB for key, kib in re.findall(r"^(\w+): +(\d+) kB$", lines.read(), re.M)}


class MemReport:
    def __init__(self, lines):
        self.records = [json.loads(line) for line in lines]
        self.header = self.records[0]
        self.summary = self.records[-1]
        (self.books,) = self.summary["accounting"]

    def of(self, record, /, **wanted):
        return [r for r in self.records if r["type"] == record and all(r[k] == v for k, v in wanted.items())]

    def bytes(self, record, through=None, /, **wanted):
        return sum(r["bytes"] for r in self.of(record, **wanted) if not through or through in names(r))

    def count(self, record, through=None, /, **wanted):
        return sum(r["count"] for r in self.of(record, **wanted) if not through or through in names(r))

    def process(self, pid):
        """Its row of the last report."""
        return self.of("process_memory", pid=pid)[-1]


def names(record):
    return {frame["name"] for frame in record["frames"]}


class MemTest(TracingTest):
    def start(self, *arguments):
        """`sonde mem` in the background, once it records."""
        sonde = subprocess.Popen(
            [SONDE, "mem", "-f", "json", "-i", "200ms", *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        self.addCleanup(self._stop, sonde)
        sonde.lines = []
        while not sonde.lines or json.loads(sonde.lines[-1])["type"] != "interval":
            line = sonde.stdout.readline()
            self.assertTrue(line, "".join(sonde.lines))
            sonde.lines.append(line)
        return sonde

    def finish(self, sonde):
        sonde.send_signal(signal.SIGINT)
        out, err = sonde.communicate(timeout=120)
        self.assertEqual(sonde.returncode, 0, err)
        return self.check(MemReport(sonde.lines + out.splitlines()))

    @staticmethod
    def _stop(process):
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()

    def check(self, report):
        """Books balance, and the records are what they count."""
        self.assert_balanced(report.books)
        self.assertEqual(sum(r["count"] for r in report.records if r["type"] in SITES), report.books["reported"])
        self.assertEqual(sum(report.books["lost"].values()), 0, report.books)
        return report

    def trace_command(self, *command, options=(), stdin=""):
        file = self.path("report.json")
        result = subprocess.run(
            [SONDE, "mem", "-f", "json", "-o", file, *options, "--", *command],
            input=stdin, capture_output=True, text=True, timeout=120,
        )
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(file, encoding="utf-8") as lines:
            return self.check(MemReport(lines.read().splitlines()))

    def tell(self, process, *commands):
        for command in commands:
            process.stdin.write(command + "\n")
            process.stdin.flush()
            self.assertEqual(process.stdout.readline(), "done\n")

    def grow(self, *commands, before=(), options=()):
        """What sonde and smaps_rollup say of the commands: report, pid, change of RSS."""
        process = self.spawn(GROWS)
        self.tell(process, *before)
        sonde = self.start("-p", str(process.pid), *options)
        then = smaps(process.pid)
        self.tell(process, *commands)
        now = smaps(process.pid)
        report = self.finish(sonde)
        change = now["Rss"] - then["Rss"]
        net = report.bytes("fault_site") - report.bytes("release_site")
        self.assertAlmostEqual(net, change, delta=max(abs(change) / 100, 16 * PAGE), msg=commands)
        row = report.process(process.pid)
        self.assertAlmostEqual(row["rss_after_bytes"], now["Rss"], delta=16 * PAGE)
        self.assertAlmostEqual(row["pss_after_bytes"], now["Pss"], delta=64 * KIB)
        return report, change


class Growth(MemTest):
    def test_anonymous(self):
        """Every page that a function touches is its own, and no other's."""
        report, _ = self.grow("anonymous 48")
        self.assertEqual(report.bytes("fault_site", "grow_anonymous", kind="anonymous", cause="fault"), 48 * MIB)
        self.assertEqual(report.count("fault_site", "grow_anonymous", kind="anonymous"), 48 * MIB // PAGE)
        self.assertEqual(report.bytes("map_site", "grow_anonymous", cause="mmap"), 48 * MIB)

    def test_huge_pages_weigh_what_they_are(self):
        """With MADV_HUGEPAGE a fault brings up to 2 MiB; the bytes are those of /proc all the same."""
        report, change = self.grow("huge 64")
        self.assertGreaterEqual(change, 64 * MIB)
        self.assertEqual(report.bytes("fault_site", "grow_huge", kind="anonymous"), 64 * MIB)
        if self.has_huge_pages():
            self.assertLess(report.count("fault_site", "grow_huge"), 64 * MIB // PAGE // 4)

    @staticmethod
    def has_huge_pages():
        with open("/sys/kernel/mm/transparent_hugepage/enabled", encoding="ascii") as file:
            return "[never]" not in file.read()

    def test_file_pages_that_one_fault_brings(self):
        """The kernel maps the pages around a fault, too: they count, as file pages."""
        path = self.path("data")
        with open(path, "wb") as file:
            file.write(os.urandom(MIB) * 32)
        report, _ = self.grow(f"file {path}")
        # With pages around its own code, perhaps.
        self.assertAlmostEqual(report.bytes("fault_site", "grow_file", kind="file"), 32 * MIB, delta=64 * PAGE)
        self.assertLess(report.count("fault_site", "grow_file", kind="file"), 32 * MIB // PAGE)

    def test_shared_memory(self):
        """Shared anonymous memory is shmem."""
        report, _ = self.grow("shared 16")
        self.assertEqual(report.bytes("fault_site", "grow_shared", kind="shmem"), 16 * MIB)

    def test_heap(self):
        """brk() grows the address space, touching it the resident memory."""
        report, _ = self.grow("brk 16")
        self.assertEqual(report.bytes("map_site", "grow_brk", cause="brk"), 16 * MIB)
        self.assertEqual(report.bytes("fault_site", "grow_brk", kind="anonymous", cause="fault"), 16 * MIB)

    def test_touched_by_the_kernel(self):
        """Memory that a system call fills is charged to it."""
        report, _ = self.grow("read 16")
        self.assertEqual(report.bytes("fault_site", "grow_read", kind="anonymous", cause="read"), 16 * MIB)

    def test_threads(self):
        """Counters that several CPUs change at once lose no page. What one tells for another is taken back there."""
        report, change = self.grow("threads 24")
        self.assertGreaterEqual(change, 96 * MIB)
        grown = report.bytes("fault_site", "touch_in_thread", kind="anonymous")
        taken_back = report.bytes("release_site", "touch_in_thread", kind="anonymous")
        self.assertEqual(grown - taken_back, 96 * MIB)
        self.assertLess(taken_back, MIB)

    def test_sampled_by_bytes(self):
        """Few changes have their stack taken, and stand for the others; large ones are told as they are."""
        process = self.spawn(GROWS)
        sonde = self.start("-p", str(process.pid), "--sample-bytes", "64K")
        self.tell(process, "anonymous 48", "huge 64")
        report = self.finish(sonde)
        pages = 48 * MIB // PAGE
        self.assertGreaterEqual(report.books["seen"], pages)
        self.assertEqual(report.books["filtered"], report.books["seen"] - report.books["reported"])
        # 768 samples are expected: one standard deviation is 28, or 3.6 % of the bytes.
        self.assertAlmostEqual(report.count("fault_site", "grow_anonymous"), 768, delta=6 * 28)
        self.assertAlmostEqual(report.bytes("fault_site", "grow_anonymous"), 48 * MIB, delta=6 * 0.036 * 48 * MIB)
        # Exact in huge pages, of which a fragmented machine may not have enough.
        self.assertAlmostEqual(report.bytes("fault_site", "grow_huge"), 64 * MIB, delta=6 * 0.036 * 64 * MIB)
        self.assertTrue(any("sampled once in 65536 bytes" in notice for notice in report.summary["notices"]))

    def test_bounded(self):
        """The largest stack of each measure is told apart, and the others are sums: nothing is missing."""
        report, _ = self.grow("anonymous 48", "shared 8", "threads 4", "brk 4", options=("--max-stacks", "1"))
        self.assertEqual(report.bytes("fault_site", "grow_anonymous", kind="anonymous", cause="fault"), 48 * MIB)
        others = [site for site in report.of("fault_site") if site["frames"][0]["name"] == "[other stacks]"]
        self.assertEqual(len(report.of("fault_site")), 1 + len(others))
        self.assertEqual(len(others), len({(site["comm"], site["kind"], site["cause"]) for site in others}))
        self.assertTrue(all(site["pid"] == 0 for site in others), others)
        self.assertTrue(any("1 largest stacks are told apart" in notice for notice in report.summary["notices"]))

    def test_without_page_faults(self):
        """Growth is the same; copies are neither looked for nor told."""
        report, _ = self.grow("anonymous 16", options=("--no-page-faults",))
        self.assertEqual(report.bytes("fault_site", "grow_anonymous", kind="anonymous", cause="fault"), 16 * MIB)
        self.assertEqual(report.of("copy_site") + report.of("major_fault_site"), [])
        self.assertIn(("page faults", "missing"), [(entry["feature"], entry["state"]) for entry in report.header["plan"]])

    def test_given_back(self):
        """madvise and munmap give back, at their own stacks, what was there before sonde was."""
        report, change = self.grow("discard", before=("anonymous 32",))
        self.assertLessEqual(change, -32 * MIB + 16 * PAGE)
        self.assertEqual(report.bytes("release_site", "discard", kind="anonymous", cause="madvise"), 32 * MIB)
        report, _ = self.grow("unmap", before=("anonymous 32",))
        self.assertEqual(report.bytes("release_site", "unmap", kind="anonymous", cause="munmap"), 32 * MIB)
        self.assertEqual(report.bytes("unmap_site", "unmap", cause="munmap"), 32 * MIB)

    def test_all_at_once(self):
        """The sum of growth less what was given back is the change that /proc tells."""
        path = self.path("data")
        with open(path, "wb") as file:
            file.write(bytes(8 * MIB))
        self.grow("anonymous 16", "huge 8", f"file {path}", "shared 8", "threads 4", "brk 4", "read 4", "discard",
                  "anonymous 8", "unmap")

    def test_without_call_frame_information(self):
        """Also on a kernel that can do less: bytes are the same, causes are not known."""
        report, _ = self.grow("anonymous 16", options=("--stacks", "fp"))
        self.assertEqual(report.bytes("fault_site", "touch", kind="anonymous", cause=None), 16 * MIB)
        report, _ = self.grow("anonymous 16", options=("--no-feature", "page_fault", "--no-feature", "mmap_lock"))
        self.assertEqual(report.of("map_site"), [])

    def test_by_the_shared_counter_only(self):
        """Where the CPUs' parts of the counters cannot be read, the sum is right within what they hold back."""
        process = self.spawn(GROWS)
        sonde = self.start("-p", str(process.pid), "--no-feature", "exact_rss")
        then = smaps(process.pid)
        self.tell(process, "anonymous 64")
        change = smaps(process.pid)["Rss"] - then["Rss"]
        report = self.finish(sonde)
        # A CPU holds back less than percpu_counter_batch pages: max(32, 2 * CPUs).
        batch = max(32, 2 * os.cpu_count()) * PAGE * os.cpu_count()
        self.assertAlmostEqual(report.bytes("fault_site"), change, delta=3 * batch)


class Processes(MemTest):
    def test_command_from_its_first_page(self):
        """A program's whole memory is explained: it began with nothing."""
        report = self.trace_command(GROWS, stdin="anonymous 16\n")
        self.assertEqual(report.bytes("fault_site", "grow_anonymous", kind="anonymous"), 16 * MIB)
        # All of it was given back at the end.
        self.assertEqual(report.bytes("fault_site"), report.bytes("release_site"))
        self.assertGreaterEqual(report.bytes("release_site", cause="exit"), 16 * MIB)
        self.assertGreater(report.bytes("fault_site", cause="execve"), 0)

    def test_fork(self):
        """A child begins with its parent's pages, at the parent's fork(), and its writes cost copies."""
        report = self.trace_command(GROWS, stdin="anonymous 16\nfork\n")
        parent = report.of("fault_site", kind="anonymous", cause="fault")[0]["pid"]
        (child,) = {r["pid"] for r in report.of("fault_site", cause="fork")}
        self.assertNotEqual(child, parent)
        self.assertGreaterEqual(report.bytes("fault_site", "copy_in_child", cause="fork", pid=child), 16 * MIB)
        copies = report.count("copy_site", "copy_in_child", pid=child)
        # And its stack and data.
        self.assertGreaterEqual(copies, 16 * MIB // PAGE)
        self.assertLess(copies, 16 * MIB // PAGE + 64)
        for pid in (parent, child):
            self.assertEqual(report.bytes("fault_site", pid=pid), report.bytes("release_site", pid=pid), pid)

    def test_exec(self):
        """What a program had before execve() is given back by it."""
        report = self.trace_command("/bin/sh", "-c", f"exec {GROWS}", stdin="anonymous 4\n")
        self.assertGreater(report.bytes("release_site", cause="execve"), 0)
        self.assertEqual(report.bytes("fault_site"), report.bytes("release_site"))

    def test_by_name(self):
        """A process is found by its name, also one that was there before; others are not shown."""
        process = self.spawn(GROWS)
        sonde = self.start("--comm", "grows")
        self.tell(process, "anonymous 32")
        report = self.finish(sonde)
        self.assertEqual(report.bytes("fault_site", "grow_anonymous", pid=process.pid), 32 * MIB)
        self.assertEqual({r["comm"] for r in report.of("fault_site")}, {"grows"})
        rows = report.of("process_memory", pid=process.pid)
        self.assertEqual(sum(r["growth_bytes"] for r in rows), report.bytes("fault_site", pid=process.pid))
        self.assertEqual(sum(r["unattributed_bytes"] for r in rows), 0)

    def test_started_later(self):
        """A burst of faults of a program whose tables are not made yet loses no page; its leaf is known."""
        sonde = self.start("--comm", "grows")
        process = self.spawn(GROWS, ready=False)
        process.stdin.write("anonymous 32\n")
        process.stdin.flush()
        self.assertEqual([process.stdout.readline() for _ in range(2)], ["ready\n", "done\n"])
        report = self.finish(sonde)
        self.assertEqual(report.bytes("fault_site", "touch", pid=process.pid, kind="anonymous"), 32 * MIB)

    def test_major_faults(self):
        """Pages that are not in memory are waited for: as often as the kernel says, and with a time."""
        path = self.path("data")
        with open(path, "wb") as file:
            file.write(os.urandom(MIB) * 8)
            file.flush()
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        process = self.spawn(GROWS)
        sonde = self.start("-p", str(process.pid))

        def majors():
            with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
                return int(file.read().rsplit(")", 1)[1].split()[9])

        before = majors()
        self.tell(process, f"file {path}")
        count = majors() - before
        report = self.finish(sonde)
        self.assertEqual(report.count("major_fault_site"), count)
        for record in report.of("major_fault_site"):
            self.assertGreater(record["time_ns"], 0)


class Formats(MemTest):
    def test_folded_is_growth_in_bytes(self):
        """flamegraph.pl gets one graph, whose sum is the growth."""
        result = subprocess.run([SONDE, "mem", "-f", "folded", "--", GROWS], input="anonymous 16\n",
                                capture_output=True, text=True, timeout=120)
        self.assertEqual(result.returncode, 0, result.stderr)
        lines = [line for line in result.stdout.splitlines() if ";" in line]
        grown = sum(int(line.rsplit(" ", 1)[1]) for line in lines if ";grow_anonymous;" in line
                    and ";[anonymous];" in line)
        self.assertEqual(grown, 16 * MIB)

    def test_pprof(self):
        """go tool pprof opens growth in bytes; what was given back is another sample type."""
        file = self.path("profile.pb.gz")
        subprocess.run([SONDE, "mem", "-q", "-o", file, "--", GROWS], input="anonymous 16\n", text=True, check=True,
                       capture_output=True, timeout=120)
        env = dict(os.environ, HOME=self.path("."), PPROF_TMPDIR=self.path("."))

        def top(*options):
            return subprocess.run([os.environ["GO"], "tool", "pprof", "-top", "-unit=b", *options, file], env=env,
                                  capture_output=True, text=True, check=True, timeout=120).stdout

        self.assertIn("Type: growth", top())
        self.assertRegex(top("-tagfocus=kind=anonymous"), rf"(?m){16 * MIB}B +[\d.]+% +grow_anonymous$")
        self.assertIn("Type: released", top("-sample_index=released"))

    def test_table(self):
        """People see sums by kind and cause, and processes before and after."""
        process = self.spawn(GROWS)
        sonde = subprocess.Popen([SONDE, "mem", "-i", "300ms", "-p", str(process.pid)], stdout=subprocess.PIPE,
                                 text=True)
        while sonde.stdout.readline().strip():  # the first interval
            pass
        self.tell(process, "anonymous 16")
        sonde.send_signal(signal.SIGINT)
        out, _ = sonde.communicate(timeout=120)
        self.assertRegex(out, r"(?m)^Growth of resident memory: ")
        self.assertRegex(out, r"(?m)KIND +CAUSE$")
        self.assertRegex(out, rf"(?m)^ +{process.pid} .* grows$")


if __name__ == "__main__":
    main()
