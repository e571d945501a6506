"""Runs one example on this machine and checks what it prints: test_example.py NAME PROGRAM."""

import os
import re
import subprocess
import sys

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


name, program = sys.argv[1:]
if name != "recommended" and os.geteuid() != 0:
    print("skipped: tracing needs root")
    sys.exit(MESON_SKIP)
globals()[name]()
