"""Reads the profile of render_sample with `go tool pprof` and compares it with figures computed by hand.

usage: check_pprof.py RENDER_SAMPLE GO
"""

import os
import re
import subprocess
import sys
import tempfile
import unittest

RENDER_SAMPLE, GO = sys.argv[1:3]
PERIOD = 10101010


def render(report, directory):
    path = os.path.join(directory, report + ".pb.gz")
    with open(path, "wb") as out:
        subprocess.run([RENDER_SAMPLE, report, "pprof"], stdout=out, check=True)
    return path


class Pprof(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.profile = render("cpu", cls.directory.name)

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()

    def pprof(self, *arguments, profile=None):
        # pprof keeps settings and downloads below HOME, and looks for binaries there.
        env = dict(os.environ, HOME=self.directory.name, PPROF_TMPDIR=self.directory.name)
        done = subprocess.run([GO, "tool", "pprof", *arguments, profile or self.profile],
                              env=env, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def top(self, *arguments):
        """{function: (flat, cumulative)} of -top."""
        rows = re.findall(r"^ *(\d+)\w* +[\d.]+% +[\d.]+% +(\d+)\w* +[\d.]+% +(.+)$",
                          self.pprof("-top", "-nodecount=100", "-nodefraction=0", *arguments), re.M)
        return {name: (int(flat), int(cumulative)) for flat, cumulative, name in rows}

    def test_samples_agree_with_hand_computed_sums(self):
        """Self and total samples of each function, recursion counted once, C++ parameters kept."""
        self.assertEqual(self.top("-sample_index=samples"), {
            "hot": (100, 145),
            "clamp<int>(int const&) (inline)": (40, 40),
            "warm": (30, 30),
            "fib": (15, 15),
            "LHello;::run": (8, 8),
            "clear_page_rep": (5, 5),
            "asm_exc_page_fault": (0, 5),
            "main": (0, 175),
            "_start": (0, 175),
            "[libc.so.6+0x29d90]": (0, 23),
            "[no stack]": (2, 2),
        })

    def test_shares_agree_with_the_table(self):
        """The same percentages as tests/golden/render/cpu.txt shows: both are of 200 samples."""
        text = self.pprof("-top", "-nodefraction=0", "-sample_index=samples")
        self.assertRegex(text, r"of 200 total|Total samples = 200\b")
        self.assertRegex(text, r"100 50\.00% +[\d.]+% +145 72\.50% +hot")
        self.assertRegex(text, r"0 +0% +[\d.]+% +175 87\.50% +main")

    def test_cpu_time_is_the_default(self):
        """Without -sample_index pprof shows CPU time: 100 samples of 10101010 ns are 1010.101 ms."""
        text = self.pprof("-top", "-unit=ns")
        self.assertIn("Type: cpu", text)
        self.assertRegex(text, rf"(?m)^ *{100 * PERIOD}ns +50\.00% ")

    def test_labels_select_processes(self):
        """pid, tid and comm are labels that pprof can focus on."""
        self.assertEqual(self.top("-sample_index=samples", "-tagfocus=pid=100")["hot"], (100, 145))
        self.assertEqual(set(self.top("-sample_index=samples", "-tagfocus=comm=java")),
                         {"LHello;::run", "[libc.so.6+0x29d90]"})
        self.assertEqual(self.top("-sample_index=samples", "-tagfocus=tid=201")["fib"], (15, 15))

    def test_raw_holds_what_the_report_holds(self):
        """Period, time, mappings with build-ids, and the inlined function before the one it was inlined into."""
        raw = self.pprof("-raw")
        self.assertIn("PeriodType: cpu nanoseconds", raw)
        self.assertIn(f"Period: {PERIOD}", raw)
        self.assertIn("Time: 2024-05-06 07:08:09.123 +0000 UTC", raw)
        self.assertIn("Duration: 2", raw)
        self.assertIn("samples/count cpu/nanoseconds[dflt]", raw)
        self.assertIn("1: 0x0/0x2000/0x0 /usr/bin/split 00112233445566778899aabbccddeeff00112233 [FN][FL][LN][IN]", raw)
        self.assertRegex(raw, r"0xffffffff81a00000/0xffffffff82002000/0x0 \[kernel\]")
        self.assertRegex(raw, r"(?m)^ +\d+: 0x1140 M=1 clamp<int>\(int const&\) /src/split/clamp\.h:7.*\n +hot /src/split/split\.cpp:21")

    def test_comments_hold_books_and_cost(self):
        """The profile itself says what was lost and what it cost."""
        comments = self.pprof("-comments")
        self.assertIn("seen 215 = reported 200 + filtered 10 + lost 4 (map_full 3, stack_map_full 1) + in flight 1",
                      comments)
        self.assertIn("0.45 % of one CPU", comments)
        self.assertIn("stopped after 200 samples (--max-samples)", comments)

    def test_no_complaints(self):
        """pprof finds nothing to warn about and looks for no binary on this machine."""
        env = dict(os.environ, HOME=self.directory.name, PPROF_TMPDIR=self.directory.name)
        done = subprocess.run([GO, "tool", "pprof", "-top", self.profile], env=env, capture_output=True, text=True)
        self.assertEqual(done.stderr, "")

    def test_memory_reads_as_gos_heap_profiles(self):
        """The default type is the profile's choice, the period is of bytes, and details are labels."""
        profile = render("memory", self.directory.name)
        raw = self.pprof("-raw", profile=profile)
        self.assertIn("PeriodType: space bytes", raw)
        self.assertIn(f"Period: {512 << 10}", raw)
        self.assertIn("growth/bytes[dflt] growths/count released/bytes ", raw)
        self.assertIn("inuse_space/bytes inuse_objects/count alloc_space/bytes alloc_objects/count", raw)
        text = self.pprof("-top", "-unit=b", "-sample_index=inuse_space", "-tagfocus=growing=yes", profile=profile)
        self.assertRegex(text, r"(?m)^ *3000B .* leak$")
        text = self.pprof("-top", "-unit=b", "-tagfocus=kind=file", profile=profile)
        self.assertRegex(text, rf"(?m)^ *{1 << 20}B .* fill$")

    def test_hostile_names_are_read(self):
        """Names that are not UTF-8 do not stop pprof from reading the profile."""
        text = self.pprof("-top", "-sample_index=samples", profile=render("hostile", self.directory.name))
        self.assertIn("100%", text)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
