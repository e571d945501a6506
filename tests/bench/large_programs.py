"""A session over the whole system while some thirty large programs run, each of which has work without end."""

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
from workloads import NOTHING, WORKLOADS, compiler  # noqa: E402

# Shell commands by program; one that ends begins again. {big} is C++ that takes a compiler half a minute, {code} are
# functions for LLVM.
COMMANDS = {
    "clang-14": "clang-14 -O2 -w -c {big} -o clang.o", "clang-tidy-14": "clang-tidy-14 -checks=* {big} --",
    "opt-14": "opt-14 -O3 {code} -S -o opt.ll", "llc-14": "llc-14 -O3 {code} -o llc.s", "cppcheck": "cppcheck --force {big}",
    "doxygen": "doxygen doxyfile", "go": "go vet std", "java": "java Endless.java",
    "perl": "perl -e 'for (;;) {{ for (1..1000) {{ $h{{$_}} .= $_; }} %h = () }}'",
    "gdb": "gdb -nx -batch -ex 'python while True: gdb.execute(\"disassemble main\", False, True)' {programs}/shapes",
    "git": "git init -q repository; cd repository; while :; do echo; done | git hash-object --stdin-paths; "
           "yes x | head -c 3000000000 | git hash-object --stdin",
    "qemu-system-x86_64": "qemu-system-x86_64 -accel tcg -display none -nodefaults -drive format=raw,file=boot",
    "sqlite3": "sqlite3 :memory: 'with recursive n(x) as (select 1 union all select x + 1 from n) select count(*) from n'",
    "zsh": "zsh -c 'while :; do :; done'", "fish": "fish -c 'while true; set x $x[1]; end'",
    "bash": "bash -c 'while :; do i=$((i+1)); done'", "busybox": "busybox sh -c 'while :; do i=$((i+1)); done'",
    "vim": "vim -es -u NONE -c 'while 1 | call sort(range(1000)) | endwhile'", "jq": "jq -n 'last(range(1e15))'",
    "openssl": "openssl speed -seconds 100 sha256 rsa2048", "cmake": "cmake -P endless.cmake",
    "objdump": "objdump -d $(command -v clangd-14 || command -v gdb)", "readelf": "readelf -aW $(command -v gdb)",
    "mawk": "mawk 'BEGIN {{ while (1) x[i++ % 1000] = i \"\" }}'", "tclsh": "tclsh endless.tcl",
    "bc": "echo 'while (1) x = sqrt(2)' | bc", "perf": "perf bench mem memcpy -s 1MB -l 1000000000",
    "xz": "xz -9 -c < /dev/urandom", "zstd": "zstd -19 -c < /dev/urandom", "sort": "yes $(seq 50) | head -c 2000000000 | sort -S 50M",
}


def write_inputs(folder):
    (folder / "code.ll").write_text("\n".join(
        f"define i64 @f{i}(i64 %x, i64* %p) {{\n  %a = load i64, i64* %p\n  %b = mul i64 %a, {i * 7 + 3}\n"
        f"  %c = add i64 %b, %x\n  %d = udiv i64 %c, {i + 3}\n  store i64 %d, i64* %p\n"
        + (f"  %e = call i64 @f{i - 1}(i64 %d, i64* %p)\n  ret i64 %e\n}}" if i % 8 else "  ret i64 %d\n}")
        for i in range(40000)), encoding="ascii")
    (folder / "boot").write_bytes((b"\xeb\xfe" + bytes(508) + b"\x55\xaa"))  # jmp to itself
    (folder / "endless.cmake").write_text("while(TRUE)\n  string(REGEX REPLACE a b x aaaa)\nendwhile()\n", encoding="ascii")
    (folder / "endless.tcl").write_text("while 1 { set x [lsort {c b a}] }\n", encoding="ascii")
    (folder / "Endless.java").write_text(
        "public class Endless { public static void main(String[] a) { long n = 0;"
        " for (;;) n += String.valueOf(n).hashCode(); } }\n", encoding="ascii")
    (folder / "doxyfile").write_text("INPUT=big.cpp\nGENERATE_LATEX=NO\nEXTRACT_ALL=YES\nQUIET=YES\n", encoding="ascii")


@contextlib.contextmanager
def session_of(command, folder):
    """A shell and all that it starts, ended together. Not a session of its own: the kernel gives each session a share of
    the CPUs, and sonde would have a thirtieth of one, where it has half beside the services of a real machine."""
    process = subprocess.Popen(["/bin/sh", "-c", command], cwd=folder, stdin=NOTHING, stdout=NOTHING, stderr=NOTHING,
                               process_group=0)
    try:
        yield
    finally:
        os.killpg(process.pid, 9)
        process.wait()


def cpu_seconds(pid):
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run_all(running, programs, folder):
    """Starts what is installed, and returns the names."""
    write_inputs(folder)
    running.enter_context(compiler(programs, folder))
    big = folder / "big.cpp"
    shutil.copy(folder / "templates.cpp", big)
    names = ["cc1plus"]
    for name, command in COMMANDS.items():
        if shutil.which(name):
            text = command.format(big=big, code=folder / "code.ll", programs=programs)
            work = folder if name in ("doxygen", "java", "cmake", "tclsh", "qemu-system-x86_64") else folder / f"of {name}"
            work.mkdir(exist_ok=True)
            running.enter_context(session_of(f"while :; do {text}; sleep 0.2; done", work))
            names.append(name)
    for name in ("python3", "redis", "nginx", "node"):
        work = folder / name
        work.mkdir()
        running.enter_context(WORKLOADS[name](programs, work))
        names.append(name)
    return names


def large_programs(sonde, programs, seconds):
    """Sessions at 99 Hz over the whole system: what one takes in all, by the kernel's account, and its steady share."""
    with tempfile.TemporaryDirectory(prefix="sonde-bench-") as name, contextlib.ExitStack() as running:
        folder = Path(name)
        names = run_all(running, programs, folder)
        time.sleep(15)
        report = folder / "report.json"
        session = subprocess.Popen([sonde, "cpu", "-q", "-F", "99", "-d", str(seconds), "-f", "json", "-o", report],
                                   start_new_session=True)
        marks = [(0.0, 0.0)]
        begin = time.monotonic()
        for part in (1 / 6, 1 / 2, 5 / 6):
            time.sleep(max(0.0, begin + part * seconds - time.monotonic()))
            marks.append((time.monotonic() - begin, cpu_seconds(session.pid)))
        _, status, used = os.wait4(session.pid, 0)
        session.returncode = os.waitstatus_to_exitcode(status)
        if session.returncode != 0:
            raise RuntimeError(f"sonde: status {session.returncode}")
        lines = report.read_text(encoding="utf-8").splitlines()
    summary = json.loads(lines[-1])
    described = {frame["module"] for stack in lines if stack.startswith('{"type":"stack"')
                 for frame in json.loads(stack)["frames"] if "file" in frame}
    stacks = [json.loads(line) for line in lines if line.startswith('{"type":"stack"')]
    whole = used.ru_utime + used.ru_stime
    print(f"\n{len(names)} large programs at work, the whole system at 99 Hz for {seconds} s, load {os.getloadavg()[0]:.1f}")
    print(f"  CPU time of sonde in all, start and names included: {whole:.2f} s, {100 * whole / seconds:.2f} % of one CPU")
    shares = []
    for (from_time, from_cpu), (to_time, to_cpu) in zip(marks, marks[1:]):
        shares.append(f"{100 * (to_cpu - from_cpu) / (to_time - from_time):.2f} % until {to_time:.0f} s")
    print(f"  while it runs: {', '.join(shares)}; then {whole - marks[-1][1]:.2f} s")
    print(f"  largest RSS {used.ru_maxrss / 1024:.1f} MiB; {len(stacks)} stacks, {sum(map(len, lines)) / 1e6:.0f} MB of JSON, "
          f"{len({s['comm'] for s in stacks})} names of processes")
    # Of a program with a hundred megabytes of debug information, names take half a second.
    print(f"  with debug information: {', '.join(sorted(described))}")
    print(f"  overhead {json.dumps(summary['overhead'])}")
    (books,) = summary["accounting"]
    print(f"  reported {books['reported']}, lost {books['lost']}, truncated {books['truncated']}")
    for notice in summary["notices"]:
        print(f"  {notice}")
