"""Whom sonde traces: everyone it should, and nobody else."""

import os
import shutil
import subprocess

from cgroups import MakesCgroups, mounts
from tracing import SONDE, TracingTest, main, program, sampling_error, undisturbed

HERTZ = 499


class Pids(TracingTest):
    def test_all_threads(self):
        """-p takes every thread of the process, with its own name, and no other process."""
        spin = self.spawn(program("spin"), "3")
        self.spawn(program("spin"))
        threads = dict(spin.stdout.readline().split() for _ in range(3))
        report = self.trace("-p", str(spin.pid), "-F", str(HERTZ), "-d", "2")
        self.assertEqual(set(report.by("pid")), {spin.pid})
        self.assertEqual(
            {str(stack["tid"]): stack["comm"] for stack in report.stacks}, threads
        )
        self.assertGreater(report.books["filtered"], 0)

    def test_several(self):
        """Several pids, in a list and repeated."""
        first, second, third, other = (self.spawn(program("spin")) for _ in range(4))
        report = self.trace(
            "-p", f"{first.pid},{second.pid}", "-p", str(third.pid), "-F", str(HERTZ), "-d", "2"
        )
        self.assertEqual(set(report.by("pid")), {first.pid, second.pid, third.pid})
        self.assertNotIn(other.pid, report.by("pid"))


class Names(TracingTest):
    def test_comm(self):
        """--comm takes threads of that name, compared after the kernel's cut to 15 bytes."""
        long_name = self.path("a-rather-long-name")
        shutil.copy(program("spin"), long_name)
        named = self.spawn(long_name)
        self.spawn(program("spin"))
        report = self.trace("--comm", "a-rather-long-name", "-F", str(HERTZ), "-d", "1")
        self.assertEqual(report.by("comm").keys(), {"a-rather-long-n"})
        self.assertEqual(set(report.by("pid")), {named.pid})

    def test_thread_name(self):
        """A thread is taken by its own name, too."""
        spin = self.spawn(program("spin"), "2")
        report = self.trace("--comm", "spin-1", "-F", str(HERTZ), "-d", "1")
        self.assertEqual(report.by("comm").keys(), {"spin-1"})
        self.assertEqual(set(report.by("pid")), {spin.pid})


class Cgroups(MakesCgroups, TracingTest):
    def check(self, hierarchy):
        parent = self.make_group(hierarchy, f"sonde-test-{os.getpid()}")
        child = self.make_group(parent, "below")
        inside, below, outside = (self.spawn(program("spin")) for _ in range(3))
        for group, process in ((parent, inside), (child, below)):
            with open(os.path.join(group, "cgroup.procs"), "w", encoding="ascii") as procs:
                procs.write(str(process.pid))
        report = self.trace("--cgroup", parent, "-F", str(HERTZ), "-d", "1")
        self.assertEqual(set(report.by("pid")), {inside.pid, below.pid})
        self.assertNotIn(outside.pid, report.by("pid"))
        report = self.trace("--cgroup", child, "-F", str(HERTZ), "-d", "1")
        self.assertEqual(set(report.by("pid")), {below.pid})

    def test_v2(self):
        """--cgroup takes a group of the unified hierarchy and the groups below it."""
        found = mounts("cgroup2")
        if not found:
            self.skipTest("no cgroup2 mounted")
        self.check(found[0][0])

    def test_v1(self):
        """--cgroup takes a group of a v1 controller."""
        found = [point for point, options in mounts("cgroup") if {"freezer", "pids"} & set(options)]
        if not found:
            self.skipTest("no v1 freezer or pids hierarchy mounted")
        self.check(found[0])


class Commands(TracingTest):
    @undisturbed
    def test_descendants(self):
        """All that COMMAND starts is traced for as long as it lives, by whatever way; nothing else is."""
        self.spawn(program("spin"))
        hertz = 997
        report = self.trace("-F", str(hertz), "--", program("descend"), status=23)
        processes = {}
        for line in report.stdout.splitlines():
            kind, pid, cpu_ns = line.split()
            processes[int(pid)] = (kind, int(cpu_ns))
        self.assertEqual(
            {kind for kind, _ in processes.values()}, {"fork", "exec", "vfork", "thread", "orphan", "root"}
        )
        counts = report.by("pid")
        for pid, (kind, cpu_ns) in processes.items():
            if kind == "root":
                continue
            # About 200 samples. Where a process is switched out, up to a sample is won or lost.
            self.assertAlmostEqual(counts.get(pid, 0), hertz * cpu_ns / 1e9, delta=20, msg=kind)
            named = report.count(
                lambda stack, pid=pid: stack["pid"] == pid
                and any(frame["name"] == "leaf_work" for frame in stack["frames"])
            )
            self.assertGreater(named, 0.95 * counts[pid], kind)
        # The child that only starts the orphan does not tell its pid.
        strangers = [pid for pid in counts if pid not in processes]
        self.assertLessEqual(len(strangers), 1)
        # sonde is what COMMAND is called until its exec, which is traced.
        self.assertEqual(report.by("comm").keys() - {"descend", "exe", "sonde"}, set())

    def test_first_instruction(self):
        """A COMMAND of a few milliseconds is seen, many times out of many."""
        script = "i=0; while [ $i -lt 200 ]; do i=$((i+1)); /bin/true; done"
        report = self.trace("-F", "1000", "--", "sh", "-c", script)
        self.assertIn("true", report.by("comm"))
        self.assertGreater(report.by("comm")["true"], 20)

    @undisturbed
    def test_share_of_shell_and_child(self):
        """Nothing of an unrelated process that uses the same program appears."""
        other = self.spawn(program("split"), "600")
        report = self.trace("-F", str(HERTZ), "--", program("split"), "0.5")
        self.assertNotIn(other.pid, report.by("pid"))
        self.assertEqual(len(report.by("pid")), 1)
        heavy, light = report.with_frame("burn_heavy"), report.with_frame("burn_light")
        self.assertAlmostEqual(heavy, 0.7 * (heavy + light), delta=sampling_error(heavy + light, 0.7) + 3)


class Namespaces(TracingTest):
    def run_inside(self, script):
        result = subprocess.run(
            ["unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", script],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        )
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def test_command(self):
        """In a PID namespace of its own, pids are those that the processes there see, with names."""
        file = self.path("report.json")
        out = self.run_inside(f"{SONDE} cpu -F {HERTZ} -o {file} -- {program('split')} 1; exit $?")
        with open(file, encoding="utf-8") as lines:
            report = self.read_report(lines.read())
        self.assertEqual(set(report.by("pid")), {int(out.split()[1])})
        self.assertGreater(report.with_frame("main"), 0.9 * report.count())

    def test_whole_system(self):
        """Processes outside of the namespace are filtered: they have no number in it."""
        outside = self.spawn(program("spin"))
        file = self.path("report.json")
        out = self.run_inside(
            f"{program('spin')} & sleep 0.2; {SONDE} cpu -F {HERTZ} -d 1 -o {file}; status=$?; kill $!; exit $status"
        )
        with open(file, encoding="utf-8") as lines:
            report = self.read_report(lines.read())
        inside = int(out.split()[1])
        self.assertEqual(set(report.by("comm")) - {"sh", "sonde"}, {"spin"})
        self.assertIn(inside, report.by("pid"))
        self.assertNotIn(outside.pid, report.by("pid"))
        self.assertEqual(
            report.count(lambda stack: stack["comm"] == "spin"), report.by("pid")[inside]
        )


if __name__ == "__main__":
    main()
