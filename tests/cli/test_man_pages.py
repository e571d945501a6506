"""The manual pages tell of every option and command that exists, and of no other."""

import os
import re
import subprocess
import unittest

from sonde_cli import COMMANDS, SondeTest, run

MAN = os.environ["MAN"]


def page(name):
    with open(os.path.join(MAN, name), encoding="utf-8") as file:
        return file.read()


def options_of_help(text):
    """{"--format": ("-f", ("table", "json"))} from the lines that begin with dashes."""
    options = {}
    for line in text.splitlines():
        found = re.match(r"  (?:(-\w), |    )(--[\w-]+)(?: ([\w|-]+))?", line)
        if found:
            choices = (found[3] or "").split("|")
            options[found[2]] = (found[1], tuple(choices) if len(choices) > 1 else ())
    return options


def options_of_page(text):
    """The same from '.It Fl f , Fl -format Cm table | json'."""
    options = {}
    for line in re.findall(r"^\.It (Fl .*)$", text, re.MULTILINE):
        found = re.match(r"(?:Fl (\w) , )?Fl -([\w-]+)(?: Cm (.*))?", line)
        choices = tuple(re.findall(r"[\w-]+", found[3] or ""))
        options["--" + found[2]] = (found[1] and "-" + found[1], choices)
    return options


class ManPages(SondeTest):
    def test_options(self):
        """Spellings and choices of each command's page are those of its help."""
        for command in COMMANDS:
            with self.subTest(command):
                help_options = options_of_help(run(command, "--help").stdout)
                self.assertIn("--help", help_options)
                self.assertEqual(options_of_page(page(f"sonde-{command}.1")), help_options)
        overview = options_of_help(run("--help").stdout)
        self.assertEqual(options_of_page(page("sonde.1")), overview)

    def test_commands(self):
        """sonde(1) lists the commands of the overview, and each has its page."""
        listed = run("--help").stdout.split("Commands:\n")[1].split("\n\n")[0]
        names = [line.split()[0] for line in listed.splitlines()]
        self.assertEqual(names, list(COMMANDS))
        in_page = re.findall(r"^\.It Ic ([\w-]+)", page("sonde.1"), re.MULTILINE)
        self.assertEqual(in_page, [*names, "help"])

    def test_configuration_keys(self):
        """Every key that sonde(1) tells of is known to the reader of configuration files."""
        section = page("sonde.1").split(".Sh CONFIGURATION")[1].split(".El")[0]
        keys = re.findall(r"\w+", " ".join(re.findall(r"^\.It Cm (.*)$", section, re.MULTILINE)))
        self.assertIn("sample_rate", keys)
        for key in keys:
            file = self.write("config.json", f'{{"{key}": null}}')
            self.assertIn(f"{key}: expected ", run("cpu", "-c", file).stderr)

    def test_markup(self):
        """mandoc finds nothing wrong."""
        pages = [os.path.join(MAN, name) for name in sorted(os.listdir(MAN)) if name.endswith(".1")]
        self.assertEqual(len(pages), 1 + len(COMMANDS))
        result = subprocess.run(
            [os.environ["MANDOC"], "-T", "lint", "-W", "warning", *pages],
            capture_output=True, text=True, timeout=60,
        )
        self.assertEqual((result.stdout, result.returncode), ("", 0))


if __name__ == "__main__":
    unittest.main()
