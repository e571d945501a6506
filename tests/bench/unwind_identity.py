"""Stacks of real programs: identity with elfutils' unwinder, and the share that reaches the entry, beside perf's."""

import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "libdw"))
sys.path.insert(0, str(Path(__file__).parent.parent / "root"))
from entries import THREAD_ENTRIES, entry_of  # noqa: E402
from workloads import WORKLOADS  # noqa: E402

FRAME = re.compile(r"\s*([0-9a-f]+) (\S+).* \((.*)\)$")
ENTRIES = THREAD_ENTRIES | {"_start"}
SECONDS = 3
HERTZ = 499


def share_of_perf(pid, method, folder):
    """The share of perf's samples with user frames whose outermost frame is an entry."""
    data = Path(folder) / "perf.data"
    subprocess.run(["perf", "record", "-q", "-F", str(HERTZ), "-p", str(pid), "--user-callchains", "--call-graph", method,
                    "-o", data, "--", "sleep", str(SECONDS)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    text = subprocess.run(["perf", "script", "-i", data, "-F", "ip,sym,dso"], capture_output=True, text=True).stdout
    whole = total = 0
    for sample in text.strip().split("\n\n"):
        # "   1440 _start (/usr/bin/redis-server)"; the address is that in the file.
        outermost = FRAME.match(sample.splitlines()[-1])
        if outermost:
            total += 1
            address, name, file = int(outermost[1], 16), outermost[2], outermost[3]
            entry = entry_of(file)
            whole += name in ENTRIES or (entry is not None and entry <= address <= entry + 64)
    return whole / total if total else None


def percent(share):
    return "-" if share is None else f"{100 * share:.1f} %"


def identity(check_stacks, programs, names):
    print(f"\nstacks, {SECONDS} s at {HERTZ} Hz: frames from the same registers and stack, and shares that reach the entry")
    print(f"  {'':<12} {'samples':>8} {'identical':>10} {'entry':>9} {'libdwfl':>9} {'perf dwarf':>11} {'perf fp':>9}")
    for name in names:
        with tempfile.TemporaryDirectory(prefix="sonde-bench-") as folder, WORKLOADS[name](programs, folder) as pid:
            time.sleep(1)
            ran = subprocess.run([check_stacks, str(pid), str(SECONDS), str(HERTZ)], capture_output=True, text=True)
            if ran.returncode != 0:
                print(f"  {name:<12} {ran.stderr.strip()}")
                continue
            verdict = json.loads(ran.stdout)
            dwarf, pointers = (share_of_perf(pid, method, folder) for method in ("dwarf,8192", "fp"))
        samples = verdict["samples"]
        # Where the copy of the stack ends elfutils must end, too.
        comparable = samples - verdict["longer_than_copy"]
        print(f"  {name:<12} {samples:>8} {percent(verdict['identical'] / max(comparable, 1)):>10} "
              f"{percent(verdict['reach_entry'] / max(samples, 1)):>9} "
              f"{percent(verdict['libdwfl_reaches_entry'] / max(samples, 1)):>9} "
              f"{percent(dwarf):>11} {percent(pointers):>9}", flush=True)
        if verdict["at_limit"]:
            others = samples - verdict["at_limit"]
            print(f"      {verdict['at_limit']} are as long as is kept; of the others {percent(verdict['reach_entry'] / max(others, 1))} "
                  "reach the entry")
        for end, count in list(verdict["ends"].items())[:2]:
            print(f"      {count} end at {end}")
        for line in verdict["shown"][:2]:
            print(f"      {line}")
