"""What a write may and may not change: versions, generations, status, dry runs, unknown fields, defaults."""

import json
from concurrent.futures import ThreadPoolExecutor

from cluster import eventually
from conformance import (CHECK, CONFIG_MAP, CRD, JOB, LEASE, MERGE, POD, SECRET, STATE, Conformance, Kind, definition,
                         for_each_kind)

GADGET = Kind("Gadget", "gadgets", {"spec": {"size": 1}}, {"spec": {"size": 2}}, "example.com/v1", has_generation=True)
GADGET_SCHEMA = {"type": "object", "properties": {
    "spec": {"type": "object", "properties": {
        "size": {"type": "integer", "minimum": 0, "maximum": 9},
        "colour": {"type": "string", "default": "red", "enum": ["red", "blue"]},
        "parts": {"type": "array", "items": {"type": "object", "properties": {
            "name": {"type": "string"}, "count": {"type": "integer", "default": 1}}}},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    }},
    "status": {"type": "object", "properties": {"ready": {"type": "boolean"}}},
}}


class Versions(Conformance):
    @for_each_kind
    def test_a_stale_resource_version_is_a_conflict(self, kind):
        made = self.create(kind, "stale")
        self.patch(kind, "stale", {"metadata": {"labels": {"a": "b"}}})
        path = kind.path(self.namespace, "stale")
        group = kind.group_version.rpartition("/")[0]
        resource = f"{kind.plural}.{group}" if group else kind.plural
        message = (f'Operation cannot be fulfilled on {resource} "stale": the object has been modified; '
                   "please apply your changes to the latest version and try again")
        stale = {"metadata": {"resourceVersion": made["metadata"]["resourceVersion"], "labels": {"c": "d"}}}
        for method, body, content_type in (("PUT", {**made, "metadata": {**made["metadata"], "labels": {"c": "d"}}},
                                            "application/json"),
                                           ("PATCH", stale, MERGE)):
            self.assertEqual(self.refused(409, "Conflict", method, path, body, content_type)["message"], message)

    def test_some_kinds_are_replaced_without_a_resource_version_and_some_are_not(self):
        for kind in (CONFIG_MAP, SECRET, POD):
            self.create(kind, "blind")
            self.ok("PUT", kind.path(self.namespace, "blind"), self.get(kind, "blind") | {"metadata": {"name": "blind"}})
        for kind in (STATE, CHECK, JOB, LEASE):
            self.create(kind, "blind")
            status = self.refused(422, "Invalid", "PUT", kind.path(self.namespace, "blind"), kind.make("blind"))
            self.assertIn("metadata.resourceVersion: Invalid value: 0: must be specified for an update", status["message"])

    def test_deletes_hold_their_preconditions(self):
        for kind in (CONFIG_MAP, STATE, POD):
            with self.subTest(kind.plural):
                made = self.create(kind, "guarded")["metadata"]
                path = kind.path(self.namespace, "guarded")
                for wrong in ({"uid": "00000000-0000-4000-8000-000000000000"}, {"resourceVersion": "1"},
                              {"uid": made["uid"], "resourceVersion": "1"}):
                    self.refused(409, "Conflict", "DELETE", path, {"preconditions": wrong})
                self.delete(kind, "guarded", preconditions={"uid": made["uid"], "resourceVersion": made["resourceVersion"]})
                self.assertFalse(self.exists(kind, "guarded"))

    def test_what_the_server_made_cannot_be_changed(self):
        made = self.create(CONFIG_MAP, "kept")["metadata"]
        changed = self.patch(CONFIG_MAP, "kept", {"metadata": {"creationTimestamp": "2001-01-01T00:00:00Z"}})["metadata"]
        self.assertEqual(changed["creationTimestamp"], made["creationTimestamp"])
        for field, value in (("deletionTimestamp", "2001-01-01T00:00:00Z"), ("uid", "other")):
            status = self.refused(422, "Invalid", "PATCH", CONFIG_MAP.path(self.namespace, "kept"), {"metadata": {field: value}},
                                  MERGE)
            self.assertIn(f'metadata.{field}: Invalid value: "{value}": field is immutable', status["message"])

    def test_patches_at_the_same_time_are_all_kept(self):
        self.create(STATE, "busy")
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda number: self.patch(STATE, "busy", {"metadata": {"labels": {f"n{number}": "x"}}}), range(24)))
        self.assertEqual(len(self.get(STATE, "busy")["metadata"]["labels"]), 24)

    def test_a_create_chooses_neither_uid_nor_times(self):
        made = self.create(STATE, "chosen", uid="mine", creationTimestamp="2001-01-01T00:00:00Z",
                           deletionTimestamp="2001-01-01T00:00:00Z", generation=7)["metadata"]
        self.assertNotEqual(made["uid"], "mine")
        self.assertFalse(made["creationTimestamp"].startswith("2001"))
        self.assertNotIn("deletionTimestamp", made)
        self.assertEqual(made["generation"], 1)


class Generations(Conformance):
    def after(self, kind, name, body, content_type=MERGE, sub=None):
        return self.patch(kind, name, body, content_type, sub)["metadata"]["generation"]

    def test_of_a_custom_resource_without_a_status_all_but_metadata_counts(self):
        self.create(STATE, "counted")
        for expected, change in ((1, {"metadata": {"labels": {"a": "b"}}}), (1, {"metadata": {"annotations": {"a": "b"}}}),
                                 (2, {"spec": {"OK": False}}), (2, {"spec": {"OK": False}}), (3, {"spec": {"Errors": ["no"]}})):
            self.assertEqual(self.after(STATE, "counted", change), expected, change)

    def test_of_a_pod_the_spec_counts_and_the_status_does_not(self):
        self.create(POD, "counted")
        for expected, change, sub in ((1, {"metadata": {"labels": {"a": "b"}}}, None),
                                      (1, {"status": {"phase": "Running"}}, "status"),
                                      (2, {"spec": {"activeDeadlineSeconds": 60}}, None)):
            self.assertEqual(self.after(POD, "counted", change, sub=sub), expected, change)

    def test_a_delete_that_waits_for_a_finalizer_counts(self):
        self.create(STATE, "held", finalizers=["example.com/hold"])
        self.delete(STATE, "held")
        self.assertEqual(self.get(STATE, "held")["metadata"]["generation"], 2)
        self.patch(STATE, "held", {"metadata": {"finalizers": None}})


class Status(Conformance):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.api.create(CRD.path(), definition("gadgets", "Gadget", schema={"openAPIV3Schema": GADGET_SCHEMA},
                                              subresources={"status": {}}))
        cls.addClassCleanup(cls.api.delete, CRD.path(name="gadgets.example.com"))
        eventually(lambda: cls.api.call("GET", GADGET.path()).status == 200, "gadgets are served")

    def test_of_a_pod_it_is_written_through_its_own_path_only(self):
        self.create(POD, "pod")
        self.assertEqual(self.patch(POD, "pod", {"status": {"phase": "Running"}})["status"]["phase"], "Pending")
        changed = self.patch(POD, "pod", {"status": {"phase": "Running"}, "spec": {"activeDeadlineSeconds": 5}}, sub="status")
        self.assertEqual(changed["status"]["phase"], "Running")
        self.assertNotIn("activeDeadlineSeconds", changed["spec"])
        replaced = self.ok("PUT", POD.path(self.namespace, "pod", "status"),
                           {**changed, "status": {"phase": "Failed", "reason": "x"}})
        self.assertEqual((replaced["status"]["phase"], replaced["status"]["reason"]), ("Failed", "x"))

    def test_of_a_custom_resource_it_is_written_through_its_own_path_only(self):
        made = self.create(GADGET, "gadget", {"status": {"ready": True}})
        self.assertNotIn("status", made)
        self.assertNotIn("status", self.patch(GADGET, "gadget", {"status": {"ready": True}}))
        changed = self.patch(GADGET, "gadget", {"status": {"ready": True}, "spec": {"size": 5}}, sub="status")
        self.assertEqual((changed["status"], changed["spec"]["size"], changed["metadata"]["generation"]), ({"ready": True}, 1, 1))
        changed = self.patch(GADGET, "gadget", {"spec": {"size": 5}})
        self.assertEqual((changed["status"], changed["spec"]["size"], changed["metadata"]["generation"]), ({"ready": True}, 5, 2))
        self.assertEqual(self.ok("GET", GADGET.path(self.namespace, "gadget", "status")), changed)

    def test_defaults_are_added_and_unknown_fields_removed(self):
        made = self.create(GADGET, "full", {"spec": {
            "size": 3, "unknown": 1, "free": {"any": [1]}, "parts": [{"name": "a", "no": 1}]}})
        self.assertEqual(made["spec"], {"size": 3, "colour": "red", "free": {"any": [1]}, "parts": [{"name": "a", "count": 1}]})

    def test_values_are_judged(self):
        for field, value, message in (
            ("size", 10, "spec.size in body should be less than or equal to 9"),
            ("size", -1, "spec.size in body should be greater than or equal to 0"),
            ("size", 1.5, 'spec.size in body must be of type integer: "number"'),
            ("colour", "green", 'Unsupported value: "green": supported values: "red", "blue"'),
        ):
            status = self.refused(422, "Invalid", "POST", GADGET.path(self.namespace),
                                  {**GADGET.make("bad"), "spec": {field: value}})
            self.assertIn(message, status["message"])
            self.assertEqual(status["details"]["causes"][0]["field"], f"spec.{field}")


    def test_yaml_means_what_it_means_to_kubernetes(self):
        values = {"a": ("yes", True), "b": ("off", False), "c": ("0x1F", 31), "d": ("017", 15), "e": ("1e3", 1000),
                  "f": ("~", None), "g": ("'yes'", "yes"), "h": ("2024-01-02", "2024-01-02"), "i": ("1.50", 1.5),
                  "j": ("1_000", 1000), "k": ("y", True),
                  "l": ("0o17", 15), "m": ("No", False), "o": ("null", None), "p": ("1:30", "1:30"), "q": ("[a, 1]", ["a", 1])}
        free = "".join(f"    {name}: {text}\n" for name, (text, _) in values.items())
        body = f"apiVersion: example.com/v1\nkind: Gadget\nmetadata: {{name: yaml}}\nspec:\n  free:\n{free}"
        made = self.ok("POST", GADGET.path(self.namespace), body.encode(), "application/yaml")
        for name, (text, value) in values.items():
            with self.subTest(text):
                self.assertEqual(made["spec"]["free"][name], value)


class DryRun(Conformance):
    def test_it_says_what_would_be_and_changes_nothing(self):
        for kind in (CONFIG_MAP, STATE, POD):
            with self.subTest(kind.plural):
                would = self.ok("POST", kind.path(self.namespace, dryRun="All"), kind.make("dry"))
                self.assertTrue(would["metadata"]["uid"])
                self.assertFalse(self.exists(kind, "dry"))
                made = self.create(kind, "dry")
                path = kind.path(self.namespace, "dry", dryRun="All")
                would = self.ok("PATCH", path, {"metadata": {"labels": {"a": "b"}}}, MERGE)
                self.assertEqual(would["metadata"]["labels"], {"a": "b"})
                self.ok("PUT", path, {**made, "metadata": {**made["metadata"], "labels": {"c": "d"}}})
                self.ok("DELETE", path)
                self.ok("DELETE", kind.path(self.namespace), {"dryRun": ["All"]})
                self.assertEqual(self.get(kind, "dry"), made)

    def test_what_would_be_refused_is_refused(self):
        self.create(CONFIG_MAP, "taken")
        self.refused(409, "AlreadyExists", "POST", CONFIG_MAP.path(self.namespace, dryRun="All"), CONFIG_MAP.make("taken"))
        self.refused(422, "Invalid", "POST", STATE.path(self.namespace, dryRun="All"), {**STATE.make("bad"), "spec": {}})


class UnknownFields(Conformance):
    def test_a_field_manager_is_taken(self):
        for method, kind, body, content_type in (("POST", CONFIG_MAP, CONFIG_MAP.make("managed"), "application/json"),
                                                 ("PATCH", CONFIG_MAP, {"data": {"b": "2"}}, MERGE)):
            name = None if method == "POST" else "managed"
            self.ok(method, kind.path(self.namespace, name, fieldManager="kubectl-create"), body, content_type)

    def test_a_warning_says_what_was_dropped(self):
        config_map = b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"NAME"},"data":{"a":"1","a":"2"},"foo":1}'
        state = {**STATE.make("NAME"), "spec": {**STATE.body["spec"], "foo": 1}}
        for kind, body, warnings in (
            (CONFIG_MAP, config_map, ['duplicate field "data.a"', 'unknown field "foo"']),
            (STATE, state, ['unknown field "spec.foo"']),
        ):
            for validation, expected in (("Warn", warnings), ("Ignore", []), (None, warnings)):
                with self.subTest(kind.plural, validation=validation):
                    name = f"warned-{validation}".lower()
                    raw = (body if isinstance(body, bytes) else json.dumps(body).encode()).replace(b"NAME", name.encode())
                    query = {"fieldValidation": validation} if validation else {}
                    answer = self.call("POST", kind.path(self.namespace, **query), raw)
                    self.assertEqual(answer.status, 201, answer.text)
                    heard = [text.replace('\\"', '"') for text in answer.headers.get_all("Warning", [])]
                    self.assertEqual(sorted(heard), [f'299 - "{text}"' for text in expected])
                    self.assertNotIn("foo", answer.json())
                    self.assertNotIn("foo", answer.json().get("spec", {}))

    def test_a_warning_is_one_line_whatever_the_field_is_called(self):
        escapes = {"a\rb": "a\\rb", "a\nb": "a\\nb", "\u0001\t": "\\x01\\t", "\u0080": "\\u0080", 'a"b\\': 'a\\"b\\\\', "é": "é",
                   "": ""}
        for name, escaped in escapes.items():
            for kind, shown, is_told in ((CONFIG_MAP, escaped, True), (STATE, name, name.isprintable())):
                with self.subTest(kind.plural, name=name):
                    body = kind.make("odd") | {name: 1}
                    answer = self.call("POST", kind.path(self.namespace, dryRun="All"), body)
                    self.assertEqual(answer.status, 201, answer.text)
                    quoted = f'unknown field "{shown}"'.replace("\\", "\\\\").replace('"', '\\"')
                    heard = [text.encode("latin-1").decode() for text in answer.headers.get_all("Warning", [])]
                    self.assertEqual(heard, [f'299 - "{quoted}"'] if is_told else [])
                    status = self.refused(400, "BadRequest", "POST",
                                          kind.path(self.namespace, dryRun="All", fieldValidation="Strict"), body)
                    self.assertTrue(status["message"].endswith(f'strict decoding error: unknown field "{shown}"'), status)

    def test_yaml_is_read(self):
        body = b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: from-yaml\ndata:\n  a: |\n    two\n    lines\n  b: 'yes'\n"
        made = self.ok("POST", CONFIG_MAP.path(self.namespace), body, "application/yaml")
        self.assertEqual(made["data"], {"a": "two\nlines\n", "b": "yes"})
