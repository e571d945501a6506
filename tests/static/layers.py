"""Checks that includes follow the arrow of CONTRIBUTING.md, and that the library leaves its process alone."""

import re
import sys
from pathlib import Path

# What a layer may include besides itself and the public headers. The one place that says so.
ALLOWED = {
    "util": [],
    "report": ["util"],
    "process": ["util"],
    "elf": ["util"],
    "dwarf": ["util", "elf"],
    "unwind": ["util", "elf"],
    "probe": ["util", "elf"],
    "core": ["util", "report"],
    "ingest": ["util", "core", "process"],
    "config": ["util"],
    "symbolize": ["util", "report", "process", "elf", "dwarf"],
    "aggregate": ["util", "symbolize"],
    "syscalls": ["util"],
    "dns": ["util"],
    "http": ["util"],
    "net": ["util"],
    "tracers": ["probe", "unwind", "elf", "util", "core", "ingest", "process", "config", "symbolize", "aggregate", "syscalls", "dns", "http", "net", "report"],
    "api": ["probe", "unwind", "elf", "util", "core", "ingest", "process", "config", "symbolize", "aggregate", "syscalls", "dns", "http", "net", "report", "tracers"],
    "sink": ["util"],
    "render": ["util", "report", "sink"],
    "cli": ["util", "config", "report", "render", "sink"],
}
# What the folders within `tracers` share. A tracer's own folder is seen by nobody but itself and `api`.
SHARED_BY_TRACERS = {"stacks"}
# Structs that BPF and C++ share, and who reads them.
BPF_SHARED = {"process", "core", "ingest", "aggregate", "syscalls", "net", "unwind", "tracers"}

# Headers that only some may see.
RESERVED = [
    (re.compile(r"\.skel\.h$"), {"tracers"}),
    (re.compile(r"^nlohmann/"), {"render", "config"}),
    (re.compile(r"^Zydis/"), {"probe"}),
    (re.compile(r"^toml\+\+/"), {"config"}),
    (re.compile(r"^CLI/"), {"cli"}),
    (re.compile(r"^bpf/"), {"core", "ingest", "tracers"}),
    (re.compile(r"^(iostream|regex)$"), set()),
]

# What a library must not do to the process that it lives in.
FORBIDDEN_CALLS = re.compile(
    r"(?<![\w.>:])(?:std::|::)?"
    r"(printf|fprintf|puts|fputs|perror|exit|_exit|quick_exit|getenv|secure_getenv|setenv|signal|sigaction)\s*\("
)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]')
COMMENT_OR_STRING = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)


def layer_of(path):
    if path.parts[0] == "cli":
        return "cli"
    if path.parts[:2] == ("lib", "src"):
        return path.parts[2]
    if path.parts[:2] == ("lib", "include"):
        return "public"
    return None


def tracer_problem(path, target):
    own = path.parts[3] if path.parts[:3] == ("lib", "src", "tracers") and len(path.parts) > 4 else None
    parts = target.split("/")
    if own and parts[0] == "tracers" and len(parts) > 2 and parts[1] not in SHARED_BY_TRACERS | {own}:
        return f"the tracer {own} must not include tracers/{parts[1]}/"
    return None


def include_problem(layer, bracket, target):
    for pattern, owners in RESERVED:
        if pattern.search(target) and layer not in owners:
            return f"{layer} must not include {target}"
    folder = target.split("/")[0] if "/" in target else ""
    if layer == "public":
        standard = bracket == "<" and "/" not in target and not target.endswith(".h")
        if not standard and folder != "sonde" and target != "tl/expected.hpp":
            return f"public headers must not include {target}"
        return None
    if bracket == "<":
        return None
    if folder in ALLOWED:
        if folder != layer and folder not in ALLOWED[layer]:
            return f"{layer} must not include {folder}/"
    elif layer != "cli" and not target.endswith(".skel.h"):
        # Only the structs shared with BPF have no layer in their name.
        if layer not in BPF_SHARED or not (folder in ("", "shared") and target.endswith(".h")):
            return f'{target} is not written as "layer/file.hpp"'
    return None


def problems(root):
    found = []
    files = sorted(p for folder in ("lib", "cli") for p in (root / folder).rglob("*") if p.is_file())
    for file in files:
        path = file.relative_to(root)
        layer = layer_of(path)
        if layer is None or not re.search(r"\.(cpp|hpp|h)(\.in)?$", file.name):
            continue
        if layer not in ALLOWED and layer != "public":
            found.append(f"{path}: no layer is called {layer}; add it to ALLOWED in tests/static/layers.py")
            continue
        text = file.read_text()
        for number, line in enumerate(text.splitlines(), 1):
            if match := INCLUDE.match(line):
                if problem := include_problem(layer, *match.groups()) or tracer_problem(path, match.group(2)):
                    found.append(f"{path}:{number}: {problem}")
        if layer == "public" and "namespace sonde {" in text:
            found.append(f'{path}: without [[gnu::visibility("default")]] the shared library hides its namespace')
        if layer != "cli":
            code = COMMENT_OR_STRING.sub(lambda m: "\n" * m.group().count("\n"), text)
            for number, line in enumerate(code.splitlines(), 1):
                if match := FORBIDDEN_CALLS.search(line):
                    found.append(f"{path}:{number}: the library must not call {match.group(1)}()")
    if not files:
        found.append(f"{root}: no source files")
    return found


if __name__ == "__main__":
    found = problems(Path(sys.argv[1]))
    sys.exit("\n".join(found) or 0)
