"""sonde run: what is refused before anything is traced, and the configuration in effect."""

import json
import os
import re
import subprocess
import sys
import unittest

from sonde_cli import NOBODY, SONDE, SondeTest, run

sys.path.append("/usr/lib/python3/dist-packages")
import jsonschema  # noqa: E402

NAMES = "cpu,net,syscall,mem"
# What --env sets.
ENVIRONMENT = ("sample_rate", "duration", "memory.sample_bytes", "memory.fault_sample_bytes", "memory.max_stacks",
               "memory.page_faults", "memory.max_overhead_percent")


def without_comments(text):
    """print-config puts one comment at the end of each line."""
    return json.loads(re.sub(r"  // .*$", "", text, flags=re.MULTILINE))


def flat(config, path=""):
    for key, value in config.items():
        yield from flat(value, f"{path}{key}.") if isinstance(value, dict) else [(path + key, value)]


class Refused(SondeTest):
    def test_tracers(self):
        """Names of tracers are among those that exist, and at least one is enabled."""
        self.refused(2, f"--tracers: unknown tracer 'syscal' (did you mean 'syscall'?). The tracers are {NAMES}",
                     "run", "-t", "cpu,syscal")
        self.refused(2, "--tracers: an empty name in 'cpu,'", "run", "-t", "cpu,")
        file = self.write("config.json", '{"enable_cpu_profiling": false}')
        self.refused(2, f"no tracer is enabled. Name some of {NAMES} with --tracers, or enable them in the configuration",
                     "run", "-c", file)

    def test_typing_errors_never_run(self):
        """A configuration with a typing error anywhere ends with status 2, and COMMAND does not run."""
        for text in ('{"sample_rat": 19}', '{"cpu": {"user_stack": true}}', '{"syscall": {"cals": []}}',
                     '{"target": {"pid": [1]}}', '{"unwind": {"method": "cif"}}', '{"duration": "5 min"}',
                     '{"enable_cpu_profiling": "yes"}', '{"sample_rate": 0}', '{"sample_rate": 19,}', "{", ""):
            with self.subTest(text):
                file = self.write("config.json", text)
                mark = self.path("ran")
                result = run("run", "-c", file, "--", "touch", mark)
                self.assertEqual((result.returncode, result.stdout), (2, ""))
                self.assertTrue(result.stderr.startswith(f"sonde: {file}: "), result.stderr)
                self.assertFalse(os.path.exists(mark))

    def test_formats(self):
        """Formats for the stacks of one tracer need a folder when several run."""
        fix = "Write a file for each, with -o FOLDER/"
        for arguments in (["-f", "folded"], ["-o", self.path("a.folded")]):
            self.refused(2, f"format folded holds the stacks of one tracer, and several run. {fix}",
                         "run", "-t", "cpu,syscall", *arguments)
        self.refused(2, "syscall: format folded holds stacks, and none are recorded. "
                     "Set syscall.stacks, as 'sonde syscall --stacks' does",
                     "run", "-t", "cpu,syscall", "-f", "folded", "-o", self.folder + "/")
        self.assertEqual(os.listdir(self.folder), [])
        self.refused(1, f"create {self.path('no/such')}/: No such file or directory",
                     "run", "-t", "cpu,syscall", "-o", self.path("no/such") + "/")

    def test_live_with_intervals(self):
        """What shows events as they happen has no intervals."""
        for tracer, setting in (("syscall", '{"syscall": {"trace": true}}'), ("net", '{"network": {"events": true}}')):
            self.refused(2, f"--interval cannot be combined with live events, which {tracer} shows. "
                         "Leave it out, or what shows them (--trace, --events)",
                         "run", "-t", f"cpu,{tracer}", "-c", self.write("config.json", setting), "-i", "1s")

    def test_net_has_no_stacks(self):
        """The tables of net fold, but do not become pprof."""
        self.refused(2, "format pprof holds stacks, and none are recorded. Use -f table, json or folded",
                     "run", "-t", "net", "-o", self.path("a.pb.gz"))
        self.refused(2, "net: format pprof holds stacks, and none are recorded. Use -f table, json or folded",
                     "run", "-t", "cpu,net", "-f", "pprof", "-o", self.folder + "/")

    @unittest.skipUnless(os.geteuid() == 0, "needs root to give up its rights")
    def test_not_permitted(self):
        """Without the rights to trace: status 3, nothing ran."""
        mark = self.path("ran")
        os.chmod(self.folder, 0o777)
        result = subprocess.run([SONDE, "run", "-t", "cpu,syscall", "--", "touch", mark], user=NOBODY,
                                capture_output=True, text=True, timeout=60)
        self.assertEqual((result.returncode, result.stdout), (3, ""))
        self.assertTrue(result.stderr.startswith("sonde: cpu: "), result.stderr)
        self.assertFalse(os.path.exists(mark))


class Output(SondeTest):
    def test_settings(self):
        """The file's output settings count where no flag says otherwise."""
        def config(**output):
            return self.write("config.json", json.dumps({"output": output}))

        fix = "Create the folder first"
        missing = self.path("no/such.json")
        for command in ("cpu", "run", "syscall"):
            self.refused(1, f"write {missing}: No such file or directory. {fix}", command, "-c", config(file=missing))
        hint = "The formats are table, json, folded, pprof"
        self.refused(2, f"output.format: unknown format 'jsn' (did you mean 'json'?). {hint}",
                     "run", "-c", config(format="jsn"))
        self.refused(2, f"--format: unknown format 'x'. {hint}", "run", "-f", "x", "-c", config(format="json"))
        # A flag's file tells its format by the ending; else the configuration's counts.
        other = self.path("no/other")
        self.refused(1, f"write {other}.json: No such file or directory. {fix}",
                     "run", "-o", f"{other}.json", "-c", config(format="jsn", file=missing))
        self.refused(2, f"output.format: unknown format 'jsn' (did you mean 'json'?). {hint}",
                     "run", "-o", other, "-c", config(format="jsn"))
        self.refused(2, "format pprof holds one result and cannot be used with --interval",
                     "run", "-f", "pprof", "-o", self.path("a"), "-c", config(interval="1s"))


class PrintConfig(SondeTest):
    def printed(self, *arguments):
        result = run("run", "--print-config", *arguments)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout

    def sources(self, *arguments):
        """{path: source} of those that are not plain defaults."""
        text = self.printed(*arguments)
        notes = re.findall(r"  // (.*)$", text, re.MULTILINE)
        return {path: note for (path, _), note in zip(flat(without_comments(text)), notes, strict=True)
                if note != "default"}

    def test_reads_back(self):
        """What is printed is a configuration with the same values."""
        file = self.write("config.json", '{"duration": 1.5, "target": {"comm": "a // b"}, "max_samples": 7}')
        first = self.printed("-c", file)
        again = self.write("again.json", first)
        self.assertEqual(without_comments(self.printed("-c", again)), without_comments(first))

    def test_sources(self):
        """Each value has the source that counts: a flag before the file, the file before --env."""
        limit = {"max_samples": "default: what rate, CPUs and duration need"}
        self.assertEqual(self.sources(), limit)
        self.assertEqual(self.sources("--env", "prod"),
                         {**limit, **{path: "--env prod" for path in ENVIRONMENT}})
        file = self.write("config.json", '{"sample_rate": 7, "cpu": {"event": "cycles"}, "target": {"comm": "a"}}')
        self.assertEqual(
            self.sources("--env", "prod", "-c", file, "--comm", "b", "-d", "1s", "--stacks", "fp", "-t", "cpu"),
            {**limit, **{path: "--env prod" for path in ENVIRONMENT}, "sample_rate": file, "duration": "--duration", "cpu.event": file, "target.comm": "--comm",
             "unwind.method": "--stacks", **{f"enable_{name}": "--tracers" for name in (
                 "cpu_profiling", "network_tracing", "syscall_tracing", "memory_tracing")}})
        self.assertEqual(self.sources("--", "true")["duration"], "default, unused: until COMMAND ends")
        self.assertEqual(self.sources("-i", "1s", "--fail-on-loss", "-f", "json", "-o", "x"), {
            **limit, "output.interval": "--interval", "output.fail_on_loss": "--fail-on-loss",
            "output.format": "--format", "output.file": "--output"})
        self.assertEqual(self.sources("--no-inline", "--debuginfod"), {
            **limit, "symbols.inlined_calls": "--no-inline", "symbols.debuginfod": "--debuginfod"})
        self.assertEqual(self.sources("--max-samples", "5", "-F", "9"),
                         {"max_samples": "--max-samples", "sample_rate": "--frequency"})

    def test_environments(self):
        """What differs from the defaults in an environment comes from it."""
        defaults = dict(flat(without_comments(self.printed())))
        for environment in ("production", "staging", "development", "debug"):
            values = dict(flat(without_comments(self.printed("--env", environment))))
            changed = {path for path, value in values.items() if value != defaults[path]} - {"max_samples"}
            self.assertLessEqual(changed, set(ENVIRONMENT))
            sources = self.sources("--env", environment)
            self.assertEqual({path for path, source in sources.items() if source == f"--env {environment}"},
                             set(ENVIRONMENT))

    def test_values(self):
        """The values are those in effect."""
        config = without_comments(self.printed("--env", "prod", "-p", "1", "-d", "90s", "--unwind-memory", "1M"))
        self.assertEqual((config["sample_rate"], config["duration"]), (19, "90s"))
        self.assertEqual((config["target"]["pids"], config["unwind"]["table_bytes"]), ([1], 1 << 20))


class Schema(SondeTest):
    @classmethod
    def setUpClass(cls):
        schema = json.loads(run("--config-schema").stdout)
        jsonschema.Draft202012Validator.check_schema(schema)
        cls.schema = schema
        cls.validator = jsonschema.Draft202012Validator(schema)

    def accepted(self, config):
        file = self.write("config.json", json.dumps(config))
        return run("run", "--print-config", "-t", "cpu", "-c", file).returncode == 0

    def test_defaults(self):
        """The schema's defaults are those in effect, and valid."""
        shown = without_comments(run("run", "--print-config", "--max-samples", "100000").stdout)
        self.assertTrue(self.validator.is_valid(shown))

        def defaults(schema):
            return {name: defaults(held) if "properties" in held else held["default"]
                    for name, held in schema["properties"].items()}

        self.assertEqual(defaults(self.schema), shown)

    def test_agrees_with_the_reader(self):
        """Each setting with each of many values: the validator and sonde take the same and refuse the same."""
        values = [None, True, 0, 1, -1, 3, 64, 99.5, 5000, 1 << 20, 1 << 31, 1 << 40, "", "auto", "cpu-clock", "cfi",
                  "count", "60s", "1.5m", "5 weeks", [], [""], ["x"], [1], [0], ["errno"], {}, {"secs": 1},
                  {"secs": 1, "nanos": 1000000000}, {"secs": 1, "nanos": 5}, {"surprise": 1}]
        # Zero is a number of seconds, and no duration; what kinds of kernel features there are, no schema knows.
        beyond_schema = {(path, zero) for path in ("duration", "symbols.debuginfod_timeout") for zero in ("0", "{}")}
        paths = [path for path, _ in flat(without_comments(run("run", "--print-config").stdout))] + [
            "target", "unwind", "cpu", "syscall", "output", "surprise", "cpu.surprise"]
        for path in paths:
            for value in values:
                config = value
                for key in reversed(path.split(".")):
                    config = {key: config}
                with self.subTest(config):
                    expected = self.validator.is_valid(config) and (path, json.dumps(value)) not in beyond_schema
                    self.assertEqual(self.accepted(config), expected)


if __name__ == "__main__":
    unittest.main()
