"""The manual pages tell of every option and command that exists, and of no other."""

import json
import os
import re
import subprocess
import unittest
from pathlib import Path

from sonde_cli import COMMANDS, SondeTest, run

MAN = os.environ["MAN"]
HEADERS = os.environ["HEADERS"]


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
        """sonde-config(5) tells of every key of the JSON Schema, in its order or not, and of no other."""
        def keys(schema, path=""):
            for name, setting in schema["properties"].items():
                yield from keys(setting, f"{path}{name}.") if "properties" in setting else [path + name]

        known = sorted(keys(json.loads(run("--config-schema").stdout)))
        told = re.findall(r"^\.It Cm ([\w.]+)$", page("sonde-config.5"), re.MULTILINE)
        self.assertEqual(sorted(told), known)

    def test_configuration_example(self):
        """The example of sonde-config(5) is a configuration."""
        example = page("sonde-config.5").split(".Bd -literal -offset indent\n")[1].split(".Ed")[0]
        file = self.write("config.json", example)
        result = run("run", "--print-config", "-c", file)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn(f'"min_latency": "1ms",  // {file}\n', result.stdout)

    def test_markup(self):
        """mandoc finds nothing wrong."""
        pages = [os.path.join(MAN, name) for name in sorted(os.listdir(MAN)) if re.search(r"\.[135]$", name)]
        self.assertEqual(len(pages), 3 + len(COMMANDS))
        result = subprocess.run(
            [os.environ["MANDOC"], "-T", "lint", "-W", "warning", *pages],
            capture_output=True, text=True, timeout=60,
        )
        self.assertEqual((result.stdout, result.returncode), ("", 0))

    def test_groff(self):
        """groff, which man uses, has no warning either."""
        for name in sorted(os.listdir(MAN)):
            if not re.search(r"\.[135]$", name):
                continue
            with self.subTest(name):
                result = subprocess.run(
                    ["man", "--warnings", "-E", "UTF-8", "-l", os.path.join(MAN, name)],
                    capture_output=True, text=True, timeout=60, env=dict(os.environ, MANPAGER="cat"),
                )
                self.assertEqual((result.stderr, result.returncode), ("", 0))
                self.assertIn("NAME", result.stdout)

    def test_library_page(self):
        """libsonde(3) names every class of a tracer, and every method it names exists."""
        headers = {path.name: path.read_text(encoding="utf-8") for path in Path(HEADERS).iterdir()}
        text = page("libsonde.3")
        classes = sorted(re.findall(r"^class (Ebpf\w+(?:Profiler|Tracer)) {", "\n".join(headers.values()), re.M))
        self.assertEqual(sorted(re.findall(r"^\.It Vt (Ebpf\w+(?:Profiler|Tracer))$", text, re.M)), classes)
        everything = "\n".join(headers.values())
        for line in re.findall(r"^\.(?:It )?Fn (.*)$", text, re.M):
            for name in re.findall(r"(?:^|Fn )([\w:]+)", line):
                if name != "libbpf_set_print":
                    self.assertRegex(everything, rf"\b{name.split('::')[-1]}\(", name)
        for code in re.findall(r"^\.Er (\w+)", text, re.M):
            self.assertIn(f"  {code},\n", headers["error.hpp"])


if __name__ == "__main__":
    unittest.main()
