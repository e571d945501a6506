"""Complete stacks of programs as distributions ship them, built without frame pointers."""

import os
import shutil
import subprocess
import sys
import time

from entries import reaches_entry, user_frames
from tracing import TracingTest, free_port, main, wait_until

sys.path.insert(0, os.path.dirname(__file__))
from test_programs import answers  # noqa: E402


class Programs(TracingTest):
    def assert_share(self, report, least, comm=None):
        """`least` is the share of samples with a user part that must reach the entry; every other is in the books. How many
        come before the table of their file is made depends on how fast that is: the books tell them apart."""
        stacks = [stack for stack in report.stacks
                  if user_frames(stack) and (comm is None or stack["comm"] == comm)]
        total = sum(stack["count"] for stack in stacks)
        whole = sum(stack["count"] for stack in stacks if reaches_entry(stack))
        self.assertGreater(whole, 100)
        early = report.summary["accounting"][0]["truncated"]["no_table_yet"]
        cut = sorted(((stack["count"], [frame["name"] for frame in stack["frames"]][-3:])
                      for stack in stacks if not reaches_entry(stack)), reverse=True)
        self.assertGreaterEqual(whole, least * (total - early), cut[:5])

    def test_python(self):
        """python3 in its own recursion."""
        code = ("import json\n"
                "def f(n): return f(n - 1) + 1 if n else len(json.dumps(list(range(3000))))\n"
                "print('ready', flush=True)\n"
                "while True: f(20)\n")
        process = self.spawn("/usr/bin/python3", "-c", code)
        self.assert_share(self.trace("-p", str(process.pid), "-F", "997", "-d", "2"), 0.995)

    def test_compressors(self):
        """xz, with hand-written assembly and threads of its own."""
        data = self.write("data", "".join(str(i * i) for i in range(400000)))
        for name in ("xz", "zstd"):
            with self.subTest(name):
                report = self.trace("-F", "997", "--", name, "-19" if name == "zstd" else "-9", "-k", "-f", data)
                self.assert_share(report, 0.99)

    def test_redis(self):
        """redis-server under redis-benchmark."""
        port = str(free_port())
        server = self.spawn(
            "redis-server", "--port", port, "--save", "", "--appendonly", "no", ready=False, cwd=self.folder,
            stderr=subprocess.DEVNULL)
        wait_until(lambda: answers(int(port)))
        client = subprocess.Popen(["redis-benchmark", "-p", port, "-n", "100000000", "-t", "set,get", "-q"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(client.wait)
        self.addCleanup(client.kill)
        self.assert_share(self.trace("-p", str(server.pid), "-F", "997", "-d", "2"), 0.995)

    def test_compile_job(self):
        """Many processes that live for milliseconds, traced from their first instruction."""
        source = self.write("a.c", "#include <stdio.h>\n#include <stdlib.h>\n" + "".join(
            f"int f{i}(int a, int b) {{ int s = 0; for (int i = a; i < b; i++) s += i % {i + 2}; return s; }}\n"
            for i in range(400)))
        script = f"for i in 1 2 3 4 5 6; do gcc -O2 -c -o {self.path('a.o')} {source} || exit 1; done"
        report = self.trace("-F", "997", "--", "/bin/sh", "-c", script)
        # Inside execve the registers are neither the old program's nor the new one's.
        in_exec = lambda stack: any(frame["name"].endswith("_execve") for frame in stack["frames"])
        report.stacks = [stack for stack in report.stacks if not in_exec(stack)]
        self.assert_share(report, 0.99)

    def test_node(self):
        """JIT code by frame pointers between native frames; its functions by the perf map."""
        if not shutil.which("node"):
            self.fail("node is missing: run ./setup --test")
        script = self.write("work.js", """
            function innermost(n) { let s = 0; for (let i = 0; i < 20000; i++) s += (i * n) % 7; return s; }
            function middle(n) { return [3, 1, 2].map(x => innermost(x + n)).reduce((a, b) => a + b); }
            console.log('ready');
            (function outermost() { for (let i = 0; ; i++) middle(i); })();""")
        process = self.spawn("node", "--perf-basic-prof", "--no-turbo-inlining", script, cwd=self.folder)
        time.sleep(1)
        report = self.trace("-p", str(process.pid), "-F", "997", "-d", "2")
        main_thread = [stack for stack in report.stacks if stack["tid"] == process.pid and user_frames(stack)]
        report.stacks = main_thread
        self.assert_share(report, 0.99)
        through = sum(stack["count"] for stack in main_thread
                      if any("innermost" in frame["name"] for frame in stack["frames"])
                      and any("outermost" in frame["name"] for frame in stack["frames"]))
        self.assertGreater(through, 0.8 * sum(stack["count"] for stack in main_thread))


if __name__ == "__main__":
    main()
