"""Kernel features switched off: results stay right, and what is missing is said."""

import json

from tracing import TracingTest, main, program, run, undisturbed

HERTZ = 997


class Fallbacks(TracingTest):
    @undisturbed
    def check(self, feature, plan_feature, state):
        switched_off = [part for name in feature.split() for part in ("--no-feature", name)]
        report = self.trace("-F", str(HERTZ), *switched_off, "--", program("split"), "1")
        entry = report.plan(plan_feature)
        self.assertEqual(entry["state"], state)
        self.assertTrue(entry["consequence"])
        cpu_seconds = json.loads(report.stdout.splitlines()[-1])["rusage_ns"] / 1e9
        self.assertAlmostEqual(report.count() / (HERTZ * cpu_seconds), 1, delta=0.03)
        self.assertGreater(report.with_frame("main"), 0.95 * report.count())
        return report

    def test_sideband(self):
        """Mappings from /proc alone name a program that lives for a second."""
        self.check("sideband", "new mappings", "fallback")

    def test_batch_lookup(self):
        """Counts read one by one are the same counts."""
        self.check("batch_lookup", "map reads", "fallback")

    def test_kernel_lookup(self):
        """Kernel names come from /proc/kallsyms, or are missing where that shows none either."""
        report = self.check("kernel_lookup", "kernel symbols", "fallback")
        self.assertEqual(report.plan("kernel symbols")["hook"], "/proc/kallsyms")
        self.check("kernel_lookup kallsyms", "kernel symbols", "missing")
        # Half of the time of this one is the kernel's, however quiet the machine is.
        report = self.trace("-F", str(HERTZ), "--no-feature", "kernel_lookup", "--no-feature", "kallsyms", "--",
                            "dd", "if=/dev/zero", "of=/dev/null", "bs=64k", "count=50000", "status=none")
        kernel = [frame for stack in report.stacks for frame in stack["frames"] if frame["kind"] == "kernel"]
        self.assertTrue(kernel)
        for frame in kernel:
            self.assertTrue(frame["name"].startswith("[kernel+0x"), frame)

    def test_bpf_stats(self):
        """The plan says that the own cost is not measured, and no number stands for it."""
        report = self.check("bpf_stats", "own cost", "missing")
        self.assertIsNone(report.summary["overhead"]["bpf_ns"])

    def test_checkpoint_restore(self):
        """Binaries are read without /proc/PID/map_files."""
        self.check("cap_checkpoint_restore", "deleted binaries", "fallback")

    def test_ptrace(self):
        """The plan says what CAP_SYS_PTRACE is for."""
        self.check("cap_sys_ptrace", "user symbols", "fallback")

    def test_all(self):
        """Everything that can be missing is missing at once."""
        switched_off = [
            argument
            for feature in ("sideband", "batch_lookup", "kernel_lookup", "kallsyms", "bpf_stats", "cap_checkpoint_restore",
                            "hardware_cycles")
            for argument in ("--no-feature", feature)
        ]
        report = self.trace("-F", str(HERTZ), *switched_off, "--", program("split"), "1")
        self.assertGreater(report.with_frame("burn_heavy"), 0.6 * report.count())

    def test_required(self):
        """Without what it cannot do without, sonde refuses with status 3."""
        for feature in ("btf", "cap_bpf", "cap_perfmon", "ring_buffer"):
            result = run("cpu", "-d", "1", "--no-feature", feature)
            self.assertEqual((result.returncode, result.stdout), (3, ""), feature)
            self.assertEqual(len(result.stderr.splitlines()), 1)


if __name__ == "__main__":
    main()
