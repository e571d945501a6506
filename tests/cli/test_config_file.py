"""--config: what is wrong with a file is told with the file's name and the place in it."""

import os
import unittest

from sonde_cli import SondeTest, run


class ConfigFile(SondeTest):
    def test_unreadable(self):
        """A file that is missing or a folder is named with the reason."""
        missing = self.path("missing.json")
        self.refused(2, f"{missing}: No such file or directory", "cpu", "-c", missing)
        self.refused(2, f"{self.folder}: Is a directory", "cpu", "-c", self.folder)

    def test_wrong_content(self):
        """Setting errors begin with the path of the setting, syntax errors with line and column."""
        for text, message in (
            ('{"sample_rat": 1}', "sample_rat: unknown key (did you mean 'sample_rate'?)"),
            ('{"sample_rate": 0}', "sample_rate is 0, but must be from 1 to 1000"),
            ('{"target": {"pids": ["1"]}}', 'target.pids[0]: expected a whole number, found "1"'),
        ):
            with self.subTest(text):
                file = self.write("config.json", text)
                self.refused(2, f"{file}: {message}", "cpu", "--config", file)
        file = self.write("config.json", '{\n  "sample_rate": ,\n}')
        result = run("cpu", "-c", file)
        self.assertEqual(result.returncode, 2)
        self.assertTrue(result.stderr.startswith(f"sonde: {file}: line 2, column 18: "), result.stderr)

    def test_endless(self):
        """Reading stops at the size that no configuration has."""
        self.refused(2, "/dev/zero: the text is larger than 1048576 bytes", "cpu", "-c", "/dev/zero")

    def test_target_of_file(self):
        """The file's target counts as much as a flag's, and a flag replaces it."""
        with open("/proc/sys/kernel/pid_max", encoding="ascii") as limit:
            absent = int(limit.read()) + 1
        file = self.write("config.json", f'{{"target": {{"pids": [{absent}]}}}}')
        self.refused(2, f"no process {absent}: it may have ended", "cpu", "-c", file)
        # The flag's process exists, so the next check is reached: the folder of -o.
        self.refused(
            1,
            "write /no/such/file: No such file or directory. Create the folder first",
            "cpu", "-c", file, "-p", str(os.getpid()), "-o", "/no/such/file",
        )


if __name__ == "__main__":
    unittest.main()
