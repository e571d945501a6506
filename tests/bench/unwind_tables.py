"""Unwind tables: their sizes and how long they take to make; and a session over many large programs at once."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "libdw"))
from workloads import WORKLOADS, started  # noqa: E402

SHOWN = ("libc.so.6", "python3.11", "cc1plus", "node", "libLLVM-14.so.1", "libnode.so.108")


def elf_files():
    """Every file below the system's folders once."""
    seen = {}
    for top in ("/usr/bin", "/usr/sbin", "/usr/lib", "/usr/libexec"):
        for folder, _, names in os.walk(top):
            for name in names:
                path = os.path.join(folder, name)
                try:
                    status = os.stat(path)
                    if not os.path.islink(path) and status.st_size > 4096:
                        seen.setdefault((status.st_dev, status.st_ino), path)
                except OSError:
                    continue
    return sorted(seen.values())


def tables(measure_tables):
    files = elf_files()
    shown = subprocess.run(["xargs", "-0", measure_tables], input="\0".join(files), capture_output=True, text=True,
                           check=True).stdout
    rows = sorted((json.loads(line) for line in shown.splitlines()), key=lambda row: -row["bytes"])
    print(f"\ntables of {len(rows)} programs and libraries: {sum(row['bytes'] for row in rows) / 1e6:.1f} MB in "
          f"{sum(row['seconds'] for row in rows):.2f} s of one thread; the 30 largest "
          f"{sum(row['bytes'] for row in rows[:30]) / 1e6:.1f} MB")
    print(f"  {'file':<28} {'rows':>9} {'KB':>8} {'ms':>7}")
    wanted = [row for row in rows if os.path.basename(row["file"]) in SHOWN]
    for row in rows[:3] + [row for row in wanted if row not in rows[:3]]:
        print(f"  {os.path.basename(row['file']):<28} {row['rows']:>9} {row['bytes'] / 1e3:>8.0f} {1e3 * row['seconds']:>7.1f}")


# Programs with much code, each with something to do again and again.
LARGE = {
    "clang-14": "echo 'int main(){}' | clang-14 -O2 -x c -c - -o /dev/null",
    "opt-14": "echo | opt-14 -O2 -S -o /dev/null", "llc-14": "echo | llc-14 -o /dev/null", "lld-14": "lld-14 --help",
    "gcc": "echo 'int main(){}' | gcc -O2 -x c -c - -o /dev/null", "g++": "echo '#include <map>' | g++ -x c++ -c - -o /dev/null",
    "gdb": "gdb -batch -ex 'info functions main' /bin/true", "git": "git --version; git help -a",
    "qemu-system-x86_64": "qemu-system-x86_64 --version", "docker": "docker --help", "sqlite3": "sqlite3 :memory: 'select 1'",
    "bpftrace": "bpftrace --help", "perf": "perf list --no-desc sw", "java": "java -version", "go": "go version",
    "cargo": "cargo --version", "rustc": "rustc --version", "zsh": "zsh -c 'for i in {1..2000}; do :; done'",
    "fish": "fish -c 'for i in (seq 200); end'", "vim": "vim -es -c q", "psql": "psql --help", "convert": "convert -version",
    "perl": "perl -e 'for (1..200000) { $h{$_} = $_ }'", "openssl": "openssl speed -seconds 1 sha256", "curl": "curl --version",
    "jq": "echo '[1,2]' | jq .", "bash": "bash -c 'for ((i=0;i<20000;i++)); do :; done'", "strace": "strace --version",
    "objdump": "objdump -d /bin/true", "readelf": "readelf -a /bin/true", "nm": "nm -D /usr/bin/git", "strip": "strip -o /dev/null /bin/true",
}


def cpu_seconds(pid):
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def large_programs(sonde, programs, seconds=40):
    """A session at 99 Hz over the whole system, while as many large programs as are installed work in turn."""
    with contextlib.ExitStack() as running, tempfile.TemporaryDirectory(prefix="sonde-bench-") as folder:
        commands = {name: command for name, command in LARGE.items() if shutil.which(name)}
        for command in commands.values():
            running.enter_context(started("/bin/sh", "-c", f"while :; do {command}; sleep 0.2; done", cwd=folder,
                                          start_new_session=True))
        for name in ("python3", "redis", "nginx", "node"):
            work = Path(folder) / name
            work.mkdir()
            running.enter_context(WORKLOADS[name](programs, work))
        report = Path(folder) / "report.json"
        session = subprocess.Popen([sonde, "cpu", "-q", "-F", "99", "-d", str(seconds), "-f", "json", "-o", report])
        # By a third of the time every program was met, and has its tables.
        time.sleep(seconds / 3)
        begin, before = time.monotonic(), cpu_seconds(session.pid)
        time.sleep(seconds / 2)
        share = (cpu_seconds(session.pid) - before) / (time.monotonic() - begin)
        if session.wait() != 0:
            raise RuntimeError("sonde failed")
        summary = json.loads(report.read_text(encoding="utf-8").splitlines()[-1])
        print(f"\n{len(commands) + 4} large programs at once, whole system at 99 Hz for {seconds} s, load {os.getloadavg()[0]:.1f}")
        print(f"  while it runs, tables made: {100 * share:.2f} % of one CPU in sonde itself")
        cost = summary["overhead"]
        print(f"  overhead {json.dumps(cost)}")
        (books,) = summary["accounting"]
        print(f"  reported {books['reported']}, lost {books['lost']}, truncated {books['truncated']}")
        for notice in summary["notices"]:
            print(f"  {notice}")
