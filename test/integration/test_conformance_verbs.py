"""Every verb on every kind that the controller and kubectl touch."""

from case import only_on
from cluster import eventually
from conformance import (APPLY, CHECK, CONFIG_MAP, CRD, JSON_PATCH, KINDS, MERGE, NAMESPACE, POD, STATE, STRATEGIC, Conformance,
                         definition, for_each_kind)

CUSTOM = [kind for kind in KINDS if "comcast" in kind.group_version]


def label_patch(value):
    return [{"op": "add", "path": "/metadata/labels", "value": {"patched": value}}]


def merged(original, patch):
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    result = dict(original) if isinstance(original, dict) else {}
    for key, value in patch.items():
        result[key] = merged(result.get(key), value)
        if value is None:
            del result[key]
    return result


class Verbs(Conformance):
    @for_each_kind
    def test_what_is_created_can_be_read_and_is_complete(self, kind):
        answer = self.call("POST", kind.path(self.namespace), self.make(kind, "created", labels={"a": "b"}))
        self.assertEqual(answer.status, 201, answer.text)
        made = answer.json()
        self.assertEqual((made["apiVersion"], made["kind"]), (kind.group_version, kind.kind))
        metadata = made["metadata"]
        self.assertEqual((metadata["name"], metadata["namespace"], metadata["labels"]), ("created", self.namespace, {"a": "b"}))
        self.assertRegex(metadata["uid"], r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
        self.assertRegex(metadata["resourceVersion"], r"^[1-9]\d*$")
        self.assertRegex(metadata["creationTimestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual(metadata.get("generation"), 1 if kind.has_generation else None)
        self.assertEqual(self.get(kind, "created"), made)

    @for_each_kind
    def test_a_list_has_its_kind_and_its_version(self, kind):
        made = self.create(kind, "listed")
        for path in (kind.path(self.namespace), kind.path()):
            listed = self.ok("GET", path)
            self.assertEqual((listed["apiVersion"], listed["kind"]), (kind.group_version, f"{kind.kind}List"))
            self.assertGreaterEqual(int(listed["metadata"]["resourceVersion"]), int(made["metadata"]["resourceVersion"]))
            item = next(item for item in listed["items"] if item["metadata"]["uid"] == made["metadata"]["uid"])
            # Kubernetes' own kinds leave out what the list says already; custom ones do not.
            self.assertEqual(item.get("kind"), kind.kind if kind in CUSTOM else None)

    @for_each_kind
    def test_an_empty_list_has_items(self, kind):
        empty = self.make_namespace(service_account=False)
        if kind.plural not in ("serviceaccounts", "configmaps"):  # a whole cluster puts some into each namespace
            self.assertEqual(self.ok("GET", kind.path(empty))["items"], [])

    @for_each_kind
    def test_generate_name_adds_five_characters(self, kind):
        body = self.make(kind, "")
        body["metadata"] = {"generateName": "made-"}
        first, second = (self.ok("POST", kind.path(self.namespace), body)["metadata"] for _ in range(2))
        self.assertRegex(first["name"], r"^made-[a-z0-9]{5}$")
        self.assertEqual(first["generateName"], "made-")
        self.assertNotEqual(first["name"], second["name"])

    @for_each_kind
    def test_a_replacement_keeps_what_the_server_made(self, kind):
        made = self.create(kind, "replaced", labels={"a": "b"})
        body = {**made, "metadata": {**made["metadata"], "labels": {"c": "d"}}}
        changed = self.ok("PUT", kind.path(self.namespace, "replaced"), body)
        self.assertEqual(changed["metadata"]["labels"], {"c": "d"})
        self.assertGreater(int(changed["metadata"]["resourceVersion"]), int(made["metadata"]["resourceVersion"]))
        for kept in ("uid", "creationTimestamp", "name", "namespace"):
            self.assertEqual(changed["metadata"][kept], made["metadata"][kept])

    @for_each_kind
    def test_merge_patches_change_only_what_they_name(self, kind):
        made = self.create(kind, "merged", labels={"a": "b"})
        changed = self.patch(kind, "merged", {"metadata": {"labels": {"c": "d"}}})
        self.assertEqual(changed["metadata"]["labels"], {"a": "b", "c": "d"})
        self.assertEqual({**changed, "metadata": None}, {**made, "metadata": None})
        changed = self.patch(kind, "merged", kind.change)
        self.assertEqual(merged(changed, kind.change), changed)

    @for_each_kind
    def test_a_patch_that_changes_nothing_makes_no_new_version(self, kind):
        made = self.create(kind, "unchanged", labels={"a": "b"})
        for content_type, body in ((MERGE, {"metadata": {"labels": {"a": "b"}}}),
                                   (JSON_PATCH, [{"op": "replace", "path": "/metadata/labels/a", "value": "b"}])):
            self.assertEqual(self.patch(kind, "unchanged", body, content_type)["metadata"]["resourceVersion"],
                             made["metadata"]["resourceVersion"])
        again = self.ok("PUT", kind.path(self.namespace, "unchanged"), made)
        self.assertEqual(again["metadata"]["resourceVersion"], made["metadata"]["resourceVersion"])

    @for_each_kind
    def test_json_patches_work_on_all_and_strategic_ones_on_core_kinds(self, kind):
        self.create(kind, "patched")
        self.assertEqual(self.patch(kind, "patched", label_patch("json"), JSON_PATCH)["metadata"]["labels"], {"patched": "json"})
        body = {"metadata": {"labels": {"strategic": "yes"}}}
        if kind in CUSTOM:
            self.refused(415, "UnsupportedMediaType", "PATCH", kind.path(self.namespace, "patched"), body, STRATEGIC)
        else:
            self.assertEqual(self.patch(kind, "patched", body, STRATEGIC)["metadata"]["labels"],
                             {"patched": "json", "strategic": "yes"})

    @for_each_kind
    def test_what_is_deleted_is_gone(self, kind):
        made = self.create(kind, "deleted")
        answer = self.delete(kind, "deleted")
        if kind.plural in ("pods", "serviceaccounts"):  # the object, not a Status: so they are in Kubernetes
            self.assertEqual((answer["kind"], answer["metadata"]["uid"]), (kind.kind, made["metadata"]["uid"]))
        else:
            group = kind.group_version.rpartition("/")[0]
            details = {"name": "deleted", "kind": kind.plural, "uid": made["metadata"]["uid"],
                       **({"group": group} if group else {})}
            self.assertEqual(answer, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
                                      "details": details})
        self.refused(404, "NotFound", "GET", kind.path(self.namespace, "deleted"))

    @for_each_kind
    def test_a_collection_is_deleted_by_label(self, kind):
        for name, label in (("goes-1", "old"), ("goes-2", "old"), ("stays", "new")):
            self.create(kind, name, labels={"age": label})
        answer = self.ok("DELETE", kind.path(self.namespace, labelSelector="age=old"))
        self.assertEqual(answer["kind"], f"{kind.kind}List")
        self.assertEqual([item["metadata"]["name"] for item in answer["items"]], ["goes-1", "goes-2"])
        self.assertEqual(self.names(kind, labelSelector="age"), ["stays"])


class Cluster(Conformance):
    """What is in no namespace."""

    def test_a_namespace_is_active_and_carries_its_name(self):
        made = self.ok("POST", NAMESPACE.path(), NAMESPACE.make(f"{self.namespace}-new"))
        self.assertEqual(made["status"], {"phase": "Active"})
        self.assertEqual(made["metadata"]["labels"], {"kubernetes.io/metadata.name": made["metadata"]["name"]})
        self.assertEqual(made["spec"], {"finalizers": ["kubernetes"]})
        self.assertIn(made["metadata"]["name"], self.names(NAMESPACE))
        self.assertLessEqual({"default", "kube-system"}, set(self.names(NAMESPACE)))
        changed = self.ok("PATCH", NAMESPACE.path(name=made["metadata"]["name"]), NAMESPACE.change, STRATEGIC)
        self.assertEqual(changed["metadata"]["labels"]["changed"], "yes")

    def test_a_definition_is_established_and_serves_until_it_is_deleted(self):
        made = self.ok("POST", CRD.path(), definition("widgets", "Widget"))
        self.assertEqual(made["metadata"]["generation"], 1)
        self.assertEqual(made["spec"]["conversion"], {"strategy": "None"})
        self.cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd/widgets.example.com")
        status = self.ok("GET", CRD.path(name="widgets.example.com"))["status"]
        self.assertEqual({c["type"]: (c["status"], c["reason"]) for c in status["conditions"]},
                         {"NamesAccepted": ("True", "NoConflicts"), "Established": ("True", "InitialNamesAccepted")})
        self.assertEqual(status["acceptedNames"],
                         {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"})
        self.assertEqual(status["storedVersions"], ["v1"])
        path = f"/apis/example.com/v1/namespaces/{self.namespace}/widgets"
        widget = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "one"}}
        self.eventually_serves(path)
        self.ok("POST", path, widget)
        self.assertEqual(self.ok("GET", "/apis/example.com/v1")["resources"][0]["name"], "widgets")
        self.ok("DELETE", CRD.path(name="widgets.example.com"))
        self.cluster.kubectl("wait", "--for=delete", "--timeout=30s", "crd/widgets.example.com")
        self.eventually_serves(path, code=404)
        # Its objects went with it.
        self.ok("POST", CRD.path(), definition("widgets", "Widget"))
        self.eventually_serves(path)
        self.assertEqual(self.ok("GET", path)["items"], [])

    def eventually_serves(self, path, code=200):
        eventually(lambda: self.call("GET", path).status == code, f"{path} answers {code}")


class Representations(Conformance):
    """What the Accept header chooses."""

    METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
    METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1"

    def accept(self, kind, accept, name=None, **query):
        return self.call("GET", kind.path(self.namespace, name, **query), Accept=accept)

    def test_metadata_only(self):
        for kind in (CONFIG_MAP, STATE):
            with self.subTest(kind.plural):
                made = self.create(kind, "metadata")
                answer = self.accept(kind, self.METADATA, "metadata").json()
                self.assertEqual(answer, {"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata",
                                          "metadata": made["metadata"]})
                listed = self.accept(kind, self.METADATA_LIST, fieldSelector="metadata.name=metadata").json()
                self.assertEqual((listed["apiVersion"], listed["kind"]), ("meta.k8s.io/v1", "PartialObjectMetadataList"))
                self.assertEqual(listed["items"][0]["metadata"], made["metadata"])

    def test_a_table_of_a_list_and_of_an_object(self):
        self.create(CHECK, "row")
        for name in (None, "row"):
            table = self.accept(CHECK, self.TABLE, name).json()
            self.assertEqual((table["apiVersion"], table["kind"]), ("meta.k8s.io/v1", "Table"))
            self.assertEqual([column["name"] for column in table["columnDefinitions"]], ["Name", "RunInterval", "Timeout", "Age"])
            self.assertEqual(table["rows"][0]["cells"][:3], ["row", "5m", "1m"])
            self.assertEqual(table["rows"][0]["object"]["kind"], "PartialObjectMetadata")
        for include, has in (("None", None), ("Metadata", "PartialObjectMetadata"), ("Object", "KuberhealthyCheck")):
            row = self.accept(CHECK, self.TABLE, includeObject=include).json()["rows"][0]
            self.assertEqual((row.get("object") or {}).get("kind"), has)

    def test_yaml(self):
        self.create(CONFIG_MAP, "yaml")
        answer = self.accept(CONFIG_MAP, "application/yaml", "yaml")
        self.assertEqual(answer.headers["Content-Type"], "application/yaml")
        self.assertIn("\ndata:\n  a: \"1\"\n", "\n" + answer.text)

    def test_the_first_acceptable_type_is_taken(self):
        self.create(POD, "first")
        for accept in ("application/json", "*/*", "text/html, application/json", f"{self.TABLE},application/json", None):
            answer = self.call("GET", POD.path(self.namespace, "first"), **({"Accept": accept} if accept else {}))
            self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "application/json"), accept)


class ServerSideApply(Conformance):
    BODY = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "applied"}, "data": {"a": "1"}}

    def apply(self):
        return self.call("PATCH", CONFIG_MAP.path(self.namespace, "applied", fieldManager="me"), self.BODY, APPLY)

    @only_on("real", "server-side apply")
    def test_it_is_done(self):
        self.assertEqual([self.apply().status for _ in range(2)], [201, 200])

    @only_on("embedded", "no server-side apply")
    def test_it_is_refused_clearly(self):
        answer = self.apply()
        self.assertEqual(answer.status, 501, answer.text)
        self.assertIn("server-side apply", answer.json()["message"])
        self.assertEqual(answer.json()["reason"], "NotImplemented")
        self.assertFalse(self.exists(CONFIG_MAP, "applied"))
