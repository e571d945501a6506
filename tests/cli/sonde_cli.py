"""Runs the built sonde as a user would, without privileges."""

import os
import shutil
import subprocess
import tempfile
import unittest

SONDE = os.environ["SONDE"]
COMMANDS = tuple(os.environ["COMMANDS"].split())
NOBODY = 65534


def run(*arguments, **options):
    """Runs sonde to its end; output as text."""
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.PIPE)
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run([SONDE, *arguments], text=True, timeout=60, **options)


class SondeTest(unittest.TestCase):
    """A fresh folder for each test, and checks of status and messages."""

    maxDiff = None

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="sonde-cli-")
        os.chmod(self.folder, 0o755)
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text, mode=0o644):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(name), mode)
        return self.path(name)

    def refused(self, status, message, *arguments, **options):
        """sonde ends with `status`, no data, and exactly `message` as its one line on stderr."""
        result = run(*arguments, **options)
        self.assertEqual(
            (result.returncode, result.stdout or "", result.stderr),
            (status, "", f"sonde: {message}\n"),
        )
