"""Doxygen renders the public headers without a warning, and finds every class in them."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

root = Path(sys.argv[1])
with tempfile.TemporaryDirectory() as folder:
    done = subprocess.run(
        ["doxygen", "lib/Doxyfile"], cwd=root, env=dict(os.environ, SONDE_DOXYGEN=folder), capture_output=True, text=True
    )
    if done.returncode != 0 or done.stderr:
        sys.exit(f"status {done.returncode}\n{done.stderr}")
    index = (Path(folder) / "xml/index.xml").read_text()
    known = set(re.findall(r'kind="(?:class|struct)"><name>sonde::([\w:]+)', index))
declared = set()
for header in (root / "lib/include/sonde").iterdir():
    declared |= set(re.findall(r"^(?:class|struct) (\w+)(?: : \w+)? {", header.read_text(), re.M))
if missing := declared - known:
    sys.exit(f"not rendered: {sorted(missing)}")
if "EbpfConfig" not in known:
    sys.exit(f"rendered only {sorted(known)}")
