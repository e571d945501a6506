"""Checks that source files stay small enough to read at once."""

import sys
from pathlib import Path

LIMIT = 500
FOLDERS = ("bpf", "cli", "lib", "tests")
SUFFIXES = (".c", ".h", ".cpp", ".hpp", ".py", ".sh")
# Path: why this file is better as one.
REASONS = {}


def problems(root, limit=LIMIT, reasons=None):
    reasons = REASONS if reasons is None else reasons
    found = []
    files = sorted(p for folder in FOLDERS for p in (root / folder).rglob("*") if p.suffix in SUFFIXES)
    for file in files:
        path = str(file.relative_to(root))
        lines = len(file.read_bytes().splitlines())
        if lines > limit and path not in reasons:
            found.append(f"{path}: {lines} lines, more than {limit}: split it or give a reason in file_sizes.py")
        elif lines <= limit and path in reasons:
            found.append(f"{path}: {lines} lines need no reason any more")
    found += [f"{path}: there is no such file" for path in reasons if not (root / path).exists()]
    if not files:
        found.append(f"{root}: no source files")
    return found


if __name__ == "__main__":
    found = problems(Path(sys.argv[1]))
    sys.exit("\n".join(found) or 0)
