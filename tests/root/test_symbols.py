"""Names of code in every sort of file, against nm."""

import os
import shutil
import subprocess

from tracing import TracingTest, main, program

HERTZ = "499"


def symbol(file, name):
    """(address, size) as nm has it."""
    for line in subprocess.run(
        ["nm", "--print-size", file], check=True, capture_output=True, text=True
    ).stdout.splitlines():
        fields = line.split()
        if len(fields) == 4 and fields[3] == name:
            return int(fields[0], 16), int(fields[1], 16)
    raise LookupError(f"{name} in {file}")


class Symbols(TracingTest):
    def profile(self, process, *arguments):
        return self.trace("-p", str(process.pid), "-F", HERTZ, "-d", "1", *arguments)

    def check_spin(self, report, module, file):
        """Nearly all samples are in spin_here(), at addresses that nm gives to it."""
        self.assertGreater(report.count(), 50)
        self.assertGreater(report.with_frame("spin_here"), 0.95 * report.count())
        begin, size = symbol(file, "spin_here")
        for stack in report.stacks:
            for frame in stack["frames"]:
                if frame["name"] == "spin_here":
                    self.assertEqual((frame["module"], frame["kind"]), (module, "user"))
                    self.assertIn(int(frame["address"], 16), range(begin, begin + size))

    def test_position_independent(self):
        """A PIE, wherever it was loaded; a fixed executable; a static one."""
        for name in ("spin", "spin_fixed", "spin_static"):
            with self.subTest(name):
                file = program(name)
                self.check_spin(self.profile(self.spawn(file)), file, file)

    def test_library_loaded_later(self):
        """A library that is loaded while sonde runs."""
        host = self.spawn(program("host"), program("libplugin.so"))
        loader = subprocess.Popen(["sh", "-c", "sleep 0.5; echo"], stdout=host.stdin)
        self.addCleanup(loader.wait)
        report = self.profile(host)
        begin, size = symbol(program("libplugin.so"), "plugin_work")
        named = [frame for stack in report.stacks for frame in stack["frames"] if frame["name"] == "plugin_work"]
        self.assertTrue(named)
        self.assertGreater(report.with_frame("plugin_work"), 0.9 * report.count())
        for frame in named:
            self.assertEqual(frame["module"], program("libplugin.so"))
            self.assertIn(int(frame["address"], 16), range(begin, begin + size))

    def test_deleted(self):
        """An executable that was deleted while it runs, before sonde began."""
        file = self.path("gone")
        shutil.copy(program("spin"), file)
        spin = self.spawn(file)
        os.unlink(file)
        self.check_spin(self.profile(spin), file + " (deleted)", program("spin"))

    def test_stripped(self):
        """Stripped code has the names of its separate debug file, and offsets without it."""
        file, debug = self.path("stripped"), self.path("stripped.debug")
        shutil.copy(program("spin_fixed"), file)
        subprocess.run(["objcopy", "--only-keep-debug", file, debug], check=True)
        subprocess.run(["strip", "--strip-all", file], check=True)
        subprocess.run(["objcopy", f"--add-gnu-debuglink={debug}", file], check=True)
        spin = self.spawn(file)
        self.check_spin(self.profile(spin), file, program("spin_fixed"))

        os.unlink(debug)
        report = self.profile(spin)
        begin, size = symbol(program("spin_fixed"), "spin_here")
        leaf = max(report.stacks, key=lambda stack: stack["count"])["frames"][0]
        self.assertRegex(leaf["name"], r"\A\[stripped\+0x[0-9a-f]+\]\Z")
        self.assertIn(int(leaf["address"], 16), range(begin, begin + size))

    def test_vdso(self):
        """Code of the vdso has its names, and its caller."""
        report = self.profile(self.spawn(program("clock")))
        inside = report.count(
            lambda stack: any(
                frame["module"] == "[vdso]" and "clock_gettime" in frame["name"] for frame in stack["frames"]
            )
        )
        self.assertGreater(inside, 0.3 * report.count())

    def test_demangled(self):
        """C++ names are readable."""
        report = self.profile(self.spawn(program("mangled")))
        wanted = subprocess.run(
            f"nm -C {program('mangled')} | grep -o 'orbit::Station.*'", shell=True, check=True,
            capture_output=True, text=True,
        ).stdout.strip()
        self.assertGreater(report.with_frame(wanted), 0.95 * report.count())

    def test_mount_namespace(self):
        """A program on a file system that only it can see."""
        script = "mount -t tmpfs none /mnt && cp \"$0\" /mnt/hidden && exec /mnt/hidden"
        spin = self.spawn("unshare", "--mount", "sh", "-c", script, program("spin"))
        self.assertFalse(os.path.exists("/mnt/hidden"))
        self.check_spin(self.profile(spin), "/mnt/hidden", program("spin"))


class GeneratedCode(TracingTest):
    def profile(self, jit):
        return self.trace("-p", str(jit.pid), "-F", HERTZ, "-d", "1")

    def spawn_jit(self, map_text=None, *arguments):
        jit = self.spawn(program("jit"), *arguments)
        if map_text is not None:
            file = f"/tmp/perf-{jit.pid}.map"
            with open(file, "wb") as out:
                out.write(map_text(int(jit.ready[2], 16)))
            self.addCleanup(os.unlink, file)
        return jit

    def leaf(self, report):
        return max(report.stacks, key=lambda stack: stack["count"])["frames"][0]

    def test_perf_map(self):
        """Code that a perf map describes."""
        jit = self.spawn_jit(lambda at: f"{at:x} 10 interpreted spin\n".encode())
        leaf = self.leaf(self.profile(jit))
        self.assertEqual((leaf["name"], leaf["kind"]), ("interpreted spin", "jit"))
        self.assertEqual(leaf["address"], "0x" + jit.ready[2])

    def test_without_map(self):
        """Code that nothing describes keeps its address."""
        jit = self.spawn_jit()
        leaf = self.leaf(self.profile(jit))
        self.assertEqual(leaf["address"], "0x" + jit.ready[2])
        self.assertIn("0x", leaf["name"])

    def test_hostile_map(self):
        """A map that is huge, binary, overlapping or wraps around names what it can and harms nothing."""
        texts = {
            "binary": lambda at: os.urandom(1 << 20) + b"\n" + f"{at:x} 10 good\n".encode(),
            "huge": lambda at: b"1000 1 filler\n" * (4 << 20) + f"{at:x} 10 good\n".encode(),
            "one long line": lambda at: b"f" * (64 << 20) + b"\n" + f"{at:x} 10 good\n".encode(),
            "overlapping": lambda at: f"{at - 256:x} 1000 wide\n{at:x} 10 good\n".encode(),
            "wraps around": lambda at: b"ffffffffffffff00 ffffffffffffffff x\n" + f"{at:x} 10 good\n".encode(),
        }
        for name, text in texts.items():
            with self.subTest(name):
                report = self.profile(self.spawn_jit(text))
                self.assertIn(self.leaf(report)["name"], {"good", "wide"} if name == "overlapping" else {"good"})
                self.assertLess(report.summary["overhead"]["rss_bytes"], 50 << 20)

    def test_fifo_as_map(self):
        """A map that is no regular file is not waited for."""
        jit = self.spawn(program("jit"))
        file = f"/tmp/perf-{jit.pid}.map"
        os.mkfifo(file)
        self.addCleanup(os.unlink, file)
        self.assertEqual(self.leaf(self.profile(jit))["address"], "0x" + jit.ready[2])

    def test_truncated_elf(self):
        """An ELF file that ends before its section headers; its code keeps file and offset."""
        spin = b"\xeb\xfe" if os.uname().machine == "x86_64" else b"\x00\x00\x00\x14"
        with open(program("spin"), "rb") as whole:
            head = whole.read(4096)
        file = self.path("cut.so")
        with open(file, "wb") as out:
            out.write(head + spin.ljust(4096, b"\0"))
        leaf = self.leaf(self.profile(self.spawn_jit(None, file)))
        self.assertRegex(leaf["name"], r"\A\[cut\.so\+0x[0-9a-f]+\]\Z")
        self.assertEqual(leaf["module"], file)


if __name__ == "__main__":
    main()
