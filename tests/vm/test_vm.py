"""Every tracer in every variant on Debian 12's own kernel, Linux 6.1, in a virtual machine.

    test_vm.py SONDE PROGRAMS CACHE [-k WORD]

CACHE keeps the kernel between runs; -k runs the cases whose names contain WORD. The machine is emulated, on one CPU: it
needs no hardware virtualisation, and no second kernel is installed here. What counts is the number of PASS lines.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cases import CASES
from guest import make_initramfs

KERNEL_PACKAGE = "linux-image-cloud-amd64"
SECONDS = 800
MESON_SKIP = 77
# In the kernel's messages: it, or a program that it runs, has met something that it should not.
TROUBLE = re.compile(r"BUG|WARNING|Oops|Call Trace|general protection|segfault|hung_task|rcu.*stall|Out of memory|verifier")


def fetch_kernel(cache):
    """Path of the newest 6.1 kernel of the configured Debian mirror, without installing it."""
    shown = subprocess.run(["apt-cache", "show", "--no-all-versions", KERNEL_PACKAGE], capture_output=True, text=True).stdout
    package = re.search(r"^Depends:.*?(linux-image-6\.1\.\S+-cloud-amd64)", shown, re.M)
    if not package:
        kept = sorted(cache.glob("vmlinuz-6.1.*"))
        return kept[-1] if kept else None
    kernel = cache / package[1].replace("linux-image-", "vmlinuz-")
    if kernel.exists():
        return kernel
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        subprocess.run(["apt-get", "download", "-q", package[1]], cwd=folder, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        (archive,) = Path(folder).glob("*.deb")
        unpacked = Path(folder) / "unpacked"
        subprocess.run(["dpkg-deb", "-x", archive, unpacked], check=True)
        shutil.move(unpacked / "boot" / kernel.name, kernel)
    return kernel


def boot(kernel, initramfs):
    """What the machine printed."""
    # On a busy host the emulated timer may be too late for the kernel's check of it.
    command = ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-smp", "1", "-m", "1024", "-nographic", "-no-reboot",
               "-nic", "none", "-kernel", kernel, "-initrd", initramfs,
               "-append", "console=ttyS0 quiet panic=-1 mitigations=off loglevel=1 no_timer_check"]
    try:
        ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS)
        return (ran.stdout + ran.stderr).decode(errors="replace").replace("\r", "")
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b"").decode(errors="replace").replace("\r", "") + f"\nno end after {SECONDS} s\n"


def judge(console, cases):
    """The complaints about a run; empty if all is well."""
    complaints = []
    passed = {int(number) for number in re.findall(r"^VM-PASS (\d+)$", console, re.M)}
    for number, (name, _, _) in enumerate(cases):
        if number in passed:
            continue
        shown = re.search(rf"^VM-FAIL {number} .*?(?=^VM-|\Z)", console, re.M | re.S)
        complaints.append(f"{name}: {shown[0] if shown else 'did not run to its end'}")
    messages = re.search(r"^VM-DMESG\n(.*)^VM-END$", console, re.M | re.S)
    if not messages:
        complaints.append("the machine did not come to its end:\n" + console[-3000:])
    else:
        complaints += [f"kernel message: {line}" for line in messages[1].splitlines() if TROUBLE.search(line)]
    return complaints


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sonde", type=Path)
    parser.add_argument("programs", type=Path, help="tests/testprogs of the same build")
    parser.add_argument("cache", type=Path)
    parser.add_argument("-k", default="", help="only cases whose names contain this")
    arguments = parser.parse_args()
    missing = [tool for tool in ("qemu-system-x86_64", "busybox", "strip", "apt-get") if not shutil.which(tool)]
    if missing:
        print(f"skipped: no {', '.join(missing)}")
        sys.exit(MESON_SKIP)
    arguments.cache.mkdir(parents=True, exist_ok=True)
    kernel = fetch_kernel(arguments.cache)
    if kernel is None:
        print(f"skipped: no package {KERNEL_PACKAGE} for Linux 6.1")
        sys.exit(MESON_SKIP)
    cases = [case for case in CASES if arguments.k in case[0]]
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="sonde-vm-") as folder:
        initramfs = make_initramfs(Path(folder), arguments.sonde.absolute(), arguments.programs.absolute(), cases)
        console = boot(kernel, initramfs)
    version = re.search(r"VM-KERNEL (.*)", console)
    complaints = judge(console, cases)
    for complaint in complaints:
        print(complaint)
    passed = len(re.findall(r"^VM-PASS \d+$", console, re.M))
    print(f"Linux {version[1] if version else 'did not boot'}: {passed} of {len(cases)} cases passed, "
          f"{time.monotonic() - started:.0f} s")
    sys.exit(1 if complaints or passed != len(cases) or not cases else 0)


if __name__ == "__main__":
    main()
