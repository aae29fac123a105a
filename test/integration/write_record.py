#!/usr/bin/env python3
"""What the audit log of kube-apiserver knows of somebody's writes.

    write_record.py   tests itself
"""

import dataclasses
import json
import re
import unittest


@dataclasses.dataclass
class WriteRecord:
    """Which objects were written. Where the API server failed or was killed before it could tell, a write may have taken effect."""
    written: set = dataclasses.field(default_factory=set)  # names
    unclear: set = dataclasses.field(default_factory=set)  # names
    nameless: int = 0  # unclear creates: the name stands in the body, which was not read that far

    def unexplained(self, names):
        """Those that were certainly not written, as far as can be told; empty where every one of them may have been."""
        unknown = set(names) - self.written - self.unclear
        return unknown if len(unknown) > self.nameless else set()


def read_writes(log, resource, namespace, user):
    """From the text of an audit log at level Metadata (audit.k8s.io/v1), which a kill may have cut anywhere."""
    record, open_names = WriteRecord(), {}
    for text in re.split(r'(?={"kind":"Event",)', log):
        try:
            event = json.loads(text)
        except ValueError:
            continue
        what = event.get("objectRef", {})
        is_meant = what.get("resource") == resource and what.get("namespace") == namespace and event["user"]["username"] == user
        if not is_meant or event["verb"] not in ("create", "patch"):
            continue
        code = event.get("responseStatus", {}).get("code", 0)
        if code in (200, 201):
            record.written.add(what["name"])
        if 200 <= code < 500:
            open_names.pop(event["auditID"], None)
        else:  # received, or ended by a failure of the server's own
            open_names[event["auditID"]] = what.get("name")
    record.unclear = set(open_names.values()) - {None}
    record.nameless = list(open_names.values()).count(None)
    return record


class Test(unittest.TestCase):
    def read(self, *events):
        return read_writes("\n".join(events), "khstates", "here", "kuberhealthy")

    def event(self, audit_id, verb="create", name=None, code=None, user="kuberhealthy", namespace="here"):
        event = {"kind": "Event", "auditID": audit_id, "verb": verb, "user": {"username": user},
                 "objectRef": {"resource": "khstates", "namespace": namespace}}
        if name:
            event["objectRef"]["name"] = name
        if code:
            event["responseStatus"] = {"code": code}
        return json.dumps(event, separators=(",", ":"))

    def test_a_write_that_ended_well_is_on_record(self):
        record = self.read(self.event("1"), self.event("1", name="a", code=201), self.event("2", "patch", "b"),
                           self.event("2", "patch", "b", 200))
        self.assertEqual(record, WriteRecord({"a", "b"}))
        self.assertEqual(record.unexplained(["a", "b", "c"]), {"c"})

    def test_a_refused_write_is_none(self):
        for code in (400, 403, 409, 422, 429):
            record = self.read(self.event("1"), self.event("1", name="a", code=code))
            self.assertEqual(record, WriteRecord())
            self.assertEqual(record.unexplained(["a"]), {"a"})

    def test_a_failed_write_may_have_taken_effect(self):
        for code in (500, 503, 504):
            record = self.read(self.event("1"), self.event("1", name="a", code=code))
            self.assertEqual(record, WriteRecord(unclear={"a"}))
            self.assertEqual(record.unexplained(["a", "b"]), {"b"})

    def test_a_write_whose_end_was_not_recorded_may_have_taken_effect(self):
        record = self.read(self.event("1"), self.event("2", "patch", "b"))
        self.assertEqual(record, WriteRecord(unclear={"b"}, nameless=1))
        self.assertEqual(record.unexplained(["a", "b"]), set())
        self.assertEqual(record.unexplained(["a", "b", "c"]), {"a", "c"})

    def test_a_line_that_was_cut_hides_no_other(self):
        cut = self.event("1", name="a", code=201)[:70]
        self.assertEqual(self.read(self.event("1"), cut + self.event("2", name="b", code=201)), WriteRecord({"b"}, nameless=1))

    def test_others_writes_do_not_count(self):
        self.assertEqual(self.read(self.event("1", name="a", code=201, user="somebody"),
                                   self.event("2", name="a", code=201, namespace="elsewhere"),
                                   self.event("3", "get", "a", 200)), WriteRecord())


if __name__ == "__main__":
    unittest.main()
