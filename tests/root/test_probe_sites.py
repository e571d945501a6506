"""Breakpoint sites and their cost, as sonde doctor --probe shows them."""

import json
import re
import subprocess

from tracing import SONDE, SondeTest, library, main, undisturbed


def probe(binary, function, *flags):
    command = [SONDE, "doctor", "--probe", f"{binary}:{function}", "-f", "json", *flags]
    result = subprocess.run(command, capture_output=True, text=True)
    return result, [json.loads(line) for line in result.stdout.splitlines()]


def instructions(binary, function):
    """objdump's lines of an exported function as (offset from its entry, mnemonic)."""
    symbols = subprocess.run(["nm", "-D", "--defined-only", binary], capture_output=True, text=True, check=True).stdout
    start = int(re.search(rf"^([0-9a-f]+) . {function}(@.*)?$", symbols, re.M).group(1), 16)
    text = subprocess.run(
        ["objdump", "-d", "--no-show-raw-insn", f"--start-address={start}", f"--stop-address={start + 64}", binary],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return {int(a, 16) - start: m for a, m in re.findall(r"^\s+([0-9a-f]+):\t(\S+)", text, re.M)}


class ProbeSites(SondeTest):
    def test_allocators(self):
        """The sites in allocators are on instructions that objdump sees there, and of the kind that it sees."""
        for name in ("libc.so.6", "libjemalloc.so.2"):
            for function in ("malloc", "calloc", "realloc", "free"):
                with self.subTest(library=name, function=function):
                    binary = library(name)
                    result, records = probe(binary, function)
                    self.assertEqual(result.returncode, 0, result.stderr)
                    entry, exit_ = [r for r in records if r["type"] == "probe_site"]
                    self.assertEqual((entry["probe"], exit_["probe"]), ("entry", "return"))
                    code = instructions(binary, function)
                    mnemonic = entry["instruction"].split()[0]
                    mnemonic = {"jz": "je", "jnz": "jne", "jnbe": "ja", "jnb": "jae", "jnle": "jg", "jnl": "jge"}.get(mnemonic, mnemonic)
                    self.assertEqual(code[entry["from_entry_bytes"]], mnemonic)
                    self.assertEqual(
                        entry["emulated"],
                        bool(re.match(r"push|j|call|nop$", code[entry["from_entry_bytes"]])),
                    )

    @undisturbed
    def test_cost(self):
        """A single step costs more than an emulation, and both are measured here."""
        costs = {}
        binary = library("libc.so.6")
        for function in ("malloc", "free", "getpid", "strdup", "atoi", "abs"):
            _, records = probe(binary, function)
            for record in records:
                if record["type"] == "probe_site" and record["probe"] == "entry":
                    self.assertGreater(record["cost_ns"], 0)
                    costs.setdefault(record["emulated"], []).append(record["cost_ns"])
        self.assertEqual(set(costs), {True, False})
        self.assertGreater(min(costs[False]), max(costs[True]))

    def test_no_cost(self):
        """A cost that cannot be measured is absent, and the reason is given."""
        result, records = probe(library("libc.so.6"), "malloc", "--no-feature", "uprobe_multi", "--no-feature",
                                "uprobe_events")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual([r["cost_ns"] for r in records if r["type"] == "probe_site"], [None, None])
        self.assertIn("no breakpoints for BPF programs", records[-1]["notices"][0])

    def test_bad_input(self):
        """Each wrong BINARY:FUNCTION gets a line that names it."""
        binary = library("libc.so.6")
        for value, words in (
            (binary, "is not BINARY:FUNCTION"),
            (f"{binary}:mallok", "(did you mean 'malloc'?)"),
            ("/no/such/file:main", "/no/such/file"),
            ("/etc/passwd:main", "/etc/passwd: not an ELF file"),
        ):
            with self.subTest(value):
                result = subprocess.run([SONDE, "doctor", "--probe", value], capture_output=True, text=True)
                self.assertEqual((result.returncode, result.stdout), (2, ""))
                self.assertIn(words, result.stderr)
                self.assertEqual(len(result.stderr.splitlines()), 1)


if __name__ == "__main__":
    main()
