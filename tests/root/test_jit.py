"""Code of JIT compilers and interpreters in between native code: complete stacks with named frames."""

import glob
import os
import re
import shutil
import subprocess
import time

from tracing import TracingTest, main, wait_until

SPIN_JAVA = """
public class Spin {
  static long innermost(long x) {
    for (int i = 0; i < 1_000; i++) x = x * 31 + i;
    return x;
  }
  static long outermost(long x) {
    for (int i = 0; i < 10; i++) x += innermost(x);
    return x;
  }
  public static void main(String[] arguments) {
    System.out.println("ready");
    for (long x = 1; ; ) x = outermost(x);
  }
}
"""

SPIN_PYTHON = """
def innermost(n):
    s = 0
    for i in range(n):
        s += i * n % 7
    return s
def outermost(n):
    return sorted([n, n + 1], key=innermost)
print("ready", flush=True)
while True:
    outermost(3000)
"""


def python_with_perf_maps():
    """A Python of 3.12 or later, wherever one is; None if there is none."""
    candidates = [shutil.which(f"python3.{minor}") for minor in range(20, 11, -1)] + [shutil.which("python3")]
    candidates += sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/3.*/bin/python3")), reverse=True)
    for candidate in filter(None, candidates):
        check = "import sys; sys.activate_stack_trampoline('perf'); sys.deactivate_stack_trampoline()"
        if subprocess.run([candidate, "-c", check], capture_output=True, check=False).returncode == 0:
            return candidate
    return None


class JitTest(TracingTest):
    def forget_map(self, pid):
        if os.path.exists(f"/tmp/perf-{pid}.map"):
            os.unlink(f"/tmp/perf-{pid}.map")

    def share(self, stacks, wanted):
        return sum(s["count"] for s in stacks if wanted(s)) / sum(s["count"] for s in stacks)

    def kinds_between(self, stack, inner, outer):
        """Kinds of the frames from the one named `inner` to the one named `outer`; empty without both."""
        names = [frame["name"] for frame in stack["frames"]]
        first = next((i for i, name in enumerate(names) if re.search(inner, name)), None)
        last = next((i for i, name in enumerate(names) if re.search(outer, name)), None)
        if first is None or last is None or last < first:
            return []
        return [frame["kind"] for frame in stack["frames"][first : last + 1]]


class Java(JitTest):
    def spawn_java(self):
        self.write("Spin.java", SPIN_JAVA)
        for tool in ("javac", "java", "jcmd"):
            if not shutil.which(tool):
                self.fail(f"{tool} is missing: run ./setup --test")
        subprocess.run(["javac", "Spin.java"], cwd=self.folder, check=True, capture_output=True, timeout=120)
        process = self.spawn(
            "java", "-Xmx64m", "-XX:+PreserveFramePointer", "-XX:CompileCommand=quiet",
            "-XX:CompileCommand=dontinline,Spin.innermost", "-XX:CompileCommand=dontinline,Spin.outermost",
            "Spin", cwd=self.folder,
        )
        self.addCleanup(self.forget_map, process.pid)
        return process

    def write_map(self, pid):
        subprocess.run(["jcmd", str(pid), "Compiler.perfmap"], check=True, capture_output=True, timeout=120)

    def settled(self, pid):
        """Whether the JVM compiled both methods and, for a second, none of them anew: what it compiles later is in no map."""
        seen = self.methods(pid)
        time.sleep(1)
        return all(name in "".join(seen) for name in ("innermost", "outermost")) and seen == self.methods(pid)

    def methods(self, pid):
        self.write_map(pid)
        with open(f"/tmp/perf-{pid}.map", encoding="utf-8") as lines:
            return [line for line in lines if "Spin." in line]

    def test_perf_map(self):
        """jcmd Compiler.perfmap names methods, between the JVM's threads and each other."""
        process = self.spawn_java()
        wait_until(lambda: self.settled(process.pid), 60)
        report = self.trace("-p", str(process.pid), "-F", "997", "-d", "2", "--user")
        working = [s for s in report.stacks if any("Spin.innermost" in f["name"] for f in s["frames"])]
        self.assertGreater(sum(s["count"] for s in working), 0.5 * report.count())
        self.assertGreater(
            self.share(working, lambda s: set(self.kinds_between(s, r"Spin\.innermost", r"StubRoutines")) == {"jit"}),
            0.95,
        )
        # Below the methods is the thread that the JVM's launcher made, down to its entry.
        self.assertGreater(self.share(working, lambda s: re.search("clone|start_thread", s["frames"][-1]["name"])), 0.9)

    def test_map_that_comes_later(self):
        """A map that is written while sonde runs names what was sampled before."""
        process = self.spawn_java()
        writer = subprocess.Popen(
            ["sh", "-c", f"sleep 1.5; exec jcmd {process.pid} Compiler.perfmap"], stdout=subprocess.DEVNULL
        )
        self.addCleanup(writer.wait)
        report = self.trace("-p", str(process.pid), "-F", "199", "-d", "6", "--user")
        named = report.count(lambda s: any("Spin.innermost" in f["name"] for f in s["frames"]))
        self.assertGreater(named, 0.5 * report.count())


class Python(JitTest):
    def test_perf_trampolines(self):
        """-X perf of Python 3.12 and later: Python functions between those of the interpreter."""
        python = python_with_perf_maps()
        if python is None:
            self.skipTest("no Python of 3.12 or later")
        process = self.spawn(python, "-X", "perf", self.write("spin.py", SPIN_PYTHON))
        self.addCleanup(self.forget_map, process.pid)
        time.sleep(0.5)
        report = self.trace("-p", str(process.pid), "-F", "997", "-d", "2", "--user")
        kinds = lambda s: self.kinds_between(s, r"py::innermost:.*spin\.py", r"py::<module>:.*spin\.py")
        self.assertGreater(self.share(report.stacks, lambda s: {"jit", "user"} <= set(kinds(s))), 0.9)
        self.assertGreater(
            self.share(report.stacks, lambda s: any(re.search("_start|main", f["name"]) for f in s["frames"][-3:])), 0.9
        )


if __name__ == "__main__":
    main()
