"""What the benchmarks of the network run beside sonde, and when a tool is past its start."""

import os
import time

# The libbpf tools look for it at its usual place.
WITH_TRACEFS = ["unshare", "-m", "sh", "-c", 'mount -t tracefs nodev /sys/kernel/tracing && exec "$@"', "sh"]


def wait_until_traces(tool):
    """The thread that reads is the last thing that sonde starts; the others are given time. False if it has ended."""
    time.sleep(1.5)
    while tool.poll() is None and "net" in tool.args[:2] and len(os.listdir(f"/proc/{tool.pid}/task")) < 2:
        time.sleep(0.05)
    return tool.poll() is None
