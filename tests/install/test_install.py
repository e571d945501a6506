#!/usr/bin/env python3
"""Installs into a folder and builds projects of someone else's against that, with Meson and with CMake."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

BUILD = Path(sys.argv.pop(1))
HERE = Path(__file__).resolve().parent


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.root = Path(cls.folder.name) / "root"
        run("meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir", cls.root)
        cls.pc = next(cls.root.rglob("sonde.pc"))
        # What is installed says where it will be, which is not where it is now.
        text = cls.pc.read_text()
        prefix = re.search("^prefix=(.*)$", text, re.M)[1]
        cls.prefix = cls.root / prefix.lstrip("/")
        cls.pc.write_text(text.replace(f"prefix={prefix}", f"prefix={cls.prefix}"))
        cls.lib = cls.pc.parent.parent
        cls.environment = dict(
            os.environ,
            PKG_CONFIG_PATH=str(cls.pc.parent),
            CMAKE_PREFIX_PATH=str(cls.prefix),
            LD_LIBRARY_PATH=str(cls.lib),
        )

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def work(self, name):
        folder = Path(self.folder.name) / name
        folder.mkdir()
        return folder

    def check_program(self, program):
        lines = run(program, env=self.environment).splitlines()
        expected = {"balanced"} if os.geteuid() == 0 else {"balanced", "InsufficientPermissions"}
        self.assertEqual(lines[0], "rate 49")
        self.assertGreater(len(lines), 2)
        for line in lines[1:]:
            self.assertIn(line.split()[1], expected, line)

    # Program, manual pages, completions, headers, both libraries and what finds them are there.
    def test_everything_is_there(self):
        for name in [
            "bin/sonde",
            "include/sonde/sonde.hpp",
            "share/man/man1/sonde.1",
            "share/man/man5/sonde-config.5",
            "share/bash-completion/completions/sonde.bash",
        ]:
            self.assertTrue((self.prefix / name).exists(), name)
        for name in ["libsonde.a", "libsonde.so", "pkgconfig/sonde.pc", "cmake/sonde/sondeConfig.cmake"]:
            self.assertTrue((self.lib / name).exists(), name)
        self.assertEqual(run(self.prefix / "bin/sonde", "--version").split()[0], "sonde")

    # The shared object has a name with its ABI's version, and shows nothing but namespace sonde.
    def test_symbols(self):
        library = (self.lib / "libsonde.so").resolve()
        soname = re.search(r"SONAME\s+(\S+)", run("objdump", "-p", library)).group(1)
        self.assertRegex(soname, r"^libsonde\.so\.\d+\.\d+$")
        self.assertTrue((self.lib / soname).exists())
        names = [line.split(" ", 2)[2] for line in run("nm", "-DC", "--defined-only", library).splitlines()]
        self.assertIn("sonde::EbpfCpuProfiler::start()", names)
        inner = "|".join(path.name for path in (HERE.parents[1] / "lib/src").iterdir())
        for name in names:
            self.assertRegex(name, r"^((typeinfo( name)?|vtable) for )?sonde::")
            self.assertNotRegex(name, rf"^[^(]*sonde::({inner})::")

    # Each header stands alone, and needs nothing but the standard library and tl::expected.
    def test_headers_stand_alone(self):
        folder = self.work("headers")
        source = folder / "all.cpp"
        for header in sorted((self.prefix / "include/sonde").iterdir()):
            source.write_text(f"#include <sonde/{header.name}>\n#include <sonde/{header.name}>\n")
            both = header.name == "sonde.hpp" and shutil.which("clang++-14")
            for compiler in ("g++", "clang++-14") if both else ("g++",):
                run(
                    compiler, "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror",
                    "-I", self.prefix / "include", source,
                )  # fmt: skip
        text = run("g++", "-std=c++20", "-M", "-I", self.prefix / "include", source)
        for path in text.replace("\\\n", " ").split()[1:]:
            allowed = path.startswith((str(self.prefix), "/usr/include/c++", "/usr/lib/gcc")) or re.match(
                r"/usr/include/(tl/|x86_64|aarch64|bits/|features|stdc|[a-z_]+\.h|asm|linux)", path
            )
            self.assertTrue(allowed or path == str(source), path)

    # A Meson project finds the library by name and links it, shared and static.
    def test_meson_project(self):
        folder = self.work("meson")
        run("meson", "setup", folder, HERE / "meson", env=self.environment)
        run("ninja", "-C", folder, env=self.environment)
        for program in ("outside", "outside_static"):
            self.check_program(folder / program)
        self.assertIn("libsonde.so", run("readelf", "-d", folder / "outside"))
        self.assertNotIn("libsonde.so", run("readelf", "-d", folder / "outside_static"))

    # A CMake project finds it by find_package() and by pkg-config.
    def test_cmake_project(self):
        folder = self.work("cmake")
        run("cmake", "-S", HERE / "cmake", "-B", folder, env=self.environment)
        run("cmake", "--build", folder, env=self.environment)
        for program in ("outside", "outside_pc"):
            self.check_program(folder / program)


if __name__ == "__main__":
    unittest.main()
