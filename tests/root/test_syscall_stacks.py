"""`sonde syscall --stacks`: who makes the calls."""

import html
import os
import re
import subprocess

from syscalls import SyscallTest
from tracing import SONDE, main, program, undisturbed

CALLERS = program("callers")


def folded(text):
    """{frames, root first: value}."""
    stacks = {}
    for line in text.splitlines():
        stack, value = line.rsplit(" ", 1)
        frames = tuple(stack.split(";"))
        stacks[frames] = stacks.get(frames, 0) + int(value)
    return stacks


def through(stacks, function, call=None):
    return sum(
        value for frames, value in stacks.items()
        if function in frames and (call is None or frames[-1].removesuffix("_[k]") == f"syscall:{call}")
    )


class Stacks(SyscallTest):
    def folded(self, *options, often=7000, seldom=3000):
        result = subprocess.run(
            [SONDE, "syscall", "--stacks", "-f", "folded", "-o", self.path("report.folded"), *options, "--", CALLERS,
             str(often), str(seldom)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        )
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(self.path("report.folded"), encoding="utf-8") as lines:
            return folded(lines.read())

    def test_counts(self):
        """Each function's calls are counted at its own stack, under the name of the call, exactly."""
        stacks = self.folded()
        self.assertEqual(through(stacks, "call_often", "getppid"), 7000)
        self.assertEqual(through(stacks, "call_seldom", "getppid"), 3000)
        self.assertEqual(through(stacks, "call_in_vain", "close"), 10000)
        self.assertEqual(through(stacks, "main", "getppid"), 10000)
        for frames in stacks:
            self.assertEqual(frames[0], "callers")
            self.assertRegex(frames[-1], r"^syscall:\w+")

    def test_sum(self):
        """All stacks together are all calls; rows and stacks tell the same."""
        report = self.trace("--stacks", "--", CALLERS, "500", "200")
        lost = report.books["truncated"]["stack_map_full"] + report.books["truncated"]["stack_ring_full"]
        self.assertEqual(sum(stack["calls"] for stack in report.of("stack")) + lost, report.books["reported"])
        self.assertEqual(report.count("getppid"), 700)

    def test_only_what_passes_the_filters(self):
        """Stacks are taken for calls that pass, and for no other."""
        stacks = self.folded("-e", "getppid")
        self.assertEqual({frames[-1].removesuffix("_[k]") for frames in stacks}, {"syscall:getppid"})
        self.assertEqual(sum(stacks.values()), 10000)
        stacks = self.folded("--failed", "-e", "getppid,close")
        self.assertEqual((sum(stacks.values()), through(stacks, "call_in_vain")), (10000, 10000))

    def test_weight_errors(self):
        """--weight errors counts calls that failed."""
        stacks = self.folded("--weight", "errors", "-e", "getppid,close")
        self.assertEqual((sum(stacks.values()), through(stacks, "call_in_vain", "close")), (10000, 10000))

    @undisturbed
    def test_weight_time(self):
        """--weight time adds up durations: more for the function that calls more."""
        stacks = self.folded("--weight", "time", "-e", "getppid", often=40000, seldom=4000)
        self.assertGreater(through(stacks, "call_often"), 4 * through(stacks, "call_seldom"))
        self.assertGreater(through(stacks, "call_seldom"), 4000 * 10)

    def test_flamegraph(self):
        """flamegraph.pl draws the counts."""
        stacks = self.folded("-e", "getppid,close")
        svg = subprocess.run(
            [os.environ["PERL"], os.environ["FLAMEGRAPH"], "--minwidth", "0", self.path("report.folded")],
            check=True, capture_output=True, text=True, timeout=60,
        )
        self.assertEqual(svg.stderr, "")
        drawn = {}
        for name, count in re.findall(r"<title>(.*?) \(([\d,]+) samples, [\d.]+%\)</title>", svg.stdout):
            name = html.unescape(name)
            drawn[name] = drawn.get(name, 0) + int(count.replace(",", ""))
        self.assertEqual(
            (drawn["call_often"], drawn["call_seldom"], drawn["call_in_vain"]), (7000, 3000, 10000)
        )
        # The loader closes files, too.
        self.assertEqual(drawn["all"], sum(stacks.values()))


if __name__ == "__main__":
    main()
