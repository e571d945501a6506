"""Formats and places of output that are refused before tracing, and streams that fail."""

import os
import pty
import subprocess
import unittest

from sonde_cli import SONDE, SondeTest, run


class Formats(SondeTest):
    def test_unknown(self):
        """An unknown format names the nearest and lists all."""
        self.refused(
            2,
            "--format: unknown format 'jsn' (did you mean 'json'?). "
            "The formats are table, json, folded, pprof",
            "cpu", "-f", "jsn",
        )

    def test_intervals(self):
        """A format that holds one result cannot be used with --interval, chosen by name or by ending."""
        message = "format pprof holds one result and cannot be used with --interval"
        self.refused(2, message, "cpu", "-f", "pprof", "-i", "1", "-d", "2")
        self.refused(2, message, "cpu", "-o", self.path("profile.pb.gz"), "-i", "1", "-d", "2")
        self.assertEqual(os.listdir(self.folder), [])

    def test_stacks_only(self):
        """doctor has no stacks to put into a format for stacks."""
        self.refused(
            2, "format folded holds stacks, and this command has none", "doctor", "-f", "folded"
        )

    def test_binary_to_terminal(self):
        """pprof is not written to a terminal."""
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        result = run("cpu", "-f", "pprof", stdout=slave)
        os.close(slave)
        self.assertEqual(result.returncode, 2)
        self.assertEqual(
            result.stderr,
            "sonde: format pprof is binary and not written to a terminal. "
            "Name a file, such as -o profile.pb.gz\n",
        )


class Files(SondeTest):
    def test_missing_folder(self):
        """A folder that does not exist is found out before COMMAND is run."""
        file = self.path("no/profile.json")
        self.refused(
            1,
            f"write {file}: No such file or directory. Create the folder first",
            "cpu", "-o", file, "--", "touch", self.path("ran"),
        )
        self.assertEqual(os.listdir(self.folder), [])

    def test_doctor_to_file(self):
        """doctor writes a whole file, in the format of its ending."""
        file = self.path("doctor.json")
        result = run("doctor", "-o", file)
        self.assertIn(result.returncode, (0, 3), result.stderr)
        self.assertEqual((result.stdout, result.stderr), ("", ""))
        with open(file, encoding="utf-8") as lines:
            self.assertTrue(lines.readline().startswith('{"type":"header"'))
        self.assertEqual(os.listdir(self.folder), ["doctor.json"])


class Streams(SondeTest):
    def test_full(self):
        """What cannot be written is an error, for help as for data."""
        for arguments in (["--help"], ["cpu", "--help"], ["--schema"], ["doctor"]):
            with self.subTest(arguments), open("/dev/full", "w", encoding="ascii") as full:
                result = run(*arguments, stdout=full)
                self.assertEqual(result.returncode, 1)
                self.assertRegex(result.stderr, r"\Asonde: write stdout: No space left on device.*\n\Z")

    def test_closed_pipe(self):
        """A reader that has gone is no error."""
        for arguments in (["--help"], ["--schema"]):
            with self.subTest(arguments):
                read_end, write_end = os.pipe()
                os.close(read_end)
                result = run(*arguments, stdout=write_end)
                os.close(write_end)
                self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_closed_stdout(self):
        """A stdout that is not open is an error, and its number is not taken by another file."""
        result = subprocess.run(
            ["sh", "-c", 'exec "$1" --help >&-', "sh", SONDE], capture_output=True, text=True, timeout=60
        )
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"\Asonde: write stdout: Bad file descriptor")


if __name__ == "__main__":
    unittest.main()
