"""`sonde syscall --trace` beside strace on real programs: the same calls, in order, with the same arguments."""

import os
import re
import subprocess
import sys
from difflib import unified_diff

import strace
from syscalls import SyscallTest, own_counts, wait_until
from tracing import main, program, run

CALLS = program("calls")
PYTHON = os.path.realpath(sys.executable)

# (name of the call, regular expression, what stands for it in both, why)
VARYING = [
    (r".*", r"0x[0-9a-f]{7,16}\b", "ADDRESS", "address space layout is random"),
    (r".*", r"\b((?:st|stx)_\w+)=(?:\{[^}]*\}|[^,}]*)", r"\1=…", "times, inode and device numbers"),
    (r".*", r"\btv_(sec|nsec|usec)=\d+", r"tv_\1=N", "the time of the run"),
    (r".*", r"\bAT_FDCWD<[^<>]*>", "AT_FDCWD", "sonde does not say what the working directory is"),
    (r".*", r"<(?:char|block) \d+:\d+>", "", "sonde does not say the numbers of a device"),
    (r"p?poll|p?select6?|recvmsg|sendmsg", r"(?<=\d)<(?:->|[^<>])*>(?:\(deleted\))?", "",
     "sonde does not say what the descriptors in an array are"),
    (r".*", r"<(?:pipe|socket|anon_inode|TCP|TCPv6|UDP|UNIX|NETLINK)(?:->|[^<>])*>", "<…>",
     "numbers of this run in what a descriptor is; sonde's and strace's words for a socket differ"),
    (r"recvfrom", r'"(?:[^"\\]|\\.)*"(?:\.\.\.)?', '"…"', "the server's answer has the time in it"),
    (r"getrandom", r'"(?:\\x[0-9a-f]{2})+"', '"…"', "random"),
    (r"sysinfo", r"=\d+|\[[^]]*\]", "=N", "load and memory of the moment"),
    (r"getsockname", r"sin_port=htons\(\d+\)", "sin_port=…", "the kernel chooses the port"),
    (r"statfs", r"\bf_(blocks|bfree|bavail|files|ffree)=\d+", r"f_\1=N", "space of the moment"),
    (r"getppid", r"^\d+$", "PARENT", "strace or sonde is the parent"),
    (r"execve", r", (?:ADDRESS|\[.*?\])(?: /\* \d+ vars \*/)?$", ", ENVIRONMENT", "shown in full or counted"),
]

# Calls of which two runs of one program make different numbers: (name, why). They are left out.
NOT_REPEATED = {
    "futex": "depends on who comes first",
    "poll": "depends on when data arrive",
    "restart_syscall": "follows a stop by ptrace, which only strace causes",
}

# Whose arguments sonde does not spell as strace does: name, how many of the first ones are compared, why not the
# others. Order, results and errors are compared of all.
OTHERWISE = {
    "getdents64": (1, "strace counts the entries, for which the whole buffer must be read"),
    "rt_sigreturn": (0, "strace shows the mask, and the register that the handler interrupted as the result"),
}


def first(count, arguments):
    """The first arguments of a list in which strings, structs and lists hold commas, too."""
    depth, quoted, escaped = 0, False, False
    for position, character in enumerate(arguments):
        if escaped or character == "\\":
            escaped = not escaped
        elif character == '"':
            quoted = not quoted
        elif not quoted:
            depth += (character in "{[(") - (character in "}])")
            if character == "," and depth == 0:
                count -= 1
                if count == 0:
                    return arguments[:position]
    return arguments if count > 0 else ""


class Lines:
    """Calls of threads as lines that two runs have in common. Threads are known by their order."""

    def __init__(self, tids):
        self.tids = {str(tid): f"TID{number}" for number, tid in enumerate(tids)}

    def normal(self, name, text):
        for call, pattern, stand_in, _ in VARYING:
            if re.fullmatch(call, name):
                text = re.sub(pattern, stand_in, text)
        # The order of flags has no meaning.
        text = re.sub(r"\b[A-Z_0-9]+(?:\|[A-Z_0-9]+)+\b", lambda match: "|".join(sorted(match[0].split("|"))), text)
        return re.sub(r"\d+", lambda match: self.tids.get(match[0], match[0]), text)

    def line(self, name, arguments, result, error, note=""):
        arguments = self.normal(name, arguments)
        if name in OTHERWISE:
            arguments = first(OTHERWISE[name][0], arguments) + "…"
        note = "" if error or result == "?" else self.normal(name, note)
        return f"{name}({arguments}) = {self.normal(name, result)} {error}{note}".rstrip()


def lines_of_strace(calls):
    lines = Lines(calls)
    return [
        [lines.line(call.name, call.arguments, call.result, call.error, call.note) for call in thread
         if call.name not in NOT_REPEATED]
        for thread in calls.values()
    ]


def lines_of_sonde(report):
    threads = {}
    # Records come in the order in which calls ended; strace's lines here in that in which they began.
    for call in sorted(report.calls, key=lambda call: call["time_ns"]):
        threads.setdefault(call["tid"], []).append(call)
    lines = Lines(threads)
    return [
        [
            lines.line(
                call["name"], ", ".join(call["args"]), call["result_text"].split(" ")[0], call["error"] or "",
                call["result_text"].partition(" ")[2],
            )
            for call in thread if call["name"] not in NOT_REPEATED
        ]
        for thread in threads.values()
    ]


class BesideStrace(SyscallTest):
    def expected(self, *command, **options):
        calls = strace.run(
            *command, options=["-yy", "-s", "200"], file=self.path("strace"), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, **options,
        )
        return lines_of_strace(calls)

    def found(self, *command, **options):
        report = self.trace("--trace", "--strings", "200", "--", *command, **options)
        self.assert_lossless(report)
        return lines_of_sonde(report)

    def compare(self, *command, leave_out=(), **options):
        """Fails with the difference. `leave_out`: calls of which runs of the command make different numbers."""
        expected, found = (
            [[line for line in thread if line.split("(")[0] not in leave_out] for thread in lines]
            for lines in (self.expected(*command, **options), self.found(*command, **options))
        )
        self.assertEqual(len(found), len(expected), "threads")
        for number, (wanted, shown) in enumerate(zip(expected, found)):
            difference = "\n".join(unified_diff(wanted, shown, "strace", "sonde", lineterm="", n=1))
            self.assertEqual(difference, "", f"thread {number}")

    def test_harness(self):
        """Two runs of strace compare equal: what differs below is between strace and sonde."""
        folder = self.path("folder")
        os.mkdir(folder)
        self.assertEqual(self.expected("ls", "-l", folder), self.expected("ls", "-l", folder))

    def test_ls(self):
        """ls -l of a folder with files of several kinds."""
        folder = self.path("folder")
        os.mkdir(folder)
        self.write("folder/file", "text\n")
        os.symlink("file", os.path.join(folder, "link"))
        os.mkdir(os.path.join(folder, "below"))
        self.compare("ls", "-l", folder)

    def test_cat(self):
        """cat of a file."""
        self.compare("cat", self.write("file", "some text\n" * 10))

    def test_shell(self):
        """A shell with children and a redirection."""
        # The child may end before its parent waits for it, and the handler of SIGCHLD runs then.
        command = f"cat {self.write('file', 'text')} >{self.path('copy')}; exec true"
        self.compare("sh", "-c", command, leave_out=["rt_sigreturn"])

    def test_git(self):
        """git status in a repository."""
        folder = self.path("repository")
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_OPTIONAL_LOCKS": "0", "HOME": self.folder}
        subprocess.run(["git", "init", "-q", folder], check=True, env=environment)
        self.write("repository/file", "text\n")
        subprocess.run(["git", "-C", folder, "add", "file"], check=True, env=environment)
        self.write("repository/other", "text\n")
        self.compare("git", "-C", folder, "status", env=environment)

    def test_arguments(self):
        """A program of ours with the structs, arrays and flags that calls take."""
        self.compare(program("arguments"), self.path("file"))

    def test_python(self):
        """python3 -c …"""
        self.compare(PYTHON, "-I", "-S", "-c", "import os; os.stat('/'); print(os.listdir('/proc/self/fd')[:0])")

    def test_curl(self):
        """curl of a page that nginx on this machine serves."""
        socket = 16398
        configuration = self.write("nginx.conf", f"""
            daemon off; worker_processes 1; pid {self.path('pid')}; error_log {self.path('log')};
            events {{ }}
            http {{ access_log off; server {{ listen 127.0.0.1:{socket}; root {self.folder}; }} }}
        """)
        page = self.write("page", "hello\n")
        nginx = subprocess.Popen(["nginx", "-c", configuration], stderr=subprocess.DEVNULL)
        self.addCleanup(nginx.wait)
        self.addCleanup(nginx.terminate)
        fetch = ["curl", "-q", "-s", "--noproxy", "*", f"http://127.0.0.1:{socket}/{os.path.basename(page)}"]
        wait_until(lambda: subprocess.run(fetch, stdout=subprocess.DEVNULL, check=False).returncode == 0)
        # curl puts its handler of SIGPIPE aside whenever it looks for data.
        self.compare(*fetch, leave_out=["rt_sigaction"])


class Long(SyscallTest):
    def test_strings(self):
        """Of more than 32 strings the rest is marked as cut; 32 are not."""
        report = self.trace("--trace", "-e", "execve", "--failed", "--", program("arguments"), "long")
        longer, exact = (call["args"][1] for call in report.calls)
        strings = [f'"{chr(ord("a") + i % 26)}"' for i in range(32)]
        self.assertEqual(longer, f"[{', '.join(strings)}, ...]")
        self.assertEqual(exact, f"[{', '.join(strings)}]")

    def test_vectors(self):
        """So it is with buffers. What finds no room in a record is an address, and counted."""
        for size in (5, 4096):
            with self.subTest(size):
                report = self.trace(
                    "--trace", "--strings", str(size), "-e", "writev", "--", program("arguments"), "long"
                )
                longer, exact = (call["args"][1] for call in report.calls)
                self.assertEqual(longer.removesuffix(", ...]"), exact.removesuffix("]"))
                parts = re.findall(r'\{iov_base=("[^"]*"(?:\.\.\.)?|0x[0-9a-f]+), iov_len=4000\}', exact)
                self.assertEqual(len(parts), 32)
                shown = [part for part in parts if part.startswith('"')]
                self.assertEqual(parts[:len(shown)], shown)
                for i, part in enumerate(shown):
                    letter = chr(ord("a") + i % 26)
                    self.assertEqual(part, f'"{letter * 5}"...' if size == 5 else rf'"{letter * 3999}\0"')
                told = [int(note.split(" ")[0]) for note in report.summary["notices"] if "record was full" in note]
                self.assertEqual(told, [2 * (32 - len(shown))] if len(shown) < 32 else [])
                self.assertEqual(len(shown) < 32, size == 4096)


class Paths(SyscallTest):
    ESCAPES = {9: r"\t", 10: r"\n", 11: r"\v", 12: r"\f", 13: r"\r", 34: r"\"", 92: r"\\"}

    def test_hard_to_read(self):
        """Paths on pages that are not resident, of 4 KB, with any bytes; never blank. Bad pointers as numbers."""
        report = self.trace("--trace", "-e", "mkdir", "--", program("fault"), self.path("pages"))
        told = [line.split(" ") for line in report.stdout.splitlines()]
        self.assertEqual(len(report.calls), len(told))
        for (what, path, error), call in zip(told, report.calls):
            with self.subTest(what):
                shown = call["args"][0]
                self.assertEqual(call["error"], {"2": "ENOENT", "14": "EFAULT", "36": "ENAMETOOLONG"}[error])
                if path == "-":
                    self.assertRegex(shown, r"^(NULL|0x[0-9a-f]+)$")
                    continue
                self.assertRegex(shown, r'^".*"(\.\.\.)?$')
                text = bytes.fromhex(path)
                escaped = "".join(
                    self.ESCAPES.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\{byte:o}") for byte in text
                )
                if what == "too_long":
                    self.assertTrue(shown.endswith("..."))
                    self.assertTrue(escaped.startswith(shown.removesuffix("...").strip('"')[:4000]))
                else:
                    self.assertEqual(shown, f'"{escaped}"')

    def test_own_counts(self):
        """A live trace has the same calls as the program says, each with its result."""
        report = self.trace(
            "--trace", "--", CALLS, "threads=3", "getppid=2000", "openat=40", "close=30", "read=20", "sleep=3",
            "kill_pause=3", "kill_sleep=3", "block=2",
        )
        _, expected = own_counts(report.stdout)
        kinds = {name for name, _ in expected}
        self.assertEqual({key: count for key, count in report.errors().items() if key[0] in kinds}, expected)
        for call in report.calls:
            if call["error"]:
                self.assertEqual(call["result"], -1)
            if call["name"] == "clock_nanosleep" and not call["error"]:
                self.assertGreaterEqual(call["duration_ns"], 5_000_000)


class Descriptors(SyscallTest):
    """What descriptors point to, against what the program knows of them itself."""

    PROGRAM = r"""
import os, socket, sys
folder = sys.argv[1]
def tell(fd, expected):
    print(f"{fd}{expected}", flush=True)
    os.write(fd, b"12345678")
def inode(file):
    return os.fstat(file.fileno()).st_ino
plain = os.open(folder + "/plain", os.O_CREAT | os.O_RDWR)
tell(plain, f"<{folder}/plain>")
tell(os.dup(plain), f"<{folder}/plain>")
gone = os.open(folder + "/gone", os.O_CREAT | os.O_RDWR)
os.unlink(folder + "/gone")
tell(gone, f"<{folder}/gone>(deleted)")
reader, writer = os.pipe()
tell(writer, f"<pipe:[{os.fstat(writer).st_ino}]>")
listener = socket.create_server(("127.0.0.1", 0))
port = listener.getsockname()[1]
client = socket.create_connection(("127.0.0.1", port))
server, peer = listener.accept()
tell(client.fileno(), f"<TCP:[127.0.0.1:{peer[1]}->127.0.0.1:{port}]>")
tell(server.fileno(), f"<TCP:[127.0.0.1:{port}->127.0.0.1:{peer[1]}]>")
one, other = socket.socketpair()
tell(one.fileno(), f"<UNIX-STREAM:[{inode(one)}->{inode(other)}]>")
deep = folder
for _ in range(100):
    deep += "/d"
    os.mkdir(deep)
tell(os.open(deep + "/leaf", os.O_CREAT | os.O_RDWR), "<.../d/")
"""

    def test_each_kind(self):
        """Files, deleted and duplicated ones, pipes, both ends of connections; a path that was cut says so."""
        script = self.write("program.py", self.PROGRAM)
        report = self.trace("--trace", "-e", "write", "--", "/usr/bin/python3", script, self.folder)
        expected = report.stdout.split()
        shown = [call["args"][0] for call in report.calls if call["args"][1] == '"12345678"']
        self.assertEqual(len(expected), 8)
        self.assertEqual(shown[:-1], expected[:-1])
        self.assertTrue(shown[-1].startswith(expected[-1]) and shown[-1].endswith("/d/leaf>"), shown[-1])


class Loss(SyscallTest):
    def test_tiny_ring(self):
        """A ring that is too small: status 4, and what is lost is exactly what is not reported."""
        report = self.trace(
            "--trace", "--buffer", "4K", "--fail-on-loss", "-e", "getppid", "--", CALLS, "getppid=300000", status=4
        )
        lost = sum(report.books["lost"].values())
        self.assertGreater(lost, 0)
        self.assertEqual(report.books["reported"] + lost, 300_000)

    def test_text_at_full_rate(self):
        """Lines of text in a file: those and what is lost are the calls that the program says it made."""
        for options in ([], ["--buffer", "64K"]):
            with self.subTest(options):
                file = self.path("trace.txt")
                result = run(
                    "syscall", "--trace", "-f", "table", "-o", file, "--fail-on-loss", *options, "-e", "getppid", "--",
                    CALLS, "getppid=1000000",
                )
                _, made = own_counts(result.stdout)
                with open(file, encoding="utf-8") as lines:
                    text = lines.read()
                shown = len(re.findall(r"^\S+ \d+/\d+ calls getppid\(\) = \d+ <", text, re.M))
                (lost,) = re.findall(r"^books .* \+ lost ([\d,]+)", text, re.M)
                lost = int(lost.replace(",", ""))
                self.assertEqual(shown + lost, made["getppid", ""])
                self.assertEqual(result.returncode, 4 if lost else 0, result.stderr)

    def test_a_million(self):
        """What a live trace does not report it has lost: together it is every call."""
        report = self.trace("--trace", "-e", "getppid", "--", CALLS, "threads=2", "getppid=500000")
        self.assertEqual(report.books["reported"] + sum(report.books["lost"].values()), 1_000_000)


if __name__ == "__main__":
    main()
