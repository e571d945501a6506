"""Whatever happens to sonde, its targets or its files, the kernel is left as it was."""

import json
import os
import random
import signal
import subprocess
import time

from tracing import SONDE, TracingTest, main, program, run, wait_until

KINDS = ("prog", "map", "link")


def loaded():
    """(kind, id) of every program, map and link in the kernel."""
    objects = set()
    for kind in KINDS:
        shown = subprocess.run(["bpftool", "-j", kind, "show"], check=True, capture_output=True, text=True)
        objects |= {(kind, item["id"]) for item in json.loads(shown.stdout)}
    return objects


def held_by(pid):
    """(kind, id) of what a process has open; empty if it has gone or may not be looked into."""
    objects = set()
    try:
        for fd in os.listdir(f"/proc/{pid}/fdinfo"):
            with open(f"/proc/{pid}/fdinfo/{fd}", encoding="utf-8") as lines:
                for line in lines:
                    key, _, value = line.partition(":")
                    if key in ("prog_id", "map_id", "link_id"):
                        objects.add((key.removesuffix("_id"), int(value)))
    except (FileNotFoundError, PermissionError):
        pass
    return objects


def held():
    """What any living process has open: other tools may work at the same time."""
    return set().union(*(held_by(pid) for pid in os.listdir("/proc") if pid.isdigit()))


def blocks_interrupts(pid):
    """sonde takes signals by a descriptor, and blocks them from then on."""
    with open(f"/proc/{pid}/status", encoding="ascii") as lines:
        blocked = next(line.split()[1] for line in lines if line.startswith("SigBlk:"))
    return int(blocked, 16) >> (signal.SIGINT - 1) & 1


class Killed(TracingTest):
    def assert_gone(self, before):
        """What was loaded since `before` and is held by nobody goes away."""
        # The kernel frees after an RCU grace period.
        wait_until(lambda: not loaded() - before - held(), 10)

    def test_kill_at_any_moment(self):
        """SIGKILL at 20 moments, from exec to the report, leaves no program, map or link."""
        before = loaded()
        command = [SONDE, "cpu", "-q", "-d", "300ms", "-o", self.path("report.json")]
        began = time.monotonic()
        subprocess.run(command, check=True, timeout=60)
        whole = time.monotonic() - began
        seed = random.randrange(1 << 30)
        moments = random.Random(seed)
        seen_loaded = 0
        for number in range(20):
            sonde = subprocess.Popen(command, stderr=subprocess.DEVNULL)
            time.sleep(moments.uniform(0, whole))
            seen_loaded += bool(held_by(sonde.pid))
            sonde.kill()
            sonde.wait()
            with self.subTest(seed=seed, number=number):
                self.assert_gone(before)
        # So this test can fail: what it looks for was there while sonde lived.
        self.assertGreater(seen_loaded, 0)

    def test_command_is_not_harmed(self):
        """SIGKILL while COMMAND runs: it works on to its own end, and nothing stays loaded."""
        before = loaded()
        out = self.path("out")
        with open(out, "w", encoding="ascii") as file:
            sonde = subprocess.Popen(
                [SONDE, "cpu", "-q", "-o", self.path("report.json"), "--", program("split"), "1"], stdout=file
            )
            wait_until(lambda: os.path.getsize(out) > 0)
            sonde.kill()
            sonde.wait()

        def lines():
            with open(out, encoding="ascii") as file:
                return file.read().splitlines()

        wait_until(lambda: len(lines()) == 2)
        self.assertGreater(json.loads(lines()[1])["heavy_ns"], 500e6)
        self.assert_gone(before)

    def test_normal_end(self):
        """A session that ends by itself leaves nothing either."""
        before = loaded()
        sonde = subprocess.Popen([SONDE, "cpu", "-q", "-d", "200ms", "-o", self.path("report.json")])
        self.assertEqual(sonde.wait(timeout=60), 0)
        self.assert_gone(before)


class Interrupts(TracingTest):
    def test_once(self):
        """SIGINT ends the session with a whole report and status 0."""
        self.spawn(program("spin"))
        sonde = self.start_session("cpu", "-d", "10m")
        time.sleep(1)  # for samples
        sonde.send_signal(signal.SIGINT)
        self.assertEqual(sonde.wait(timeout=60), 0)
        with open(sonde.file, encoding="utf-8") as lines:
            report = self.read_report(lines.read())
        self.assertGreater(report.with_frame("spin_here"), 0)
        self.assertLess(report.summary["duration_ns"], 60e9)

    def test_twice(self):
        """The second SIGINT stops at once, with 130, without a file of half a report."""
        statuses = set()
        for _ in range(10):
            sonde = subprocess.Popen(
                [SONDE, "cpu", "-d", "10m", "-o", self.path("report.json")], stderr=subprocess.DEVNULL
            )
            wait_until(lambda: blocks_interrupts(sonde.pid))
            sonde.send_signal(signal.SIGINT)
            sonde.send_signal(signal.SIGINT)
            statuses.add(sonde.wait(timeout=60))
            self.assertLessEqual(set(os.listdir(self.folder)), {"report.json"})
        # Two that arrive as one count as one.
        self.assertLessEqual(statuses, {0, 130})


class Targets(TracingTest):
    def test_exits_while_traced(self):
        """A process that ends while it is traced is in the report, with names."""
        split = self.spawn(program("split"), "0.5")
        report = self.trace("-p", str(split.pid), "-F", "499", "-d", "10m")
        self.assertGreater(report.with_frame("burn_heavy"), 50)

    def test_vanished(self):
        """The pid of a process that has just been reaped is refused, by name."""
        gone = subprocess.Popen(["true"])
        gone.wait()
        result = run("cpu", "-p", str(gone.pid), "-d", "1")
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn(str(gone.pid), result.stderr)

    def test_zombie(self):
        """A process that has ended but was not reaped ends the session instead of blocking it."""
        zombie = subprocess.Popen(["true"])
        self.addCleanup(zombie.wait)
        os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
        result = run("cpu", "-p", str(zombie.pid), "-d", "10m")
        self.assertIn(result.returncode, (0, 2), result.stderr)

    def test_many_short_lives(self):
        """Thousands of processes that live for a millisecond neither grow nor break it."""
        script = "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); /bin/true; done"
        report = self.trace("-F", "997", "--", "sh", "-c", script)
        self.assertGreater(len(report.by("pid")), 100)
        self.assertLess(report.summary["overhead"]["memory_bytes"], 50 << 20)


class Pipes(TracingTest):
    def test_head(self):
        """`sonde | head -1` ends quietly with 0."""
        result = subprocess.run(
            ["bash", "-c", f"{SONDE} cpu -d 1 -f json | head -1; echo ${{PIPESTATUS[0]}}"],
            capture_output=True, text=True, timeout=60,
        )
        header, status = result.stdout.splitlines()
        self.assertEqual((json.loads(header)["type"], status, result.stderr), ("header", "0", ""))


class Disk(TracingTest):
    def test_full_file_system(self):
        """A file system without room: an error that says so, and neither the file nor a part of it."""
        folder = self.path("small")
        os.mkdir(folder)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "none", folder], check=True)
        self.addCleanup(subprocess.run, ["umount", folder], check=True)
        with open(os.path.join(folder, "filler"), "wb") as filler:
            filler.write(bytes(4096))
        result = run("cpu", "-d", "500ms", "-f", "json", "-o", os.path.join(folder, "report.json"))
        self.assertEqual(result.returncode, 1)
        self.assertIn("No space left on device", result.stderr)
        self.assertEqual(os.listdir(folder), ["filler"])


if __name__ == "__main__":
    main()
