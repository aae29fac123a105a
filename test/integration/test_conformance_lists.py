"""Lists: pages of one snapshot, versions, selectors."""

from conformance import CONFIG_MAP, EVENT, NAMESPACE, POD, SECRET, STATE, Conformance

LABELS = {
    "one": {"app": "web", "tier": "front", "size": "3"},
    "two": {"app": "web", "tier": "back", "size": "5"},
    "three": {"app": "db", "size": "10"},
    "four": {},
}

LABEL_SELECTORS = {
    "": "one two three four",
    "app=web": "one two",
    "app==web": "one two",
    "app = web": "one two",
    "app!=web": "three four",
    "app": "one two three",
    "!app": "four",
    "app in (web,db)": "one two three",
    "app in (web)": "one two",
    "app notin (web)": "three four",
    "tier notin (front,back)": "three four",
    "app=web,tier=front": "one",
    "app,tier": "one two",
    "app,!tier": "three",
    "size>4": "two three",
    "size<4": "one",
    "tier=": "",
    "tier!=": "one two three four",
    "app=web,app=db": "",
    "kuberhealthy.github.io/app=x": "",
}


class Pages(Conformance):
    def setUp(self):
        self.selector = self.id().rpartition(".")[2][:60].rstrip("_")
        for kind in (CONFIG_MAP, STATE):
            for letter in "abcdefg":
                self.create(kind, f"{letter}-{self.selector[-40:].replace('_', '-')}", labels={"of": self.selector})
        self.kinds = (CONFIG_MAP, STATE)

    def page(self, kind, token=None, limit=3, **query):
        more = {"continue": token} if token else {}
        listed = self.ok("GET", kind.path(self.namespace, limit=limit, **more, **query))
        return [item["metadata"]["name"][0] for item in listed["items"]], listed["metadata"]

    def test_pages_follow_one_another_in_the_order_of_names(self):
        for kind in self.kinds:
            seen, token, sizes = [], None, []
            while True:
                names, metadata = self.page(kind, token, labelSelector=f"of={self.selector}")
                seen += names
                sizes.append(len(names))
                token = metadata.get("continue")
                if not token:
                    break
            self.assertEqual(("".join(seen), sizes), ("abcdefg", [3, 3, 1]))
            self.assertNotIn("remainingItemCount", metadata)

    def test_later_pages_show_what_was_when_the_first_was_read(self):
        for kind in self.kinds:
            end = self.selector[-40:].replace("_", "-")
            first, metadata = self.page(kind, labelSelector=f"of={self.selector}")
            self.create(kind, f"dd-{end}", labels={"of": self.selector})
            self.delete(kind, f"e-{end}")
            self.patch(kind, f"f-{end}", {"metadata": {"labels": {"of": "another"}}})
            second, more = self.page(kind, metadata["continue"], limit=10, labelSelector=f"of={self.selector}")
            self.assertEqual("".join(first + second), "abcdefg")
            self.assertEqual(more["resourceVersion"], metadata["resourceVersion"])
            self.assertEqual("".join(self.page(kind, limit=10, labelSelector=f"of={self.selector}")[0]), "abcddg")

    def test_how_many_remain_is_said_where_nothing_is_selected(self):
        namespace = self.make_namespace(service_account=False)
        for letter in "abcde":
            self.ok("POST", STATE.path(namespace), STATE.make(letter))
        listed = self.ok("GET", STATE.path(namespace, limit=2))["metadata"]
        self.assertEqual(listed["remainingItemCount"], 3)
        listed = self.ok("GET", STATE.path(namespace, limit=2, **{"continue": listed["continue"]}))["metadata"]
        self.assertEqual(listed["remainingItemCount"], 1)
        self.assertNotIn("remainingItemCount", self.ok("GET", STATE.path(namespace, limit=2, labelSelector="!none"))["metadata"])

    def test_a_continued_list_takes_no_resource_version(self):
        _, metadata = self.page(CONFIG_MAP)
        status = self.refused(400, "BadRequest", "GET", CONFIG_MAP.path(self.namespace, limit=3, resourceVersion=5,
                                                                        **{"continue": metadata["continue"]}))
        self.assertEqual(status["message"], "specifying resource version is not allowed when using continue")

    def test_a_limit_that_is_large_enough_is_no_limit(self):
        names, metadata = self.page(CONFIG_MAP, limit=500, labelSelector=f"of={self.selector}")
        self.assertEqual(len(names), 7)
        self.assertNotIn("continue", metadata)


class Versions(Conformance):
    def listed(self, **query):
        return self.ok("GET", STATE.path(self.namespace, **query))

    def test_a_list_is_not_older_than_the_version_that_is_asked_for(self):
        version = self.create(STATE, "fresh")["metadata"]["resourceVersion"]
        for query in ({}, {"resourceVersion": version}, {"resourceVersion": version, "resourceVersionMatch": "NotOlderThan"}):
            listed = self.listed(**query)
            self.assertIn("fresh", [item["metadata"]["name"] for item in listed["items"]])
            self.assertGreaterEqual(int(listed["metadata"]["resourceVersion"]), int(version))
        self.listed(resourceVersion=0)  # whatever is at hand

    def test_an_exact_list_shows_what_was_then(self):
        self.create(STATE, "exact", labels={"edition": "1"})
        then = self.listed()["metadata"]["resourceVersion"]
        self.patch(STATE, "exact", {"metadata": {"labels": {"edition": "2"}}})
        self.create(STATE, "later")
        listed = self.listed(resourceVersion=then, resourceVersionMatch="Exact")
        self.assertEqual(listed["metadata"]["resourceVersion"], then)
        names = {item["metadata"]["name"]: item["metadata"].get("labels") for item in listed["items"]}
        self.assertEqual(names["exact"], {"edition": "1"})
        self.assertNotIn("later", names)

    def test_a_version_of_the_future_is_waited_for_and_then_refused(self):
        status = self.refused(504, "Timeout", "GET", STATE.path(self.namespace, resourceVersion=10**12))
        self.assertRegex(status["message"], r"^Timeout: Too large resource version: 1000000000000, current: \d+$")
        self.assertEqual(status["details"],
                         {"causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
                                             "retryAfterSeconds": 1})

    def test_an_object_is_read_at_least_at_a_version(self):
        made = self.create(STATE, "one")
        for version in (0, made["metadata"]["resourceVersion"]):
            self.assertEqual(self.ok("GET", STATE.path(self.namespace, "one", resourceVersion=version)), made)


class Selectors(Conformance):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name, labels in LABELS.items():
            for kind in (SECRET, STATE):
                cls.api.create(kind.path(cls.namespace), kind.make(name, labels=labels))

    def test_labels(self):
        for selector, expected in LABEL_SELECTORS.items():
            for kind in (SECRET, STATE):
                with self.subTest(selector, kind=kind.plural):
                    self.assertEqual(sorted(self.names(kind, labelSelector=selector)), sorted(expected.split()))

    def test_names_and_namespaces_are_fields(self):
        everywhere = self.ok("GET", STATE.path(fieldSelector=f"metadata.namespace={self.namespace},metadata.name!=two"))["items"]
        self.assertEqual([item["metadata"]["name"] for item in everywhere], ["four", "one", "three"])
        self.assertEqual(self.names(SECRET, fieldSelector="metadata.name=two"), ["two"])
        self.assertEqual(self.names(SECRET, fieldSelector="metadata.name==two,metadata.namespace=other"), [])
        self.assertEqual(self.names(SECRET, fieldSelector="metadata.name=two", labelSelector="app=db"), [])
        self.assertEqual(len(self.names(SECRET, fieldSelector="type=Opaque")), 4)
        self.assertEqual([item["metadata"]["name"] for item in
                          self.ok("GET", NAMESPACE.path(fieldSelector=f"metadata.name={self.namespace}"))["items"]],
                          [self.namespace])

    def test_fields_of_pods(self):
        self.create(POD, "bound", {"spec": {**POD.body["spec"], "nodeName": "node-1"}})
        self.create(POD, "free", {"spec": {**POD.body["spec"], "restartPolicy": "Never"}})
        self.patch(POD, "bound", {"status": {"phase": "Running", "podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}]}},
                   sub="status")
        for selector, expected in (
            ("spec.nodeName=node-1", ["bound"]), ("spec.nodeName=", ["free"]), ("spec.nodeName!=node-1", ["free"]),
            ("status.phase=Running", ["bound"]), ("status.phase=Pending", ["free"]),
            ("status.phase!=Running,spec.nodeName=", ["free"]),
            ("spec.restartPolicy=Never", ["free"]), ("status.podIP=10.0.0.1", ["bound"]), ("metadata.name=free", ["free"]),
        ):
            with self.subTest(selector):
                self.assertEqual(self.names(POD, fieldSelector=selector), expected)

    def test_fields_of_events(self):
        uid = "11111111-2222-4333-8444-555555555555"
        about = {"kind": "Pod", "name": "p", "namespace": self.namespace, "uid": uid}
        self.create(EVENT, "about-p", {"involvedObject": about, "type": "Warning", "reason": "Odd"})
        self.create(EVENT, "about-q", {"involvedObject": {**about, "name": "q", "uid": ""}, "type": "Normal", "reason": "Fine"})
        for selector, expected in (
            ("involvedObject.name=p", ["about-p"]), ("involvedObject.name=q,involvedObject.kind=Pod", ["about-q"]),
            (f"involvedObject.uid={uid}", ["about-p"]), ("type=Warning", ["about-p"]), ("type!=Warning", ["about-q"]),
            ("reason=Fine", ["about-q"]), (f"involvedObject.namespace={self.namespace}", ["about-p", "about-q"]),
        ):
            with self.subTest(selector):
                self.assertEqual(self.names(EVENT, fieldSelector=selector), expected)
