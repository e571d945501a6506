"""sonde syscall: flags that are wrong or contradict each other, told before anything is traced."""

import unittest

from sonde_cli import SondeTest, run

COUNT = "it does not measure how long calls take"
TRACE = "it shows each call, and no sums"


class Flags(SondeTest):
    def test_lists(self):
        """No element of a list is empty; one text may hold several, and flags may be repeated."""
        self.refused(2, "--errno: an empty name in ','", "syscall", "--errno", ",")
        self.refused(2, "--errno: an empty name in 'EIO,'", "syscall", "--errno", "EPERM", "--errno=EIO,")
        self.refused(2, "--by: an empty name in 'thread,,errno'", "syscall", "--by", "thread,,errno")
        self.refused(2, "'--calls' needs a value. See 'sonde syscall --help'", "syscall", "-e", "")

    def test_names(self):
        """Groups and weights are among those that exist; near ones are suggested."""
        self.refused(
            2,
            "--by: 'proces' is nothing to group by (did you mean 'process'?). "
            "Group by process, thread, cgroup, errno or syscall",
            "syscall", "--by", "syscall,proces",
        )
        self.refused(
            2,
            "--weight: unknown weight 'tim' (did you mean 'time'?). The weights are count, time and errors",
            "syscall", "--stacks", "--weight", "tim",
        )

    def test_numbers(self):
        """Sizes and times are in their range, and have a known unit."""
        self.refused(2, "--strings is 4097, but must be from 0 to 4096", "syscall", "-T", "--strings", "4097")
        self.refused(
            2, "--strings: '1K' is not a whole number from 0 to 4096", "syscall", "-T", "--strings", "1K"
        )
        self.refused(2, "--min-latency: must be above zero", "syscall", "--min-latency", "0")
        hint = "Write a number of bytes, or one with K, M or G, such as 64K"
        for word in ("K", "64k", "64 K", "1T", "0x10", "-1", "1.5M"):
            with self.subTest(word):
                self.refused(2, f"--buffer: '{word}' is not a size. {hint}", "syscall", "-T", "--buffer", word)
        for word, size in (("4095", 4095), ("3K", 3072), ("2G", 2**31), ("99999999999999999999", 2**64 - 1),
                           ("99999999999G", 2**64 - 1)):
            with self.subTest(word):
                self.refused(
                    2, f"--buffer is {size}, but must be from 4096 to 1073741824",
                    "syscall", "-T", "--buffer", word,
                )

    def test_flags_of_sampling_are_not_offered(self):
        """There are no samples, so there is neither a rate nor a limit."""
        see = "See 'sonde syscall --help'"
        self.refused(2, f"unknown option '-F'. {see}", "syscall", "-F", "99")
        self.refused(2, f"unknown option '--max-samples'. {see}", "syscall", "--max-samples", "5")


class Combinations(SondeTest):
    def test_count(self):
        """Counting only leaves out what needs times."""
        for flags, other in (
            (["--histogram"], "--histogram"),
            (["--min-latency", "1ms"], "--min-latency"),
            (["--trace"], "--trace"),
            (["--stacks", "--weight", "time"], "--weight time"),
        ):
            with self.subTest(other):
                self.refused(2, f"--count cannot be combined with {other}: {COUNT}", "syscall", "--count", *flags)

    def test_trace(self):
        """A trace has no rows to group, no sums and no intervals."""
        for flags in (["--by", "thread"], ["--stacks"], ["--histogram"], ["--errors"]):
            with self.subTest(flags):
                self.refused(
                    2, f"--trace cannot be combined with {flags[0]}: {TRACE}", "syscall", "-T", *flags
                )
        self.refused(
            2, "--interval cannot be combined with live events, which syscall shows. Leave it out, or what shows them (--trace, --events)",
            "syscall", "--trace", "-i", "1s",
        )

    def test_flags_that_need_others(self):
        """A flag that would have no effect is refused."""
        self.refused(2, "--weight needs --stacks", "syscall", "--weight", "time")
        self.refused(2, "--unwind-memory needs --stacks", "syscall", "--unwind-memory", "1M")
        self.refused(2, "--no-inline needs --stacks", "syscall", "--no-inline")
        self.refused(2, "--debuginfod needs --stacks", "syscall", "--debuginfod")
        self.refused(2, "--stacks=none records nothing. Leave --stacks out", "syscall", "--stacks=none")
        self.refused(
            2, "--stacks: unknown method 'pf' (did you mean 'fp'?). The methods are auto, cfi, fp and none",
            "syscall", "--stacks=pf",
        )
        self.refused(2, "--strings needs --trace", "syscall", "--strings", "0")
        self.refused(2, "--buffer needs --trace", "syscall", "--buffer", "64K")

    def test_formats_of_stacks(self):
        """A format for stacks, named or by the file's ending, says how to get stacks."""
        self.refused(
            2, "format folded holds stacks, and none are recorded. "
            "Set syscall.stacks, as 'sonde syscall --stacks' does", "syscall", "-f", "folded"
        )
        self.refused(
            2, "format pprof holds stacks, and none are recorded. "
            "Set syscall.stacks, as 'sonde syscall --stacks' does",
            "syscall", "-o", self.path("x.pb.gz"), "--", "true",
        )

    def test_settings_of_a_file_count(self):
        """A file's setting contradicts a flag as another flag would."""
        file = self.write("config.json", '{"syscall": {"latency": false}}')
        self.refused(
            2, f"--count cannot be combined with --histogram: {COUNT}", "syscall", "-c", file, "--histogram"
        )
        file = self.write("config.json", '{"syscall": {"trace": true}}')
        self.refused(
            2, f"--trace cannot be combined with --by: {TRACE}", "syscall", "-c", file, "--by", "process"
        )
        # Rows are by system call in any case: this is no grouping. The next check is reached.
        self.refused(
            127, "no-such-command: command not found",
            "syscall", "-c", file, "--by", "syscall", "--", "no-such-command",
        )


class Help(SondeTest):
    def test_environments(self):
        """What a recommended rate would be is not said where nothing is sampled."""
        text = run("syscall", "--help").stdout
        self.assertIn("Recommended durations", text)
        self.assertNotIn("Hz", text)


if __name__ == "__main__":
    unittest.main()
