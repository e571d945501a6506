"""Validates recorded outputs of format json line by line, and the schema itself by what it must refuse.

usage: validate_json.py SCHEMA FILE...
"""

import copy
import json
import sys
import unittest

import jsonschema

SCHEMA_FILE, *FILES = sys.argv[1:]

# Fields that a record may lack: what depends on the clock, and what rows are told apart by.
KEYS = {"nr", "pid", "tid", "comm", "cgroup", "error"}
OPTIONAL = {
    "stack": {"count", "cpu_ns", "calls", "time_ns", "errors"},
    "fault_site": {"tracer"},
    **{f"{kind}_site": {"tracer"} for kind in ("release", "map", "unmap", "copy", "major_fault", "kernel")},
    "allocation_site": {"tracer", "live_bytes", "live_count", "growing"},
    "syscall": KEYS - {"nr"},
    "syscall_error": KEYS - {"error"},
    "traffic": {"pid", "comm", "remote_address", "port", "cgroup"},
    "histogram": KEYS,
}
SIGNED = {"pid", "tid", "result", "unattributed_bytes", "by_pid", "oom_score_adj"}


def lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


class Schema(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(SCHEMA_FILE, encoding="utf-8") as file:
            schema = json.load(file)
        jsonschema.Draft202012Validator.check_schema(schema)
        cls.validator = jsonschema.Draft202012Validator(schema)
        cls.records = {path: lines(path) for path in FILES}

    def test_every_line_is_valid(self):
        """Each line fits the record that its type names."""
        for path, records in self.records.items():
            for number, record in enumerate(records, 1):
                with self.subTest(path=path, line=number):
                    self.validator.validate(record)

    def test_header_first_summary_last(self):
        """One header, at the beginning, and one summary, at the end."""
        for path, records in self.records.items():
            types = [record["type"] for record in records]
            with self.subTest(path=path):
                self.assertEqual((types[0], types[-1]), ("header", "summary"))
                self.assertEqual((types.count("header"), types.count("summary")), (1, 1))

    def test_books_balance(self):
        """The sum that the schema's text promises holds in the recorded output of an honest session."""
        for path, records in self.records.items():
            if "hostile" in path:
                continue
            for books in (b for r in records for b in r.get("accounting", [])):
                self.assertEqual(books["seen"], books["reported"] + books["filtered"] + sum(books["lost"].values())
                                 + books["in_flight"])

    def test_every_record_type_is_covered(self):
        """The files show each type that the schema knows."""
        known = {branch["$ref"].rsplit("/", 1)[1] for branch in self.validator.schema["oneOf"]}
        self.assertEqual({record["type"] for records in self.records.values() for record in records}, known)

    def objects(self, value, path=()):
        """Paths of all objects with a fixed set of fields."""
        if isinstance(value, dict):
            if not path or path[-1] not in ("config", "lost", "truncated"):
                yield path
            for key, held in value.items():
                yield from self.objects(held, path + (key,))
        elif isinstance(value, list):
            for index, held in enumerate(value):
                yield from self.objects(held, path + (index,))

    def test_changed_records_are_refused(self):
        """A missing field, one more field, or a counter below 0 makes each record invalid, at every depth."""
        def at(record, path):
            for step in path:
                record = record[step]
            return record

        def refused(change, record, path):
            changed = copy.deepcopy(record)
            change(at(changed, path))
            self.assertFalse(self.validator.is_valid(changed), changed)

        for record in {r["type"]: r for records in self.records.values() for r in records}.values():
            for path in self.objects(record):
                refused(lambda held: held.update(surprise=1), record, path)
                for key, held_value in at(record, path).items():
                    if path or key not in OPTIONAL.get(record["type"], ()):
                        refused(lambda held, key=key: held.pop(key), record, path)
                    if isinstance(held_value, int) and key not in SIGNED:
                        refused(lambda held, key=key: held.update({key: -1}), record, path)

    def test_a_stack_has_a_value(self):
        """Of the fields that a stack may have one is there."""
        stack = next(r for records in self.records.values() for r in records if r["type"] == "stack")
        bare = {key: held for key, held in stack.items() if key not in OPTIONAL["stack"]}
        self.assertFalse(self.validator.is_valid(bare))
        for key in ("count", "calls", "time_ns", "errors"):
            self.assertTrue(self.validator.is_valid({**bare, key: 1}), key)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
