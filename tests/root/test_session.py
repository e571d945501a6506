"""A tracing command from start to end: COMMAND, signals, streams, precedence. Traces for real."""

import json
import os
import pty
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "cli"))
from sonde_cli import SONDE, SondeTest, run  # noqa: E402

MESON_SKIP = 77


def start(*arguments, **options):
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.PIPE)
    return subprocess.Popen([SONDE, *arguments], text=True, stdin=subprocess.DEVNULL, **options)


def read_to_end(terminal):
    """Everything that is written to a terminal until its last writer closes it."""
    seen = b""
    while True:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:  # EIO: Linux's end of file of a pty
            return seen.decode()
        if not chunk:
            return seen.decode()
        seen += chunk


class Command(SondeTest):
    def test_status(self):
        """The status is COMMAND's own, or 128 and the signal that ended it."""
        for script, status in (("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137)):
            with self.subTest(script):
                result = run("cpu", "-q", "--", "sh", "-c", script)
                self.assertEqual((result.returncode, result.stderr), (status, ""))

    def test_what_it_inherits(self):
        """COMMAND sees the signals, descriptors and limits that it would see without sonde."""
        for command in (
            ["grep", "^Sig[A-Z]\\|^ShdPnd", "/proc/self/status"],
            ["sh", "-c", "ls /proc/$$/fd"],
            ["cat", "/proc/self/limits"],
        ):
            bare = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
            )
            traced = run("cpu", "-q", "-o", self.path("report"), "--", *command)
            self.assertEqual(traced.stdout, bare.stdout)

    def test_script_without_interpreter_line(self):
        """A text without '#!' is run by sh, as a shell does."""
        script = self.write("script", "exit 9\n", 0o755)
        self.assertEqual(run("cpu", "-q", "--", script, "x").returncode, 9)

    def test_missing_interpreter(self):
        """What only execve() can find out ends like in a shell, too, and without a report."""
        script = self.write("script", "#!/no/such/interpreter\n", 0o755)
        self.refused(127, f"{script}: No such file or directory", "cpu", "--", script)

    def test_outlives_duration(self):
        """After --duration the report is written, COMMAND runs on, and its status is awaited."""
        result = run("cpu", "-d", "100ms", "--", "sh", "-c", "sleep 1; exit 3")
        self.assertEqual(result.returncode, 3)
        self.assertIn("books ", result.stdout)
        self.assertRegex(result.stderr, r"\Asonde: waiting for 'sh' \(pid \d+\) to end\n\Z")

    def test_header(self):
        """The header names COMMAND, and no duration when there is none."""
        result = run("cpu", "-f", "json", "--", "true")
        header = json.loads(result.stdout.splitlines()[0])
        self.assertEqual(header["target"], "true and its descendants")
        self.assertIsNone(header["config"]["duration_ns"])


class Survival(SondeTest):
    def test_command_survives_sonde(self):
        """SIGKILL to sonde leaves COMMAND running to its own end."""
        read_end, write_end = os.pipe()
        self.addCleanup(os.close, write_end)
        sonde = subprocess.Popen(
            [SONDE, "cpu", "-q", "-o", self.path("report"), "--", "sh", "-c", "echo up; read x; echo $x"],
            stdin=read_end, stdout=subprocess.PIPE, text=True,
        )
        os.close(read_end)
        self.assertEqual(sonde.stdout.readline(), "up\n")
        sonde.kill()
        self.assertEqual(sonde.wait(timeout=60), -signal.SIGKILL)
        os.write(write_end, b"still here\n")
        self.assertEqual(sonde.stdout.read(), "still here\n")
        sonde.stdout.close()


class Signals(SondeTest):
    @classmethod
    def setUpClass(cls):
        # Under nohup the tests would inherit it ignored, and sonde honours that.
        signal.signal(signal.SIGHUP, signal.SIG_DFL)

    def test_first_ends_with_report(self):
        """SIGINT, SIGTERM and SIGHUP end a long session early; the summary is written."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number):
                sonde = start("cpu", "-d", "10m", "-i", "100ms", "-f", "json")
                sonde.stdout.readline()  # tracing
                sonde.send_signal(number)
                out, err = sonde.communicate(timeout=60)
                self.assertEqual((sonde.returncode, err), (0, ""))
                self.assertEqual(json.loads(out.splitlines()[-1])["type"], "summary")

    def test_passed_on(self):
        """A signal that was sent to sonde alone reaches COMMAND, whose status counts."""
        script = "trap 'exit 5' TERM; echo up; while :; do sleep 0.1; done"
        report = self.path("report")
        sonde = start("cpu", "-o", report, "--", "sh", "-c", script)
        self.assertEqual(sonde.stdout.readline(), "up\n")
        sonde.terminate()
        _, err = sonde.communicate(timeout=60)
        self.assertEqual((sonde.returncode, err), (5, ""))
        self.assertTrue(os.path.exists(report))

    def test_interrupt_from_terminal(self):
        """Ctrl-C ends COMMAND once, by the terminal; sonde reports and takes its status."""
        script = "import signal, sys; n = []; signal.signal(2, lambda *_: n.append(1));" \
            "print('up', flush=True)\nwhile not n: signal.pause()\n" \
            "signal.sigtimedwait([], 0.3); print('interrupts', len(n)); sys.exit(6)"
        child, terminal = pty.fork()
        if child == 0:
            os.execv(SONDE, [SONDE, "cpu", "--", sys.executable, "-c", script])
        self.addCleanup(os.close, terminal)
        seen = ""
        while "up" not in seen:
            seen += os.read(terminal, 1024).decode()
        os.write(terminal, b"\x03")
        seen += read_to_end(terminal)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 6)
        self.assertIn("interrupts 1", seen)
        self.assertIn("books ", seen)

    def test_second_ends_at_once(self):
        """With a COMMAND that ignores signals, the second one ends sonde, after the report."""
        script = "trap '' TERM; echo $$; exec sleep 600"
        report = self.path("report")
        sonde = start("cpu", "-o", report, "--", "sh", "-c", script)
        command = int(sonde.stdout.readline())
        self.addCleanup(os.kill, command, signal.SIGKILL)
        sonde.terminate()
        while not os.path.exists(report):
            self.assertIsNone(sonde.poll())
        sonde.terminate()
        sonde.wait(timeout=60)
        sonde.stdout.close()
        sonde.stderr.close()
        self.assertEqual(sonde.returncode, 128 + signal.SIGTERM)
        os.kill(command, 0)  # it lives
        self.assertEqual(os.listdir(self.folder), ["report"])


class Targets(SondeTest):
    def test_end_of_targets(self):
        """When every traced process has ended there is nothing to wait for, and the report says so."""
        target = subprocess.Popen(["sleep", "600"])
        self.addCleanup(target.wait)
        sonde = start("cpu", "-p", str(target.pid), "-d", "10m", "-i", "100ms", "-f", "json")
        sonde.stdout.readline()
        target.kill()
        out, _ = sonde.communicate(timeout=60)
        self.assertEqual(sonde.returncode, 0)
        self.assertEqual(
            json.loads(out.splitlines()[-1])["notices"],
            ["ended before the 10m were over: every traced process has ended"],
        )


class Streams(SondeTest):
    def test_closed_pipe(self):
        """A reader that leaves ends the session quietly."""
        sonde = start("cpu", "-d", "10m", "-i", "100ms", "-f", "json")
        sonde.stdout.readline()
        sonde.stdout.close()
        self.assertEqual(sonde.wait(timeout=60), 0)
        self.assertEqual(sonde.stderr.read(), "")
        sonde.stderr.close()

    def test_closed_pipe_with_command(self):
        """COMMAND's status counts although the reader has left."""
        sonde = start("cpu", "-q", "-i", "50ms", "-f", "json", "--", "sh", "-c", "sleep 1; exit 4")
        sonde.stdout.readline()
        sonde.stdout.close()
        self.assertEqual(sonde.wait(timeout=60), 4)
        sonde.stderr.close()

    def test_full_disk(self):
        """A report that cannot be written is a failure."""
        with open("/dev/full", "w", encoding="ascii") as full:
            result = run("cpu", "-d", "100ms", stdout=full)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"\Asonde: write stdout: No space left on device")
        result = run("cpu", "-d", "100ms", "-o", "/dev/full")
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"\Asonde: write /dev/full: No space left on device")

    def test_summary_beside_data(self):
        """Formats that cannot hold books and cost have them on stderr, unless quiet."""
        shown = run("cpu", "-d", "100ms", "-f", "folded")
        self.assertEqual(shown.returncode, 0)
        self.assertRegex(shown.stderr, r"(?m)\Abooks  cpu: seen ")
        self.assertIn("\ncost   ", shown.stderr)
        self.assertEqual(run("cpu", "-q", "-d", "100ms", "-f", "folded").stderr, "")

    def test_progress(self):
        """A terminal shows one line that is erased in the end; -q and pipes show none."""
        for arguments, expected in (([], True), (["-q"], False)):
            master, slave = pty.openpty()
            sonde = start("cpu", "-d", "600ms", *arguments, stderr=slave, env={**os.environ, "TERM": "xterm"})
            os.close(slave)
            shown = read_to_end(master)
            os.close(master)
            sonde.communicate(timeout=60)
            if expected:
                self.assertRegex(shown, r"\r\x1b\[Ksonde: 0s of 600ms, \d+ events, 0 lost")
                self.assertTrue(shown.endswith("\r\x1b[K"), shown)
                self.assertNotIn("\n", shown)
            else:
                self.assertEqual(shown, "")
        self.assertEqual(run("cpu", "-d", "600ms").stderr, "")


class Precedence(SondeTest):
    def config_of(self, *arguments):
        result = run("cpu", "-f", "json", "-d", "50ms", *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout.splitlines()[0])["config"]

    def test_sources(self):
        """Defaults, then --env, then --config, then flags."""
        file = self.write("config.json", '{"sample_rate": 77, "cpu": {"kernel_stacks": false}}')
        self.assertEqual(self.config_of()["sample_rate"], 99)
        self.assertEqual(self.config_of("--env", "staging")["sample_rate"], 49)
        config = self.config_of("--config", file, "--env", "staging")
        self.assertEqual((config["sample_rate"], config["kernel_stacks"]), (77, False))
        config = self.config_of("-F", "11", "-c", file, "--env", "staging", "--kernel")
        self.assertEqual(
            (config["sample_rate"], config["kernel_stacks"], config["user_stacks"]), (11, True, False)
        )

    def test_last_flag_counts(self):
        """A flag that is repeated counts as it was given last, so aliases can be overridden."""
        self.assertEqual(self.config_of("-F", "11", "-F", "12")["sample_rate"], 12)

    def test_max_samples(self):
        """The limit is raised to what the session can take, unless a flag or a file sets it."""
        cpus = os.sysconf("SC_NPROCESSORS_ONLN")
        needed = 1000 * cpus * (1000 + 1)
        long = ["-F", "1000", "-d", "1000s"]
        sonde = start("cpu", "-f", "json", "-i", "50ms", *long)
        config = json.loads(sonde.stdout.readline())["config"]
        sonde.send_signal(signal.SIGINT)
        sonde.communicate(timeout=60)
        self.assertEqual(config["max_samples"], min(needed, 10_000_000))
        self.assertEqual(self.config_of()["max_samples"], 100_000)
        self.assertEqual(self.config_of("--max-samples", "500")["max_samples"], 500)
        file = self.write("config.json", '{"max_samples": 600}')
        self.assertEqual(self.config_of("-c", file)["max_samples"], 600)

    def test_unknown_feature(self):
        """A feature to switch off must exist."""
        result = run("cpu", "--no-feature", "btff")
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn("did you mean 'btf'?", result.stderr)


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("skipped: tracing needs root")
        sys.exit(MESON_SKIP)
    unittest.main()
