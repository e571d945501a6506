"""Without root: refused with the way out, or at work with what was granted."""

import os
import re
import shutil
import subprocess

from tracing import SONDE, TracingTest, main, program

RECIPE = os.path.join(os.path.dirname(__file__), "../../debian/sonde.README.Debian")
FULL = ("bpf", "perfmon", "sys_ptrace", "dac_read_search", "checkpoint_restore", "syslog")


def as_nobody(*capabilities):
    command = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--bounding-set=-all"]
    if not capabilities:
        return [*command, "--inh-caps=-all"]
    added = ",".join("+" + name for name in capabilities)
    return [*command[:-1], f"--bounding-set=-all,{added}", f"--inh-caps=-all,{added}", f"--ambient-caps=-all,{added}"]


class Nobody(TracingTest):
    def setUp(self):
        super().setUp()
        # Every user can reach and read these copies.
        os.chmod(self.folder, 0o777)
        self.sonde = shutil.copy(SONDE, self.path("sonde"))
        self.spin = self.spawn(program("spin"))

    def test_refused(self):
        """Nothing granted: status 3, and one line that names the capabilities and the command that grants them."""
        result = subprocess.run(
            [*as_nobody(), self.sonde, "cpu", "-d", "1"], capture_output=True, text=True, timeout=60
        )
        self.assertEqual((result.returncode, result.stdout), (3, ""))
        (line,) = result.stderr.splitlines()
        self.assertIn("CAP_BPF", line)
        self.assertIn("CAP_PERFMON", line)
        self.assertIn("sudo setcap ", line)

    def test_refused_by_name(self):
        """With one of two capabilities the other is named."""
        for granted, missing in (("bpf", "CAP_PERFMON"), ("perfmon", "CAP_BPF")):
            result = subprocess.run(
                [*as_nobody(granted), self.sonde, "cpu", "-d", "1"], capture_output=True, text=True, timeout=60
            )
            self.assertEqual((result.returncode, result.stdout), (3, ""), granted)
            self.assertIn(missing, result.stderr.split(".")[0])
            self.assertNotIn(f"CAP_{granted.upper()}", result.stderr.split(".")[0])

    def check_named(self, report):
        self.assertGreater(report.count(lambda stack: stack["pid"] == self.spin.pid), 0)
        self.assertGreater(report.with_frame("spin_here"), 0)
        kernel = {f["name"] for stack in report.stacks for f in stack["frames"] if f["kind"] == "kernel"}
        self.assertTrue({"do_syscall_64", "entry_SYSCALL_64_after_hwframe", "el0_svc"} & kernel, kernel)

    def burn_in_kernel(self):
        process = subprocess.Popen(["dd", "if=/dev/zero", "of=/dev/null", "bs=1"], stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)

    def test_all_granted(self):
        """What the message asks for is enough to name the code of the kernel and of other users."""
        self.burn_in_kernel()
        report = self.trace("-F", "499", "-d", "2", prefix=as_nobody(*FULL), sonde=self.sonde)
        self.check_named(report)
        for feature in ("kernel symbols", "user symbols", "new mappings", "deleted binaries"):
            self.assertEqual(report.plan(feature)["state"], "primary", feature)

    def test_setcap(self):
        """The very command that the message names, on a file."""
        refused = subprocess.run([*as_nobody(), self.sonde, "cpu"], capture_output=True, text=True, timeout=60)
        command = refused.stderr[refused.stderr.index("sudo setcap") :].split()[1:]
        self.assertEqual(os.path.realpath(command[-1]), os.path.realpath(self.sonde))
        subprocess.run(command, check=True)
        self.burn_in_kernel()
        plain = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        self.check_named(self.trace("-F", "499", "-d", "2", prefix=plain, sonde=self.sonde))

    def test_group(self):
        """What the package's README.Debian says: members of a group trace, others cannot run it at all."""
        with open(RECIPE, encoding="utf-8") as text:
            lines = text.read()
        mode = re.search(r"dpkg-statoverride .* root \w+ (\d+) /usr/bin/sonde", lines)[1]
        capabilities = re.search(r"setcap (\S+) /usr/bin/sonde", lines)[1]
        group = 60  # games, which nobody is not in
        os.chown(self.sonde, 0, group)
        os.chmod(self.sonde, int(mode, 8))
        subprocess.run(["setcap", capabilities, self.sonde], check=True)
        self.burn_in_kernel()
        user = ["setpriv", "--reuid=nobody", "--regid=nogroup"]
        self.check_named(
            self.trace("-F", "499", "-d", "2", prefix=[*user, f"--groups={group}"], sonde=self.sonde)
        )
        # Not by setpriv: it is root's capabilities that execute the file then.
        with self.assertRaises(PermissionError):
            subprocess.run([self.sonde, "--version"], user="nobody", group="nogroup", extra_groups=[], timeout=60)

    def test_least(self):
        """CAP_BPF and CAP_PERFMON alone sample everything; what then has no name is said, with the fix."""
        self.burn_in_kernel()
        report = self.trace("-F", "499", "-d", "2", prefix=as_nobody("bpf", "perfmon"), sonde=self.sonde)
        self.assertGreater(report.count(lambda stack: stack["pid"] == self.spin.pid), 0)
        self.assertGreater(report.count(lambda stack: stack["comm"] == "dd"), 0)
        self.assertEqual(report.plan("deleted binaries")["state"], "fallback")
        self.assertIn("CAP_CHECKPOINT_RESTORE", report.plan("deleted binaries")["fix"])
        self.assertEqual(report.plan("own cost")["state"], "missing")
        self.assertEqual(report.plan("user symbols")["state"], "fallback")
        self.assertIn("CAP_SYS_PTRACE", report.plan("user symbols")["fix"])
        self.assertIsNone(report.summary["overhead"]["bpf_ns"])

    def test_own_process(self):
        """With the least, the caller's own processes have names."""
        copy = shutil.copy(program("split"), self.path("split"))
        report = self.trace(
            "-F", "499", "--", copy, "1", prefix=as_nobody("bpf", "perfmon"), sonde=self.sonde
        )
        self.assertGreater(report.with_frame("burn_heavy"), 50)


if __name__ == "__main__":
    main()
