"""`sonde mem --kernel`: what the kernel allocates, and why it killed."""

import os
import resource
import socket
import subprocess
import unittest

from test_mem_faults import GROWS, MIB, MemReport, MemTest
from tracing import main

V1 = "/sys/fs/cgroup/memory"
PAIRS = 6000


def memory_cgroup(name):
    """A new cgroup of the memory controller, and the name of its limit; None where none can be made."""
    if os.path.isdir(V1):
        path, limit = os.path.join(V1, name), "memory.limit_in_bytes"
    else:
        path, limit = os.path.join("/sys/fs/cgroup", name), "memory.max"
    try:
        os.mkdir(path)
    except OSError:
        return None
    if os.path.exists(os.path.join(path, limit)):
        return path, limit
    os.rmdir(path)
    return None


class Kernel(MemTest):
    def check(self, report):
        self.assert_balanced(report.books)
        return report

    def test_killed_for_want_of_memory(self):
        """The report says who died, with what, at whose limit, and where it grew last."""
        made = memory_cgroup(f"sonde-test-{os.getpid()}")
        if made is None:
            raise unittest.SkipTest("no memory cgroup can be made here")
        path, limit = made
        self.addCleanup(os.rmdir, path)
        with open(os.path.join(path, limit), "w", encoding="ascii") as file:
            file.write(str(32 * MIB))

        def join():
            with open(os.path.join(path, "cgroup.procs"), "w", encoding="ascii") as file:
                file.write("0")

        process = subprocess.Popen([GROWS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=join)
        self.addCleanup(self._end, process)
        self.assertEqual(process.stdout.readline(), "ready\n")
        sonde = self.start("--kernel", "-p", str(process.pid))
        process.stdin.write("anonymous 256\n")
        process.stdin.flush()
        self.assertEqual(process.wait(timeout=60), -9)
        out, err = sonde.communicate(timeout=120)
        self.assertEqual(sonde.returncode, 0, err)
        report = self.check(MemReport(sonde.lines + out.splitlines()))
        (kill,) = report.of("oom_kill")
        self.assertEqual((kill["pid"], kill["comm"]), (process.pid, "grows"))
        self.assertEqual((kill["by_pid"], kill["by_comm"]), (process.pid, "grows"))
        self.assertEqual(kill["cgroup"], os.path.basename(path))
        self.assertEqual(kill["limit_bytes"], 32 * MIB)
        self.assertAlmostEqual(kill["usage_bytes"], 32 * MIB, delta=2 * MIB)
        self.assertLessEqual(kill["anonymous_bytes"], 32 * MIB)
        self.assertGreater(kill["anonymous_bytes"], 16 * MIB)
        self.assertIn("grow_anonymous", kill["last_growth"])

    def test_outstanding_objects(self):
        """Objects that the kernel keeps for a process are estimated within the error of one in 64."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4 * PAIRS), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        sonde = self.start("--kernel", "-p", str(os.getpid()))
        pairs = [socket.socketpair() for _ in range(PAIRS)]
        report = self.finish(sonde)
        for pair in pairs:
            pair[0].close()
            pair[1].close()
        # What is outstanding is told anew in each report.
        kinds = {}
        last = max(i for i, r in enumerate(report.records) if r["type"] == "interval")
        for record in report.records[last:]:
            if record["type"] == "kernel_site" and record["pid"] == os.getpid():
                self.assertEqual({frame["kind"] for frame in record["frames"]}, {"kernel"})
                kinds[record["kind"]] = kinds.get(record["kind"], 0) + record["live_count"]
        expected = 2 * PAIRS
        # Five standard deviations of a count of expected / 64.
        error = 5 * (expected / 64) ** 0.5 * 64
        self.assertAlmostEqual(kinds["slab sock_inode_cache"], expected, delta=error)


if __name__ == "__main__":
    main()
