"""The root file system of the virtual machine: busybox, sonde, the test programs, their libraries, and an init that
runs the cases and reports each on the console."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

from cases import CASES, PROGRAMS

# {body} runs the cases. An init that ends is a kernel panic, which ends qemu, too.
INIT = """#!/bin/sh
/bin/busybox --install -s /bin
mount -t proc none /proc; mount -t sysfs none /sys; mount -t devtmpfs none /dev; mount -t tmpfs none /tmp
ip link set lo up
echo 0 >/proc/sys/kernel/printk_ratelimit
dmesg -c >/dev/null
busy() {{ shapes "$@" >/dev/null & P=$!; sleep 0.3; }}
echo VM-KERNEL "$(uname -r)"
{body}
echo VM-DMESG
dmesg
echo VM-END
poweroff -f
"""

CASE = """case_{number}() {{ {command}
}}
( case_{number} ) >/tmp/out 2>&1 &
C=$!; ( sleep 120; kill -9 $C ) 2>/dev/null & W=$!
wait $C; S=$?
kill $W 2>/dev/null; killall -q -9 sonde shapes shapes_frames shapes_static throws loop calls
M=
{checks}
if [ $S = 0 ] && [ -z "$M" ]; then echo VM-PASS {number}; else
echo VM-FAIL {number} status $S, not found: "$M"; head -c 3000 /tmp/out; echo; fi
"""


def libraries(program):
    """What the loader would load for a dynamically linked program, and the loader."""
    shown = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
    return re.findall(r"(?:=> |^\s)(/\S+) \(0x", shown, re.M)


def install(root, program, strip):
    into = root / "bin" / Path(program).name
    if strip:
        subprocess.run(["strip", "-o", into, program], check=True)
    else:
        shutil.copy(program, into)
    for library in libraries(program):
        copied = root / library.lstrip("/")
        copied.parent.mkdir(parents=True, exist_ok=True)
        if not copied.exists():
            shutil.copy(library, copied)


def init_script(cases):
    parts = []
    for number, (_, command, patterns) in enumerate(cases):
        checks = "\n".join(f"grep -Eq -- {shlex.quote(p)} /tmp/out || M={shlex.quote(p)}" for p in patterns)
        parts.append(CASE.format(number=number, command=command, checks=checks))
    return INIT.format(body="\n".join(parts))


def make_initramfs(folder, sonde, programs, cases=CASES):
    """Path of a cpio archive, made in `folder`."""
    root = folder / "root"
    for name in ("bin", "proc", "sys", "dev", "tmp", "etc"):
        (root / name).mkdir(parents=True)
    busybox = shutil.which("busybox")
    shutil.copy(busybox, root / "bin" / "busybox")
    (root / "bin" / "sh").symlink_to("busybox")
    (root / "etc" / "passwd").write_text("root:x:0:0:root:/:/bin/sh\n", encoding="ascii")
    install(root, sonde, strip=True)
    for name in PROGRAMS:
        install(root, programs / name, strip=False)
    init = root / "init"
    init.write_text(init_script(cases), encoding="ascii")
    init.chmod(0o755)
    archive = folder / "initramfs"
    names = "\n".join(os.path.relpath(path, root) for path in sorted(root.rglob("*")))
    with open(archive, "wb") as file:
        subprocess.run([busybox, "cpio", "-o", "-H", "newc"], cwd=root, input=names.encode(), stdout=file,
                       stderr=subprocess.DEVNULL, check=True)
    return archive
