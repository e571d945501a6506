"""Programs whose stacks are compared: each a context that yields the process to look at, while it works."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

NOTHING = subprocess.DEVNULL


@contextlib.contextmanager
def started(*command, **options):
    """A process that is ended with the context."""
    process = subprocess.Popen([str(part) for part in command], stdin=NOTHING, stdout=NOTHING, stderr=NOTHING, **options)
    try:
        yield process.pid
    finally:
        # A server ends its workers when it is asked to end, and leaves them behind when it is killed.
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port():
    with socket.socket() as any_port:
        any_port.bind(("127.0.0.1", 0))
        return any_port.getsockname()[1]


def wait_for(port):
    for _ in range(500):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on port {port}")


def shape(name, *arguments):
    def run(programs, _folder):
        return started(programs / "shapes", name, *arguments)
    return run


def throws(programs, _folder):
    return started(programs / "throws")


def python(_programs, _folder):
    code = ("import json\n"
            "def f(n): return f(n - 1) + 1 if n else len(json.dumps(list(range(3000))))\n"
            "while True: f(20)\n")
    return started("/usr/bin/python3", "-c", code)


@contextlib.contextmanager
def redis(_programs, folder):
    port = free_port()
    with started("redis-server", "--port", port, "--save", "", "--appendonly", "no", cwd=folder) as server:
        wait_for(port)
        with started("redis-benchmark", "-p", port, "-n", "100000000", "-t", "set,get,lpush,lrange_100", "-q"):
            yield server


@contextlib.contextmanager
def nginx(_programs, folder):
    port = free_port()
    folder = Path(folder)
    folder.chmod(0o755)
    (folder / "index.html").write_text("x" * 10000, encoding="ascii")
    config = folder / "nginx.conf"
    config.write_text(f"""
        daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/errors;
        events {{}}
        http {{ access_log off; gzip on; gzip_types *; server {{ listen 127.0.0.1:{port}; root {folder};
                keepalive_requests 1000000; }} }}""", encoding="ascii")
    request = ("import http.client\n"
               f"c = http.client.HTTPConnection('127.0.0.1', {port})\n"
               "while True:\n"
               "    c.request('GET', '/', headers={'Accept-Encoding': 'gzip'})\n"
               "    c.getresponse().read()\n")
    with started(shutil.which("nginx") or "/usr/sbin/nginx", "-c", config, "-p", folder) as master:
        wait_for(port)
        children = Path(f"/proc/{master}/task/{master}/children").read_text(encoding="ascii").split()
        with started("/usr/bin/python3", "-c", request):
            yield int(children[0])


def compress(name, level):
    def run(_programs, folder):
        data = Path(folder) / "data"
        if not data.exists():
            data.write_bytes(os.urandom(1 << 20) + b"".join(b"%d\n" % (i * i) for i in range(3000000)))
        return started(name, level, "-k", "-c", data)
    return run


def compiler(_programs, folder):
    """cc1plus itself, on templates that take it some 30 s."""
    source = Path(folder) / "templates.cpp"
    parts = ["#include <functional>\n#include <map>\n#include <regex>\n#include <string>\n#include <variant>\n"]
    for i in range(150):
        parts.append(f"struct T{i} {{ int a; bool operator<(const T{i}& o) const {{ return a < o.a; }} }};\n"
                     f"int f{i}() {{ std::map<T{i}, std::function<int(std::string)>> m; m[T{i}{{1}}] = [](std::string s)"
                     f" {{ return (int)std::regex_match(s, std::regex(\"a+b{i}\")); }};"
                     f" std::map<std::string, std::variant<int, T{i}>> v; v[\"x\"] = T{i}{{2}};"
                     f" return m[T{i}{{1}}](\"b\") + (int)v.size(); }}\n")
    source.write_text("".join(parts), encoding="ascii")
    cc1plus = subprocess.run(["g++", "-print-prog-name=cc1plus"], check=True, capture_output=True, text=True).stdout.strip()
    return started(cc1plus, "-quiet", "-O2", "-imultiarch", "x86_64-linux-gnu", "-D_GNU_SOURCE", source, "-o", "/dev/null")


def node(_programs, folder):
    script = Path(folder) / "work.js"
    script.write_text("""
        function innermost(n) { let s = 0; for (let i = 0; i < 20000; i++) s += (i * n) % 7; return s; }
        function middle(n) { return [3, 1, 2].map(x => innermost(x + n)).reduce((a, b) => a + b); }
        (function outermost() { for (let i = 0; ; i++) { middle(i); JSON.stringify(Array(200).fill(i)).split(','); } })();
        """, encoding="ascii")
    return started("node", script, cwd=folder)


WORKLOADS = {
    "alloca": shape("alloca"),
    "qsort": shape("qsort"),
    "malloc": shape("malloc"),
    "memcpy": shape("memcpy"),
    "vdso": shape("vdso"),
    "SA_SIGINFO": shape("signal"),
    "thread": shape("thread"),
    "exceptions": throws,
    "python3": python,
    "redis": redis,
    "nginx": nginx,
    "xz": compress("xz", "-9"),
    "zstd": compress("zstd", "-19"),
    "cc1plus": compiler,
    "node": node,
}
