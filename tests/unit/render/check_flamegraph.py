"""Draws the folded stacks of render_sample with flamegraph.pl and compares the frames with figures computed by hand.

usage: check_flamegraph.py RENDER_SAMPLE FLAMEGRAPH
"""

import html
import re
import subprocess
import sys
import unittest
import xml.dom.minidom

RENDER_SAMPLE, FLAMEGRAPH = sys.argv[1:3]


def flame_graph(report):
    folded = subprocess.run([RENDER_SAMPLE, report, "folded"], capture_output=True, check=True).stdout
    return subprocess.run([FLAMEGRAPH], input=folded, capture_output=True, check=True)


def frames(svg):
    """[(function, samples, percent)] of the frames' titles."""
    titles = re.findall(r"<title>(.*) \(([\d,]+) samples, ([\d.]+)%\)</title>", svg)
    return sorted((html.unescape(name), int(count.replace(",", "")), float(share)) for name, count, share in titles)


class FlameGraph(unittest.TestCase):
    def test_frames_agree_with_hand_computed_sums(self):
        """Every frame, with its samples and its share of all 200, kernel, inlined and JIT frames marked."""
        done = flame_graph("cpu")
        self.assertEqual(done.stderr, b"")
        # flamegraph.pl itself turns <> into ().
        self.assertEqual(frames(done.stdout.decode()), sorted([
            ("all", 200, 100),
            ("split", 175, 87.5), ("_start", 175, 87.5), ("main", 175, 87.5), ("hot", 145, 72.5), ("warm", 30, 15),
            ("clamp(int)(int const&)_[i]", 40, 20),
            ("asm_exc_page_fault_[k]", 5, 2.5), ("clear_page_rep_[k]", 5, 2.5),
            ("worker", 15, 7.5), ("[libc.so.6+0x29d90]", 15, 7.5),
            ("fib", 15, 7.5), ("fib", 15, 7.5), ("fib", 15, 7.5),
            ("java", 8, 4), ("[libc.so.6+0x29d90]", 8, 4), ("LHello:::run_[j]", 8, 4),
            ("gone", 2, 1),
        ]))

    def test_hostile_names_stay_in_their_frame(self):
        """No line is refused or taken for a differential one, and the drawing is well-formed XML."""
        done = flame_graph("hostile")
        self.assertEqual(done.stderr, b"")
        xml.dom.minidom.parseString(done.stdout)
        counts = [count for _, count, _ in frames(done.stdout.decode())]
        self.assertEqual(counts, [1, 1, 1])  # all, the process, its one function


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
