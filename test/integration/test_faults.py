"""What must hold when the process or the API server goes away."""

import threading
import time

from case import Case, secret_of
from client import GoClient
from cluster import eventually


class Sender(threading.Thread):
    """A report whose answer is awaited beside the case."""

    def __init__(self, controller, pod, ok=True, errors=()):
        super().__init__(daemon=True)
        self.client = GoClient(controller.report_url, secret_of(pod))
        self.content = (ok, list(errors))
        self.reply = None
        self.start()

    def run(self):
        try:
            self.reply = self.client.report(*self.content)
        except OSError as error:
            self.reply = error

    def answer(self, within=60):
        self.join(within)
        assert self.reply is not None, f"no answer within {within} s"
        return self.reply


class Kills(Case):
    def test_a_run_in_flight_goes_on_after_a_kill(self):
        self.apply_check("in-flight", fate="runs-on", interval="1h", timeout="10m")
        pod = self.wait_for_running_pod("in-flight")
        self.controller.kill()
        self.controller.start()
        self.assertEqual(self.report(pod).status, 200)
        state = self.wait_for_outcome("in-flight", "Passed")
        self.assertEqual(self.annotation(state, "slot"), self.annotation(pod, "slot"))
        self.assertEqual(len(self.kubelet.pods(self.namespace, "in-flight")), 1)

    def test_what_ended_while_it_was_away_is_judged(self):
        self.apply_check("ended", fate="runs-on", interval="1h", timeout="10m")
        pod = self.wait_for_running_pod("ended")
        self.assertEqual(self.report(pod).status, 200)
        self.edit_check("ended", timeout="11m")
        pod = self.wait_for_pod("ended", lambda p: self.annotation(p, "generation") == "2" and p["status"]["phase"] == "Running")
        self.controller.kill()
        self.kubelet.ended(pod, code=1)
        self.controller.start()
        self.wait_for_outcome("ended", "EndedWithoutReport")

    def test_no_slot_runs_twice_whenever_it_is_killed(self):
        self.apply_check("steady", interval="2s", timeout="20s")
        self.wait_for_outcome("steady", "Passed")
        for wait_for in (self.next_pod, self.next_result, self.next_pod, self.next_result):
            wait_for("steady")
            self.controller.kill()
            self.controller.start()
        self.next_result("steady")
        pods = self.kubelet.pods(self.namespace, "steady")
        slots = [self.annotation(pod, "slot") for pod in pods]
        self.assertEqual(len(slots), len(set(slots)))
        on_grid = {int(slot) % 2 for slot in slots[1:]}
        self.assertEqual(len(on_grid), 1, slots)

    def next_pod(self, check):
        count = len(self.kubelet.pods(self.namespace, check))
        eventually(lambda: len(self.kubelet.pods(self.namespace, check)) > count, f"the next pod of {check}")

    def next_result(self, check):
        slot = self.annotation(self.state(check), "slot")
        self.wait_for_state(check, lambda state: self.annotation(state, "slot") != slot)


class Outages(Case):
    def tearDown(self):
        if self.cluster.apiserver.poll() is not None:
            self.cluster.restart_apiserver()

    def running(self, name):
        self.apply_check(name, fate="runs-on", interval="1h", timeout="20m")
        pod = self.wait_for_running_pod(name)
        # The controller must have seen the pod, or the report below could be held for another reason.
        eventually(lambda: pod["metadata"]["name"] in self.controller.log(), "the controller has created it")
        return pod

    def test_a_report_is_held_while_the_api_server_restarts(self):
        pod = self.running("held")
        self.cluster.kill_apiserver()
        sender = Sender(self.controller, pod)
        eventually(lambda: self.controller.metric("kuberhealthy_reports_held") == {"": 1}, "the report is held")
        self.cluster.restart_apiserver()
        self.assertEqual(sender.answer().status, 200)
        self.assertEqual(self.annotation(self.state("held"), "outcome"), "Passed")

    def test_a_report_outlives_an_outage_that_is_longer_than_its_wait(self):
        pod = self.running("kept")
        self.cluster.kill_apiserver()
        reply = Sender(self.controller, pod).answer()
        self.assertEqual((reply.status, reply.body, reply.headers["content-length"]), (503, b"", "0"))
        self.assertIn("retry-after", reply.headers)
        # It goes on taking reports: it stays ready, and says in the body what is wrong.
        ready = self.controller.get("/readyz")
        self.assertEqual(ready.status, 200)
        self.assertIs(ready.json()["apiServer"]["reachable"], False)
        self.assertEqual(self.controller.metric("kuberhealthy_api_server_reachable"), {"": 0})
        self.cluster.restart_apiserver()
        self.wait_for_outcome("kept", "Passed")
        self.assertEqual(self.report(pod).status, 200)

    def test_runs_go_on_after_an_outage(self):
        self.apply_check("goes-on", interval="2s", timeout="20s")
        slot = int(self.annotation(self.wait_for_outcome("goes-on", "Passed"), "slot"))
        self.cluster.kill_apiserver()
        self.cluster.restart_apiserver()
        restarted = time.time()
        self.wait_for_state("goes-on", lambda state: int(self.annotation(state, "slot")) >= restarted, within=60)
        self.assertGreater(int(self.annotation(self.state("goes-on"), "slot")), slot)


class Start(Case):
    start_controller = False

    def test_it_waits_for_an_api_server_that_is_away_at_the_start(self):
        self.apply_check("patient", interval="1s")
        self.cluster.kill_apiserver()
        try:
            self.controller.start(ready=False)
            eventually(self.is_alive, "/healthz is 200")
            self.assertEqual(self.controller.get("/readyz").status, 503)
        finally:
            self.cluster.restart_apiserver()
        self.controller.wait_ready(60)
        self.wait_for_outcome("patient", "Passed")

    def is_alive(self):
        try:
            return self.controller.get("/healthz").status == 200
        except OSError:
            return False


class Stop(Case):
    def test_sigterm_ends_it_at_once_when_nothing_is_held(self):
        self.apply_check("left-running", fate="runs-on", interval="1h", timeout="10m")
        pod = self.wait_for_running_pod("left-running")
        code, seconds = self.controller.stop()
        self.assertEqual(code, 0)
        self.assertLess(seconds, 10)
        self.assertIn(pod["metadata"]["name"], [live["metadata"]["name"] for live in self.live_pods("left-running")])
        self.controller.start()

    def test_sigterm_waits_for_a_report_that_is_held(self):
        self.apply_check("last-word", fate="runs-on", interval="1h", timeout="10m")
        pod = self.wait_for_running_pod("last-word")
        eventually(lambda: pod["metadata"]["name"] in self.controller.log(), "the controller has created it")
        self.cluster.kill_apiserver()
        sender = Sender(self.controller, pod)
        ended = []
        try:
            eventually(lambda: self.controller.metric("kuberhealthy_reports_held") == {"": 1}, "the report is held")
            stopper = threading.Thread(target=lambda: ended.append(self.controller.stop()))
            stopper.start()
        finally:
            self.cluster.restart_apiserver()
        stopper.join(90)
        self.assertEqual(sender.answer().status, 200)
        self.assertEqual(ended[0][0], 0)
        self.assertEqual(self.annotation(self.state("last-word"), "outcome"), "Passed")
        self.controller.start()
