"""sonde mem --alloc and --live report what a program knows that it did."""

import re
import sys

from allocations import EXACT, AllocationTest, preloading, program, says
from tracing import library, main

FIELDS = ("allocated_count", "allocated_bytes", "live_count", "live_bytes")


class Exact(AllocationTest):
    def assert_exact(self, report, times=1):
        expected = says(report.stdout)
        self.assertEqual(len(expected), 10, report.stdout)
        for name, numbers in expected.items():
            found = [report.sum(name, field) for field in FIELDS]
            self.assertEqual(found, [times * number for number in numbers], name)
        self.assertEqual(sum(report.books["lost"].values()), 0, report.books)

    def check(self, *command, **options):
        self.assert_exact(self.mem("--live", *EXACT, "--", *command, **options))

    def test_c_library(self):
        """Counts, bytes and leaks of each function are exact, in four threads and before main()."""
        self.check(program("allocs"))

    def test_static(self):
        """So they are where the allocator is in the program itself."""
        self.check(program("allocs_static"))

    def test_linked_allocators(self):
        """With jemalloc, tcmalloc and mimalloc linked in place of the C library's."""
        for allocator in ("jemalloc", "tcmalloc", "mimalloc"):
            with self.subTest(allocator):
                self.check(program(f"allocs_{allocator}"))

    def test_preloaded_allocators(self):
        """The same, preloaded."""
        for name in ("libjemalloc.so.2", "libtcmalloc_minimal.so.4", "libmimalloc.so.2"):
            with self.subTest(name):
                self.check(program("allocs"), env=preloading(library(name)))

    def test_musl(self):
        """With musl, shared and static."""
        for name in ("allocs_musl", "allocs_musl_static"):
            with self.subTest(name):
                self.check(program(name))

    def test_returns_of_every_call(self):
        """Kernels without sessions wait for the return of every call; the figures are the same."""
        report = self.mem(
            "--live", *EXACT, "--no-feature", "uprobe_session", "--", program("allocs")
        )
        self.assert_exact(report)
        self.assertEqual(
            next(e["state"] for e in report.header["plan"] if e["feature"] == "allocations"), "fallback"
        )

    def test_breakpoints_one_by_one(self):
        """Kernels without links of many breakpoints have a perf event for each; the figures are the same."""
        report = self.mem(
            "--live", *EXACT, "--no-feature", "uprobe_multi", "--", program("allocs")
        )
        self.assert_exact(report)
        self.assertEqual(
            next(e["hook"] for e in report.header["plan"] if e["feature"] == "allocations"), "uprobe"
        )

    def test_descendants(self):
        """What a command starts is traced from its first allocation, too, and what it execs."""
        report = self.mem(
            "--live", *EXACT, "--", "sh", "-c", '"$0" >/dev/null; exec "$0"', program("allocs")
        )
        self.assert_exact(report, times=2)

    def test_without_frees(self):
        """--alloc alone tells what was given out, and nothing of what lives."""
        report = self.mem("--alloc", *EXACT, "--", program("allocs"))
        for name, numbers in says(report.stdout).items():
            self.assertEqual([report.sum(name, field) for field in FIELDS[:2]], numbers[:2], name)
        self.assertNotIn("live_bytes", report.sites[0])


class Sampled(AllocationTest):
    def test_totals(self):
        """Sampled once in 64 KiB, all sites together are within 2 %, and each large one within 5 %."""
        report = self.mem(
            "--alloc", "--sample-bytes", "64K", "--max-overhead", "none", "--", program("alloc_sizes")
        )
        expected = says(report.stdout)
        self.assertEqual(len(expected), 4)
        for name, (calls, size) in expected.items():
            self.assertAlmostEqual(report.sum(name, "allocated_bytes") / size, 1, delta=0.05, msg=name)
            self.assertAlmostEqual(report.sum(name, "allocated_count") / calls, 1, delta=0.05, msg=name)
        total = sum(size for _, size in expected.values())
        found = sum(report.sum(name, "allocated_bytes") for name in expected)
        self.assertAlmostEqual(found / total, 1, delta=0.02)
        self.assertLess(report.books["reported"], report.books["seen"] / 4)
        self.assertIn("sampled once in 65536 bytes", report.notices)

    def test_error_of_large_allocations(self):
        """Each is sampled almost surely and counts as what it is, so next to nothing is uncertain."""
        script = "for i in range(500): bytearray(int(12345 * (18 + i * 0.028)))"
        report = self.mem(
            "--alloc", "--sample-bytes", "12345", "--max-overhead", "none", "--", sys.executable, "-c", script
        )
        (percent,) = re.findall(r"within ±([\d.]+) %", report.notices)
        self.assertLess(float(percent), 1)


class Live(AllocationTest):
    def test_growth_and_age(self):
        """What keeps growing is told from a cache that has filled, and old memory from young."""
        report = self.mem("--live", *EXACT, "--older-than", "4s", "--", program("alloc_grows"), "9")
        expected = says(report.stdout)
        for name in ("leak", "fill"):
            self.assertEqual(report.sum(name, "allocated_bytes"), expected[name][1])
        self.assertEqual([site["growing"] for site in report.of("leak")], [True])
        self.assertEqual([site["growing"] for site in report.of("fill")], [False])
        self.assertLess(report.sum("leak", "live_bytes"), expected["leak"][1])
        self.assertGreater(report.sum("leak", "live_bytes"), 0)
        self.assertEqual(report.sum("fill", "live_bytes"), 0)


if __name__ == "__main__":
    main()
