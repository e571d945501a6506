"""sonde mem --alloc on processes that run, and what it does to them; and what it refuses."""

import json
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import time

from allocations import EXACT, AllocationTest, code, fdinfo, program, says
from tracing import SONDE, main, undisturbed, wait_until

STAYS = """#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int count, char** words) {
  char line[16];
  volatile char* memory;

  if (count > 1) {
    puts("ready");
    fflush(stdout);
    if (!fgets(line, sizeof(line), stdin)) return 1;
  }
  memory = malloc(16 << 20);
  for (int i = 0; i < 16 << 20; i += 4096) memory[i] = 1;
  puts("touched");
  fflush(stdout);
  return count > 1 && !fgets(line, sizeof(line), stdin);
}
"""
GO_STAYS = """package main

func main() {
	memory := make([]byte, 16<<20)
	for i := 0; i < len(memory); i += 4096 {
		memory[i] = 1
	}
	println(memory[4096])
}
"""


class Attached(AllocationTest):
    def test_running_process(self):
        """A process is traced from the moment on that its breakpoints are there, and is itself after."""
        target = self.spawn(program("allocs"), "wait")
        before = code(target.pid)
        tracer = self.attach(target, "--live", *EXACT)
        target.stdin.write("go\n")
        target.stdin.flush()
        said = "".join(iter(target.stdout.readline, "end\n"))
        report = self.finish(tracer)
        self.assertEqual(code(target.pid), before)
        for name, (calls, size, live, live_size) in says(said).items():
            if name == "early":
                continue
            self.assertEqual(report.sum(name, "allocated_count"), calls, name)
            self.assertEqual(report.sum(name, "allocated_bytes"), size, name)
            self.assertEqual(report.sum(name, "live_count"), live, name)
            self.assertEqual(report.sum(name, "live_bytes"), live_size, name)

    def test_killed(self):
        """Breakpoints go with a sonde that is killed; the process goes on."""
        target = self.spawn(program("alloc_spin"))
        before = code(target.pid)
        tracer = self.attach(target, "--alloc", "--max-overhead", "none")
        tracer.kill()
        tracer.wait()
        self.assertEqual(code(target.pid), before)
        self.assertIsNone(target.poll())
        target.terminate()
        self.assertEqual(target.wait(), 0)

    def trace_shortly(self, pid):
        return subprocess.Popen(
            [SONDE, "mem", "--live", *EXACT, "-d", "20ms", "-f", "json", "-o", "/dev/null", "-p", str(pid)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )

    def hold_shortly(self, pid, library, offsets, kill):
        """Breakpoints where a tracer sets them."""
        holder = subprocess.Popen(
            [os.environ["HOLD_PROBES"], str(pid), library, *offsets],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        self.assertEqual(holder.stdout.readline().split()[:3], ["ready", str(len(offsets)), "0"])
        if kill:
            holder.kill()
        holder.communicate("")

    @staticmethod
    def site(library, function):
        found = subprocess.run(
            [SONDE, "doctor", "-f", "json", "--probe", f"{library}:{function}"], capture_output=True, text=True, check=True
        ).stdout
        return next(str(json.loads(line)["file_offset"]) for line in found.splitlines() if '"probe":"entry"' in line)

    def test_a_hundred_times(self):
        """A process that allocates all the time survives that breakpoints are set in its allocator and taken away a
        hundred times: by tracers, some of them killed at any moment, and by what only sets them, which is quicker."""
        moments = random.Random(6)
        target = self.spawn(program("alloc_spin"))
        before = code(target.pid)
        with open(f"/proc/{target.pid}/maps", encoding="utf-8") as maps:
            library = next(line.split()[-1] for line in maps if line.endswith("/libc.so.6\n"))
        sites = [self.site(library, function) for function in ("malloc", "calloc", "realloc", "free")]
        for _ in range(5):
            tracers = [self.trace_shortly(target.pid) for _ in range(4)]
            for _ in range(16):
                self.hold_shortly(target.pid, library, sites, kill=moments.random() < 0.25)
            tracers[0].kill()
            for tracer in tracers:
                _, errors = tracer.communicate(timeout=120)
                self.assertIn(tracer.returncode, (0, -signal.SIGKILL) if tracer is tracers[0] else (0,), errors)
        self.assertEqual(code(target.pid), before)
        report = self.mem("--live", *EXACT, "-d", "300ms", "-p", str(target.pid))
        self.assertGreater(report.sum("spin", "allocated_count"), 0)
        target.terminate()
        said, _ = target.communicate()
        self.assertEqual(target.returncode, 0)
        # It counts in a register that malloc() saves, by thousands.
        self.assertEqual(says(said)["spin"][0] % 1000, 0)

    def test_image_after_image(self):
        """A process that forks and replaces its program all the time, while tracers come and go, goes on until its
        own end, which one of them lives to see."""
        path, flag = self.path("again"), self.path("flag")
        for name, text in ((path, f'#!/bin/sh\n[ -e {flag} ] || exit 7\n/bin/true\nexec "$0"\n'), (flag, "")):
            with open(name, "w", encoding="utf-8") as file:
                file.write(text)
        os.chmod(path, 0o755)
        target = subprocess.Popen([path])
        try:
            tracer = self.attach_until(target, lambda: True, "--live", *EXACT)
            for _ in range(10):
                other = self.trace_shortly(target.pid)
                _, errors = other.communicate(timeout=120)
                self.assertEqual(other.returncode, 0, errors)
        finally:
            os.unlink(flag)
        self.assertEqual(target.wait(), 7)
        self.finish(tracer)

    def test_ends_while_traced(self):
        """The end of the process is no trouble; what it had not freed is told."""
        target = self.spawn(program("allocs"), "wait")
        tracer = self.attach(target, "--live", *EXACT)
        said, _ = target.communicate("go\nend\n")
        self.assertEqual(target.returncode, 0)
        report = self.finish(tracer)
        self.assertEqual(report.sum("leak", "live_bytes"), says(said)["leak"][3])

    def test_room_of_the_dead(self):
        """What a process had not freed at its end takes no room any more, and stays in the report."""
        other = self.spawn(program("allocs"), "wait")
        target = self.spawn(program("allocs"), "wait")
        tracer = self.attach(other, "--live", *EXACT, "--older-than", "1ms", "-p", str(target.pid))
        said, _ = target.communicate("go\nend\n")
        wait_until(lambda: self.living(tracer) == 0, 60)
        self.assertIsNone(tracer.poll())
        report = self.finish(tracer)
        for name, (_, _, live, live_size) in says(said).items():
            if name != "early":
                self.assertEqual([report.sum(name, "live_count"), report.sum(name, "live_bytes")], [live, live_size], name)

    @staticmethod
    def living(tracer):
        """Entries of a tracer's map of what lives."""
        (number,) = {
            re.search(r"^map_id:\t(\d+)$", text, re.M).group(1)
            for text in fdinfo(tracer.pid)
            if "map_type:\t1\n" in text and "max_entries:\t1048576\n" in text and "key_size:\t16\n" in text
        }
        listed = subprocess.run(["bpftool", "-j", "map", "dump", "id", number], capture_output=True, text=True, check=True)
        return len(json.loads(listed.stdout))

    def test_file_replaced(self):
        """A program whose file is deleted and replaced while it is traced is traced on."""
        path = self.path("allocs")
        shutil.copy(program("allocs_static"), path)
        target = self.spawn(path, "wait")
        os.unlink(path)
        shutil.copy("/bin/true", path)
        tracer = self.start(target, "--live", *EXACT)
        target.stdin.write("go\n")
        target.stdin.flush()
        said = "".join(iter(target.stdout.readline, "end\n"))
        report = self.finish(tracer)
        self.assertEqual(report.sum("leak", "live_bytes"), says(said)["leak"][3])

    def start(self, target, *arguments):
        """As attach(), for a program without the C library: waits until its own code has changed."""
        with open(f"/proc/{target.pid}/maps", encoding="utf-8") as maps:
            start, end = next(
                (int(a, 16) for a in line.split()[0].split("-")) for line in maps if " r-xp " in line
            )

        def bytes_now():
            with open(f"/proc/{target.pid}/mem", "rb") as memory:
                memory.seek(start)
                return memory.read(end - start)

        before = bytes_now()
        return self.attach_until(target, lambda: bytes_now() != before, *arguments)


class Overhead(AllocationTest):
    @undisturbed
    def test_refused(self):
        """What would cost more than the limit and cannot be made cheaper is not begun."""
        target = self.spawn(program("alloc_spin"))
        errors = self.mem(
            "--live", "--max-overhead", "0.5", "-d", "1s", "-p", str(target.pid), status=2
        )
        self.assertRegex(errors, r"about \d+ % of its CPU time, more than --max-overhead 0\.5")
        self.assertIsNone(target.poll())

    @undisturbed
    def test_wakes_up(self):
        """What sleeps while it is looked at, and then allocates more than --live may cost, is soon left alone."""
        target = self.spawn(program("alloc_spin"))
        before = code(target.pid)
        target.send_signal(signal.SIGSTOP)
        tracer = self.attach(target, "--live")
        target.send_signal(signal.SIGCONT)
        wait_until(lambda: code(target.pid) == before, 60)
        report = self.finish(tracer)
        self.assertRegex(report.notices, r"recording stopped: following every free cost \d+ % .* --max-overhead 160")
        self.assertGreater(report.sum("spin", "allocated_count"), 0)
        self.assertIsNone(target.poll())

    @undisturbed
    def test_windows(self):
        """A program that calls malloc() all the time is traced in windows: it keeps most of its speed, and the
        totals stand for all of its calls."""
        for kind, arguments in (
            ("5 million calls a second", ("4", "550")),
            ("misses the caches", ("4", "-40")),
            ("threads", ("2", "1200", "3")),
        ):
            alone = subprocess.run(
                [program("alloc_spin"), "1", *arguments[1:]], capture_output=True, text=True, check=True
            ).stdout
            report = self.mem("--alloc", "--max-overhead", "5", "--", program("alloc_spin"), *arguments)
            calls = says(report.stdout)["spin"][0]
            self.assertGreater(calls / float(arguments[0]), says(alone)["spin"][0] * 0.5, kind)
            told = re.search(
                r"breakpoints were set for \d+ windows.* between ([\d.]+) % less and ([\d.e+]+) % more", report.notices
            )
            self.assertIsNotNone(told, report.notices)
            less, more = (float(number) / 100 for number in told.groups())
            for found in (report.sum("spin", "allocated_count"), report.sum("spin", "allocated_bytes") / 100):
                # What else runs on the machine disturbs the clock in windows that are a hundredth of the time.
                self.assertLess(found * (1 - less) / calls, 1.15, kind)
                self.assertGreater(found * (1 + more) / calls, 0.85, kind)

    def test_two_at_once(self):
        """Two tracers in windows at the same instructions, each of another process, leave both processes alone."""
        command = [SONDE, "mem", "--alloc", "--max-overhead", "5", "-f", "json", "-o", "/dev/null", "--"]
        both = [
            subprocess.Popen([*command, program("alloc_spin"), "2", "500"], stdout=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        for tracer in both:
            said, _ = tracer.communicate(timeout=120)
            self.assertEqual(tracer.returncode, 0)
            calls = says(said)["spin"][0]
            # It counts in a register that malloc() saves, by thousands.
            self.assertEqual(calls % 1000, 0)
            self.assertLess(calls, 1 << 40)


class Unprobed(AllocationTest):
    """Programs that cannot be probed get what makes their memory grow instead, and a sentence that says why."""

    def stripped(self, *flags):
        path = self.path("stripped" + "".join(flags))
        source = self.path("stays.c")
        with open(source, "w", encoding="utf-8") as file:
            file.write(STAYS)
        subprocess.run(["cc", *flags, "-s", "-O1", "-o", path, source], check=True)
        return path

    def go(self):
        with open(self.path("stays.go"), "w", encoding="utf-8") as file:
            file.write(GO_STAYS)
        path = self.path("stays-go")
        subprocess.run(
            [os.environ["GO"], "build", "-o", path, self.path("stays.go")], check=True, cwd=self.folder,
            env={**os.environ, "HOME": self.folder, "GOCACHE": self.folder, "GO111MODULE": "off"},
        )
        return path

    def assert_grown(self, report, words):
        """16 MiB were touched; nothing of it was traced by breakpoints."""
        (entry,) = [
            e for e in report.header["plan"] if e["feature"].startswith("allocations") and e["state"] == "fallback"
        ]
        self.assertIn(words, entry["consequence"])
        grown = sum(
            r["bytes"] for r in report.records if r["type"] == "fault_site" and r["kind"] == "anonymous" and r["comm"].startswith("st")
        )
        self.assertGreaterEqual(grown, 16 << 20)

    def test_static_and_stripped(self):
        """Nothing says where its allocator is, be it at a fixed address or at any."""
        for flags in (("-static",), ("-static-pie",)):
            with self.subTest(flags):
                report = self.mem("--live", "--", self.stripped(*flags))
                self.assert_grown(report, "static and stripped")
                self.assertEqual(report.sites, [])

    def test_go(self):
        """Go programs are left alone: launched, and running."""
        path = self.go()
        report = self.mem("--alloc", "--", path)
        self.assert_grown(report, "is a Go program")
        self.assertEqual(report.sites, [])

    def test_one_of_several(self):
        """Where one of the targets is such, the others are probed all the same."""
        other = self.spawn(program("allocs"), "wait")
        target = self.spawn(self.stripped("-static"), "wait")
        tracer = self.attach(other, "--live", *EXACT, "-p", str(target.pid))
        for each in (target, other):
            each.stdin.write("go\n")
            each.stdin.flush()
        said = "".join(iter(other.stdout.readline, "end\n"))
        self.assertIn("touched", target.stdout.readline())
        report = self.finish(tracer)
        self.assert_grown(report, "static and stripped")
        self.assertEqual(report.sum("leak", "live_bytes"), says(said)["leak"][3])


class Refused(AllocationTest):
    def test_usage(self):
        """What cannot be meant is an error that says so."""
        for arguments, words in (
            (("--alloc",), "whole system"),
            (("--alloc", "--sample-bytes", "0", "-p", "1"), "--sample-bytes"),
            (("--alloc", "--max-overhead", "0", "-p", "1"), "--max-overhead"),
            (("--alloc", "--max-overhead", "-5", "-p", "1"), "--max-overhead"),
            (("--alloc", "--older-than", "1s", "-p", "1"), "--older-than"),
            (("--alloc", "-p", "2147483647"), "no process 2147483647"),
        ):
            with self.subTest(arguments):
                self.assertIn(words, self.mem(*arguments, status=2))

    def test_damaged_symbols(self):
        """A symbol table that is damaged leads nowhere, and harms nobody."""
        path = self.path("damaged")
        with open(program("allocs_static"), "rb") as file:
            data = bytearray(file.read())
        (sections,) = struct.unpack_from("<Q", data, 40)
        size, count = struct.unpack_from("<HH", data, 58)
        for i in range(count):
            header = sections + i * size
            kind, = struct.unpack_from("<I", data, header + 4)
            if kind == 2:  # SHT_SYMTAB
                offset, length = struct.unpack_from("<QQ", data, header + 24)
                for at in range(offset, offset + length, 24):
                    struct.pack_into("<QQ", data, at + 8, 0x401000 + (at * 7919) % 0x40000, 0xffffffff)
        with open(path, "wb") as file:
            file.write(data)
        os.chmod(path, 0o755)
        report = self.mem("--alloc", *EXACT, "--", path)
        self.assertIn("end", report.stdout)


if __name__ == "__main__":
    main()
