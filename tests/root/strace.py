"""What strace says that a program calls, for tests that compare."""

import re
import subprocess
from collections import Counter
from dataclasses import dataclass


@dataclass
class Call:
    name: str
    arguments: str
    # As strace prints it: "3", "-1", "?", "0x7f..."; what it adds in brackets is the note.
    result: str
    error: str = ""
    note: str = ""


_LINE = re.compile(r"(\d+) +(.*)")
_UNFINISHED = re.compile(r"(.*?) ?<unfinished \.\.\.>$")
_RESUMED = re.compile(r"<\.\.\. (\w+) resumed>(.*)")
_CALL = re.compile(r"(\w+)\((.*)\) += (\?|-?\w+(?:<.*?>(?:\(deleted\))?)?)(?: (E[A-Z0-9_]+))?(?: (.*))?$", re.S)


def parse(text):
    """{tid: [Call]}, in the order in which the calls began. Calls that never returned have the result "?"."""
    begun, calls = {}, {}

    def add(tid, line):
        match = _CALL.fullmatch(line)
        if not match:
            raise ValueError(f"strace printed {line!r}")
        name, arguments, result, error, note = match.groups()
        calls.setdefault(tid, []).append(Call(name, arguments, result, error or "", note or ""))

    for line in text.splitlines():
        tid, rest = _LINE.fullmatch(line).groups()
        tid = int(tid)
        if rest.startswith(("+++", "---", "[ Process PID")):
            continue
        # "<... read resumed> <unfinished ...>) = ?", or without "<unfinished ...>": the thread was killed in the call.
        resumed = _RESUMED.fullmatch(rest.replace(" <unfinished ...>) = ?", ") = ?"))
        if resumed:
            rest = begun.pop(tid) + resumed[2]
        unfinished = _UNFINISHED.fullmatch(rest)
        if unfinished:
            begun[tid] = unfinished[1]
        else:
            add(tid, rest)
    for tid, rest in begun.items():
        add(tid, rest + ") = ?")
    return calls


def run(*command, options=(), file, **arguments):
    """Calls of `command` and its descendants, by tid."""
    subprocess.run(
        ["strace", "-f", *options, "-o", file, "--", *command],
        check=arguments.pop("check", True), stdin=subprocess.DEVNULL, timeout=120, **arguments,
    )
    with open(file, encoding="utf-8", errors="surrogateescape") as text:
        return parse(text.read())


def totals(calls):
    """How often each (name, errno) was called, "" for success."""
    return Counter((call.name, call.error) for thread in calls.values() for call in thread)
