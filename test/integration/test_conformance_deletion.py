"""What a deletion takes with it and what holds it up: owners, namespaces, finalizers, a pod's grace."""

import time

from cluster import eventually
from conformance import CHECK, CONFIG_MAP, MERGE, NAMESPACE, POD, SECRET, STATE, Conformance
from load import timestamp

HOLD = "example.com/hold"


class Deletion(Conformance):
    def owner_of(self, kind, made, **more):
        return {"apiVersion": kind.group_version, "kind": kind.kind, "name": made["metadata"]["name"],
                "uid": made["metadata"]["uid"],
                **more}

    def gone(self, kind, name, within=30):
        eventually(lambda: not self.exists(kind, name), f"{kind.plural} {name} is gone", within)

    def release(self, kind, name):
        self.patch(kind, name, {"metadata": {"finalizers": None}})

    def settle(self):
        """Until the collector has done what it had to do: it works in the order of what it sees."""
        made = self.create(CONFIG_MAP, "settled", ownerReferences=[
            {"apiVersion": "v1", "kind": "ConfigMap", "name": "never", "uid": "00000000-0000-4000-8000-000000000000"}])
        self.gone(CONFIG_MAP, made["metadata"]["name"])


class Owners(Deletion):
    def test_in_the_background_dependents_follow_their_owner(self):
        for policy in ({"propagationPolicy": "Background"}, {}):
            owner = self.create(CHECK, "owner")
            by_check = self.owner_of(CHECK, owner, controller=True, blockOwnerDeletion=True)
            pod = self.create(POD, "dependent", ownerReferences=[by_check])
            self.create(STATE, "dependent", ownerReferences=[self.owner_of(CHECK, owner)])
            self.create(CONFIG_MAP, "grandchild", ownerReferences=[self.owner_of(POD, pod)])
            self.delete(CHECK, "owner", **policy)
            self.assertFalse(self.exists(CHECK, "owner"))  # at once
            for kind, name in ((POD, "dependent"), (STATE, "dependent"), (CONFIG_MAP, "grandchild")):
                self.gone(kind, name)

    def test_in_the_foreground_the_owner_goes_last(self):
        owner = self.create(CONFIG_MAP, "first")
        self.create(STATE, "blocks", finalizers=[HOLD],
                    ownerReferences=[self.owner_of(CONFIG_MAP, owner, blockOwnerDeletion=True)])
        self.create(SECRET, "follows", ownerReferences=[self.owner_of(CONFIG_MAP, owner)])
        answer = self.delete(CONFIG_MAP, "first", propagationPolicy="Foreground")
        self.assertEqual(answer["metadata"]["finalizers"], ["foregroundDeletion"])
        self.assertIn("deletionTimestamp", answer["metadata"])
        self.gone(SECRET, "follows")
        eventually(lambda: "deletionTimestamp" in self.get(STATE, "blocks")["metadata"], "the dependent is deleted")
        self.assertTrue(self.exists(CONFIG_MAP, "first"))
        self.release(STATE, "blocks")
        self.gone(CONFIG_MAP, "first")

    def test_in_the_foreground_only_dependents_that_block_are_waited_for(self):
        owner = self.create(CONFIG_MAP, "impatient")
        self.create(STATE, "lingers", finalizers=[HOLD],
                    ownerReferences=[self.owner_of(CONFIG_MAP, owner, blockOwnerDeletion=False)])
        self.delete(CONFIG_MAP, "impatient", propagationPolicy="Foreground")
        self.gone(CONFIG_MAP, "impatient")
        eventually(lambda: "deletionTimestamp" in self.get(STATE, "lingers")["metadata"], "the dependent is deleted")
        self.release(STATE, "lingers")

    def test_orphans_stay_and_forget_their_owner(self):
        owner = self.create(CHECK, "parent")
        other = self.create(CONFIG_MAP, "other-parent")
        self.create(STATE, "orphan", ownerReferences=[self.owner_of(CHECK, owner)])
        self.create(SECRET, "half-orphan", ownerReferences=[self.owner_of(CHECK, owner), self.owner_of(CONFIG_MAP, other)])
        self.delete(CHECK, "parent", propagationPolicy="Orphan")
        self.gone(CHECK, "parent")
        self.assertNotIn("ownerReferences", self.get(STATE, "orphan")["metadata"])
        self.assertEqual(self.get(SECRET, "half-orphan")["metadata"]["ownerReferences"], [self.owner_of(CONFIG_MAP, other)])

    def test_an_owner_that_never_was_is_as_good_as_deleted(self):
        never = {"apiVersion": "v1", "kind": "ConfigMap", "name": "never", "uid": "11111111-2222-4333-8444-555555555555"}
        self.create(STATE, "of-nobody", ownerReferences=[never])
        self.gone(STATE, "of-nobody")

    def test_an_owner_of_the_same_name_but_another_uid_is_another_one(self):
        self.create(CONFIG_MAP, "namesake")
        stranger = self.owner_of(CONFIG_MAP, {"metadata": {"name": "namesake", "uid": "11111111-2222-4333-8444-666666666666"}})
        self.create(STATE, "mistaken", ownerReferences=[stranger])
        self.gone(STATE, "mistaken")

    def test_one_of_two_owners_is_enough(self):
        first, second = (self.create(CONFIG_MAP, name) for name in ("one-owner", "two-owner"))
        self.create(STATE, "shared", ownerReferences=[self.owner_of(CONFIG_MAP, first), self.owner_of(CONFIG_MAP, second)])
        self.delete(CONFIG_MAP, "one-owner", propagationPolicy="Background")
        eventually(lambda: len(self.get(STATE, "shared")["metadata"]["ownerReferences"]) == 1, "the deleted owner is forgotten")
        self.assertEqual(self.get(STATE, "shared")["metadata"]["ownerReferences"], [self.owner_of(CONFIG_MAP, second)])
        self.delete(CONFIG_MAP, "two-owner", propagationPolicy="Background")
        self.gone(STATE, "shared")

    def test_a_dependent_of_a_living_owner_stays(self):
        self.create(STATE, "stays", ownerReferences=[self.owner_of(CONFIG_MAP, self.create(CONFIG_MAP, "lives"))])
        self.settle()
        self.assertTrue(self.exists(STATE, "stays"))


class Namespaces(Deletion):
    def test_a_namespace_takes_its_content_with_it(self):
        namespace = self.make_namespace()
        for kind in (CONFIG_MAP, SECRET, POD, STATE, CHECK):
            self.ok("POST", kind.path(namespace), kind.make("inside"))
        answer = self.ok("DELETE", NAMESPACE.path(name=namespace))
        self.assertEqual((answer["kind"], answer["status"]["phase"]), ("Namespace", "Terminating"))
        eventually(lambda: self.call("GET", NAMESPACE.path(name=namespace)).status == 404, "the namespace is gone")
        for kind in (CONFIG_MAP, SECRET, POD, STATE, CHECK):
            self.assertEqual(self.ok("GET", kind.path(namespace))["items"], [])

    def test_a_terminating_namespace_takes_nothing_new_and_waits_for_finalizers(self):
        namespace = self.make_namespace()
        self.ok("POST", STATE.path(namespace), STATE.make("held", finalizers=[HOLD]))
        self.ok("DELETE", NAMESPACE.path(name=namespace))
        eventually(lambda: "deletionTimestamp" in self.ok("GET", STATE.path(namespace, "held"))["metadata"],
                   "its content is deleted")
        for kind in (CONFIG_MAP, STATE):
            status = self.refused(403, "Forbidden", "POST", kind.path(namespace), kind.make("new"))
            self.assertIn(f"unable to create new content in namespace {namespace} because it is being terminated",
                          status["message"])
            self.assertEqual(status["details"]["causes"], [
                {"reason": "NamespaceTerminating", "message": f"namespace {namespace} is being terminated",
                 "field": "metadata.namespace"}])
        self.assertEqual(self.ok("GET", NAMESPACE.path(name=namespace))["status"]["phase"], "Terminating")
        self.ok("PATCH", STATE.path(namespace, "held"), {"metadata": {"finalizers": None}}, MERGE)
        eventually(lambda: self.call("GET", NAMESPACE.path(name=namespace)).status == 404, "the namespace is gone")


class Finalizers(Deletion):
    def test_a_finalizer_holds_an_object(self):
        for kind in (CONFIG_MAP, STATE):
            with self.subTest(kind.plural):
                self.create(kind, "held", finalizers=[HOLD])
                answer = self.delete(kind, "held")
                self.assertEqual((answer["kind"], answer["metadata"]["finalizers"]), (kind.kind, [HOLD]))
                self.assertIn("deletionTimestamp", answer["metadata"])
                self.assertEqual(answer["metadata"]["deletionGracePeriodSeconds"], 0)
                again = self.delete(kind, "held")
                self.assertEqual(again["metadata"]["deletionTimestamp"], answer["metadata"]["deletionTimestamp"])
                self.patch(kind, "held", {"metadata": {"labels": {"still": "writable"}}})
                status = self.refused(422, "Invalid", "PATCH", kind.path(self.namespace, "held"),
                                      {"metadata": {"finalizers": [HOLD, "example.com/another"]}}, MERGE)
                self.assertIn("metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted",
                              status["message"])
                self.release(kind, "held")
                self.assertFalse(self.exists(kind, "held"))

    def test_a_watch_sees_the_change_and_then_the_end(self):
        watch = self.watch(STATE, resourceVersion=self.version(STATE))
        self.create(STATE, "watched", finalizers=[HOLD])
        self.delete(STATE, "watched")
        self.release(STATE, "watched")
        self.assertEqual(watch.take(3), [("ADDED", "watched"), ("MODIFIED", "watched"), ("DELETED", "watched")])


class Grace(Deletion):
    def bound(self, name, **spec):
        return self.create(POD, name, {"spec": {**POD.body["spec"], "nodeName": "node-1", **spec}})

    def test_a_pod_on_a_node_waits_for_its_node(self):
        for name, spec, options, grace in (("usual", {}, {}, 30), ("own", {"terminationGracePeriodSeconds": 7}, {}, 7),
                                           ("asked", {}, {"gracePeriodSeconds": 3}, 3)):
            with self.subTest(name):
                self.bound(name, **spec)
                answer = self.delete(POD, name, **options)["metadata"]
                self.assertEqual(answer["deletionGracePeriodSeconds"], grace)
                self.assertAlmostEqual(timestamp(answer["deletionTimestamp"]), time.time() + grace, delta=3)
                self.assertTrue(self.exists(POD, name))
                # The node says that it has ended.
                self.delete(POD, name, gracePeriodSeconds=0)
                self.assertFalse(self.exists(POD, name))

    def test_grace_can_be_shortened_but_not_lengthened(self):
        self.bound("shortened")
        self.delete(POD, "shortened", gracePeriodSeconds=20)
        for asked, left in ((60, 20), (5, 5), (None, 5)):
            options = {} if asked is None else {"gracePeriodSeconds": asked}
            self.assertEqual(self.delete(POD, "shortened", **options)["metadata"]["deletionGracePeriodSeconds"], left)
        self.delete(POD, "shortened", gracePeriodSeconds=0)

    def test_a_pod_that_no_node_runs_vanishes_at_once(self):
        self.create(POD, "unbound")
        self.delete(POD, "unbound")
        self.assertFalse(self.exists(POD, "unbound"))
        for phase in ("Succeeded", "Failed"):
            self.bound("ended")
            self.patch(POD, "ended", {"status": {"phase": phase}}, sub="status")
            self.delete(POD, "ended")
            self.assertFalse(self.exists(POD, "ended"))

    def test_the_uid_of_a_pod_is_held(self):
        self.bound("guarded")
        self.refused(409, "Conflict", "DELETE", POD.path(self.namespace, "guarded"),
                     {"gracePeriodSeconds": 0, "preconditions": {"uid": "00000000-0000-4000-8000-000000000000"}})
        self.assertTrue(self.exists(POD, "guarded"))
        self.delete(POD, "guarded", gracePeriodSeconds=0)

    def test_the_query_says_it_as_well_as_the_body(self):
        self.bound("queried")
        self.ok("DELETE", POD.path(self.namespace, "queried", gracePeriodSeconds=0))
        self.assertFalse(self.exists(POD, "queried"))
        self.create(CONFIG_MAP, "queried", finalizers=[HOLD])
        answer = self.ok("DELETE", CONFIG_MAP.path(self.namespace, "queried", propagationPolicy="Foreground"))
        self.assertEqual(set(answer["metadata"]["finalizers"]), {HOLD, "foregroundDeletion"})
        eventually(lambda: self.get(CONFIG_MAP, "queried")["metadata"]["finalizers"] == [HOLD], "no dependent is waited for")
        self.release(CONFIG_MAP, "queried")

    def test_a_pod_is_bound_by_its_binding(self):
        self.create(POD, "binds")
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "binds"},
                   "target": {"apiVersion": "v1", "kind": "Node", "name": "node-2"}}
        self.assertEqual(self.ok("POST", POD.path(self.namespace, "binds", "binding"), binding)["status"], "Success")
        pod = self.get(POD, "binds")
        self.assertEqual(pod["spec"]["nodeName"], "node-2")
        self.assertEqual([(c["type"], c["status"]) for c in pod["status"]["conditions"]], [("PodScheduled", "True")])
        self.refused(409, "Conflict", "POST", POD.path(self.namespace, "binds", "binding"), binding)
        self.delete(POD, "binds", gracePeriodSeconds=0)
