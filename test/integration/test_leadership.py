"""Two replicas: one leads, both take reports, and nothing runs or counts twice whoever goes away."""

import signal
import threading

from case import Case, only_on, secret_of
from client import GoClient
from cluster import eventually
from controller import Controller

LEASE = "/apis/coordination.k8s.io/v1/namespaces/kuberhealthy/leases/kuberhealthy"
LEASE_LENGTH = 15


class Replicas(Case):
    start_controller = False
    checks = {"in-flight": {"fate": "runs-on", "timeout": "20m"}, "every-2-s": {"interval": "2s", "timeout": "30s"}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.replicas = []
        for name in ("kuberhealthy-a", "kuberhealthy-b"):
            replica = Controller(cls.binary, cls.cluster, env={"POD_NAME": name})
            cls.replicas.append(replica)
            cls.addClassCleanup(lambda one=replica: one.is_running() and one.kill())
            replica.start()

    def lease(self):
        return self.cluster.admin.get(LEASE)

    def holder(self):
        lease = self.lease()
        return lease["spec"].get("holderIdentity", "") if lease else ""

    def leader_and_follower(self):
        """Once both say the same, and the lease as well."""
        def agreed():
            masters = {replica.status()["CurrentMaster"] for replica in self.replicas if replica.is_running()}
            leading = [replica for replica in self.replicas
                       if replica.is_running() and replica.metric("kuberhealthy_leading") == {"": 1}]
            return leading if len(leading) == 1 and masters == {self.holder()} else None

        leader = eventually(agreed, "one leader of whom all know", within=3 * LEASE_LENGTH)[0]
        return leader, next(replica for replica in self.replicas if replica is not leader)

    def assert_no_slot_ran_twice(self):
        slots = [self.annotation(pod, "slot") for pod in self.kubelet.pods(self.namespace, "every-2-s")]
        self.assertEqual(len(slots), len(set(slots)), slots)

    def next_result(self, check):
        before = self.state(check)
        slot = self.annotation(before, "slot") if before else None
        self.wait_for_state(check, lambda state: self.annotation(state, "slot") != slot, within=3 * LEASE_LENGTH)

    def test_the_lease_is_as_client_go_writes_it(self):
        leader, _ = self.leader_and_follower()
        spec = self.lease()["spec"]
        self.assertEqual(spec["holderIdentity"], leader.environment["POD_NAME"])
        self.assertEqual(spec["leaseDurationSeconds"], LEASE_LENGTH)
        for field in ("acquireTime", "renewTime"):
            self.assertRegex(spec[field], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
        self.assertGreaterEqual(spec["leaseTransitions"], 0)
        renewed = spec["renewTime"]
        eventually(lambda: self.lease()["spec"]["renewTime"] > renewed, "it is renewed")

    def test_a_follower_takes_reports_and_shows_all_results(self):
        leader, follower = self.leader_and_follower()
        pod = self.wait_for_running_pod("in-flight")
        reply = GoClient(follower.report_url, secret_of(pod)).report(False, ["said to the follower"])
        self.assertEqual(reply.status, 200)
        self.assertEqual(self.state("in-flight")["spec"]["Errors"], ["said to the follower"])
        for replica in (leader, follower):
            details = eventually(lambda one=replica: one.status()["CheckDetails"].get(f"{self.namespace}/in-flight"), "it is shown")
            self.assertEqual(details["Errors"], ["said to the follower"])
            self.assertEqual(replica.get("/readyz").status, 200)
            self.assertEqual(replica.get("/livez").status, 200)
        # The same to the other one is a repeat.
        self.assertEqual(GoClient(leader.report_url, secret_of(pod)).report(False, ["said to the follower"]).status, 200)
        self.edit_check("in-flight", timeout="21m")

    def test_sigterm_hands_the_lease_over_long_before_its_end(self):
        leader, follower = self.leader_and_follower()
        changes = self.lease()["spec"]["leaseTransitions"]
        code, _ = leader.stop()
        self.assertEqual(code, 0)
        eventually(lambda: self.holder() == follower.environment["POD_NAME"], "the follower holds it", within=LEASE_LENGTH / 3)
        self.assertEqual(self.lease()["spec"]["leaseTransitions"], changes + 1)
        leader.start()
        self.next_result("every-2-s")
        self.assert_no_slot_ran_twice()

    def test_after_sigterm_requests_are_taken_until_the_service_may_have_heard_of_it(self):
        leader, follower = self.leader_and_follower()
        leader.config.write_text(leader.config_text(shutdownDelay="4s"))
        eventually(lambda: "shutdownDelay" in leader.log(), "the file is read again")
        self.next_result("every-2-s")
        pod = self.wait_for_running_pod("in-flight")
        ended = []
        stopper = threading.Thread(target=lambda: ended.append(leader.stop()))
        stopper.start()
        eventually(lambda: self.holder() == follower.environment["POD_NAME"], "the follower holds it", within=3)
        ready = leader.get("/readyz")
        self.assertEqual((ready.status, ready.json()["reason"]), (503, "draining"))
        self.assertEqual(GoClient(leader.report_url, secret_of(pod)).report(True, []).status, 200)
        self.assertIn("CheckDetails", leader.status())
        self.next_result("every-2-s")
        stopper.join(60)
        code, seconds = ended[0]
        self.assertEqual(code, 0)
        self.assertGreater(seconds, 3.9)
        with self.assertRaises(ConnectionRefusedError):
            leader.get("/readyz")
        leader.config.write_text(leader.config_text())
        leader.start()
        self.edit_check("in-flight", timeout="23m")
        self.assert_no_slot_ran_twice()

    def test_a_killed_leader_is_followed_and_its_run_goes_on(self):
        leader, follower = self.leader_and_follower()
        self.next_result("every-2-s")
        pod = self.wait_for_running_pod("in-flight")
        leader.kill()
        eventually(lambda: self.holder() == follower.environment["POD_NAME"], "the follower leads", within=3 * LEASE_LENGTH)
        self.assertEqual(GoClient(follower.report_url, secret_of(pod)).report(True, []).status, 200)
        self.next_result("every-2-s")
        leader.start()
        self.edit_check("in-flight", timeout="22m")
        self.assert_no_slot_ran_twice()

    def test_a_leader_that_was_stopped_for_longer_than_the_lease_does_nothing_when_it_goes_on(self):
        leader, follower = self.leader_and_follower()
        leader.process.send_signal(signal.SIGSTOP)
        try:
            eventually(lambda: self.holder() == follower.environment["POD_NAME"], "the other leads", within=3 * LEASE_LENGTH)
            self.next_result("every-2-s")
        finally:
            leader.process.send_signal(signal.SIGCONT)
        self.assertIs(self.leader_and_follower()[0], follower)
        self.next_result("every-2-s")
        self.assert_no_slot_ran_twice()

    def test_a_lease_that_is_deleted_by_hand_is_made_again(self):
        self.leader_and_follower()
        uid = self.lease()["metadata"]["uid"]
        self.cluster.admin.delete(LEASE)
        eventually(lambda: (self.lease() or {"metadata": {"uid": uid}})["metadata"]["uid"] != uid, "there is another")
        self.leader_and_follower()
        self.next_result("every-2-s")
        self.assert_no_slot_ran_twice()


class WithoutElection(Case):
    start_controller = False

    def test_a_replica_that_is_alone_needs_no_lease(self):
        self.cluster.admin.delete(LEASE)
        self.controller.command += ["--leader-election", "false"]
        self.controller.start()
        self.apply_check("alone")
        self.wait_for_outcome("alone", "Passed")
        self.assertIsNone(self.cluster.admin.get(LEASE))
        self.assertEqual(self.controller.status()["CurrentMaster"], self.controller.environment["POD_NAME"])


@only_on("embedded", "elsewhere the rights in that namespace are missing first, which test_manifests is about")
class WithoutNamespace(Case):
    start_controller = False

    def test_it_says_why_nothing_runs_and_begins_when_the_namespace_is_there(self):
        self.controller.environment["POD_NAMESPACE"] = "made-later"
        self.controller.start()
        self.apply_check("patient")
        eventually(lambda: "the lease cannot be read or written" in self.controller.log(), "the log says so")
        self.assertIn('namespaces \\"made-later\\" not found', self.controller.log())
        self.assertEqual(self.controller.metric("kuberhealthy_leading"), {"": 0})
        self.assertEqual(self.controller.get("/livez").status, 200)
        self.make_namespace("made-later")
        self.wait_for_outcome("patient", "Passed")
