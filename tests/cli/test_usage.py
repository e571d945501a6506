"""Wrong use: the exit status and the one line that says what is wrong."""

import os
import shutil
import subprocess
import threading
import unittest

from sonde_cli import COMMANDS, NOBODY, SONDE, SondeTest, run

SEE = "See 'sonde cpu --help'"


class Flags(SondeTest):
    def test_unknown_option(self):
        """An unknown option names the nearest known one, if one is near."""
        self.refused(
            2,
            f"unknown option '--durtion' (did you mean '--duration'?). {SEE}",
            "cpu",
            "--durtion",
            "5",
        )
        self.refused(2, f"unknown option '--formt' (did you mean '--format'?). {SEE}", "cpu", "--formt=json")
        self.refused(2, f"unknown option '--zzzzzzz'. {SEE}", "cpu", "--zzzzzzz")
        self.refused(2, f"unknown option '-x'. {SEE}", "cpu", "-x")
        self.refused(2, f"unknown option '-x'. {SEE}", "cpu", "-qx")

    def test_hidden_options_are_not_suggested(self):
        """A typing error near a hidden option does not reveal it."""
        self.refused(2, f"unknown option '--no-featur'. {SEE}", "cpu", "--no-featur", "x")

    def test_unknown_command(self):
        """An unknown command names the nearest known one."""
        self.refused(2, "unknown command 'cppu' (did you mean 'cpu'?). See 'sonde --help'", "cppu")
        self.refused(2, "unknown command 'docter' (did you mean 'doctor'?). See 'sonde --help'", "docter")
        self.refused(2, "unknown command 'zzz'. See 'sonde --help'", "help", "zzz")

    def test_missing_values(self):
        """An option without its value, or with an empty one, is refused rather than ignored."""
        for arguments in (["-d"], ["--duration"], ["-d", ""], ["--duration="]):
            with self.subTest(arguments):
                self.refused(2, f"'--duration' needs a value. {SEE}", "cpu", *arguments)
        self.refused(2, f"'--comm' needs a value. {SEE}", "cpu", "--comm", "")
        self.refused(2, f"'--pid' needs a value. {SEE}", "cpu", "--pid")

    def test_stray_arguments(self):
        """A word that is no option is not taken for a COMMAND."""
        self.refused(2, f"unexpected argument 'ls'; a COMMAND goes after '--'. {SEE}", "cpu", "ls")
        self.refused(2, f"no COMMAND after '--'. {SEE}", "cpu", "--")
        self.refused(
            2, "this command takes no COMMAND. See 'sonde doctor --help'", "doctor", "--", "ls"
        )

    def test_durations(self):
        """A duration is above zero and has a known unit."""
        self.refused(2, "--duration: must be above zero", "cpu", "-d", "0")
        self.refused(2, "--interval: must be above zero", "cpu", "-i", "0ms")
        hint = "Write a number with ns, us, ms, s, m or h, such as 500ms or 10s"
        self.refused(
            2, f"--duration: '5 weeks' is not a duration: the unit ' weeks' is unknown. {hint}",
            "cpu", "-d", "5 weeks",
        )
        self.refused(
            2, f"--duration: '-5' is not a duration: it is negative. {hint}", "cpu", "-d", "-5"
        )

    def test_numbers(self):
        """Rates, limits and rows are whole numbers in their range."""
        self.refused(2, "--frequency is 0, but must be from 1 to 1000", "cpu", "-F", "0")
        self.refused(2, "--frequency is 1000000, but must be from 1 to 1000", "cpu", "-F1000000")
        for word in ("abc", "99Hz", "9.5", "-1", "0x10"):
            with self.subTest(word):
                self.refused(
                    2, f"--frequency: '{word}' is not a whole number from 1 to 1000", "cpu", "-F", word
                )
        self.refused(
            2, "--max-samples is 10000001, but must be from 1 to 10000000",
            "cpu", "--max-samples", "10000001",
        )
        self.refused(
            2, f"--max-samples is {2**64 - 1}, but must be from 1 to 10000000",
            "cpu", "--max-samples", "9" * 40,
        )
        self.refused(2, "--top: 'many' is not a number of rows", "cpu", "-n", "many")

    def test_names(self):
        """Environments, events and colours are among those that exist."""
        self.refused(
            2,
            "--env: unknown environment 'prodution' (did you mean 'production'?). "
            "The environments are production, staging, development and debug",
            "cpu", "--env", "prodution",
        )
        self.refused(
            2,
            "--event: unknown event 'cycle' (did you mean 'cycles'?). "
            "The events are auto, cpu-clock and cycles",
            "cpu", "--event", "cycle",
        )
        self.refused(
            2, "--stacks: unknown method 'cif' (did you mean 'cfi'?). The methods are auto, cfi, fp and none",
            "cpu", "--stacks", "cif",
        )
        self.refused(
            2, "--unwind-memory is 1, but must be from 65536 to 1073741824", "cpu", "--unwind-memory", "1",
        )
        self.refused(2, "--color: 'blue' is not auto, always or never", "cpu", "--color", "blue")

    def test_messages_are_safe_to_print(self):
        """An escape sequence in an argument does not reach the terminal."""
        self.refused(2, "unknown command '?[31mred'. See 'sonde --help'", "\x1b[31mred")


class Help(SondeTest):
    def test_help(self):
        """Help goes to stdout with status 0; a call without arguments is an error that shows it."""
        overview = run("--help")
        self.assertEqual((overview.returncode, overview.stderr), (0, ""))
        self.assertEqual(run("-h").stdout, overview.stdout)
        self.assertEqual(run("help").stdout, overview.stdout)
        bare = run()
        self.assertEqual((bare.returncode, bare.stdout, bare.stderr), (2, "", overview.stdout))
        for command in COMMANDS:
            self.assertIn(f"  {command} ", overview.stdout)
            text = run(command, "--help").stdout
            self.assertTrue(text.startswith(f"Usage: sonde {command} [OPTION...]"))
            self.assertEqual(run("help", command).stdout, text)
            self.assertEqual(run(command, "-h").stdout, text)
            self.assertLessEqual(max(map(len, text.splitlines())), 80)
            for part in ("Examples:", "Exit status:"):
                self.assertIn(part, text)
        self.assertNotIn("no-feature", run("cpu", "--help").stdout)
        self.assertIn("  4 --check: a file needs migration\n", run("migrate-config", "--help").stdout)
        self.assertNotIn("  4 ", run("doctor", "--help").stdout)

    def test_version(self):
        """The version is that of the build."""
        result = run("--version")
        self.assertEqual((result.returncode, result.stdout), (0, f"sonde {os.environ['VERSION']}\n"))


class Targets(SondeTest):
    def test_no_such_process(self):
        """A pid that no process has is named; pid_max bounds those that the kernel gives out."""
        with open("/proc/sys/kernel/pid_max", encoding="ascii") as file:
            absent = int(file.read()) + 1
        self.refused(2, f"no process {absent}: it may have ended", "cpu", "-p", f"{os.getpid()},{absent}")

    def test_malformed_pids(self):
        """Each element of a list is checked."""
        for text, bad in (("x", "x"), ("1,,2", ""), ("0", "0"), ("-3", "-3"), ("1,2x", "2x")):
            with self.subTest(text):
                self.refused(2, f"--pid: '{bad}' is not a process id", "cpu", "-p", text)

    def test_thread(self):
        """A thread's id is answered with the process that it belongs to."""
        stop = threading.Event()
        thread = threading.Thread(target=stop.wait)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(stop.set)
        self.refused(
            2,
            f"{thread.native_id} is a thread of process {os.getpid()}. "
            f"Use -p {os.getpid()} for all its threads",
            "cpu", "-p", str(thread.native_id),
        )

    def test_command_and_pid(self):
        """COMMAND is a target of its own."""
        self.refused(
            2,
            "COMMAND cannot be combined with --pid, --cgroup or --container. "
            "Trace either what runs or a new command",
            "cpu", "-p", str(os.getpid()), "--", "true",
        )


class Commands(SondeTest):
    """What a shell says of a COMMAND that it cannot start, before anything is traced."""

    def test_not_found(self):
        """A name that is nowhere in PATH, and a path that does not exist, end with 127."""
        self.refused(127, "no-such-command: command not found", "cpu", "--", "no-such-command")
        self.refused(127, "./no/such: No such file or directory", "cpu", "--", "./no/such")
        self.refused(127, ": command not found", "cpu", "--", "")

    def test_not_executable(self):
        """A folder and a file without x bit end with 126; further folders of PATH are tried first."""
        self.refused(126, f"{self.folder}: Is a directory", "cpu", "--", self.folder)
        data = self.write("data", "")
        self.refused(126, f"{data}: Permission denied", "cpu", "--", data)
        self.refused(
            126, "data: Permission denied", "cpu", "--", "data",
            env={**os.environ, "PATH": f"{self.folder}:/nowhere"},
        )


class Unprivileged(SondeTest):
    def unprivileged(self, *arguments):
        """Runs a copy of sonde that anybody may read, as a user without capabilities."""
        sonde = shutil.copy(SONDE, self.path("sonde"))
        user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
        return subprocess.run(
            [sonde, *arguments], cwd="/", capture_output=True, text=True, timeout=60, **user
        )

    def test_cpu(self):
        """Without capabilities the status is 3, one line names them and the fix, and COMMAND is not run."""
        os.chmod(self.folder, 0o777)
        result = self.unprivileged("cpu", "--", "touch", self.path("ran"))
        self.assertEqual((result.returncode, result.stdout), (3, ""))
        self.assertRegex(result.stderr, r"\Asonde: .*CAP_BPF and CAP_PERFMON.*sudo setcap .*\n\Z")
        self.assertFalse(os.path.exists(self.path("ran")))

    def test_doctor(self):
        """doctor shows its tables and ends with 3."""
        result = self.unprivileged("doctor")
        self.assertEqual((result.returncode, result.stderr), (3, ""))
        self.assertRegex(result.stdout, r"(?m)^  cap_bpf +no ")


if __name__ == "__main__":
    unittest.main()
