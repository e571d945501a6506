"""Shows each static check a made-up tree that breaks its rule, and one that keeps it."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
import bpf_instructions
import file_sizes
import layers

CLANG = os.environ["CLANG"]
OBJDUMP = os.environ["OBJDUMP"]


class Tree(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


class Layers(Tree):
    def check(self, path, text):
        self.write(path, text)
        return layers.problems(self.root)

    def test_what_may_be(self):
        """Check that includes along the arrow, shared structs and harmless look-alikes pass."""
        self.write("lib/include/sonde/report.hpp", "#include <string>\n#include <sonde/error.hpp>\n#include <tl/expected.hpp>\n")
        self.write("lib/src/tracers/a.cpp", '#include "a.skel.h"\n#include "shared/cpu_event.h"\n#include "core/session.hpp"\n')
        self.write("lib/src/config/a.cpp", "#include <nlohmann/json.hpp>\n")
        self.write("lib/src/util/a.cpp", '// exit(1) is for the CLI\nvoid on_exit(int);\nauto s = "printf(";\nspaces.exit(1);\n')
        self.write("cli/a.cpp", '#include <CLI/CLI.hpp>\n#include "render/renderer.hpp"\n#include "command.hpp"\nvoid f() { ::exit(1); }\n')
        self.assertEqual(layers.problems(self.root), [])

    def test_against_the_arrow(self):
        """Check that a layer that reaches to a later one is refused, with file and line."""
        found = self.check("lib/src/core/a.cpp", '#include <string>\n#include "tracers/cpu/tracer.hpp"\n')
        self.assertEqual(found, ["lib/src/core/a.cpp:2: core must not include tracers/"])

    def test_a_tracer_and_another(self):
        """Check that a tracer cannot reach into another's folder, but into what they share."""
        self.write("lib/src/tracers/mem/a.cpp", '#include "tracers/stacks/unwinder.hpp"\n#include "tracers/plan_entries.hpp"\n')
        self.write("lib/src/tracers/net/a.cpp", '#include "tracers/cpu/tracer.hpp"\n')
        self.assertEqual(
            layers.problems(self.root), ["lib/src/tracers/net/a.cpp:1: the tracer net must not include tracers/cpu/"]
        )

    def test_public_headers_are_exported(self):
        """Check that a public header whose namespace the shared library would hide is refused."""
        self.assertEqual(len(self.check("lib/include/sonde/a.hpp", "namespace sonde {\n}\n")), 1)
        self.assertEqual(
            self.check("lib/include/sonde/a.hpp", 'namespace [[gnu::visibility("default")]] sonde {\n}\n'), []
        )

    def test_renderers_and_tracers(self):
        """Check that renderers and tracers cannot see each other."""
        self.write("lib/src/render/a.cpp", '#include "tracers/cpu/tracer.hpp"\n')
        self.write("lib/src/tracers/a.cpp", '#include "render/renderer.hpp"\n')
        self.assertEqual(len(layers.problems(self.root)), 2)

    def test_reserved_headers(self):
        """Check that skeletons, JSON, CLI11, libbpf and iostream are refused outside their owners."""
        for path, header in [
            ("lib/src/core/a.cpp", '"cpu.skel.h"'),
            ("cli/a.cpp", '"cpu.skel.h"'),
            ("lib/src/symbolize/a.cpp", "<nlohmann/json.hpp>"),
            ("cli/a.cpp", "<nlohmann/json.hpp>"),
            ("lib/src/render/a.cpp", "<toml++/toml.h>"),
            ("lib/src/config/a.cpp", "<CLI/CLI.hpp>"),
            ("lib/src/render/a.cpp", "<bpf/libbpf.h>"),
            ("lib/src/util/a.cpp", "<iostream>"),
        ]:
            with self.subTest(path=path, header=header):
                self.setUp()
                self.assertEqual(len(self.check(path, f"#include {header}\n")), 1)

    def test_public_headers(self):
        """Check that public headers show neither libbpf, nor fmt, nor our own layers, nor C headers."""
        for header in ["<bpf/libbpf.h>", "<fmt/format.h>", '"util/fail.hpp"', "<unistd.h>", "<nlohmann/json.hpp>"]:
            with self.subTest(header=header):
                self.setUp()
                self.assertEqual(len(self.check("lib/include/sonde/a.hpp", f"#include {header}\n")), 1)

    def test_forbidden_calls(self):
        """Check that the library may not print, exit, read the environment or take signals."""
        for call in ['printf("x")', "std::exit(1)", "::getenv(name)", "std::signal(2, f)", "::sigaction(2, &a, &b)"]:
            with self.subTest(call=call):
                self.setUp()
                found = self.check("lib/src/util/a.cpp", f"void f() {{\n  {call};\n}}\n")
                self.assertEqual(len(found), 1)
                self.assertIn("a.cpp:2:", found[0])

    def test_unknown_layer(self):
        """Check that a new folder is refused until the table knows it."""
        self.assertEqual(len(self.check("lib/src/manager/a.cpp", "")), 1)

    def test_nothing_to_check(self):
        """Check that an empty tree, such as a wrong path, does not pass."""
        self.assertEqual(len(layers.problems(self.root)), 1)


class BpfInstructions(Tree):
    def compile(self, statement):
        source = self.root / "a.c"
        source.write_text(f"unsigned long long n; unsigned long long f(void) {{ {statement} }}\n")
        target = self.root / "a.o"
        subprocess.run([CLANG, "-O2", "-target", "bpf", "-mcpu=v3", "-c", source, "-o", target], check=True)
        return bpf_instructions.problems(bpf_instructions.disassemble(OBJDUMP, target))

    def test_plain_add(self):
        """Check that an add whose result is discarded passes."""
        self.assertEqual(self.compile("__sync_fetch_and_add(&n, 1); return 0;"), [])

    def test_used_result(self):
        """Check that clang's translation of each operation that 5.12 brought is refused."""
        for expression in [
            "__sync_fetch_and_add(&n, 1)",
            "__sync_fetch_and_or(&n, 1)",
            "__sync_lock_test_and_set(&n, 1)",
            "__sync_val_compare_and_swap(&n, 1, 2)",
        ]:
            with self.subTest(expression=expression):
                self.assertEqual(len(self.compile(f"return {expression};")), 1)

    def test_no_instructions(self):
        """Check that a disassembly without instructions does not pass."""
        self.assertEqual(len(bpf_instructions.problems("a.o: file format elf64-bpf\n")), 1)


class FileSizes(Tree):
    def test_limit(self):
        """Check that 500 lines pass and 501 do not, unless there is a reason."""
        self.write("lib/a.cpp", "\n" * 500)
        self.assertEqual(file_sizes.problems(self.root), [])
        self.write("lib/b.cpp", "\n" * 501)
        self.assertEqual(len(file_sizes.problems(self.root)), 1)
        self.assertEqual(file_sizes.problems(self.root, reasons={"lib/b.cpp": "a table"}), [])

    def test_outdated_reason(self):
        """Check that a reason goes when its file shrinks or disappears."""
        self.write("lib/a.cpp", "\n")
        self.assertEqual(len(file_sizes.problems(self.root, reasons={"lib/a.cpp": "long", "lib/gone.cpp": "long"})), 2)

    def test_nothing_to_check(self):
        """Check that an empty tree does not pass."""
        self.assertEqual(len(file_sizes.problems(self.root)), 1)


if __name__ == "__main__":
    unittest.main()
