"""Completions, by pressing Tab in the real shells."""

import os
import pty
import re
import select
import subprocess
import unittest

from sonde_cli import COMMANDS, SondeTest, run

SETUP = {
    # The shell shows what arguments a completed line comes to.
    "bash": "PS1= PS2=; bind 'set bell-style none'; bind 'set completion-query-items 0';"
    " bind 'set page-completions off'; source {script}",
    "zsh": "PS1= PS2=; LISTMAX=0; unsetopt beep zle_bracketed_paste; autoload -U compinit; compinit -D -u; source {script};"
    " compdef _sonde sonde",
}
START = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}
SHOW = "sonde() { printf '[%s]' \"$@\"; printf '!%s!\\n' end; }"


class Typist:
    """Types lines into an interactive shell and reads what they print."""

    def __init__(self, shell, folder, script):
        self.child, self.terminal = pty.fork()
        if self.child == 0:
            os.chdir(folder)
            environment = {"PATH": f"{folder}:/usr/bin:/bin", "TERM": "dumb", "HOME": folder}
            os.execvpe(START[shell][0], START[shell], environment)
        self.type(f"{SETUP[shell].format(script=script)}; {SHOW}; sonde ready\n")

    def type(self, keys):
        """Returns the arguments that the line called sonde with."""
        os.write(self.terminal, keys.encode())
        seen = ""
        while "!end!" not in seen:
            if not select.select([self.terminal], [], [], 30)[0]:
                raise AssertionError(f"the shell does not answer to {keys!r}: {seen!r}")
            seen += os.read(self.terminal, 65536).decode(errors="replace")
        return re.findall(r"\[([^][]*)\]", seen.split("!end!")[0].splitlines()[-1])

    def watch(self, keys, text):
        """Returns what the terminal shows until `text` was there and nothing follows."""
        os.write(self.terminal, keys.encode())
        seen = ""
        while select.select([self.terminal], [], [], 1 if text in seen else 30)[0]:
            seen += os.read(self.terminal, 65536).decode(errors="replace")
        if text not in seen:
            raise AssertionError(f"{keys!r} does not show {text!r}: {seen!r}")
        return seen

    def close(self):
        os.close(self.terminal)
        os.waitpid(self.child, 0)


class Completions(SondeTest):
    def script(self, shell):
        result = run("--generate-completion", shell)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return self.write(f"sonde.{shell}", result.stdout)

    def press_tab(self, shell):
        self.write("only-this-file", "")
        os.mkdir(self.path("only-this-folder"))
        self.write("some-unusual-tool", "#!/bin/sh\n", 0o755)
        typist = Typist(shell, self.folder, self.script(shell))
        self.addCleanup(typist.close)
        for keys, arguments in (
            ("do", ["doctor"]),
            ("cpu --dur", ["cpu", "--duration"]),
            ("cpu --format fo", ["cpu", "--format", "folded"]),
            ("cpu -f pp", ["cpu", "-f", "pprof"]),
            ("cpu --color=ne", ["cpu", "--color=never"]),
            ("cpu --env stag", ["cpu", "--env", "staging"]),
            ("cpu --event cpu", ["cpu", "--event", "cpu-clock"]),
            ("cpu -o only-this-fi", ["cpu", "-o", "only-this-file"]),
            ("cpu --cgroup only-this", ["cpu", "--cgroup", "only-this-folder"]),
            ("doctor --verb", ["doctor", "--verbose"]),
            ("cpu -q -- some-unus", ["cpu", "-q", "--", "some-unusual-tool"]),
            ("run -t sys", ["run", "-t", "syscall"]),
            ("syscall -e openat2", ["syscall", "-e", "openat2"]),
            ("syscall -e read,getppi", ["syscall", "-e", "read,getppid"]),
            ("syscall --calls %netw", ["syscall", "--calls", "%network"]),
            ("migrate-config --check only-this-fi", ["migrate-config", "--check", "only-this-file"]),
        ):
            with self.subTest(keys):
                completed = [word.rstrip("/") for word in typist.type(f"sonde {keys}\t\n")]
                self.assertEqual(completed, arguments)

    def check_pids(self, shell, keys):
        """Presses Tab with several processes to choose from: each is shown with its name."""
        name = self.write("sonde-sleeper", "", 0o755)
        os.unlink(name)
        os.symlink("/bin/sleep", name)
        sleepers = [subprocess.Popen([name, "60"]) for _ in range(2)]
        try:
            # What both pids begin with; there may be others, which are shown, too.
            prefix = os.path.commonprefix([str(sleeper.pid) for sleeper in sleepers])
            typist = Typist(shell, self.folder, self.script(shell))
            self.addCleanup(typist.close)
            seen = typist.watch(f"sonde cpu -p {prefix}{keys}", "sonde-sleeper")
            for sleeper in sleepers:
                self.assertRegex(seen, rf"{sleeper.pid}\b.*sonde-sleeper")
        finally:
            for sleeper in sleepers:
                sleeper.kill()
                sleeper.wait()

    def test_bash_names_of_pids(self):
        """bash lists processes with their names."""
        self.check_pids("bash", "\t\t")

    def test_zsh_names_of_pids(self):
        """zsh lists processes with their names."""
        self.check_pids("zsh", "\t")

    def test_fish_names_of_pids(self):
        """fish describes processes by their names."""
        result = subprocess.run(
            ["fish", "--no-config", "-c", f"source {self.script('fish')}; complete -C 'sonde cpu -p {os.getpid()}'"],
            capture_output=True, text=True, timeout=60,
        )
        self.assertRegex(result.stdout, rf"(?m)^{os.getpid()}\t.*python")

    def test_bash(self):
        """bash completes commands, options, values, files and COMMAND."""
        self.press_tab("bash")

    def test_zsh(self):
        """zsh completes the same."""
        self.press_tab("zsh")

    def test_fish(self):
        """fish completes the same."""
        script = self.script("fish")
        self.write("only-this-file", "")
        self.write("some-unusual-tool", "#!/bin/sh\n", 0o755)
        for line, first in (
            ("do", "doctor"),
            ("cpu --dur", "--duration"),
            ("cpu --format fo", "folded"),
            ("cpu --color=ne", "--color=never"),
            ("cpu -o only-this-fi", "only-this-file"),
            (f"cpu -p {os.getpid()}", str(os.getpid())),
            ("syscall -e read,getppi", "read,getppid"),
            ("cpu -q -- some-unus", "some-unusual-tool"),
            ("migrate-config --check only-this-fi", "only-this-file"),
        ):
            with self.subTest(line):
                result = subprocess.run(
                    ["fish", "--no-config", "-c", f"source {script}; complete -C 'sonde {line}'"],
                    cwd=self.folder, capture_output=True, text=True, timeout=60,
                    env={**os.environ, "PATH": f"{self.folder}:/usr/bin:/bin"},
                )
                words = [entry.split("\t")[0] for entry in result.stdout.splitlines()]
                self.assertEqual((words[:1], result.stderr), ([first], ""))

    def test_bash_pids(self):
        """The last of several pids is completed and those before it are kept."""
        result = subprocess.run(
            ["bash", "-c", f"source {self.script('bash')}; _sonde_pids 1,{os.getpid()};"
             ' echo "${COMPREPLY[@]}"'],
            capture_output=True, text=True, timeout=60,
        )
        self.assertIn(f"1,{os.getpid()}", result.stdout.split())

    def test_complete(self):
        """Every option of every command's help is in every script."""
        for shell in ("bash", "zsh", "fish"):
            script = run("--generate-completion", shell).stdout
            for command in COMMANDS:
                options = re.findall(r"^  (?!sonde ).*--([\w-]+)", run(command, "--help").stdout, re.MULTILINE)
                self.assertIn("help", options)
                for option in options:
                    pattern = rf" -l {option} " if shell == "fish" else rf"--{option}\b"
                    self.assertRegex(script, pattern)

    def test_unknown_shell(self):
        """A shell without completions is refused."""
        self.refused(
            2, "--generate-completion: 'tcsh' is not bash, zsh or fish", "--generate-completion", "tcsh"
        )

    def test_lint(self):
        """shellcheck finds nothing in the bash script."""
        result = subprocess.run(
            [os.environ["SHELLCHECK"], "-s", "bash", self.script("bash")],
            capture_output=True, text=True, timeout=60,
        )
        self.assertEqual((result.stdout, result.returncode), ("", 0))


if __name__ == "__main__":
    unittest.main()
