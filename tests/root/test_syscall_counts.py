"""`sonde syscall`: every call of a program is counted, once, under its name and error."""

import errno
import json
import os
import signal
import subprocess
import time
from collections import Counter

import strace
from cgroups import MakesCgroups, mounts
from syscalls import SUMMARY_MODES, SyscallTest, own_counts
from tracing import main, program, run

CALLS = program("calls")
MANY = [
    "threads=4", "getppid=2500", "openat=100", "close=70", "read=50", "sleep=3",
    "kill_pause=5", "kill_sleep=5", "block=3", "exec=2", "thread_exec=1",
]
# --trace reports calls instead of rows, of the same number.
MODES = [["--by", "errno"], ["--by", "errno", "--count"], ["--trace"]]


class OwnCounters(SyscallTest):
    def check(self, *arguments, mode):
        report = self.trace(*mode, "--", CALLS, *arguments)
        told, expected = own_counts(report.stdout)
        found = report.errors()
        kinds = {name for name, _ in expected}
        self.assertEqual({key: count for key, count in found.items() if key[0] in kinds}, expected)
        self.assert_lossless(report)
        self.assertEqual(report.books["in_flight"], 0)
        return report, told

    def test_several_threads_failing_and_killed(self):
        """Calls of several threads, failing, in killed children, in threads that exit_group() ends: all are there."""
        for mode in MODES:
            with self.subTest(mode):
                report, _ = self.check(*MANY, mode=mode)
                found = report.errors()
                self.assertEqual(found["execve", ""], 3)
                self.assertEqual(found["exit_group", ""], 1)
                self.assertEqual(found["exit", ""], 4)
                self.assertEqual(found["clone3", ""], 3 + 4 + 1)
                self.assertEqual(found["kill", ""], 10)

    def test_a_million(self):
        """One million calls, from two threads on two CPUs: none is lost."""
        for mode in MODES[:2]:
            with self.subTest(mode):
                report, _ = self.check("threads=2", "getppid=500000", mode=mode)
                self.assertEqual(report.count("getppid"), 1_000_000)

    def test_error_table(self):
        """--errors adds the failed calls by errno; the rows count them together."""
        report = self.trace("--errors", "--", CALLS, "openat=7", "close=5", "kill_pause=2")
        failed = {(row["name"], row["error"]): row["calls"] for row in report.of("syscall_error")}
        self.assertEqual(failed, {("openat", "ENOENT"): 7, ("close", "EBADF"): 5, ("pause", "ERESTARTNOHAND"): 2,
                                  **{key: count for key, count in failed.items() if key[0] == "futex"}})
        self.assertEqual([(row["calls"], row["errors"]) for row in report.rows if row["name"] == "openat"], [(7, 7)])

    def test_intervals(self):
        """With --interval each call is in one interval."""
        report = self.trace("-i", "100ms", "--", CALLS, "sleep=100", "openat=20")
        self.assertGreater(len(report.of("interval")), 3)
        self.assertEqual((report.count("clock_nanosleep"), report.count("openat")), (100, 20))


class Rows(SyscallTest):
    def test_by_thread(self):
        """--by thread has a row for each thread, with its name."""
        for mode in SUMMARY_MODES:
            with self.subTest(mode):
                report = self.trace(*mode, "--by", "thread", "--", CALLS, "threads=3", "getppid=1000")
                told, _ = own_counts(report.stdout)
                rows = {row["tid"]: row for row in report.rows if row["name"] == "getppid"}
                self.assertEqual(
                    {tid: (row["pid"], row["comm"], row["calls"]) for tid, row in rows.items()},
                    {tid: (told["pid"], f"calls-{i}", 1000) for i, tid in enumerate(told["tids"])},
                )

    def test_by_process(self):
        """--by process adds up threads, and tells processes of one program apart."""
        for mode in SUMMARY_MODES:
            with self.subTest(mode):
                report = self.trace(
                    *mode, "--by", "process", "--", "sh", "-c",
                    f"{CALLS} threads=3 getppid=100; {CALLS} getppid=7",
                )
                told = [json.loads(line) for line in report.stdout.splitlines()]
                rows = {row["pid"]: row["calls"] for row in report.rows if row["name"] == "getppid"}
                # sh asks for its parent itself.
                rows = {pid: calls for pid, calls in rows.items() if pid in {line["pid"] for line in told}}
                self.assertEqual(rows, {told[0]["pid"]: 300, told[1]["pid"]: 7})

    def test_by_thread_and_errno(self):
        """Two keys together."""
        report = self.trace("--by", "thread", "--by", "errno", "--", CALLS, "threads=2", "openat=9", "getppid=4")
        told, _ = own_counts(report.stdout)
        rows = {(row["tid"], row["name"], row["error"]): row["calls"] for row in report.rows}
        for tid in told["tids"]:
            self.assertEqual((rows[tid, "openat", "ENOENT"], rows[tid, "getppid", None]), (9, 4))


class ByCgroup(MakesCgroups, SyscallTest):
    def test_rows(self):
        """--by cgroup has a row for each group of the v2 hierarchy, and what a program calls in one is in its row."""
        hierarchies = mounts("cgroup2")
        if not hierarchies:
            self.skipTest("no cgroup2 mounted")
        top = hierarchies[0][0]
        first = self.make_group(top, f"sonde-test-{os.getpid()}")
        groups = {first: 40, self.make_group(first, "below"): 7}
        script = "; ".join(
            f"sh -c 'echo $$ >{group}/cgroup.procs; exec {CALLS} getppid={count} openat=3'"
            for group, count in groups.items()
        )
        for mode in SUMMARY_MODES:
            with self.subTest(mode):
                report = self.trace(*mode, "--by", "cgroup", "--by", "errno", "--", "sh", "-c", script)
                rows = {
                    (row["cgroup"], row["name"], row["error"]): row["calls"] for row in report.rows
                    if row["name"] in ("getppid", "openat", "execve")
                }
                for group, count in groups.items():
                    name = group.removeprefix(top)
                    self.assertEqual(rows[name, "getppid", None], count)
                    self.assertEqual(rows[name, "openat", "ENOENT"], 3)
                    self.assertEqual(rows[name, "execve", None], 1)
                self.assert_lossless(report)


class FailingExec(SyscallTest):
    COUNT = 20

    def programs(self):
        """{path that cannot be executed: errno}"""
        cases = {
            self.path("missing"): errno.ENOENT,
            self.write("not-executable", "#!/bin/sh\n"): errno.EACCES,
            self.write("interpreter-missing", "#!/no/such/interpreter\n"): errno.ENOENT,
            self.write("no-interpreter", "neither a script nor a program\n"): errno.ENOEXEC,
        }
        for path, error in cases.items():
            if os.path.exists(path):
                os.chmod(path, 0o644 if error == errno.EACCES else 0o755)
        return cases

    def test_counted_and_shown(self):
        """An execve() that fails is counted once, under its error, and shown with what it was asked for."""
        programs = self.programs()
        expected = Counter({("execve", ""): 1})
        for error in programs.values():
            expected["execve", errno.errorcode[error]] += self.COUNT
        for mode in MODES:
            with self.subTest(mode):
                report = self.trace(*mode, "-e", "execve", "--", program("execs"), str(self.COUNT), *programs)
                told = [line.split(" ") for line in report.stdout.splitlines()]
                self.assertEqual({path: int(error) for error, path in told}, programs)
                self.assertEqual(report.errors(), expected)
                self.assert_lossless(report)
        failed = [call for call in report.calls if call["error"]]
        for i, (path, error) in enumerate(programs.items()):
            for call in failed[i * self.COUNT:(i + 1) * self.COUNT]:
                self.assertEqual(call["args"][:2], [f'"{path}"', f'["{path}", "argument"]'])
                self.assertEqual((call["result"], call["error"]), (-1, errno.errorcode[error]))
                self.assertTrue(call["result_text"].startswith(f"-1 {errno.errorcode[error]} ("))
                self.assertEqual(call["comm"], "execs")


class Latency(SyscallTest):
    def test_times(self):
        """Sleeps of 5 ms take that long, and no time is larger than the session."""
        report = self.trace("--histogram", "--", CALLS, "sleep=20", "getppid=10")
        (row,) = [row for row in report.rows if row["name"] == "clock_nanosleep"]
        self.assertGreaterEqual(row["min_ns"], 5_000_000)
        self.assertGreaterEqual(row["total_ns"], 20 * row["min_ns"])
        ordered = [row[key] for key in ("min_ns", "p50_ns", "p90_ns", "p99_ns", "max_ns")]
        self.assertEqual(ordered, sorted(ordered))
        self.assertLess(row["total_ns"], report.summary["duration_ns"])
        (histogram,) = [record for record in report.of("histogram") if record["name"] == "clock_nanosleep"]
        self.assertEqual(sum(bucket["count"] for bucket in histogram["buckets"]), 20)
        self.assertLessEqual(histogram["buckets"][0]["low"], row["min_ns"])
        self.assertGreater(histogram["buckets"][-1]["high"], row["max_ns"])
        for bucket in histogram["buckets"]:
            self.assertLessEqual(bucket["high"] - bucket["low"], bucket["low"] / 8 + 1)

    def test_never_returning_calls_have_no_time(self):
        """What was not measured is null: exit_group() does not return."""
        report = self.trace("--", CALLS)
        (row,) = [row for row in report.rows if row["name"] == "exit_group"]
        self.assertEqual((row["calls"], row["total_ns"], row["max_ns"]), (1, None, None))


class Filters(SyscallTest):
    ARGUMENTS = ["getppid=1000", "openat=30", "close=20", "read=10", "sleep=4", "kill_pause=2"]

    def check(self, expected, *options):
        """The rows are exactly `expected`, and what is not in them was filtered: nothing vanishes."""
        for mode in SUMMARY_MODES if "--min-latency" not in options else [[]]:
            with self.subTest(options=options, mode=mode):
                report = self.trace(*mode, *options, "--by", "errno", "--", CALLS, *self.ARGUMENTS)
                self.assertEqual(report.errors(), expected)
                self.assertGreater(report.books["filtered"], 0)
                self.assert_lossless(report)

    def test_names(self):
        """-e takes calls by name."""
        self.check({("openat", "ENOENT"): 30, ("getppid", ""): 1000}, "-e", "openat,getppid")
        self.check({("openat", "ENOENT"): 30, ("getppid", ""): 1000}, "-e", "openat", "-e", "getppid")

    def test_opposite(self):
        """-e '!…' takes all but the whole list."""
        # How often the program asks after its children is not always the same.
        polling = ["-e", "!openat2,pread64,close_range,pselect6"]
        expected = self.trace("--by", "errno", *polling, "--", CALLS, *self.ARGUMENTS).errors()
        self.assertEqual(expected.pop(("getppid", "")), 1000)
        self.check(expected, *polling, "-e", "!getppid")

    def test_class(self):
        """-e %file takes the calls that take a file name."""
        report = self.trace("--by", "errno", "-e", "%file", "-e", "!openat2", "--", CALLS, *self.ARGUMENTS)
        listed = strace.totals(strace.run(
            CALLS, *self.ARGUMENTS, options=["-e", "trace=%file"], file=self.path("strace"), stdout=subprocess.DEVNULL
        ))
        listed = {key: count for key, count in listed.items() if key[0] != "openat2"}
        self.assertEqual(report.errors(), listed)

    def test_failed(self):
        """--failed takes only calls that failed."""
        self.check(
            {("openat", "ENOENT"): 30, ("close", "EBADF"): 20, ("pause", "ERESTARTNOHAND"): 2},
            "--failed", "-e", "!futex",
        )

    def test_errno(self):
        """--errno takes only calls that failed so."""
        self.check({("close", "EBADF"): 20}, "--errno", "EBADF")
        self.check({("close", "EBADF"): 20, ("openat", "ENOENT"): 30}, "--errno", "EBADF,ENOENT")

    def test_min_latency(self):
        """--min-latency takes only calls that took as long."""
        self.check({("clock_nanosleep", ""): 4}, "--min-latency", "5ms", "-e", "clock_nanosleep,getppid")
        self.check({}, "--min-latency", "10s")


class InFlight(SyscallTest):
    def blocked(self, count):
        process = self.spawn(CALLS, f"block={count}", "wait=1", "getppid=40")
        threads = {int(tid): f"blocked-{i}" for i, tid in enumerate(process.ready[2:])}
        return process, {process.pid: "calls", **threads}

    def test_began_before(self):
        """Calls in which threads slept before sonde came are rows, and their ages grow."""
        process, threads = self.blocked(2)
        report = self.trace("-p", str(process.pid), "-d", "500ms")
        rows = {row["tid"]: row for row in report.in_flight}
        self.assertEqual(
            {tid: (row["pid"], row["comm"], row["name"]) for tid, row in rows.items()},
            {tid: (process.pid, comm, "read") for tid, comm in threads.items()},
        )
        for row in rows.values():
            self.assertGreaterEqual(row["age_ns"], 400e6)
        self.assertEqual((report.books["in_flight"], report.rows), (3, []))

    def test_end_of_a_call_that_began_before(self):
        """When such a call returns, it is counted, without a time."""
        process, _ = self.blocked(1)
        sonde = self.start("-p", str(process.pid))
        process.stdin.write("x")
        process.stdin.flush()
        process.wait()
        report = self.finish(sonde)
        (row,) = [row for row in report.rows if row["name"] == "read"]
        self.assertEqual((row["calls"], row["errors"], row["total_ns"]), (2, 1, None))
        self.assertEqual((report.count("getppid"), report.in_flight), (40, []))

    def test_intervals(self):
        """A call that began under sonde is a row of each interval in which it has not returned; its age grows."""
        report = self.trace("-d", "1", "-i", "200ms", "--", "sleep", "2")
        rows = [row for row in report.in_flight if row["name"] == "clock_nanosleep"]
        self.assertGreaterEqual(len(rows), 4)
        ages = [row["age_ns"] for row in rows]
        self.assertEqual(ages, sorted(set(ages)))
        self.assertEqual({row["began_before"] for row in rows}, {False})

    def test_sleep_at_the_end(self):
        """The sleep in which COMMAND is when the session ends is in flight, and its books balance."""
        report = self.trace("-d", "300ms", "--", "sleep", "2")
        (row,) = report.in_flight
        self.assertEqual((row["name"], row["comm"]), ("clock_nanosleep", "sleep"))
        self.assertGreater(row["age_ns"], 100e6)
        self.assertLess(row["age_ns"], 2e9)
        self.assertEqual(report.books["in_flight"], 1)


class StraceTotals(SyscallTest):
    def compare(self, *command, status=0):
        """Every call and error as strace counts them in another run of a program that is always the same."""
        expected = strace.totals(strace.run(
            *command, file=self.path("strace"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False))
        for mode in MODES:
            with self.subTest(mode=mode, command=command):
                found = self.trace(*mode, "--", *command, status=status).errors()
                self.assertEqual(found, expected)

    def test_own(self):
        """All calls of our program, execve() to exit_group(), through exec of itself."""
        self.compare(CALLS, "getppid=100", "openat=3", "close=4", "read=5", "sleep=2", "exec=3")

    def test_forks(self):
        """Children: fork() returns twice, and is one call."""
        self.compare(program("forks"), "50")

    def test_programs(self):
        """Programs of the system, with children, pipes, and errors."""
        folder = self.path("folder")
        os.mkdir(folder)
        file, none = self.write("folder/file", "some text\n"), self.path("folder/none")
        self.compare("ls", "-l", folder)
        self.compare("cat", file, none, status=1)
        self.compare("sh", "-c", f"cat {file} {file}; exec ls {none}", status=2)


class Targets(SyscallTest):
    def test_ten_thousand_children(self):
        """10,000 children that end at once: each one's exit_group() is there."""
        for mode in SUMMARY_MODES:
            with self.subTest(mode):
                report = self.trace(*mode, "--", program("forks"), "10000")
                self.assertEqual(
                    (report.count("clone"), report.count("wait4"), report.count("exit_group")), (10000, 10000, 10001)
                )
                self.assert_lossless(report)
                self.assertEqual(report.summary["notices"], [])

    def test_sonde_is_not_in_it(self):
        """The whole system without sonde, whatever sonde does."""
        sonde = self.start("-d", "1", "-i", "100ms", "--by", "process")
        report = self.finish(sonde)
        self.assertGreater(report.books["filtered"], 0)
        # Another one may run, and is in it.
        self.assertEqual([row for row in report.rows if row["pid"] == sonde.pid], [])

    def test_others_are_not_in_it(self):
        """With -p, a program that calls all the time beside it is only filtered."""
        process = self.spawn(CALLS, "wait=1")
        noise = subprocess.Popen([program("loop"), "1000000000"], stdout=subprocess.DEVNULL)
        self.addCleanup(noise.wait)
        self.addCleanup(noise.kill)
        for mode in SUMMARY_MODES:
            report = self.trace(*mode, "-p", str(process.pid), "-d", "500ms")
            self.assertEqual(report.rows, [])
            self.assertGreater(report.books["filtered"], 1000)

    def test_killed_while_traced(self):
        """A process that dies in the call ends the session, and the call is counted as failed."""
        process = self.spawn(CALLS, "wait=1")
        sonde = self.start("-p", str(process.pid), "--by", "errno")
        process.kill()
        process.wait()
        report = self.finish(sonde)
        self.assertEqual(report.errors(), {("read", "ERESTARTSYS"): 1})


class Abis(SyscallTest):
    def test_compat(self):
        """Calls through int $0x80 have the names of the 32-bit table: 20 is getpid, not writev."""
        count = 25
        bare = subprocess.run([program("calls32"), str(count)], stdout=subprocess.DEVNULL, check=False)
        if bare.returncode == -signal.SIGSEGV:
            self.skipTest("this kernel has no 32-bit calls (CONFIG_IA32_EMULATION)")
        for mode in SUMMARY_MODES:
            with self.subTest(mode):
                report = self.trace(*mode, "--", program("calls32"), str(count))
                totals = {
                    (row["name"], row["nr"]): row["calls"] for row in report.rows
                    if row["nr"] in (20, 39) or row["name"].startswith("i386:")
                }
                # The program asks for its pid to check the answer, and once to print it.
                self.assertEqual(
                    totals,
                    {("i386:getpid", 20): count, ("i386:mkdir", 39): count, ("writev", 20): count,
                     ("getpid", 39): count + 1},
                )

    def test_io_uring(self):
        """Operations of an io_uring are rows of their own."""
        count = 200
        bare = subprocess.run([program("uring"), "1"], stdout=subprocess.DEVNULL, check=False)
        if bare.returncode == 77:
            self.skipTest("this kernel gives no io_uring")
        for mode in SUMMARY_MODES:
            with self.subTest(mode):
                report = self.trace(*mode, "--by", "errno", "--", program("uring"), str(count))
                operations = {
                    key: calls for key, calls in report.errors().items() if key[0].startswith("io_uring:")
                }
                self.assertEqual(
                    operations,
                    {("io_uring:nop", ""): count, ("io_uring:read", ""): count, ("io_uring:openat", "ENOENT"): count},
                )
                self.assertEqual(report.count("io_uring_enter"), 3 * count)


class BadInput(SyscallTest):
    def test_refused(self):
        """Unknown names are refused with what was probably meant; status 2 and one line."""
        for options, said in (
            (["-e", "opennat"], "openat"),
            (["-e", "%fil"], "%file"),
            (["--errno", "EACESS"], "EACCES"),
            (["--errno", "0"], "0"),
            (["-e", ""], "--calls"),
            (["--by", "proces"], "process"),
        ):
            with self.subTest(options):
                result = run("syscall", *options, "--", "true")
                self.assertEqual((result.returncode, result.stdout), (2, ""))
                self.assertIn(said, result.stderr)


if __name__ == "__main__":
    main()
