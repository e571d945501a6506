"""Frames for inlined calls and source lines from debug information, wherever that is."""

import os
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request

from tracing import SONDE, TracingTest, main, program, wait_until

SOURCE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "testprogs", "inlines.cpp")
# Leaf first: what the program's time goes to, with a part of the line where each is.
CHAIN = [
    ("innermost", "inline", "i < 400"),
    ("turn", "inline", "state += innermost"),
    ("turn_all", "inline", "one.turn()"),
    ("spin_wheels", "user", "return turn_all(wheels)"),
    ("main", "user", "sum += spin_wheels"),
]


def source_line(part):
    with open(SOURCE, encoding="utf-8") as lines:
        (number,) = [number for number, line in enumerate(lines, 1) if part in line]
    return number


def build_id(file):
    notes = subprocess.run(["readelf", "-n", file], check=True, capture_output=True, text=True).stdout
    return re.search(r"Build ID: ([0-9a-f]+)", notes)[1]


class WheelsTest(TracingTest):
    def profile(self, process, *arguments, **options):
        return self.trace("-p", str(process.pid), "-F", "499", "-d", "1", "--user", *arguments, **options)

    def in_chain(self, stack):
        """Whether the stack is that of CHAIN, each frame with its kind and line: the loop's or its body's."""
        frames = stack["frames"]
        if len(frames) < len(CHAIN):
            return False
        return all(
            name in frame["name"]
            and frame["kind"] == kind
            and os.path.basename(frame.get("file", "")) == "inlines.cpp"
            and frame["line"] - source_line(part) in ((0, 1) if name == "innermost" else (0,))
            for (name, kind, part), frame in zip(CHAIN, frames)
        )

    def check_chain(self, report):
        """Of the samples most are in the one line where the time goes; the loop around it has the rest."""
        self.assertGreater(report.count(), 50)
        self.assertGreater(report.count(self.in_chain), 0.5 * report.count(), report.stacks[0])
        self.assertGreater(
            report.count(lambda s: [f["kind"] for f in s["frames"][:4]] == ["inline"] * 3 + ["user"]),
            0.9 * report.count(),
        )

    def check_plain(self, report):
        """Of the program, not of libc, which may have a debug file on this machine."""
        own = [f for s in report.stacks for f in s["frames"] if "libc.so" not in (f["module"] or "")]
        self.assertNotIn("inline", {frame["kind"] for frame in own})
        self.assertFalse([frame for frame in own if "file" in frame or "line" in frame])
        self.assertGreater(report.count(), 50)

    def stripped(self, name="inlines_5"):
        """(stripped program, its debug file), both in the test's folder, without a link."""
        file, debug = self.path("wheels"), self.path("wheels.debug")
        subprocess.run(["objcopy", "--only-keep-debug", program(name), debug], check=True)
        subprocess.run(["objcopy", "--strip-debug", program(name), file], check=True)
        return file, debug


class Inlines(WheelsTest):
    def test_in_the_file(self):
        """DWARF 4 and 5 in the program itself."""
        for name in ("inlines_4", "inlines_5"):
            with self.subTest(name):
                self.check_chain(self.profile(self.spawn(program(name))))

    def test_what_is_not_read(self):
        """Split into .dwo files, and compressed by zstd: a notice names the program and what to do."""
        packed = self.path("packed")
        subprocess.run(["objcopy", "--compress-debug-sections=zstd", program("inlines_5"), packed], check=True)
        for file, cause, fix in (
            (program("inlines_split"), "split into .dwo", "-gsplit-dwarf"),
            (packed, "zstd", "--compress-debug-sections=zlib"),
        ):
            with self.subTest(file):
                report = self.profile(self.spawn(file))
                self.assertGreater(report.count(lambda s: "spin_wheels" in s["frames"][0]["name"]), 0)
                (notice,) = [n for n in report.summary["notices"] if file in n]
                self.assertIn(cause, notice)
                self.assertIn(fix, notice)

    def test_switched_off(self):
        """--no-inline gives the frames that were called, and no lines."""
        report = self.profile(self.spawn(program("inlines_5")), "--no-inline")
        self.check_plain(report)
        self.assertGreater(
            report.count(lambda s: "spin_wheels" in s["frames"][0]["name"]), 0.9 * report.count()
        )

    def test_separate_file(self):
        """A stripped program whose debug file is found by its link, compressed."""
        file, debug = self.stripped()
        subprocess.run(["objcopy", "--compress-debug-sections=zlib", debug], check=True)
        process = self.spawn(file)
        self.check_plain(self.profile(process))
        subprocess.run(["objcopy", f"--add-gnu-debuglink={debug}", file, file + ".linked"], check=True)
        self.check_chain(self.profile(self.spawn(file + ".linked")))

    def test_after_exit(self):
        """A program that has ended, in a folded stack: the chain with its marks."""
        out = self.path("out.folded")
        subprocess.run(
            [SONDE, "cpu", "-F", "499", "--user", "-o", out, "--", program("inlines_5"), "60000"],
            check=True, capture_output=True, timeout=120,
        )
        with open(out, encoding="utf-8") as lines:
            text = lines.read()
        self.assertRegex(
            text,
            r"(?m);main;spin_wheels\([^;]*;\(anonymous namespace\)::turn_all<[^;]*_\[i\];"
            r"\(anonymous namespace\)::Wheel::turn_\[i\];\(anonymous namespace\)::innermost_\[i\] \d+$",
        )

    def test_pprof_has_lines(self):
        """go tool pprof shows time by source line, and marks what was inlined."""
        out = self.path("out.pb.gz")
        subprocess.run(
            [SONDE, "cpu", "-F", "499", "--user", "-o", out, "--", program("inlines_5"), "60000"],
            check=True, capture_output=True, timeout=120,
        )
        environment = dict(os.environ, HOME=self.folder, PPROF_TMPDIR=self.folder)
        text = subprocess.run(
            [os.environ["GO"], "tool", "pprof", "-top", "-lines", "-nodefraction=0", out],
            check=True, capture_output=True, text=True, env=environment,
        ).stdout
        self.assertRegex(text, rf"innermost .*inlines\.cpp:{source_line('i < 400')} \(inline\)")


class Debuginfod(WheelsTest):
    """debuginfod over loopback, of a debug file that is nowhere else."""

    def setUp(self):
        super().setUp()
        file, debug = self.stripped()
        # A build-id of its own, which no other cache or debug directory knows.
        identity = self.path("identity")
        with open(identity, "wb") as out:
            out.write(b"\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0" + os.urandom(20))
        for path in (file, debug):
            subprocess.run(["objcopy", f"--update-section=.note.gnu.build-id={identity}", path], check=True)
        os.makedirs(self.path("served"))
        shutil.move(debug, self.path("served/wheels.debug"))
        self.file = file
        self.id = build_id(file)

    def environment(self, url):
        return dict(os.environ, DEBUGINFOD_URLS=url, DEBUGINFOD_CACHE_PATH=self.path("cache"))

    def unused_port(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    def serve(self):
        port = self.unused_port()
        environment = dict(os.environ, HOME=self.folder)
        environment.pop("DEBUGINFOD_URLS", None)
        server = subprocess.Popen(
            ["debuginfod", "-F", "-d", ":memory:", "-p", str(port), "-t", "0", self.path("served")],
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        url = f"http://127.0.0.1:{port}"

        def has_it():
            try:
                with urllib.request.urlopen(f"{url}/buildid/{self.id}/debuginfo", timeout=5) as answer:
                    return answer.status == 200
            except (urllib.error.URLError, OSError):
                return False

        wait_until(has_it, 60)
        return url

    def test_asks_when_told_to(self):
        """The server is asked with --debuginfod only, which is told on stderr."""
        environment = self.environment(self.serve())
        process = self.spawn(self.file)
        self.check_plain(self.profile(process, env=environment))
        report = self.profile(process, "--debuginfod", env=environment)
        self.check_chain(report)
        self.assertIn(f"asking debuginfod for {self.id}\n", report.stderr)
        self.assertTrue(os.path.exists(self.path(f"cache/{self.id}/debuginfo")))

    def test_no_such_file(self):
        """What the server does not have is counted in the report, which is complete otherwise."""
        url = self.serve()
        other = self.spawn(program("spin"))
        report = self.trace("-p", str(other.pid), "-F", "99", "-d", "1", "--debuginfod", env=self.environment(url))
        self.assertGreater(report.with_frame("spin_here"), 0)
        self.assertTrue(
            [n for n in report.summary["notices"] if re.match(r"debuginfod has no debug file for \d+ of \d+", n)],
            report.summary["notices"],
        )

    def test_no_server(self):
        """Without a server that answers the report says so."""
        report = self.profile(
            self.spawn(self.file), "--debuginfod", env=self.environment(f"http://127.0.0.1:{self.unused_port()}")
        )
        self.check_plain(report)
        self.assertTrue([n for n in report.summary["notices"] if "debuginfod" in n], report.summary["notices"])

    def test_silent_server(self):
        """A server that never answers is given up after the time limit."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            url = f"http://127.0.0.1:{server.getsockname()[1]}"
            config = self.write("config.json", '{"symbols": {"debuginfod": true, "debuginfod_timeout": "1s"}}')
            begin = time.monotonic()
            report = self.profile(self.spawn(self.file), "-c", config, env=self.environment(url))
            self.assertLess(time.monotonic() - begin, 60)  # its own limit is 90 s
        self.check_plain(report)
        self.assertTrue(
            [n for n in report.summary["notices"] if re.match(r"debuginfod did not answer for \d+ of \d+", n)],
            report.summary["notices"],
        )

    def test_unset(self):
        """Without servers it is an error at once."""
        environment = self.environment("")
        result = subprocess.run(
            [SONDE, "cpu", "--debuginfod", "-d", "1"], env=environment, capture_output=True, text=True, timeout=60,
        )
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn("DEBUGINFOD_URLS is not set", result.stderr)


if __name__ == "__main__":
    main()
