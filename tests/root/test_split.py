"""Shares and counts against what a program measures of itself."""

import json

from tracing import TracingTest, main, program, sampling_error, undisturbed

HERTZ = 997  # a prime, so that it does not run in step with the kernel's tick


class Split(TracingTest):
    def measured(self, stdout):
        return json.loads(stdout.splitlines()[-1])

    @undisturbed
    def test_shares(self):
        """Two functions with a known split of CPU time are reported within the sampling error (99.9 %)."""
        report = self.trace("-F", str(HERTZ), "--", program("split"), "5")
        measured = self.measured(report.stdout)
        heavy, light = report.with_frame("burn_heavy"), report.with_frame("burn_light")
        share = measured["heavy_ns"] / (measured["heavy_ns"] + measured["light_ns"])
        self.assertAlmostEqual(share, 0.7, delta=0.02)
        self.assertAlmostEqual(
            heavy, (heavy + light) * share, delta=sampling_error(heavy + light, share)
        )

    @undisturbed
    def test_reaches_main(self):
        """Every sample of the two functions has main as their caller, and little is found outside of main."""
        report = self.trace("-F", str(HERTZ), "--", program("split"), "3")
        for stack in report.stacks:
            names = [frame["name"] for frame in stack["frames"]]
            for function in {"burn_heavy", "burn_light"} & set(names):
                self.assertEqual(names[names.index(function) + 1], "main", names)
        # What exec and the dynamic linker do before main takes about a millisecond.
        self.assertGreater(report.with_frame("main"), 0.99 * report.count())

    @undisturbed
    def test_number_of_samples(self):
        """The number of samples is frequency times CPU time, to 2 %."""
        report = self.trace("-F", str(HERTZ), "--", program("split"), "5")
        cpu_seconds = self.measured(report.stdout)["rusage_ns"] / 1e9
        self.assertAlmostEqual(report.count() / (HERTZ * cpu_seconds), 1, delta=0.02)

    @undisturbed
    def test_two_at_once(self):
        """Two programs that share the CPUs are each counted by their own CPU time."""
        script = f"{program('split')} 3 & {program('split')} 2; wait"
        report = self.trace("-F", str(HERTZ), "--", "sh", "-c", script)
        # The order of lines is that of their ends; the times tell them apart.
        pids = sorted(int(line.split()[1]) for line in report.stdout.splitlines() if line.startswith("ready"))
        times = sorted(
            json.loads(line)["rusage_ns"] for line in report.stdout.splitlines() if line.startswith("{")
        )
        counts = sorted(report.by("pid")[pid] for pid in pids)
        for count, cpu_ns in zip(counts, times):
            self.assertAlmostEqual(count / (HERTZ * cpu_ns / 1e9), 1, delta=0.03)

    @undisturbed
    def test_user_and_kernel_only(self):
        """--user and --kernel restrict the stacks, not the number of samples."""
        for flag, other in (("--user", "kernel"), ("--kernel", "user")):
            report = self.trace("-F", str(HERTZ), flag, "--", program("split"), "1")
            cpu_seconds = self.measured(report.stdout)["rusage_ns"] / 1e9
            self.assertAlmostEqual(report.count() / (HERTZ * cpu_seconds), 1, delta=0.06)
            self.assertNotIn(other, self.kinds(report))

    def test_both_parts(self):
        """A program that lets the kernel work has both parts, or the one that is asked for."""
        copies = ["dd", "if=/dev/zero", "of=/dev/null", "bs=64k", "count=50000", "status=none"]
        for flags, expected in (([], {"user", "kernel"}), (["--user"], {"user"}), (["--kernel"], {"kernel"})):
            report = self.trace("-F", str(HERTZ), *flags, "--", *copies)
            self.assertEqual(self.kinds(report) & {"user", "kernel"}, expected)

    @staticmethod
    def kinds(report):
        return {frame["kind"] for stack in report.stacks for frame in stack["frames"]}


if __name__ == "__main__":
    main()
