"""What breakpoints do to a process while they are there and after: nothing."""

import ctypes.util
import os
import re
import subprocess

from tracing import SondeTest, main, program

HOLD = os.environ["HOLD_PROBES"]


def mapped(pid, name):
    """(path, [(start, length, file offset)]) of the executable mappings of a library in a process."""
    found = []
    path = None
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps:
        for line in maps:
            part = re.match(rf"(\w+)-(\w+) r-xp (\w+) \S+ \d+ +(\S*/{re.escape(name)})$", line)
            if part:
                start, end, offset = (int(part.group(i), 16) for i in (1, 2, 3))
                found.append((start, end - start, offset))
                path = part.group(4)
    return path, found


def code(pid, places):
    with open(f"/proc/{pid}/mem", "rb") as memory:
        return [(memory.seek(start), memory.read(length))[1] for start, length, _ in places]


class ProbesHarmless(SondeTest):
    def setUp(self):
        super().setUp()
        self.target = subprocess.Popen(
            [program("library_calls")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.addCleanup(self.end)
        self.pid = int(self.target.stdout.readline().split()[1])
        self.library, self.places = mapped(self.pid, ctypes.util.find_library("c"))
        self.before = code(self.pid, self.places)

    def end(self):
        self.target.kill()
        self.target.wait()
        self.target.stdin.close()
        self.target.stdout.close()

    def ask(self, line="calls"):
        self.target.stdin.write(line + "\n")
        self.target.stdin.flush()
        return self.target.stdout.readline().split()[0]

    def hold(self, *what):
        """Attaches; gives the process and its words: points, refused, nanoseconds that it took."""
        holder = subprocess.Popen(
            [HOLD, str(self.pid), self.library, *map(str, what)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        words = holder.stdout.readline().split()
        self.assertEqual(words[:1], ["ready"])
        return holder, [int(w) for w in words[1:]]

    def release(self, holder):
        holder.communicate("")
        self.assertEqual(holder.returncode, 0)

    def is_untouched(self):
        self.assertEqual(code(self.pid, self.places), self.before)
        self.assertEqual(self.ask(), "ok")

    def test_whole_library(self):
        """The C library works with a breakpoint in every function, and has its own bytes afterwards."""
        holder, (points, refused, _) = self.hold("all")
        self.assertGreater(points, 1000)
        self.assertLess(refused, points / 100)
        self.assertNotEqual(code(self.pid, self.places), self.before)
        for what in ("calls", "fork", "exec", "calls"):
            self.assertEqual(self.ask(what), "ready" if what == "exec" else "ok")
        self.library, self.places = mapped(self.pid, ctypes.util.find_library("c"))
        self.release(holder)
        self.is_untouched()

    def test_killed(self):
        """Breakpoints go with the process that set them, however it ends."""
        holder, _ = self.hold("all")
        holder.kill()
        holder.wait()
        holder.stdin.close()
        holder.stdout.close()
        self.is_untouched()

    def test_hundred_times(self):
        """A process survives a hundred tracers."""
        symbols = subprocess.run(["nm", "-D", self.library], capture_output=True, text=True, check=True).stdout
        offsets = [
            int(re.search(rf"^(\w+) [TW] {name}(@.*)?$", symbols, re.M).group(1), 16)
            for name in ("malloc", "calloc", "realloc", "free", "strtol")
        ]
        for _ in range(100):
            holder, (points, refused, _) = self.hold(*offsets)
            self.assertEqual((points, refused), (5, 0))
            self.assertEqual(self.ask(), "ok")
            self.release(holder)
        self.is_untouched()

    def test_exit_while_probed(self):
        """The end of the process is no trouble to who traces it."""
        holder, _ = self.hold("all")
        self.target.stdin.close()
        self.assertEqual(self.target.wait(), 0)
        self.target.stdin = open(os.devnull, "w", encoding="utf-8")
        self.release(holder)

    def test_bad_points(self):
        """One point that cannot be probed is named, and does not take the others with it."""
        beyond = os.path.getsize(self.library) + (1 << 20)
        symbols = subprocess.run(["nm", "-D", self.library], capture_output=True, text=True, check=True).stdout
        good = [int(a, 16) for a in re.findall(r"^(\w+) T mem\w+@", symbols, re.M)]
        holder, (points, refused, _) = self.hold(*good, beyond)
        self.assertEqual((points, refused), (len(good) + 1, 1))
        self.assertEqual(holder.stdout.readline().split(), ["refused", str(beyond)])
        self.release(holder)


if __name__ == "__main__":
    main()
