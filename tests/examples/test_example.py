"""Runs one example on this machine and checks what it prints: test_example.py NAME PROGRAM."""

import os
import re
import socket
import subprocess
import sys
import threading

MESON_SKIP = 77


def run(*arguments):
    done = subprocess.run([program, *arguments], capture_output=True, text=True)
    if done.returncode != 0 or done.stderr:
        sys.exit(f"{name}: status {done.returncode}, stdout {done.stdout!r}, stderr {done.stderr!r}")
    return done.stdout.splitlines()


def expect(holds, lines):
    if not holds:
        sys.exit(f"{name} printed: " + "\n".join(lines))


def busy(script):
    """A shell that is in the middle of `script`."""
    return subprocess.Popen(["sh", "-c", script], stdout=subprocess.DEVNULL)


# Stacks with counts, and books that balance.
def cpu_profile():
    child = busy("while :; do :; done")
    try:
        lines = run("briefly")
    finally:
        child.kill()
        child.wait()
    expect(len(lines) > 1, lines)
    books = re.fullmatch(r"seen (\d+) = reported (\d+) \+ filtered (\d+) \+ lost (\d+) \+ in flight (\d+)", lines[-1])
    expect(books, lines)
    seen, *parts = map(int, books.groups())
    expect(seen == sum(parts), lines)
    counts = [int(line.split()[0]) for line in lines[:-1]]
    expect(sum(counts) == parts[0], lines)


# The values are those of the guide.
def recommended():
    lines = run()
    expect(lines[:3] == ["development: 99 Hz, 60 s", "production: 19 Hz, 300 s", "lenient: 99 Hz"], lines)
    expect(all(word in lines[3] for word in ("prodution", "production", "staging", "development", "debug")), lines)


# Each tracer states its own cost as percent and MB; the calls are counted.
def in_parallel():
    child = busy("while :; do cat /nowhere 2>/dev/null; done")
    try:
        lines = run()
    finally:
        child.kill()
        child.wait()
    for line, tracer in zip(lines, ("cpu", "syscall")):
        cost = re.fullmatch(tracer + r": (\d+\.\d\d) % CPU, (\d+\.\d) MB", line)
        expect(cost and float(cost.group(2)) > 0, lines)
    counts = re.fullmatch(r"(\d+) system calls of (\d+) kinds, (\d+) failed", lines[2])
    expect(counts and all(int(count) > 0 for count in counts.groups()), lines)


# Connections over the loopback interface, with what goes through them.
def network():
    listener = socket.create_server(("127.0.0.1", 0))
    script = f"import socket\nwhile True:\n with socket.create_connection({listener.getsockname()}) as s: s.sendall(b'x' * 1000)"
    child = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
    stop = threading.Event()

    def serve():
        listener.settimeout(0.2)
        while not stop.is_set():
            try:
                with listener.accept()[0] as connection:
                    while connection.recv(65536):
                        pass
            except OSError:
                pass

    server = threading.Thread(target=serve)
    server.start()
    try:
        lines = run()
    finally:
        stop.set()
        child.kill()
        child.wait()
        server.join()
        listener.close()
    found = re.fullmatch(r"(\d+) connections, (\d+) of them open; (\d+) bytes sent, (\d+) received", lines[0])
    expect(found, lines)
    total, _, sent, received = map(int, found.groups())
    expect(total > 0 and sent >= 1000 and received >= 1000, lines)


# Calls appear while they are made.
def live_events():
    child = busy("while :; do /bin/true </dev/null; done")
    example = subprocess.Popen([program, str(child.pid)], stdout=subprocess.PIPE, text=True)
    try:
        first = example.stdout.readline()
    finally:
        child.kill()
        child.wait()
    lines = [first.rstrip(), *example.communicate()[0].splitlines()]
    expect(example.returncode == 0, lines)
    expect(all(re.match(r"sh\[\d+\] \w+ = ", line) for line in lines), lines)
    names = {line.split()[1] for line in lines}
    expect({"wait4"} <= names, sorted(names))


# Sends and receives appear while they are made, with both ends.
def packets():
    script = """
import socket, time
with socket.create_server(("127.0.0.1", 0)) as listener:
    print(listener.getsockname()[1], flush=True)
    client = socket.create_connection(listener.getsockname())
    server = listener.accept()[0]
    while True:
        client.sendall(b"x" * 700)
        server.recv(700, socket.MSG_WAITALL)
        time.sleep(0.001)
"""
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    try:
        port = child.stdout.readline().strip()
        example = subprocess.Popen([program, port], stdout=subprocess.PIPE, text=True)
        lines = [example.stdout.readline().rstrip() for _ in range(3)]
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
    lines += example.communicate()[0].splitlines()
    expect(example.returncode == 0 and lines[0] == "tracing", lines)
    one = re.compile(rf"python\S*\[{child.pid}\] tcp 127\.0\.0\.1:\d+ (->|<-) 127\.0\.0\.1:\d+ 700 bytes")
    found = [one.fullmatch(line) for line in lines[1:]]
    expect(all(found) and {match.group(1) for match in found} == {"->", "<-"}, lines)


# Blocks that are given out and taken back, and what of them is kept.
def allocations():
    script = "import array\nkept = []\nwhile True:\n array.array('b', bytes(10_000))\n if len(kept) < 100: kept.append(bytes(20_000))"
    child = subprocess.Popen([sys.executable, "-c", script])
    try:
        lines = run(str(child.pid))
    finally:
        child.kill()
        child.wait()
    expect(any(re.fullmatch(r"(malloc|calloc|realloc) gave \d+ bytes", line) for line in lines), lines[-9:])
    expect(any(re.fullmatch(r"free took \d+ bytes back", line) for line in lines), lines[-9:])
    total = re.fullmatch(r"(\d+) allocations, (\d+) bytes; about (\d+) bytes of them were kept", lines[-1])
    expect(total and int(total[1]) > 100 and int(total[2]) > 1_000_000, lines[-9:])


name, program = sys.argv[1:]
if name != "recommended" and os.geteuid() != 0:
    print("skipped: tracing needs root")
    sys.exit(MESON_SKIP)
globals()[name]()
