"""Check that the README's C++ example, as printed there, traces this machine."""

import os
import re
import subprocess
import sys

MESON_SKIP = 77

if os.geteuid() != 0:
    print("skipped: tracing needs root")
    sys.exit(MESON_SKIP)
done = subprocess.run([sys.argv[1]], capture_output=True, text=True)
if done.returncode != 0 or not re.fullmatch(r"\d+ stacks\n", done.stdout) or done.stderr:
    sys.exit(f"status {done.returncode}, stdout {done.stdout!r}, stderr {done.stderr!r}")
