"""Cgroups of their own for tests."""

import os


def mounts(kind):
    """(mount point, options) of each mount of a file system."""
    with open("/proc/self/mountinfo", encoding="utf-8") as lines:
        halves = [line.rstrip("\n").split(" - ") for line in lines]
    # proc(5): ID, parent, device, root, mount point, …; then type, source and the file system's options.
    return [
        (mount.split(" ")[4], system.split(" ")[2].split(","))
        for mount, system in halves if system.split(" ")[0] == kind
    ]


class MakesCgroups:
    """Mixed into a test: groups that are removed with it."""

    def make_group(self, *parts):
        group = os.path.join(*parts)
        os.mkdir(group)
        self.addCleanup(self._remove_group, group)
        return group

    @staticmethod
    def _remove_group(group):
        # The processes have been reaped, but the kernel empties the group a little later.
        for _ in range(1000):
            try:
                return os.rmdir(group)
            except OSError as error:
                if error.errno != 16:  # EBUSY
                    raise
        return os.rmdir(group)


__all__ = ["MakesCgroups", "mounts"]
