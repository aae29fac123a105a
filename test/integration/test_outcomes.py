"""Each way in which a run can end without its report, and each spec that cannot be run: an outcome and a text of its own."""

import re

from api import pods_path
from case import Case, only_on, pod_spec
from cluster import eventually

# fate, timeout, outcome, what the error says after "Check execution error: <namespace>/<name>: "
ENDINGS = {
    "runs-on": ("6s", "TimedOutBeforeReport", ["timed out waiting for checker pod to report in", "main"]),
    "never-starts": ("6s", "TimedOutBeforeStart", ["failed to see pod running within timeout"]),
    "unschedulable": ("6s", "TimedOutBeforeStart", ["failed to see pod running within timeout", "Insufficient cpu"]),
    "image-missing": ("6s", "CouldNotStart", ["error when waiting for pod to start: ErrImagePull", "example/none:1 not found"]),
    "image-name-invalid": ("10m", "CouldNotStart",
                           ["error when waiting for pod to start: InvalidImageName", "invalid reference format"]),
    "exits-3": ("10m", "EndedWithoutReport", ["main", "3", "panic: no such host"]),
    "ends-quietly": ("10m", "EndedWithoutReport", ["main"]),
    "deleted": ("10m", "PodDeleted", ["pod deleted unexpectedly"]),
    "evicted": ("10m", "Infrastructure", ["low on resource: memory"]),
}


class Outcomes(Case):
    checks = {fate: {"fate": fate, "timeout": timeout} for fate, (timeout, _, _) in ENDINGS.items()}

    def test_every_ending_has_its_outcome_and_text(self):
        for name, (_, outcome, words) in ENDINGS.items():
            with self.subTest(name):
                spec = self.wait_for_outcome(name, outcome)["spec"]
                self.assertIs(spec["OK"], False)
                self.assertEqual(len(spec["Errors"]), 1)
                error = spec["Errors"][0]
                self.assertTrue(error.startswith(f"Check execution error: {self.namespace}/{name}: "), error)
                for word in words:
                    self.assertIn(word, error)
                pod = self.kubelet.pods(self.namespace, name)[0]
                self.assertIn(pod["metadata"]["name"], error)

    def test_the_outcome_is_a_metric(self):
        self.wait_for_outcome("deleted", "PodDeleted")
        label = f'check="{self.namespace}/deleted",namespace="{self.namespace}",reason="PodDeleted"'
        eventually(lambda: self.controller.metric("kuberhealthy_check_outcome").get(label) == 1, label)

    def test_what_may_heal_is_visible_at_once_and_is_no_failure_yet(self):
        self.apply_check("will-wait", fate="image-missing", timeout="10m")
        eventually(lambda: self.waits_for("will-wait") == "ErrImagePull", "the reason is a metric", within=45)
        self.assertIsNone(self.state("will-wait"))

    def waits_for(self, check, namespace=None):
        """The reason label of the series that says why a run does not start."""
        for labels in self.controller.metric("kuberhealthy_check_waiting"):
            if f'check="{namespace or self.namespace}/{check}"' in labels:
                return re.search(r'reason="([^"]*)"', labels).group(1)
        return None

    def test_a_pod_beyond_its_deadline_is_deleted(self):
        self.wait_for_outcome("runs-on", "TimedOutBeforeReport")
        eventually(lambda: not self.live_pods("runs-on"), "the pod is gone")

    def test_an_evicted_run_gets_one_retry(self):
        self.apply_check("evicted-once", fate="evicted-once", timeout="10m")
        self.wait_for_outcome("evicted-once", "Passed")
        first, retry = [pod["metadata"]["name"] for pod in self.kubelet.pods(self.namespace, "evicted-once")]
        self.assertEqual(retry, f"{first}-r1")

    def test_a_pod_that_the_api_server_refuses_could_not_start(self):
        self.apply_check("no-such-field-value", spec=pod_spec({"name": "Not A Name", "image": "a"}))
        error = self.wait_for_outcome("no-such-field-value", "CouldNotStart")["spec"]["Errors"][0]
        self.assertIn("failed to create pod for checker: ", error)
        self.assertIn("Not A Name", error)

    @only_on("real", "pods are refused while their service account is not there")
    def test_a_refusal_that_may_heal_is_visible_and_then_heals(self):
        namespace = self.make_namespace(service_account=False)
        self.apply_check("early", namespace=namespace, interval="5s", timeout="5m")
        eventually(lambda: self.waits_for("early", namespace), "the refusal is visible", within=45)
        self.assertIsNone(self.state("early", namespace))
        self.cluster.admin.create(f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "default"}})
        eventually(lambda: self.state("early", namespace), "it runs", within=90)
        self.assertEqual(self.annotation(self.state("early", namespace), "outcome"), "Passed")

    def test_a_terminating_pod_blocks_nothing(self):
        self.apply_check("clings", fate="runs-on", interval="3s", timeout="3s", annotations={"test/holds-on": "yes"})
        eventually(lambda: len(self.kubelet.pods(self.namespace, "clings")) >= 3, "three runs, none of which leaves")
        for pod in self.live_pods("clings"):
            self.cluster.admin.delete(pods_path(self.namespace, pod["metadata"]["name"]), grace=0)


BAD_SPECS = {
    "interval-is-no-duration": ({"interval": "often"}, "runInterval"),
    "interval-is-zero": ({"interval": "0s"}, "runInterval"),
    "interval-is-negative": ({"interval": "-5s"}, "runInterval"),
    "interval-is-beyond-counting": ({"interval": "99999999999h"}, "runInterval"),
    "timeout-is-no-duration": ({"timeout": "5 minutes"}, "timeout"),
    "timeout-is-zero": ({"timeout": "0s"}, "timeout"),
    "timeout-is-beyond-counting": ({"timeout": "99999999999h"}, "timeout"),
    "no-containers": ({"spec": {"containers": []}}, "containers"),
    "no-image": ({"spec": {"containers": [{"name": "main"}]}}, "image"),
    "too-long-a-name" + "-" * 3 + "x" * 60: ({}, "name"),
}


class BadSpecs(Case):
    checks = {**{name: options for name, (options, _) in BAD_SPECS.items()}, "good": {"interval": "1s"}}

    def test_the_state_names_the_field_and_nothing_is_run(self):
        for name, (_, field) in BAD_SPECS.items():
            with self.subTest(name):
                spec = self.wait_for_outcome(name, "Invalid")["spec"]
                self.assertIs(spec["OK"], False)
                self.assertTrue(spec["Errors"][0].startswith(f"Check execution error: {self.namespace}/{name}: "), spec["Errors"])
                self.assertIn(field, spec["Errors"][0])
                self.assertEqual(self.kubelet.pods(self.namespace, name), [])

    def test_the_others_go_on(self):
        for name in BAD_SPECS:
            self.wait_for_outcome(name, "Invalid")
        slot = self.annotation(self.wait_for_outcome("good", "Passed"), "slot")
        self.wait_for_state("good", lambda state: int(self.annotation(state, "slot")) > int(slot))

    def test_a_corrected_spec_is_run_at_once(self):
        self.apply_check("corrected", timeout="soon")
        self.wait_for_outcome("corrected", "Invalid")
        self.edit_check("corrected", timeout="30s")
        self.wait_for_outcome("corrected", "Passed")

    def test_blank_durations_are_v2s_defaults(self):
        self.apply_check("blank", interval="", timeout="", fate="runs-on")
        pod = self.wait_for_running_pod("blank")
        self.assertAlmostEqual(int(self.annotation(pod, "deadline")), int(self.annotation(pod, "slot")) + 300, delta=5)
