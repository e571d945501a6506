"""Checks that no BPF object uses an instruction that kernels before 5.12 refuse.

Atomic operations that give the old value came with 5.12 (Linux commit 5ca419f2864a); before, there is only
the add that gives nothing. clang emits them at every -mcpu when the result of __sync_fetch_and_add() is used.
"""

import re
import subprocess
import sys

# As llvm-objdump writes them: "r0 = atomic_fetch_add((u64 *)(r1 + 0), r0)", "r0 = xchg_64(...)",
# "r0 = cmpxchg_64(...)"; 32-bit ones have w registers, "xchg32_32" and "cmpxchg32_32".
REFUSED = re.compile(r"\b(atomic_fetch_\w+|xchg\w*|cmpxchg\w*)\s*\(")
INSTRUCTION = re.compile(r"^\s*\d+:\s")


def problems(disassembly):
    lines = disassembly.splitlines()
    if not any(INSTRUCTION.match(line) for line in lines):
        return ["no instruction found: not a BPF object?"]
    return [line.strip() for line in lines if REFUSED.search(line)]


def disassemble(objdump, path):
    return subprocess.run(
        [objdump, "--disassemble", "--no-show-raw-insn", path], check=True, capture_output=True, text=True
    ).stdout


if __name__ == "__main__":
    objdump, *paths = sys.argv[1:]
    found = [f"{path}: {line}" for path in paths for line in problems(disassemble(objdump, path))]
    if not paths:
        found = ["no BPF object given"]
    sys.exit("\n".join(found) or 0)
