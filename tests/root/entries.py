"""Where stacks begin: the entry points of programs and threads, read from the ELF files themselves."""

import functools
import struct

# glibc's clone3 wrapper and its older sister are the first frames of a thread.
THREAD_ENTRIES = {"clone3", "__clone3", "clone", "__clone"}


@functools.cache
def entry_of(path):
    """e_entry of a 64-bit ELF file; None for anything else."""
    try:
        with open(path, "rb") as file:
            header = file.read(64)
    except OSError:
        return None
    if header[:5] != b"\x7fELF\x02":
        return None
    return struct.unpack_from("<Q", header, 24)[0]


def user_frames(stack):
    return [frame for frame in stack["frames"] if frame["kind"] != "kernel"]


def reaches_entry(stack):
    """Whether the outermost frame is where the kernel started the program or thread."""
    frames = user_frames(stack)
    if not frames:
        return False
    last = frames[-1]
    if last["name"] in THREAD_ENTRIES:
        return True
    entry = entry_of(last["module"] or "")
    return entry is not None and entry <= int(last["address"], 16) <= entry + 64
