"""User stacks of code built without frame pointers: complete, and the ones that elfutils finds."""

import re
import shutil
import signal
import subprocess
import time
import unittest

from entries import reaches_entry, user_frames
from tracing import SONDE, TracingTest, cpu_seconds, main, program, undisturbed, wait_until


def names(stack):
    return [frame["name"] for frame in user_frames(stack)]


class Shapes(TracingTest):
    def sample(self, *arguments, binary="shapes", seconds="1.5"):
        process = self.spawn(program(binary), *arguments)
        return self.trace("-p", str(process.pid), "-F", "997", "-d", seconds)

    def assert_complete(self, report, least=50):
        """Every sample with a user part reaches the entry: none is cut, and none is said to be."""
        samples = [stack for stack in report.stacks if user_frames(stack)]
        self.assertGreater(sum(stack["count"] for stack in samples), least)
        cut = [stack for stack in samples if not reaches_entry(stack)]
        self.assertEqual([names(stack) for stack in cut], [])
        self.assertEqual(sum(report.books["truncated"].values()), 0, report.books)

    def test_variable_frames(self):
        """alloca under recursion: the whole chain, with every level counted."""
        report = self.sample("alloca")
        self.assert_complete(report)
        for stack in report.stacks:
            chain = names(stack)
            if "work" in chain and "on_variable_frame" in chain:
                self.assertEqual(chain[: chain.index("main") + 1],
                                 ["work", "on_variable_frame"] + ["descend"] * 21 + ["main"])

    def test_callback_of_libc(self):
        """qsort calls back: the program's frames on both sides of libc's."""
        report = self.sample("qsort")
        self.assert_complete(report)
        through = report.count(
            lambda stack: "compare" in names(stack) and names(stack).index("compare")
            < names(stack).index("sort_numbers") < names(stack).index("main"))
        self.assertEqual(through, report.count(lambda stack: "compare" in names(stack)))
        self.assertGreater(through, 20)

    def test_signal_handler(self):
        """A SA_SIGINFO handler: through the signal frame to what was interrupted."""
        report = self.sample("signal")
        self.assert_complete(report)
        handled = [stack for stack in report.stacks if "handle" in names(stack)]
        self.assertTrue(handled)
        for stack in handled:
            self.assertIn("main", names(stack)[names(stack).index("handle"):])

    def test_leaves_of_libc_and_vdso(self):
        """malloc, memcpy, and the clock in the vDSO: hand-written and vendor code without frame pointers."""
        for shape, caller in (("malloc", "allocate"), ("memcpy", "move_memory"), ("vdso", "ask_the_time")):
            with self.subTest(shape):
                report = self.sample(shape, seconds="1")
                self.assert_complete(report)
                self.assertGreater(report.with_frame(caller), 0.8 * report.count())

    def test_thread(self):
        """A thread ends in clone3."""
        report = self.sample("thread")
        self.assert_complete(report)
        self.assertGreater(report.with_frame("in_thread"), 0.9 * report.count())

    def test_static_and_fixed_address(self):
        """A static program and one that is not position independent."""
        for binary in ("shapes_static", "shapes_fixed"):
            with self.subTest(binary):
                report = self.sample("alloca", binary=binary, seconds="1")
                self.assert_complete(report)
                self.assertGreater(report.with_frame("on_variable_frame"), 0.8 * report.count())

    def test_exceptions(self):
        """Virtual calls and exceptions: nearly all complete; GCC's eh_return frames have wrong tables."""
        report = self.sample(binary="throws", seconds="3")
        with_user = report.count(user_frames)
        whole = report.count(reaches_entry)
        self.assertGreater(with_user, 100)
        self.assertGreaterEqual(whole, 0.98 * with_user)
        self.assertGreater(report.count(lambda stack: any("Nested::area" in name for name in names(stack))),
                           0.5 * with_user)

    def test_depth(self):
        """A stack deeper than can be held says so, and is one of exactly 1023 frames."""
        report = self.sample("deep", seconds="1")
        deep = [stack for stack in report.stacks if not reaches_entry(stack) and user_frames(stack)]
        self.assertTrue(deep)
        self.assertEqual({len(user_frames(stack)) for stack in deep}, {1023})
        self.assertEqual(sum(stack["count"] for stack in deep), report.books["truncated"]["depth"])

    def test_frame_pointers_on_demand(self):
        """--stacks fp walks frame pointers, --stacks none records no user part."""
        process = self.spawn(program("shapes"), "alloca")
        by_pointers = self.trace("-p", str(process.pid), "-F", "997", "-d", "1", "--stacks", "fp")
        self.assertEqual(by_pointers.plan("stacks")["hook"], "frame pointers")
        self.assertLess(by_pointers.count(reaches_entry), by_pointers.count() / 2)
        without = self.trace("-p", str(process.pid), "-F", "997", "-d", "1", "--stacks", "none")
        self.assertEqual(without.count(user_frames), 0)

    @undisturbed
    def test_without_maple_tree(self):
        """Mappings that user space tells: of a program that was there before, of one that starts, and of libraries that
        are loaded meanwhile."""
        def nearly_complete(report):
            # Stacks are copied until the mappings are told, and on a busy machine there may be no room for a copy.
            samples = report.count(user_frames)
            self.assertGreater(samples, 40)
            self.assertGreater(report.count(reaches_entry), 0.97 * samples)

        without = ("-F", "997", "--no-feature", "maple_tree", "--stacks", "cfi")
        process = self.spawn(program("shapes"), "alloca")
        report = self.trace("-p", str(process.pid), "-d", "1.5", *without)
        self.assertEqual(report.plan("stacks")["state"], "fallback")
        self.assertIn("mmap2", report.plan("stacks")["hook"])
        nearly_complete(report)
        report = self.trace(*without, "--", "/bin/sh", "-c", f"{program('shapes')} qsort & sleep 1.5; kill $!")
        nearly_complete(report)
        code = ("import time, zlib, json\n"
                "end = time.monotonic() + 1.5\n"
                "while time.monotonic() < end: zlib.crc32(bytes(1 << 16)); json.dumps([1] * 99)")
        report = self.trace(*without, "--", "/usr/bin/python3", "-c", code)
        nearly_complete(report)

    def test_without_bpf_loop(self):
        """A kernel that cannot is told, and insisting is an error with the fix."""
        process = self.spawn(program("shapes"), "alloca")
        report = self.trace("-p", str(process.pid), "-d", "0.5", "--no-feature", "bpf_loop")
        self.assertEqual(report.plan("stacks")["state"], "fallback")
        result = subprocess.run(
            [SONDE, "cpu", "-p", str(process.pid), "--stacks", "cfi", "--no-feature", "bpf_loop"],
            capture_output=True, text=True, timeout=60)
        self.assertEqual(result.returncode, 3, result.stderr)
        self.assertIn("--stacks fp", result.stderr)

    def test_tables_under_a_small_limit(self):
        """Tables that do not fit together are dropped and made again; the books still balance."""
        self.spawn(program("shapes"), "alloca")
        self.spawn(program("shapes_static"), "alloca")
        self.spawn(program("throws"))
        report = self.trace("-F", "997", "-d", "4", "--unwind-memory", "160K")
        self.assertIn("unwind tables were dropped", " ".join(report.summary["notices"]))
        mine = [stack for stack in report.stacks if stack["comm"] in ("shapes", "shapes_static", "throws")]
        total = sum(stack["count"] for stack in mine if user_frames(stack))
        self.assertGreater(total, 100)
        cut = sum(stack["count"] for stack in mine if user_frames(stack) and not reaches_entry(stack))
        self.assertLessEqual(cut, sum(report.books["truncated"].values()))
        # How many are complete is a question of how fast tables are made; each program's are, time and again.
        for comm in ("shapes", "shapes_static", "throws"):
            self.assertGreater(sum(stack["count"] for stack in mine if stack["comm"] == comm and reaches_entry(stack)), 20)

    def test_before_there_is_a_table(self):
        """While sonde is stopped it makes no table, and no more stacks are copied for it than it may hold: the others end in
        code that has none, and that is the one reason which the books give."""
        late = self.path("late")
        shutil.copy(program("shapes"), late)
        sonde = self.start_session("cpu", "--comm", "late", "-F", "997", "-d", "5m")
        sonde.send_signal(signal.SIGSTOP)
        process = self.spawn(late, "alloca")
        wait_until(lambda: cpu_seconds(process.pid) > 1.5, 120)
        process.kill()
        process.wait()
        sonde.send_signal(signal.SIGCONT)
        sonde.send_signal(signal.SIGINT)
        self.assertEqual(sonde.wait(60), 0)
        with open(sonde.file, encoding="utf-8") as lines:
            report = self.read_report(lines.read())
        truncated = report.books["truncated"]
        self.assertGreater(truncated["no_table_yet"], truncated["unknown_mapping"], truncated)
        self.assertLessEqual(sum(truncated.values()), report.count(), truncated)


class Oracle(TracingTest):
    """elfutils unwinds the same sleeping process by its own reading of .eh_frame."""

    def elfutils(self, pid):
        result = subprocess.run(["eu-stack", "-p", str(pid), "-m", "-1"], capture_output=True, text=True, timeout=60)
        return [int(address, 16) for address in re.findall(r"^#\d+\s+0x([0-9a-f]+)", result.stdout, re.M)]

    def file_addresses(self, pid, addresses):
        """Addresses of the process as ELF addresses, by its maps and the files' program headers."""
        with open(f"/proc/{pid}/maps", encoding="utf-8") as lines:
            maps = [line.split(None, 5) for line in lines]
        found = []
        for address in addresses:
            for spans, _, offset, _, _, *path in maps:
                start, end = (int(bound, 16) for bound in spans.split("-"))
                if start <= address < end:
                    in_file = address - start + int(offset, 16)
                    found.append(self.to_virtual(path[0].strip(), in_file))
        return found

    @staticmethod
    def to_virtual(path, offset):
        headers = subprocess.run(["readelf", "-lW", path], capture_output=True, text=True, check=True).stdout
        for line in re.findall(r"LOAD\s+(0x\S+) (0x\S+) 0x\S+ (0x\S+)", headers):
            start, virtual, size = (int(number, 16) for number in line)
            if start <= offset < start + size:
                return offset - start + virtual
        raise AssertionError((path, offset))

    @unittest.skipUnless(shutil.which("eu-stack"), "needs eu-stack (elfutils)")
    def test_sleeper(self):
        """Frame by frame the same addresses, in a program that sleeps 30 calls deep."""
        process = self.spawn(program("shapes"), "sleep")
        expected = max((self.elfutils(process.pid) for _ in range(5)), key=len)
        self.assertGreater(len(expected), 32)
        file = self.path("calls.json")
        subprocess.run(
            [SONDE, "syscall", "--stacks", "-e", "clock_nanosleep", "-p", str(process.pid), "-d", "1", "-f", "json",
             "-o", file], check=True, capture_output=True, timeout=60)
        with open(file, encoding="utf-8") as lines:
            report = self.read_lines(lines)
        stacks = [stack for stack in report if len(stack["frames"]) > 1]
        self.assertEqual(len(stacks), 1)
        ours = [int(frame["address"], 16) for frame in stacks[0]["frames"] if frame["module"]]
        self.assertEqual(ours, self.file_addresses(process.pid, expected))

    @staticmethod
    def read_lines(lines):
        import json
        records = [json.loads(line) for line in lines]
        return [record for record in records if record["type"] == "stack"]


if __name__ == "__main__":
    main()
