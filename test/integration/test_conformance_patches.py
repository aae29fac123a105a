"""What the three kinds of patch do: a start, a patch, what comes of it."""

from conformance import CONFIG_MAP, JSON_PATCH, MERGE, POD, SERVICE_ACCOUNT, STATE, STATE_SPEC, STRATEGIC, Conformance

# name: the data of a configmap, the patch, the data afterwards
JSON_PATCHES = {
    "add": ({"a": "1"}, [{"op": "add", "path": "/data/b", "value": "2"}], {"a": "1", "b": "2"}),
    "add over": ({"a": "1"}, [{"op": "add", "path": "/data/a", "value": "2"}], {"a": "2"}),
    "replace": ({"a": "1"}, [{"op": "replace", "path": "/data/a", "value": "2"}], {"a": "2"}),
    "remove": ({"a": "1", "b": "2"}, [{"op": "remove", "path": "/data/a"}], {"b": "2"}),
    "replace what is not there": ({"a": "1"}, [{"op": "replace", "path": "/data/b", "value": "2"}], {"a": "1", "b": "2"}),
    "move": ({"a": "1"}, [{"op": "move", "from": "/data/a", "path": "/data/b"}], {"b": "1"}),
    "copy": ({"a": "1"}, [{"op": "copy", "from": "/data/a", "path": "/data/b"}], {"a": "1", "b": "1"}),
    "test, then change": ({"a": "1"}, [{"op": "test", "path": "/data/a", "value": "1"},
                                       {"op": "replace", "path": "/data/a", "value": "2"}], {"a": "2"}),
    "the whole map": ({"a": "1"}, [{"op": "replace", "path": "/data", "value": {"c": "3"}}], {"c": "3"}),
    "a dot in the key": ({"a": "1"}, [{"op": "add", "path": "/data/b.c", "value": "2"}], {"a": "1", "b.c": "2"}),
}

MERGES = {
    "a member more": ({"a": "1"}, {"data": {"b": "2"}}, {"a": "1", "b": "2"}),
    "null removes": ({"a": "1", "b": "2"}, {"data": {"a": None}}, {"b": "2"}),
    "null of what is not there": ({"a": "1"}, {"data": {"z": None}}, {"a": "1"}),
    "null removes all": ({"a": "1"}, {"data": None}, None),
}

# The same as strategic ones: a map without a merge key.
STRATEGICS = {
    **MERGES,
    "$patch replace": ({"a": "1"}, {"data": {"$patch": "replace", "b": "2"}}, {"b": "2"}),
    "$patch delete": ({"a": "1"}, {"data": {"$patch": "delete"}}, None),
    "$retainKeys": ({"a": "1", "b": "2"}, {"data": {"$retainKeys": ["b"], "b": "3"}}, {"b": "3"}),
}

LISTS = {
    "append": ([{"op": "add", "path": "/spec/Errors/-", "value": "c"}], ["a", "b", "c"]),
    "insert": ([{"op": "add", "path": "/spec/Errors/0", "value": "c"}], ["c", "a", "b"]),
    "replace": ([{"op": "replace", "path": "/spec/Errors/1", "value": "c"}], ["a", "c"]),
    "remove": ([{"op": "remove", "path": "/spec/Errors/0"}], ["b"]),
    "from the end": ([{"op": "remove", "path": "/spec/Errors/-1"}], ["a"]),
    "move": ([{"op": "move", "from": "/spec/Errors/0", "path": "/spec/Errors/1"}], ["b", "a"]),
}

READY = {"type": "Ready", "status": "True", "lastProbeTime": None, "lastTransitionTime": None}
STARTED = {"type": "Started", "status": "False"}


class Patches(Conformance):
    def hold(self, table, content_type):
        for number, (name, (start, patch, expected)) in enumerate(table.items()):
            with self.subTest(name):
                self.create(CONFIG_MAP, f"{content_type[12:17]}-{number}", {"data": start})
                changed = self.patch(CONFIG_MAP, f"{content_type[12:17]}-{number}", patch, content_type)
                self.assertEqual(changed.get("data"), expected)

    def test_json_patches_of_maps(self):
        self.hold(JSON_PATCHES, JSON_PATCH)

    def test_merge_patches_of_maps(self):
        self.hold(MERGES, MERGE)

    def test_strategic_merge_patches_of_maps(self):
        self.hold(STRATEGICS, STRATEGIC)

    def test_json_patches_of_lists(self):
        for name, (patch, expected) in LISTS.items():
            with self.subTest(name):
                self.create(STATE, f"list-{name.replace(' ', '-')}", {"spec": {**STATE_SPEC, "Errors": ["a", "b"]}})
                changed = self.patch(STATE, f"list-{name.replace(' ', '-')}", patch, JSON_PATCH)
                self.assertEqual(changed["spec"]["Errors"], expected)

    def test_escapes_in_a_pointer(self):
        self.create(STATE, "escaped", annotations={"a/b": "1", "c/d": "2"})
        changed = self.patch(STATE, "escaped", [{"op": "replace", "path": "/metadata/annotations/a~1b", "value": "3"},
                                                {"op": "remove", "path": "/metadata/annotations/c~1d"}], JSON_PATCH)
        self.assertEqual(changed["metadata"]["annotations"], {"a/b": "3"})

    def test_a_json_patch_is_all_or_nothing(self):
        made = self.create(CONFIG_MAP, "whole")
        self.refused(422, "Invalid", "PATCH", CONFIG_MAP.path(self.namespace, "whole"),
                     [{"op": "remove", "path": "/data/a"}, {"op": "test", "path": "/data/b", "value": "1"}], JSON_PATCH)
        self.assertEqual(self.get(CONFIG_MAP, "whole"), made)

    def test_a_merge_patch_replaces_lists(self):
        self.create(STATE, "lists", {"spec": {**STATE_SPEC, "Errors": ["a", "b"]}})
        self.assertEqual(self.patch(STATE, "lists", {"spec": {"Errors": ["c"]}})["spec"]["Errors"], ["c"])


class StrategicLists(Conformance):
    """Lists that are merged by a key, and lists of texts that are merged."""

    def conditions(self, patch):
        changed = self.patch(POD, "pod", {"status": {"conditions": patch} if isinstance(patch, list) else patch}, STRATEGIC,
                             "status")
        return {condition["type"]: condition["status"] for condition in changed["status"].get("conditions", [])}

    def test_elements_are_merged_by_their_key(self):
        self.create(POD, "pod")
        self.assertEqual(self.conditions([READY]), {"Ready": "True"})
        self.assertEqual(self.conditions([STARTED]), {"Started": "False", "Ready": "True"})
        self.assertEqual(self.conditions([{"type": "Ready", "status": "False"}]), {"Started": "False", "Ready": "False"})
        self.assertEqual(self.conditions([{"type": "Started", "$patch": "delete"}]), {"Ready": "False"})
        self.assertEqual(self.conditions([STARTED, {"$patch": "replace"}]), {"Started": "False"})

    def test_the_order_can_be_said(self):
        self.create(POD, "ordered", {"spec": {**POD.body["spec"], "containers": [{"name": n, "image": "a"} for n in "ab"]}})
        self.patch(POD, "ordered", {"status": {"conditions": [READY, STARTED]}}, STRATEGIC, "status")
        changed = self.patch(POD, "ordered", {"status": {
            "$setElementOrder/conditions": [{"type": "Started"}, {"type": "Ready"}],
            "conditions": [{"type": "Ready", "status": "False"}]}},
            STRATEGIC, "status")
        self.assertEqual([(c["type"], c["status"]) for c in changed["status"]["conditions"]],
                         [("Started", "False"), ("Ready", "False")])

    def test_an_image_is_changed_by_the_containers_name(self):
        self.create(POD, "images", {"spec": {**POD.body["spec"], "containers": [{"name": n, "image": "old"} for n in "ab"]}})
        changed = self.patch(POD, "images", {"spec": {"containers": [{"name": "b", "image": "new"}]}}, STRATEGIC)
        self.assertEqual([(c["name"], c["image"]) for c in changed["spec"]["containers"]], [("a", "old"), ("b", "new")])

    def test_of_a_service_account_the_secrets_are_merged_by_name(self):
        self.create(SERVICE_ACCOUNT, "account", {"secrets": [{"name": "a"}], "imagePullSecrets": [{"name": "p"}]})
        changed = self.patch(SERVICE_ACCOUNT, "account", {"secrets": [{"name": "b"}], "imagePullSecrets": [{"name": "q"}]},
                             STRATEGIC)
        self.assertEqual({entry["name"] for entry in changed["secrets"]}, {"a", "b"})
        self.assertEqual(changed["imagePullSecrets"], [{"name": "q"}])  # this list has no key
        changed = self.patch(SERVICE_ACCOUNT, "account", {"secrets": [{"name": "a", "$patch": "delete"}]}, STRATEGIC)
        self.assertEqual(changed["secrets"], [{"name": "b"}])

    def test_finalizers_are_a_set_that_is_added_to(self):
        self.create(CONFIG_MAP, "final", finalizers=["example.com/a"])
        changed = self.patch(CONFIG_MAP, "final", {"metadata": {"finalizers": ["example.com/b"]}}, STRATEGIC)
        self.assertEqual(set(changed["metadata"]["finalizers"]), {"example.com/a", "example.com/b"})
        changed = self.patch(CONFIG_MAP, "final", {"metadata": {"$deleteFromPrimitiveList/finalizers": ["example.com/a"]}},
                             STRATEGIC)
        self.assertEqual(changed["metadata"]["finalizers"], ["example.com/b"])
        self.patch(CONFIG_MAP, "final", {"metadata": {"finalizers": None}}, STRATEGIC)

    def test_owners_are_merged_by_uid(self):
        owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner",
                 "uid": self.create(CONFIG_MAP, "owner")["metadata"]["uid"]}
        self.create(CONFIG_MAP, "owned", ownerReferences=[owner])
        changed = self.patch(CONFIG_MAP, "owned", {"metadata": {"ownerReferences": [{"uid": owner["uid"], "controller": True}]}},
                             STRATEGIC)
        self.assertEqual(changed["metadata"]["ownerReferences"], [{**owner, "controller": True}])
