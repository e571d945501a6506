#!/usr/bin/env python3
"""What it takes to find inlined calls and source lines, beside addr2line, eu-addr2line and perf script.

    tests/bench/inlines.py build/tests/bench/describe FILE [--addresses N]
    sudo tests/bench/inlines.py build/tests/bench/describe FILE --sonde build/sonde --command 'COMMAND...'

FILE has debug information. Addresses are random bytes of its functions, the same for every tool. Shown: CPU time, largest
RSS, and how many addresses have the same number of calls and the same lines as with addr2line. eu-addr2line takes tens of
milliseconds for each address of a large file, so it gets a part of them. With a COMMAND that runs FILE, the whole
tools are compared, too: CPU time of recording and of writing stacks with inlined calls.
"""

import argparse
import os
import random
import re
import shlex
import subprocess
import tempfile

FEW = 200


def functions(file):
    lines = subprocess.run(["nm", "--defined-only", "-S", file], check=True, capture_output=True, text=True).stdout
    found = []
    for line in lines.splitlines():
        fields = line.split()
        if len(fields) == 4 and fields[2] in "tTwW":
            found.append((int(fields[0], 16), int(fields[1], 16)))
    return found


def pick(file, count):
    ranges = functions(file)
    chosen = random.Random(1).choices(ranges, [size for _, size in ranges], k=count)
    return [start + random.Random(start + i).randrange(size) for i, (start, size) in enumerate(chosen)]


def measured(command, **options):
    """(output, CPU seconds, largest RSS in KiB) of a command."""
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL, text=True, **options)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        return output.read(), usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def ask(command, addresses):
    with tempfile.TemporaryFile("w+") as given:
        given.write("".join(f"{address:x}\n" for address in addresses))
        given.seek(0)
        return measured(command, stdin=given)


def parse(text):
    """For each address the lines, innermost first: the last two parts of "file:line"."""
    found = []
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith("0x"):
            found.append([])
            continue
        place = re.sub(r" \(discriminator \d+\)$", "", next(lines))
        place = re.sub(r"^([^:]*:\d+):\d+$", r"\1", place).replace(":?", ":0")
        found[-1].append("?" if place.endswith(":0") else place.rsplit("/", 1)[-1])
    return found


def compare_tools(describe, file, count):
    addresses = pick(file, count)
    print(f"\n{file}, {os.path.getsize(file) >> 20} MiB: {count} addresses")
    print(f"  {'':<14}{'addresses':>10}{'CPU':>9}{'RSS':>10}   same calls and lines as addr2line")
    expected = None
    for name, command, asked in (
        ("addr2line", ["addr2line", "-a", "-i", "-f", "-e", file], addresses),
        ("eu-addr2line", ["eu-addr2line", "-a", "-i", "-f", "-e", file], addresses[:FEW]),
        ("sonde", [describe, file], addresses),
    ):
        output, seconds, memory = ask(command, asked)
        found = parse(output)
        expected = expected or found
        same = sum(a == b for a, b in zip(found, expected))
        print(f"  {name:<14}{len(asked):>10}{seconds:>7.2f} s{memory >> 10:>6} MiB   {same} of {len(found)}")


def compare_sessions(sonde, command):
    print(f"\n{' '.join(command)}: CPU time of the whole tool, stacks with inlined calls")
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "perf.data")
        target = measured(command)[1]
        _, seconds, memory = measured(
            [sonde, "cpu", "-q", "-F", "999", "--user", "-o", os.path.join(folder, "x.folded"), "--", *command])
        print(f"  {'sonde cpu -f folded':<46}{seconds - target:>7.2f} s {memory >> 10:>5} MiB")
        _, recorded, _ = measured(["perf", "record", "-q", "-F", "999", "-e", "cpu-clock:u",
                                   "--call-graph", "dwarf", "-o", data, "--", *command])
        for name, arguments in (("perf record and script", []), ("perf record and script --no-inline", ["--no-inline"])):
            _, scripted, memory = measured(["perf", "script", "-i", data, *arguments])
            print(f"  {name:<46}{recorded - target + scripted:>7.2f} s {memory >> 10:>5} MiB")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("describe")
    parser.add_argument("file")
    parser.add_argument("--addresses", type=int, default=10_000)
    parser.add_argument("--sonde")
    parser.add_argument("--command")
    options = parser.parse_args()
    compare_tools(options.describe, options.file, options.addresses)
    if options.sonde and options.command:
        compare_sessions(options.sonde, shlex.split(options.command))


if __name__ == "__main__":
    main()
