"""Network namespaces of their own for tests."""

import itertools
import os
import subprocess

_numbers = itertools.count()


class Namespace:
    def __init__(self, name):
        self.name = name

    def run(self, *command, check=True):
        result = subprocess.run(
            ["ip", "netns", "exec", self.name, *command], capture_output=True, text=True, timeout=120, check=False
        )
        if check and result.returncode != 0:
            raise AssertionError(f"{command}: {result.stderr}")
        return result


class MakesNamespaces:
    """Mixed into a test: namespaces that are removed with it."""

    def make_namespace(self):
        name = f"sonde-{os.getpid()}-{next(_numbers)}"
        subprocess.run(["ip", "netns", "add", name], check=True)
        self.addCleanup(subprocess.run, ["ip", "netns", "del", name], check=True)
        namespace = Namespace(name)
        namespace.run("ip", "link", "set", "lo", "up")
        return namespace

    def make_pair(self):
        """Two namespaces with a cable between them: v0 is 10.77.0.1/24, v1 in the other 10.77.0.2/24."""
        left, right = self.make_namespace(), self.make_namespace()
        left.run("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1", "netns", right.name)
        for namespace, device, address in ((left, "v0", "10.77.0.1"), (right, "v1", "10.77.0.2")):
            namespace.run("ip", "addr", "add", f"{address}/24", "dev", device)
            namespace.run("ip", "link", "set", device, "up")
        return left, right


__all__ = ["MakesNamespaces", "Namespace"]
