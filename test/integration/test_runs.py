"""From kubectl apply to a stored result."""

import re
import time

from api import custom_path, pods_path
from case import OURS, Case, pod_spec, secret_of
from cluster import eventually
from controller import POD_NAME

UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class Runs(Case):
    checks = {
        "passing": {},
        "failing": {"fate": "fails"},
        "decorated": {
            "fate": "runs-on",
            "timeout": "10m",
            "extraLabels": {"team": "network", "app": "mine"},
            "annotations": {"note": "from the user"},
            "spec": {
                **pod_spec({"name": "main", "image": "example/check:1",
                            "env": [{"name": "KH_RUN_UUID", "value": "forged"}, {"name": "TARGET", "value": "x"}]},
                           {"name": "second", "image": "example/second:1"}),
                "initContainers": [{"name": "before", "image": "example/before:1"}],
                "restartPolicy": "Always",
                "hostUsers": True,
            },
        },
        "edited": {"fate": "runs-on", "timeout": "10m", "annotations": {"test/holds-on": "yes"}},
        "beside-the-edited": {"fate": "runs-on", "timeout": "10m"},
        "removed": {"fate": "runs-on", "timeout": "10m"},
        "collected": {},
        "with-sidecar": {"fate": "sidecar", "spec": pod_spec({"name": "main", "image": "a"}, {"name": "mesh", "image": "b"})},
        "without-header": {"fate": "no-header"},
        "said-twice": {"fate": "twice"},
        "every-2-s": {"interval": "2s", "timeout": "20s"},
        "job": {"kind": "KuberhealthyJob"},
        "failing-job": {"kind": "KuberhealthyJob", "fate": "fails"},
        "silent-job": {"kind": "KuberhealthyJob", "fate": "ends-quietly"},
    }

    def test_a_check_is_seen_and_run_soon_after_kubectl_apply(self):
        applied = time.time()
        self.kubectl_apply(self.check_object("applied", interval="10s"))
        pod = self.wait_for_pod("applied")
        # The first slot is at most ten seconds after the creation; the rest is for the watch and the create.
        self.assertLess(time.time() - applied, 13)
        self.assertEqual(pod["metadata"]["name"], f"applied-{self.annotation(pod, 'slot')}")
        self.wait_for_outcome("applied", "Passed")

    def test_a_result_is_stored_as_v2_stores_it(self):
        state = self.wait_for_outcome("passing", "Passed")
        spec = state["spec"]
        self.assertEqual(sorted(spec),
                         ["AuthoritativePod", "Errors", "LastRun", "Namespace", "Node", "OK", "RunDuration", "uuid"])
        self.assertIs(spec["OK"], True)
        self.assertEqual(spec["Errors"], [])
        self.assertEqual(spec["Namespace"], self.namespace)
        self.assertEqual(spec["Node"], "node-1")
        self.assertEqual(spec["AuthoritativePod"], POD_NAME)
        self.assertRegex(spec["LastRun"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertRegex(spec["RunDuration"], r"^(\d+(\.\d+)?(ns|µs|ms|s|m|h))+$")
        self.assertRegex(spec["uuid"], f"^{UUID}$")
        check = self.cluster.admin.get(custom_path("khchecks", self.namespace, "passing"))
        self.assertEqual(self.annotation(state, "owner-uid"), check["metadata"]["uid"])
        self.assertEqual(self.annotation(state, "generation"), "1")
        pod = self.kubelet.pods(self.namespace, "passing")[0]
        self.assertEqual(self.annotation(state, "slot"), self.annotation(pod, "slot"))
        self.assertEqual(pod["metadata"]["labels"]["kuberhealthy-run-id"], spec["uuid"])

    def test_kubectl_get_khstate_shows_the_result(self):
        self.wait_for_outcome("passing", "Passed")
        header, row = self.cluster.kubectl("get", "khstate", "-n", self.namespace, "passing").splitlines()
        self.assertEqual(re.split(r"\s{2,}", header.strip()), ["NAME", "OK", "AGE LASTRUN", "AGE"])
        self.assertEqual(row.split()[:2], ["passing", "true"])

    def test_a_failing_report_is_stored_with_its_errors(self):
        spec = self.wait_for_outcome("failing", "Failed")["spec"]
        self.assertIs(spec["OK"], False)
        self.assertEqual(spec["Errors"], ["the target said 503", 'a second "line"'])

    def test_the_pod_carries_what_v2s_check_images_rely_on(self):
        pod = self.wait_for_running_pod("decorated")
        meta, spec = pod["metadata"], pod["spec"]
        check = self.cluster.admin.get(custom_path("khchecks", self.namespace, "decorated"))
        self.assertEqual(meta["labels"]["app"], "kuberhealthy-check")
        self.assertEqual(meta["labels"]["kuberhealthy-check-name"], "decorated")
        self.assertRegex(meta["labels"]["kuberhealthy-run-id"], f"^{UUID}$")
        self.assertEqual(meta["labels"]["team"], "network")
        self.assertEqual(meta["annotations"]["comcast.github.io/check-name"], "decorated")
        self.assertEqual(meta["annotations"]["note"], "from the user")
        self.assertEqual(meta["annotations"][OURS + "check-uid"], check["metadata"]["uid"])
        owner = meta["ownerReferences"][0]
        self.assertEqual((owner["apiVersion"], owner["kind"], owner["name"], owner["uid"]),
                         ("comcast.github.io/v1", "KuberhealthyCheck", "decorated", check["metadata"]["uid"]))
        self.assertEqual(spec["restartPolicy"], "Never")
        self.assertIs(spec["hostUsers"], True)
        slot = int(self.annotation(pod, "slot"))
        for container in spec["containers"]:
            env = container["env"]
            self.assertEqual([entry["name"] for entry in env[-4:]],
                             ["KH_REPORTING_URL", "KH_RUN_UUID", "KH_CHECK_RUN_DEADLINE", "KH_POD_NAMESPACE"])
            self.assertEqual(env[-4]["value"], self.controller.report_url)
            self.assertRegex(env[-3]["value"], f"^{UUID}$")
            self.assertAlmostEqual(int(env[-2]["value"]), slot + 600, delta=5)
            self.assertEqual(env[-1]["valueFrom"]["fieldRef"]["fieldPath"], "metadata.namespace")
            self.assertEqual(sum(entry["name"] == "KH_RUN_UUID" for entry in env), 1)
        self.assertEqual(spec["containers"][0]["env"][0], {"name": "TARGET", "value": "x"})
        self.assertNotIn("env", spec["initContainers"][0])

    def test_the_secret_stands_in_the_pods_spec_and_nowhere_else(self):
        self.wait_for_outcome("passing", "Passed")
        pod = self.kubelet.pods(self.namespace, "passing")[0]
        secret = secret_of(pod)
        places = {
            "the pod's metadata": str(pod["metadata"]),
            "the state": str(self.state("passing")),
            "the status page": self.controller.get("/status").body.decode(),
            "the metrics": self.controller.get("/metrics").body.decode(),
            "the log": self.controller.log(),
        }
        for place, text in places.items():
            self.assertNotIn(secret, text, place)

    def test_an_edit_supersedes_the_run_in_flight(self):
        old = self.wait_for_running_pod("edited")
        other = self.wait_for_running_pod("beside-the-edited")
        self.edit_check("edited", extraLabels={"edition": "2"})
        new = self.wait_for_pod("edited", lambda pod: pod["metadata"]["labels"].get("edition") == "2")
        eventually(lambda: self.cluster.admin.get(pods_path(self.namespace, old["metadata"]["name"]))["metadata"]
                   .get("deletionTimestamp"), "the superseded pod is deleted")
        # It is still there for its grace period, and its program does not know yet.
        refused = self.report(old)
        self.assertEqual(refused.status, 400)
        self.assertIn("superseded", refused.json()["error"])
        self.assertIsNone(self.state("edited"))
        self.assertEqual(self.annotation(new, "generation"), "2")
        self.assertEqual(self.report(new).status, 200)
        self.assertEqual(self.annotation(self.state("edited"), "slot"), self.annotation(new, "slot"))
        # The run of another check went on all the while.
        self.assertEqual([pod["metadata"]["uid"] for pod in self.live_pods("beside-the-edited")], [other["metadata"]["uid"]])
        self.assertEqual(self.report(other).status, 200)

    def test_a_deleted_check_leaves_no_pod_and_no_state(self):
        pod = self.wait_for_running_pod("removed")
        self.assertEqual(self.report(pod).status, 200)
        self.assertIsNotNone(self.state("removed"))
        self.delete_check("removed")
        eventually(lambda: not self.live_pods("removed") and self.state("removed") is None, "pod and state are gone")
        self.assertEqual(self.report(pod).status, 400)
        eventually(lambda: f"{self.namespace}/removed" not in self.controller.status()["CheckDetails"], "not on the status page")

    def test_a_finished_pod_that_the_cluster_collects_keeps_its_result(self):
        stored = self.wait_for_outcome("collected", "Passed")
        pod = self.wait_for_pod("collected", lambda pod: pod["status"]["phase"] == "Succeeded")
        self.cluster.admin.delete(pods_path(self.namespace, pod["metadata"]["name"]), grace=0)
        self.apply_check("after-the-collection")  # when this one has passed, the watch has told of the other's end
        self.wait_for_outcome("after-the-collection", "Passed")
        self.assertEqual(self.state("collected"), stored)
        self.assertEqual(len(self.kubelet.pods(self.namespace, "collected")), 1)

    def test_a_client_without_the_header_is_known_by_its_address(self):
        self.wait_for_outcome("without-header", "Passed")

    def test_a_client_whose_answer_was_lost_may_say_it_again(self):
        self.wait_for_outcome("said-twice", "Passed")
        pod = self.kubelet.pods(self.namespace, "said-twice")[0]
        eventually(lambda: [code for uid, code, _ in self.kubelet.reports if uid == pod["metadata"]["uid"]] == [200, 200],
                   "200 both times")

    def test_runs_keep_to_the_interval(self):
        def slots():
            return [int(self.annotation(pod, "slot")) for pod in self.kubelet.pods(self.namespace, "every-2-s")]

        # The first slot follows the creation; from the second on they stand on the grid.
        later = eventually(lambda: len(slots()) >= 6 and slots()[1:6], "six runs")
        self.assertEqual([b - a for a, b in zip(later, later[1:])], [2, 2, 2, 2])

    def test_a_job_runs_once_and_is_completed(self):
        self.wait_for_outcome("job", "Passed")
        for name in ("job", "failing-job", "silent-job"):
            eventually(lambda: self.cluster.admin.get(custom_path("khjobs", self.namespace, name))["spec"].get("phase")
                       == "Completed", f"{name} is Completed")
            self.assertEqual(len(self.kubelet.pods(self.namespace, name)), 1)
        self.assertIn(f"{self.namespace}/job", self.controller.status()["JobDetails"])
        self.assertRegex(self.kubelet.pods(self.namespace, "job")[0]["metadata"]["name"], r"^job-\d+-j$")

    def test_a_job_that_says_nothing_ends_with_an_error(self):
        error = self.wait_for_outcome("silent-job", "EndedWithoutReport")["spec"]["Errors"][0]
        self.assertTrue(error.startswith(f"Job execution error: {self.namespace}/silent-job: "), error)

    def test_a_sidecar_that_lives_on_does_not_turn_a_pass_into_a_timeout(self):
        self.wait_for_outcome("with-sidecar", "Passed")
        # Deleted 30 s after its report, which is after this run's deadline.
        eventually(lambda: not [pod for pod in self.live_pods("with-sidecar") if pod["status"]["phase"] == "Running"],
                   "the sidecar's pod is deleted", within=60)
        self.assertEqual(self.annotation(self.state("with-sidecar"), "outcome"), "Passed")


class Scope(Case):
    """One namespace of many."""

    start_controller = False

    def test_only_the_target_namespace_is_served(self):
        other = self.make_namespace()
        self.controller.environment["TARGET_NAMESPACE"] = self.namespace
        self.controller.start()
        self.apply_check("outside", namespace=other, interval="1s")
        self.apply_check("inside", interval="1s")
        for _ in range(3):  # runs of the one that is served
            slot = self.annotation(self.wait_for_outcome("inside", "Passed"), "slot")
            self.wait_for_state("inside", lambda state: self.annotation(state, "slot") != slot)
        self.assertEqual(self.kubelet.pods(other), [])
        self.assertIsNone(self.state("outside", other))


class Retention(Case):
    settings = {"maxCompletedPodCount": "2", "maxErrorPodCount": "1"}
    checks = {"often": {"interval": "1s"}, "often-failing": {"interval": "1s", "fate": "exits-3"}}

    def test_finished_pods_are_kept_by_count(self):
        for check, runs, kept in (("often", 6, 2), ("often-failing", 4, 1)):
            eventually(lambda: len(self.kubelet.pods(self.namespace, check)) >= runs, f"{runs} runs of {check}", within=60)
            self.edit_check(check, runInterval="1h")
            eventually(lambda: len(self.live_pods(check)) == kept, f"{kept} pods of {check} are left", within=90)
