"""The upgrade from v2.7.1, rehearsed: its CRDs, objects as it wrote them, and this controller started over them."""

import datetime
import json
import time

from api import custom_path, pods_path
from case import Case, pod_spec
from cluster import ROOT, eventually
from load import SERVICE_ACCOUNT

SECRET = "7f3a2d1c-5d2e-4b6f-8a90-0c1d2e3f4a5b"  # v2's uuid: what the pod presents, and what stands in the state
INTERVAL = 20


def rfc3339(at):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def seconds_of(timestamp):
    return datetime.datetime.fromisoformat(timestamp.replace("Z", "+00:00")).timestamp()


class Upgrade(Case):
    start_controller = False

    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(cls.install_crds, ROOT / "manifests" / "crds", has_status=True)
        super().setUpClass()
        cls.install_crds(ROOT / "test" / "data" / "v2-crds", has_status=False)

    @classmethod
    def install_crds(cls, folder, has_status):
        cls.cluster.kubectl("replace", "-f", str(folder))

        def is_served():
            resources = cls.cluster.admin.get("/apis/comcast.github.io/v1")["resources"]
            return any(one["name"] == "khchecks/status" for one in resources) == has_status

        eventually(is_served, "the CRDs are served as they are now")

    # As v2 wrote them

    def put(self, plural, name, spec):
        kind = {"khchecks": "KuberhealthyCheck", "khjobs": "KuberhealthyJob", "khstates": "KuberhealthyState"}[plural]
        return self.cluster.admin.create(custom_path(plural, self.namespace), {
            "apiVersion": "comcast.github.io/v1", "kind": kind, "metadata": {"name": name, "namespace": self.namespace},
            "spec": spec})

    def put_check(self, name, interval=f"{INTERVAL}s"):
        return self.put("khchecks", name, {"runInterval": interval, "timeout": "30s", "podSpec": pod_spec(),
                                           "extraAnnotations": {}, "extraLabels": {}})

    def put_job(self, name, phase):
        return self.put("khjobs", name, {"phase": phase, "timeout": "30s", "podSpec": pod_spec(), "extraAnnotations": {},
                                         "extraLabels": {}})

    def put_state(self, name, last_run=None, uuid=SECRET, errors=(), duration="2.479381s"):
        spec = {"OK": not errors, "Errors": list(errors), "RunDuration": duration, "Namespace": self.namespace,
                "Node": "node-1" if last_run else "", "AuthoritativePod": "kuberhealthy-67bf8c4686-mbl2j" if last_run else "",
                "uuid": uuid}
        if last_run:
            spec["LastRun"] = rfc3339(last_run)
        return self.put("khstates", name, spec)

    def put_pod(self, check):
        """v2's running checker pod: no annotation of ours, and its secret is its run id as well."""
        env = [{"name": "KH_REPORTING_URL", "value": self.controller.report_url}, {"name": "KH_RUN_UUID", "value": SECRET},
               {"name": "KH_CHECK_RUN_DEADLINE", "value": str(int(time.time()) + 30)},
               {"name": "KH_POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}}]
        spec = {**pod_spec({"name": "main", "image": "example/check:1", "env": env}), "restartPolicy": "Never"}
        return self.cluster.admin.create(pods_path(self.namespace), {
            "apiVersion": "v1", "kind": "Pod", "spec": spec,
            "metadata": {"name": f"{check}-{int(time.time())}", "namespace": self.namespace,
                         "labels": {"app": "kuberhealthy-check", "kuberhealthy-check-name": check,
                                    "kuberhealthy-run-id": SECRET},
                         "annotations": {"comcast.github.io/check-name": check, "test/fate": "runs-on"}}})

    def versions(self, *objects):
        return {f"{plural}/{name}": self.cluster.admin.get(custom_path(plural, self.namespace, name))["metadata"]["resourceVersion"]
                for plural, name in objects}

    def written(self):
        """What the controller has written here so far, by the audit log; nothing where there is none."""
        if self.cluster.server != "real":
            return None
        found = set()
        for line in self.cluster.audit_log.read_text().splitlines():
            event = json.loads(line)
            about = event.get("objectRef", {})
            if (event["user"]["username"] == SERVICE_ACCOUNT and event["verb"] in ("create", "update", "patch", "delete")
                    and about.get("namespace") == self.namespace and about["resource"] != "events"):
                found.add((event["verb"], "/".join(filter(None, (about["resource"], about.get("name"), about.get("subresource"))))))
        return found

    def test_the_controller_starts_over_what_v2_left(self):
        checks = {name: self.put_check(name) for name in ("steady", "failing", "in-flight")}
        self.put_job("done", "Completed")
        self.put_job("stuck", "Running")  # an execution error leaves v2's jobs so for ever
        last_run = int(time.time())
        self.put_state("steady", last_run)
        self.put_state("failing", last_run, errors=["Check execution error: no luck"], duration="")
        self.put_state("in-flight", last_run)
        self.put_state("done", last_run)
        self.put_state("stuck", duration="0s")
        self.put_state("left-over", last_run)  # of a check that is gone
        eventually(lambda: time.time() >= last_run + 1, "v2 has stored the last result before it starts the next pod")
        pod = self.put_pod("in-flight")
        self.wait_for_running_pod("in-flight")
        untouched = [("khchecks", name) for name in checks] + [("khjobs", "done")]
        untouched += [("khstates", name) for name in ("steady", "failing", "in-flight", "done")]
        before = self.versions(*untouched)

        self.controller.start()
        # What v2 stored is shown at once, and what it left undone is done.
        page = self.controller.status(f"?namespace={self.namespace}")
        shown = page["CheckDetails"][f"{self.namespace}/steady"]
        self.assertEqual((shown["LastRun"], shown["RunDuration"], shown["OK"]), (rfc3339(last_run), "2.479381s", True))
        self.assertIn("Check execution error: no luck", page["Errors"])
        eventually(lambda: self.state("left-over") is None, "the state without a check is gone")

        # Nothing else was written: no object, no condition, no run.
        time.sleep(max(0, last_run + INTERVAL / 2 - 1 - time.time()))  # the time in which nothing is due
        self.assertEqual(self.versions(*untouched), before)
        self.assertEqual([item["metadata"]["name"] for item in self.live_pods()], [pod["metadata"]["name"]])
        if self.written() is not None:
            self.assertEqual(self.written(), {("delete", "khstates/left-over")})

        # v2's checker reports to this controller as it would have to v2's.
        self.assertEqual(self.report(pod).status, 200)
        self.assertEqual(self.annotation(self.wait_for_outcome("in-flight", "Passed"), "owner-uid"),
                         checks["in-flight"]["metadata"]["uid"])

        # The next run is on time, and its result is written over v2's.
        uid = self.state("steady")["metadata"]["uid"]
        made = self.wait_for_pod("steady")
        slot = int(self.annotation(made, "slot"))
        self.assertGreaterEqual(slot, last_run + INTERVAL // 2)
        self.assertLessEqual(slot, last_run + INTERVAL // 2 + INTERVAL)
        self.assertLess(seconds_of(made["metadata"]["creationTimestamp"]) - slot, 5)
        after = self.wait_for_outcome("steady", "Passed")
        self.assertEqual(after["metadata"]["uid"], uid)
        for name in checks:
            check = self.cluster.admin.get(custom_path("khchecks", self.namespace, name))
            self.assertNotIn("status", check)
            self.assertEqual(check["metadata"]["resourceVersion"], before[f"khchecks/{name}"])

        # The job that v2 left is over, after a minute in which a watch that is behind might have told its pod.
        eventually(lambda: self.cluster.admin.get(custom_path("khjobs", self.namespace, "stuck"))["spec"]["phase"] == "Completed",
                   "the job that was stuck is over", within=90)
        self.assertIn("the pod of this job is gone", self.state("stuck")["spec"]["Errors"][0])

        # Our CRDs come later, and from the next start on the health stands in the status. Nothing is run for it.
        self.install_crds(ROOT / "manifests" / "crds", has_status=True)
        self.controller.stop()
        pods = {item["metadata"]["name"] for item in self.live_pods("in-flight")}
        self.controller.start()

        def conditions():
            status = self.cluster.admin.get(custom_path("khchecks", self.namespace, "in-flight")).get("status", {})
            return status.get("conditions")

        ready = eventually(conditions, "a condition")[0]
        self.assertEqual((ready["type"], ready["status"], ready["reason"]), ("Ready", "True", "Passed"))
        check = self.cluster.admin.get(custom_path("khchecks", self.namespace, "in-flight"))
        self.assertEqual(check["metadata"]["generation"], 1)
        new = {item["metadata"]["name"] for item in self.live_pods("in-flight")} - pods
        for name in new:
            self.assertGreaterEqual(int(name.rsplit("-", 1)[1]), last_run + INTERVAL // 2)
