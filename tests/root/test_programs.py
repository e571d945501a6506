"""Programs that people profile: names of user and kernel code, and of processes that ended long before the report."""

import os
import shutil
import socket
import subprocess

from tracing import TracingTest, free_port, main, wait_until


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Servers(TracingTest):
    def load(self, *command):
        client = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(client.wait)
        self.addCleanup(client.kill)

    def check_kernel(self, report):
        """A server that talks over TCP is found in the kernel's system calls."""
        kernel = {
            frame["name"] for stack in report.stacks for frame in stack["frames"] if frame["kind"] == "kernel"
        }
        self.assertIn("do_syscall_64" if os.uname().machine == "x86_64" else "invoke_syscall", kernel)
        self.assertTrue({"tcp_sendmsg", "tcp_recvmsg", "tcp_sendmsg_locked"} & kernel, kernel)

    def test_redis(self):
        """redis-server under redis-benchmark."""
        port = str(free_port())
        server = self.spawn(
            "redis-server", "--port", port, "--save", "", "--appendonly", "no", ready=False, cwd=self.folder,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: answers(int(port)))
        self.load("redis-benchmark", "-p", port, "-n", "100000000", "-t", "set,get", "-q")
        report = self.trace("-p", str(server.pid), "-F", "499", "-d", "3")
        self.assertGreater(report.count(), 50)
        self.check_kernel(report)
        exported = subprocess.run(
            ["nm", "-D", "--defined-only", shutil.which("redis-server")], check=True, capture_output=True, text=True
        ).stdout
        functions = {line.split()[2] for line in exported.splitlines() if line.split()[1] in "tT"}
        found = {
            frame["name"] for stack in report.stacks for frame in stack["frames"]
            if (frame["module"] or "").endswith("/redis-server") or (frame["module"] or "").endswith("redis-check-rdb")
        }
        self.assertTrue({"processCommand", "call", "lookupKey", "dictFind"} & functions)
        self.assertTrue({"processCommand", "call", "lookupKey", "dictFind"} & found, found)

    def test_nginx(self):
        """An nginx worker that serves a file."""
        port = free_port()
        self.write("index.html", "x" * 10000)
        os.chmod(self.folder, 0o755)
        config = self.write("nginx.conf", f"""
            daemon off; worker_processes 1; pid {self.path("pid")}; error_log {self.path("errors")};
            events {{}}
            http {{ access_log off; server {{ listen 127.0.0.1:{port}; root {self.folder};
                    keepalive_requests 1000000; }} }}""")
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        server = self.spawn(nginx, "-c", config, "-p", self.folder, ready=False, stderr=subprocess.DEVNULL)
        wait_until(lambda: answers(port))
        request = self.write(
            "load.py",
            "import http.client\n"
            f"c = http.client.HTTPConnection('127.0.0.1', {port})\n"
            "while True:\n"
            "    c.request('GET', '/')\n"
            "    c.getresponse().read()\n",
        )
        for _ in range(2):
            self.load("python3", request)
        with open(f"/proc/{server.pid}/task/{server.pid}/children", encoding="ascii") as children:
            worker = children.read().split()[0]
        report = self.trace("-p", worker, "-F", "997", "-d", "3")
        self.assertEqual(set(report.by("pid")), {int(worker)})
        self.check_kernel(report)
        self.assertTrue(any((frame["module"] or "").endswith("/nginx")
                            for stack in report.stacks for frame in stack["frames"]))


class Interpreters(TracingTest):
    def test_python(self):
        """python3 shows the functions of its interpreter."""
        report = self.trace(
            "-F", "499", "--", "/usr/bin/python3", "-c", "sum(hash(str(i)) % 7 for i in range(2000000))"
        )
        self.assertGreater(report.count(), 50)
        self.assertTrue({"_PyEval_EvalFrameDefault", "PyObject_Str"} & report.names())

    def test_node(self):
        """node --perf-basic-prof names JavaScript functions through its perf map."""
        script = "function spinInJs(n) { let x = 1; for (let i = 0; i < n; i++) x = (x * 31 + i) % 65521; return x }" \
            "const end = Date.now() + 2000; while (Date.now() < end) spinInJs(1e6)"
        report = self.trace("-F", "499", "--", "node", "--perf-basic-prof", "-e", script, cwd=self.folder)
        for pid in report.by("pid"):
            if os.path.exists(f"/tmp/perf-{pid}.map"):
                os.unlink(f"/tmp/perf-{pid}.map")
        jit = report.count(
            lambda stack: any(frame["kind"] == "jit" and "spinInJs" in frame["name"] for frame in stack["frames"])
        )
        self.assertGreater(jit, 0.3 * report.count())


class ShortLived(TracingTest):
    def test_compiler(self):
        """gcc's processes have ended before the report is made; their code has names or offsets all the same."""
        source = "\n".join(
            f"int f{i}(int *a, int n) {{ int s = {i}; for (int j = 0; j < n; j++) s += a[j] * {i}; return s; }}"
            for i in range(1500)
        )
        file = self.write("many.c", source)
        report = self.trace("-F", "997", "--", "gcc", "-O2", "-c", "-o", self.path("many.o"), file)
        self.assertTrue({"gcc", "cc1", "as"} <= set(report.by("comm")), report.by("comm"))
        leaves = [(stack["frames"][0], stack["count"]) for stack in report.stacks
                  if stack["comm"] == "cc1" and stack["frames"]]
        total = sum(count for _, count in leaves)
        located = sum(count for leaf, count in leaves if leaf["module"] is not None)
        in_compiler = sum(count for leaf, count in leaves if (leaf["module"] or "").endswith("/cc1"))
        self.assertGreater(located, 0.98 * total)
        self.assertGreater(in_compiler, 0.5 * total)


if __name__ == "__main__":
    main()
