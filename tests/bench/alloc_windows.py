#!/usr/bin/env python3
"""What `sonde mem --alloc --max-overhead 5` leaves of the speed of programs that do little but allocate, and how near its
totals are to theirs.

    sudo tests/bench/alloc_windows.py build/sonde build/tests/testprogs/alloc_spin [--rounds N] [--only WORD]

The program says itself how often it has called malloc() by when, in its own CPU time; it makes a system call each 1000
calls, but in "no system calls". Each run is compared with one without sonde just before it, and after the first second of
that time with itself: most steps of 10 ms have no window, and machines change their speed from one run to the next.
Printed are the runs, and of their totals, as a share of the program's own count, the mean with its
standard error, and how often the bounds that the report states hold.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import tempfile

PERCENT = 5
STEP_MS = "10"
BOUNDS = re.compile(r"breakpoints were set for (\d+) windows.*?(?:between ([\d.]+) % less and ([\d.e+]+) % more|at most ([\d.]+) %)")
WORKS = (
    ("nothing but computing between", ("6", "500", "1")),
    ("more of it", ("6", "5000", "1")),
    ("misses of caches between", ("6", "-40", "1")),
    ("two threads", ("3", "500", "2")),
    ("no system calls", ("-6", "500", "1")),
)


class Run:
    def __init__(self, command, arguments):
        step = [STEP_MS] if float(arguments[0]) > 0 else []
        said = subprocess.run([*command, *arguments, *step], stdout=subprocess.PIPE, text=True, check=True).stdout
        lines = [line.split() for line in said.splitlines()]
        self.calls = next(int(line[1]) for line in lines if line[0] == "spin")
        steps = [(int(line[1]) / 1e9, int(line[2])) for line in lines if line[0] == "until"]
        self.rate = self.calls / abs(float(arguments[0]))
        later = [step for step in steps if step[0] >= 1]
        rates = [(after - before) / (end - begin) for (begin, before), (end, after) in zip(later, later[1:])]
        # Most steps have no window: how much slower all of them are than these.
        self.later_loss = statistics.median(rates) / statistics.mean(rates) - 1 if rates else float("nan")


def told_by(file, run):
    """Calls, and between which shares of these the true ones are, as the report says."""
    with open(file, encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    calls = sum(
        record["allocated_count"] for record in records
        if record["type"] == "allocation_site" and any(frame["name"] == "spin" for frame in record["frames"])
    )
    told = next(filter(None, (BOUNDS.search(notice) for record in records for notice in record.get("notices", ()))), None)
    if told is None:
        return calls / run.calls, None, None
    less = float(told[2] or told[4]) / 100
    more = float(told[3]) / 100 if told[3] else float("inf")
    return calls / run.calls, 1 - less, 1 + more


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("sonde")
    arguments.add_argument("alloc_spin")
    arguments.add_argument("--rounds", type=int, default=12)
    arguments.add_argument("--only", default="")
    given = arguments.parse_args()
    print("load", os.getloadavg())
    for kind, work in WORKS:
        if given.only not in kind:
            continue
        shares, slowdowns, held = [], [], 0
        print(f"\n{kind}: calls a second alone, slower by (after the first second, in all), told of all, stated bounds")
        for _ in range(given.rounds):
            alone = Run([given.alloc_spin], work)
            with tempfile.NamedTemporaryFile(suffix=".json") as file:
                tracer = [given.sonde, "mem", "--alloc", "--max-overhead", str(PERCENT), "-f", "json", "-o", file.name, "--"]
                traced = Run([*tracer, given.alloc_spin], work)
                share, least, most = told_by(file.name, traced)
            later = 100 * (traced.later_loss - alone.later_loss)
            overall = 100 * (alone.rate / traced.rate - 1)
            bounds = "none" if least is None else f"{share * least:.3f} to {share * most:.3f}"
            print(f"  {alone.rate / 1e6:8.2f} M{later:8.1f} %{overall:8.1f} %{share:8.3f}   {bounds}", flush=True)
            shares.append(share)
            slowdowns.append(later)
            held += least is not None and share * least <= 1 <= share * most
        error = statistics.stdev(shares) / len(shares) ** 0.5 if len(shares) > 1 else float("nan")
        print(
            f"  mean {statistics.mean(shares):.3f}, standard error {error:.3f}, from {min(shares):.3f} to {max(shares):.3f}; "
            f"bounds held in {held} of {len(shares)}; slower by {max(slowdowns):.1f} % at most"
        )


if __name__ == "__main__":
    main()
