"""sonde migrate-config: files in and out, statuses, all or nothing, and sources."""

import json
import os
import subprocess
import tempfile
import unittest

from sonde_cli import SONDE, SondeTest, run

OLD = '{"sample_rate": 49, "track_kernel_space": true}\n'
NEW = '{\n  "sample_rate": 49,\n  "cpu": {\n    "kernel_stacks": true\n  }\n}\n'
SEE = "See 'sonde migrate-config --help'"


class MigrateConfig(SondeTest):
    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def ran(self, *arguments, status=0, errors="", **options):
        result = run("migrate-config", *arguments, **options)
        self.assertEqual((result.returncode, result.stderr), (status, errors))
        return result.stdout

    def test_streams(self):
        """A file, or stdin with and without "-", is written to stdout or -o."""
        file = self.write("old.json", OLD)
        self.assertEqual(self.ran(file), NEW)
        for arguments in ([], ["-"]):
            result = subprocess.run([SONDE, "migrate-config", *arguments], input=OLD, capture_output=True,
                                    text=True, timeout=60)
            self.assertEqual((result.returncode, result.stdout, result.stderr), (0, NEW, ""))
        self.assertEqual(self.ran(file, "-o", self.path("new.json")), "")
        self.assertEqual((self.read("new.json"), self.read("old.json")), (NEW, OLD))

    def test_result_is_a_configuration(self):
        """What comes out goes into --config."""
        file = self.write("old.toml", "duration = {secs = 1, nanos = 0}\ntrack_user_space = true\n")
        self.ran(file, "-o", self.path("new.json"))
        # The next thing that is checked after the configuration.
        self.refused(2, "--top: 'x' is not a number of rows", "cpu", "-c", self.path("new.json"), "-n", "x")

    def test_errors(self):
        """What is wrong with a file is told with its name, and nothing is written."""
        file = self.write("old.toml", "track_userspace = true\n")
        hint = "--drop-unknown leaves such keys out"
        unknown = f"{file}: track_userspace: unknown key (did you mean 'track_user_space'?). {hint}"
        self.refused(2, unknown, "migrate-config", file, "-o", self.path("new.json"))
        self.refused(2, unknown, "migrate-config", "--check", file)
        self.assertFalse(os.path.exists(self.path("new.json")))
        dropped = f"sonde: {file}: track_userspace: dropped: neither v0.0.x nor v0.1 has such a key"
        result = self.ran("--drop-unknown", file, errors=f"{dropped} (did you mean 'track_user_space'?)\n")
        self.assertEqual(json.loads(result), {"cpu": {"kernel_stacks": False}})
        self.assertEqual(self.ran("-q", "--drop-unknown", file), result)
        missing = self.path("none")
        self.refused(2, f"{missing}: No such file or directory", "migrate-config", missing)
        self.refused(1, "write /no/such/file: No such file or directory. Create the folder first",
                     "migrate-config", self.write("a.json", OLD), "-o", "/no/such/file")

    def test_flags(self):
        """Flags that contradict each other are refused."""
        file = self.write("old.json", OLD)
        one = f"one of --output, --in-place and --check, not two. {SEE}"
        for flags in (["--in-place", "--check"], ["-o", "x", "--check"], ["-o", "x", "--in-place"]):
            self.refused(2, one, "migrate-config", file, *flags)
        self.refused(2, f"--in-place needs the names of files. {SEE}", "migrate-config", "--in-place")
        self.refused(2, f"--in-place needs the names of files. {SEE}", "migrate-config", "--in-place", "-")
        self.refused(2, f"--report: 'xml' is not text or json. {SEE}", "migrate-config", "--report=xml", file)
        self.refused(2, "several files cannot be written as one. Use --in-place, --check or --report",
                     "migrate-config", file, file)
        self.refused(2, f"--source goes with --check only: it changes nothing. {SEE}",
                     "migrate-config", "--source", ".", "--in-place", file)

    def test_check(self):
        """--check says of each file what it is; 4 if one is old."""
        old, new = self.write("old.json", OLD), self.write("new.json", NEW)
        self.assertEqual(self.ran("--check", new), f"{new}: already new\n")
        self.assertEqual(self.ran("--check", new, old, status=4), f"{new}: already new\n{old}: needs migration\n")
        self.assertEqual((self.read("old.json"), self.read("new.json")), (OLD, NEW))

    def test_report(self):
        """--report tells of each key, as text or JSON, and changes nothing."""
        file = self.write("old.toml", "# why\nsample_rate = 49\ntrack_kernel_space = true\n")
        self.assertEqual(self.ran("--report", file).splitlines(), [
            f"{file}: migrated",
            "  moved    track_kernel_space -> cpu.kernel_stacks  the CPU profiler chooses its stacks by it",
            "  kept     sample_rate                              means the same in v0.1",
            "  lost     the comment of line 1: # why",
        ])
        report = json.loads(self.ran("--report=json", file))
        self.assertEqual({key["key"]: (key["action"], key["to"]) for key in report["keys"]}, {
            "track_kernel_space": ("moved", "cpu.kernel_stacks"), "sample_rate": ("kept", "sample_rate"),
        })
        self.assertEqual((report["file"], report["already_new"]), (file, False))
        self.assertEqual(report["lost_comments"], [{"line": 1, "text": "# why"}])
        self.assertEqual(os.listdir(self.folder), ["old.toml"])

    def test_comments(self):
        """Comments that are not kept are said on stderr, unless -q is given."""
        file = self.write("old.toml", "sample_rate = 49 # slow\ntrack_kernel_space = true")
        self.assertEqual(self.ran(file, errors=f"sonde: {file}:1: comment not kept: # slow\n"), NEW)
        self.assertEqual(self.ran("-q", file), NEW)

    def test_in_place(self):
        """--in-place replaces what is old, keeps its mode and a .bak, and leaves what is new alone."""
        old = self.write("old.json", OLD, 0o640)
        new = self.write("new.json", NEW)
        before = os.stat(new)
        self.assertEqual(self.ran("--in-place", old, new), "")
        self.assertEqual((self.read("old.json"), self.read("old.json.bak"), self.read("new.json")), (NEW, OLD, NEW))
        self.assertEqual(os.stat(old).st_mode & 0o777, 0o640)
        self.assertEqual((os.stat(new).st_ino, os.stat(new).st_mtime_ns), (before.st_ino, before.st_mtime_ns))
        self.assertEqual(sorted(os.listdir(self.folder)), ["new.json", "old.json", "old.json.bak"])
        self.ran("--in-place", old, new)
        self.assertEqual(self.read("old.json.bak"), OLD)
        toml = self.write("old.toml", "sample_rate = 49\ntrack_kernel_space = true\n")
        self.ran("--in-place", toml)
        self.assertEqual(self.read("old.toml"), NEW)
        self.assertEqual(self.ran("--check", toml), f"{toml}: already new\n")

    @unittest.skipUnless(os.path.isdir("/dev/shm"), "needs a second file system")
    def test_in_place_where_nothing_can_be_linked(self):
        """A link to a file of another file system: the file is replaced, the .bak beside the link is a copy."""
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            target = os.path.join(folder, "old.json")
            with open(target, "w", encoding="utf-8") as file:
                file.write(OLD)
            link = self.path("link.json")
            os.symlink(target, link)
            self.ran("--in-place", link)
            self.assertTrue(os.path.islink(link))
            self.assertEqual((self.read("link.json"), self.read("link.json.bak")), (NEW, OLD))
            with open(target, encoding="utf-8") as file:
                self.assertEqual(file.read(), NEW)

    def test_folder(self):
        """A folder stands for its configuration files, not for others and not for folders in it."""
        for name, text in (("b.toml", "sample_rate = 1\n"), ("a.json", OLD), ("c.txt", "x"), (".d.json", "x")):
            self.write(name, text)
        os.mkdir(self.path("e.json"))
        self.assertEqual(self.ran("--check", self.folder, status=4),
                         f"{self.folder}/a.json: needs migration\n{self.folder}/b.toml: needs migration\n")
        empty = self.path("e.json")
        self.refused(2, f"{empty}: no file ends in .json or .toml", "migrate-config", "--check", empty)

    def test_all_or_nothing(self):
        """One bad file, a .bak in the way, or a file that cannot be replaced: no file is changed."""
        first, second = self.write("1.json", OLD), self.write("2.json", '{"a": 1}')
        third = self.write("3.json", '{"b": 1}')
        before = {name: self.read(name) for name in os.listdir(self.folder)}

        def unchanged():
            self.assertEqual({name: self.read(name) for name in os.listdir(self.folder)}, before)

        hint = "--drop-unknown leaves such keys out"
        self.ran("--in-place", self.folder, status=2,
                 errors=f"sonde: {second}: a: unknown key. {hint}\nsonde: {third}: b: unknown key. {hint}\n")
        unchanged()
        self.write("2.json", OLD)
        self.write("2.json.bak", "precious")
        os.remove(third)
        before = {name: self.read(name) for name in os.listdir(self.folder)}
        self.refused(2, f"{second}.bak exists. Move it out of the way first", "migrate-config", "--in-place", first, second)
        unchanged()

    def test_rollback(self):
        """A replacement that fails halfway is taken back: the same file twice cannot get its .bak twice."""
        file = self.write("1.json", OLD)
        result = run("migrate-config", "--in-place", file, file)
        self.assertEqual((result.returncode, result.stderr),
                         (1, f"sonde: write {file}.bak: File exists\n"))
        self.assertEqual((os.listdir(self.folder), self.read("1.json")), (["1.json"], OLD))


class Sources(SondeTest):
    RUST = ("use otlp::profiling::ebpf::{EbpfProfiler, EbpfProfilerConfig};\n\nfn main() {\n"
            "    let config = EbpfProfilerConfig::new().with_kernel_tracking(true);\n}\n")

    def test_sources(self):
        """Uses are listed with file and line, and the diff is one that patch(1) applies."""
        os.makedirs(self.path("src/.git"))
        rust = self.write("src/main.rs", self.RUST)
        self.write("src/.git/main.rs", self.RUST)
        self.write("src/notes.txt", self.RUST)
        cpp = self.write("src/a.cpp", "#include <otlp/profiling/ebpf.hpp>\nEbpfProfiler p;")
        result = run("migrate-config", "--source", self.path("src"))
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        uses, diff = result.stdout.split("\n\n", 1)
        self.assertEqual(uses.splitlines(), [
            f"{cpp}:1: #include <otlp/profiling/ebpf.hpp> -> #include <sonde/sonde.hpp>",
            f"{cpp}:2: EbpfProfiler -> EbpfCpuProfiler (start() and stop() give a Result to look at)",
            f"{rust}:1: profiling::ebpf -> ebpf",
            f"{rust}:1: EbpfProfiler -> EbpfCpuProfiler"
            " (the other tracers are EbpfNetworkTracer, EbpfSyscallTracer and EbpfMemoryTracer)",
            f"{rust}:1: EbpfProfilerConfig -> EbpfConfig",
            f"{rust}:4: EbpfProfilerConfig::new() -> EbpfConfig::default()",
            f"{rust}:4: with_kernel_tracking (gone: cpu.kernel_stacks of a configuration file)",
        ])
        with open(rust, encoding="utf-8") as file:
            self.assertEqual(file.read(), self.RUST)
        subprocess.run([os.environ["PATCH"], "-p0", "-s"], input=diff, text=True, check=True, timeout=60, cwd="/")
        with open(rust, encoding="utf-8") as file:
            self.assertIn("use otlp::ebpf::{EbpfCpuProfiler, EbpfConfig};\n", file.read())
        with open(cpp, encoding="utf-8") as file:
            self.assertEqual(file.read(), "#include <sonde/sonde.hpp>\nEbpfCpuProfiler p;")

    def test_statuses(self):
        """--check makes a use status 4; none is 0; a path that is no source is an error."""
        file = self.write("main.rs", self.RUST)
        self.assertEqual(run("migrate-config", "--check", "--source", file).returncode, 4)
        clean = self.write("clean.rs", "fn main() {}\n")
        result = run("migrate-config", "--check", "--source", clean)
        self.assertEqual((result.returncode, result.stdout, result.stderr),
                         (0, "", f"sonde: {clean}: no use of the v0.0.x API in 1 files\n"))
        text = self.write("notes.txt", "")
        self.refused(2, f"{text}: no Rust or C++ source by its name", "migrate-config", "--source", text)
        self.refused(2, f"{self.path('none')}: No such file or directory",
                     "migrate-config", "--source", self.path("none"))


if __name__ == "__main__":
    unittest.main()
