"""Watches: what comes, in which order, from where, and how they end."""

import time

from conformance import CHECK, CONFIG_MAP, POD, STATE, Conformance, brief

BOOKMARK_END = {"k8s.io/initial-events-end": "true"}




def life(kind, name):
    """What a watch shows of lives(). A pod's deletion is a change first, also where nothing waits for it."""
    return [(type, name) for type in ("ADDED", "MODIFIED", *(["MODIFIED"] if kind is POD else []), "DELETED")]


class Events(Conformance):
    kinds = (CONFIG_MAP, STATE, POD)

    def lives(self, kind, name, **labels):
        """Creates, changes and deletes one."""
        self.create(kind, name, labels=labels)
        self.patch(kind, name, {"metadata": {"annotations": {"a": "b"}}})
        self.delete(kind, name)

    def test_changes_come_in_their_order(self):
        for kind in self.kinds:
            with self.subTest(kind.plural):
                watch = self.watch(kind, resourceVersion=self.version(kind))
                self.assertEqual(watch.response.headers["Content-Type"], "application/json")
                self.lives(kind, "first")
                self.lives(kind, "second")
                expected = life(kind, "first") + life(kind, "second")
                events = [watch.next() for _ in expected]
                self.assertEqual([brief(event) for event in events], expected)
                self.assertEqual((events[0]["object"]["apiVersion"], events[0]["object"]["kind"]),
                                 (kind.group_version, kind.kind))
                versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events]
                self.assertEqual(versions, sorted(set(versions)))  # a deletion has a version of its own
                self.assertEqual(events[-1]["object"]["metadata"]["annotations"], {"a": "b"})

    def test_from_an_old_version_what_was_missed_comes_first(self):
        for kind in self.kinds:
            with self.subTest(kind.plural):
                version = self.version(kind)
                self.lives(kind, "missed")
                watch = self.watch(kind, resourceVersion=version)
                expected = life(kind, "missed")
                self.assertEqual(watch.take(len(expected)), expected)
                self.lives(kind, "then")
                self.assertEqual(watch.take(1), [("ADDED", "then")])

    def test_without_a_version_what_exists_comes_first(self):
        namespace = self.make_namespace(service_account=False)
        for name in ("b", "a"):
            self.ok("POST", STATE.path(namespace), STATE.make(name))
        for query in ({}, {"resourceVersion": 0}):
            watch = self.watch(STATE, namespace, **query)
            self.assertEqual(sorted(watch.take(2)), [("ADDED", "a"), ("ADDED", "b")])
            self.ok("PATCH", STATE.path(namespace, "a"), {"spec": {"uuid": str(query)}}, "application/merge-patch+json")
            self.assertEqual(watch.take(1), [("MODIFIED", "a")])

    def test_a_label_that_comes_and_goes_is_an_object_that_comes_and_goes(self):
        for kind in self.kinds:
            with self.subTest(kind.plural):
                watch = self.watch(kind, resourceVersion=self.version(kind), labelSelector="seen=yes")
                self.create(kind, "labelled")
                self.patch(kind, "labelled", {"metadata": {"labels": {"seen": "yes"}}})
                self.patch(kind, "labelled", {"metadata": {"annotations": {"a": "b"}}})
                self.patch(kind, "labelled", {"metadata": {"labels": {"seen": "no"}}})
                self.patch(kind, "labelled", {"metadata": {"annotations": {"a": "c"}}})
                self.lives(kind, "other", seen="yes")
                expected = [("ADDED", "labelled"), ("MODIFIED", "labelled"), ("DELETED", "labelled"), *life(kind, "other")]
                events = [watch.next() for _ in expected]
                self.assertEqual([brief(event) for event in events], expected)
                # What leaves the selection is shown as it was in it, with the version of the change.
                self.assertEqual(events[2]["object"]["metadata"]["labels"], {"seen": "yes"})

    def test_a_field_that_comes_and_goes_is_an_object_that_comes_and_goes(self):
        watch = self.watch(POD, resourceVersion=self.version(POD), fieldSelector="status.phase=Running")
        self.create(POD, "phases")
        for phase in ("Running", "Succeeded"):
            self.patch(POD, "phases", {"status": {"phase": phase}}, sub="status")
        self.assertEqual(watch.take(2), [("ADDED", "phases"), ("DELETED", "phases")])

    def test_one_name_is_watched(self):
        watch = self.watch(CONFIG_MAP, resourceVersion=self.version(CONFIG_MAP), fieldSelector="metadata.name=mine")
        self.lives(CONFIG_MAP, "theirs")
        self.lives(CONFIG_MAP, "mine")
        self.assertEqual(watch.take(3), [("ADDED", "mine"), ("MODIFIED", "mine"), ("DELETED", "mine")])

    def test_all_namespaces_are_watched_and_one_is(self):
        other = self.make_namespace(service_account=False)
        version = self.version(STATE)
        everywhere, here = self.watch(STATE, "", resourceVersion=version), self.watch(STATE, resourceVersion=version)
        self.ok("POST", STATE.path(other), STATE.make("there"))
        self.create(STATE, "here")
        self.assertEqual(everywhere.take(2), [("ADDED", "there"), ("ADDED", "here")])
        self.assertEqual(here.take(1), [("ADDED", "here")])

    def test_two_watchers_see_the_same(self):
        version = self.version(CHECK)
        both = [self.watch(CHECK, resourceVersion=version) for _ in range(2)]
        self.lives(CHECK, "shared")
        first, second = ([watch.next() for _ in range(3)] for watch in both)
        self.assertEqual(first, second)

    def test_what_is_written_while_it_is_watched_comes_without_delay(self):
        watch = self.watch(CONFIG_MAP, resourceVersion=self.version(CONFIG_MAP))
        started = time.monotonic()
        for number in range(20):
            self.create(CONFIG_MAP, f"quick-{number}")
            self.assertEqual(watch.take(1), [("ADDED", f"quick-{number}")])
        self.assertLess(time.monotonic() - started, 5)

    def test_metadata_alone_can_be_watched(self):
        connection = self.api.connect()
        self.addCleanup(connection.close)
        path = STATE.path(self.namespace, watch=1, resourceVersion=self.version(STATE))
        connection.request("GET", path, headers={
            **self.api.headers, "Accept": "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"})
        response = connection.getresponse()
        self.create(STATE, "slim")
        line = response.readline().decode()
        self.assertIn('"kind":"PartialObjectMetadata"', line)
        self.assertIn('"slim"', line)
        self.assertNotIn('"spec"', line)


class Streams(Conformance):
    def test_a_streamed_list_ends_with_its_bookmark(self):
        for name in ("a", "b"):
            self.create(STATE, name)
        watch = self.watch(STATE, sendInitialEvents="true", resourceVersionMatch="NotOlderThan", allowWatchBookmarks="true")
        self.assertEqual(sorted(watch.take(2)), [("ADDED", "a"), ("ADDED", "b")])
        end = watch.next()
        self.assertEqual((end["type"], end["object"]["kind"], end["object"]["metadata"]["annotations"]),
                         ("BOOKMARK", STATE.kind, BOOKMARK_END))
        self.assertGreaterEqual(int(end["object"]["metadata"]["resourceVersion"]),
                                int(self.get(STATE, "b")["metadata"]["resourceVersion"]))
        self.create(STATE, "c")
        self.assertEqual(watch.take(1), [("ADDED", "c")])

    def test_a_streamed_list_can_be_selected_and_empty(self):
        watch = self.watch(CHECK, sendInitialEvents="true", resourceVersionMatch="NotOlderThan", allowWatchBookmarks="true",
                           labelSelector="none=such")
        self.assertEqual(watch.next()["object"]["metadata"]["annotations"], BOOKMARK_END)

    def test_initial_events_can_be_declined(self):
        self.create(CONFIG_MAP, "there")
        watch = self.watch(CONFIG_MAP, sendInitialEvents="false", resourceVersionMatch="NotOlderThan")
        self.create(CONFIG_MAP, "new")
        self.assertEqual(watch.take(1), [("ADDED", "new")])

    def test_a_bookmark_has_a_version_and_nothing_else(self):
        """kube-apiserver sends one a minute: that none comes in so short a time is no fault."""
        version = self.create(CHECK, "marked")["metadata"]["resourceVersion"]
        watch = self.watch(CHECK, resourceVersion=version, allowWatchBookmarks="true", timeoutSeconds=2)
        while (event := watch.next()) is not None:
            self.assertEqual((event["type"], event["object"]["kind"], event["object"]["apiVersion"]),
                             ("BOOKMARK", CHECK.kind, CHECK.group_version))
            self.assertGreaterEqual(int(event["object"]["metadata"]["resourceVersion"]), int(version))

    def test_without_being_asked_no_bookmark_comes_and_the_time_limit_holds(self):
        started = time.monotonic()
        watch = self.watch(CONFIG_MAP, resourceVersion=self.version(CONFIG_MAP), timeoutSeconds=2)
        self.assertIsNone(watch.next())
        self.assertAlmostEqual(time.monotonic() - started, 2, delta=1.5)


class TooOld(Conformance):
    def test_a_version_that_is_forgotten_is_an_error_event(self):
        """The real server knows nothing of custom resources from before their definition, the embedded one forgot it because of
        what was written since."""
        self.create(STATE, "busy")
        for number in range(210):
            self.patch(STATE, "busy", {"spec": {"uuid": str(number)}})
        for kind in (STATE,):
            with self.subTest(kind.plural):
                event = self.watch(kind, resourceVersion=1).next()
                self.assertEqual(event["type"], "ERROR")
                status = event["object"]
                self.assertEqual({key: status[key] for key in ("kind", "status", "reason", "code")},
                                 {"kind": "Status", "status": "Failure", "reason": "Expired", "code": 410})
                self.assertRegex(status["message"], r"^too old resource version: 1 \(\d+\)$")
