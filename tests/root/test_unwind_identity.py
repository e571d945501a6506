"""Kernel-unwound stacks against elfutils' of the same registers and the same stack, sample by sample.

tests/bench/unwind.py does the same with more programs and for longer.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from tracing import PROGRAMS, TracingTest, main

sys.path.insert(0, os.environ["WORKLOADS"])
from workloads import WORKLOADS  # noqa: E402


class Identity(TracingTest):
    def check(self, name, identical=1, entry=1, seconds="1.2", samples=20):
        """`identical`: the share of stacks that must be, frame by frame, of those that elfutils could follow in the
        copy of the stack. `entry`: the share that must reach it."""
        with WORKLOADS[name](Path(PROGRAMS), self.folder) as pid:
            time.sleep(0.5)
            result = subprocess.run([os.environ["CHECK_STACKS"], str(pid), seconds, "499"], capture_output=True, text=True,
                                    timeout=100)
        self.assertEqual(result.returncode, 0, result.stderr)
        verdict = json.loads(result.stdout)
        self.assertEqual(verdict["lost"], 0)
        self.assertGreater(verdict["samples"], samples, verdict)
        comparable = verdict["samples"] - verdict["longer_than_copy"]
        self.assertGreaterEqual(verdict["identical"], identical * comparable, verdict)
        self.assertGreaterEqual(verdict["reach_entry"], entry * verdict["samples"], verdict)

    def test_shapes(self):
        """Variable frames, callbacks of libc, its hand-written functions, the vDSO, signal handlers, threads."""
        for name in ("alloca", "qsort", "malloc", "memcpy", "vdso", "SA_SIGINFO", "thread"):
            with self.subTest(name):
                self.check(name)

    def test_exceptions(self):
        """GCC's tables are wrong within eh_return, for elfutils as for us."""
        self.check("exceptions", identical=0.99, entry=0.97)

    def test_python(self):
        """The interpreter in its own recursion."""
        self.check("python3", identical=0.995, entry=0.995)

    def test_redis(self):
        """A server that spends half of its time in the kernel."""
        self.check("redis", identical=0.99, entry=0.99)


if __name__ == "__main__":
    main()
