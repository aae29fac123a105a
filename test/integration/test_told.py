"""What people are told: Events on a check, its condition Ready, and the log."""

import re

from api import custom_path
from case import Case
from cluster import eventually


class Told(Case):
    checks = {
        "passing": {},
        "failing": {"fate": "fails"},
        "edited": {"fate": "fails"},
        "approved": {"fate": "runs-on", "timeout": "10m"},
        "claimed": {"interval": "1h"},
        "changed-job": {"kind": "KuberhealthyJob", "fate": "runs-on", "timeout": "10m"},
    }

    def check(self, name):
        return self.cluster.admin.get(custom_path("khchecks", self.namespace, name))

    def condition(self, name, kind="Ready"):
        conditions = self.check(name).get("status", {}).get("conditions", [])
        return next((one for one in conditions if one["type"] == kind), None)

    def wait_for_condition(self, name, **wanted):
        def has_come():
            found = self.condition(name)
            return found if found and all(found.get(key) == value for key, value in wanted.items()) else None

        return eventually(has_come, lambda: f"{wanted} of {name}; it is {self.condition(name)}", 45)

    def events(self, name):
        found = self.cluster.admin.items(f"/api/v1/namespaces/{self.namespace}/events")
        return [event for event in found if event["involvedObject"]["name"] == name]

    def wait_for_event(self, name, reason):
        def has_come():
            return next((event for event in self.events(name) if event["reason"] == reason), None)

        return eventually(has_come, lambda: f"an Event {reason} of {name}; there are {self.events(name)}", 45)

    def test_kubectl_wait_waits_for_a_check_that_passes(self):
        self.cluster.kubectl("wait", "-n", self.namespace, "--for=condition=Ready", "khc/passing", "--timeout=45s")
        ready = self.wait_for_condition("passing", status="True")
        self.assertEqual((ready["reason"], ready["observedGeneration"]), ("Passed", 1))
        self.assertEqual(self.check("passing")["status"]["observedGeneration"], 1)
        # It is no edit: the generation stays, and nothing was run for it.
        self.assertEqual(self.check("passing")["metadata"]["generation"], 1)
        self.assertEqual(len(self.live_pods("passing")), 1)
        self.assertEqual(self.events("passing"), [])

    def test_a_check_that_fails_says_so_where_kubectl_describe_looks(self):
        event = self.wait_for_event("failing", "Failed")
        self.assertEqual((event["type"], event["count"]), ("Warning", 1))
        self.assertEqual(event["involvedObject"]["uid"], self.check("failing")["metadata"]["uid"])
        self.assertEqual(event["message"], 'the target said 503; a second "line"')
        ready = self.wait_for_condition("failing", status="False", reason="Failed")
        self.assertEqual(ready["message"], 'the target said 503; a second "line"')
        described = self.cluster.kubectl("describe", "khc", "-n", self.namespace, "failing")
        self.assertRegex(described, r"Warning +Failed .* kuberhealthy +the target said 503")

    def test_a_condition_waits_for_the_first_result_of_an_edit(self):
        before = self.wait_for_condition("edited", status="False")
        self.edit_check("edited", extraAnnotations={"test/fate": "passes"})
        # kubectl wait compares the observed generation: False of generation 1 is no answer about generation 2.
        self.cluster.kubectl("wait", "-n", self.namespace, "--for=condition=Ready", "khc/edited", "--timeout=45s")
        after = self.wait_for_condition("edited", status="True", observedGeneration=2)
        self.assertGreaterEqual(after["lastTransitionTime"], before["lastTransitionTime"])
        self.assertEqual(self.wait_for_event("edited", "Recovered")["type"], "Normal")

    def test_what_others_wrote_into_the_status_stays(self):
        self.wait_for_condition("approved", reason="Pending")
        other = {"type": "Approved", "status": "True", "reason": "ByHand", "message": "",
                 "lastTransitionTime": "2026-01-01T00:00:00Z"}
        ours = self.condition("approved")
        self.cluster.admin.patch(custom_path("khchecks", self.namespace, "approved") + "/status",
                                 {"status": {"conditions": [other, ours]}})
        self.assertEqual(self.report(self.wait_for_running_pod("approved")).status, 200)
        self.wait_for_condition("approved", status="True")
        self.assertEqual(self.condition("approved", "Approved"), other)

    def test_a_job_whose_name_a_check_has_is_not_run_and_says_so(self):
        self.apply_check("claimed", kind="KuberhealthyJob")
        event = self.wait_for_event("claimed", "NameTaken")
        self.assertEqual(event["involvedObject"]["kind"], "KuberhealthyJob")
        errors = self.controller.status(f"?namespace={self.namespace}")["Errors"]
        self.assertIn(f"{self.namespace}/claimed: a check and a job have this name: the job is not run", errors)
        self.assertIn("a check and a job have one name: the job is not run", self.controller.log())
        self.assertNotIn("phase", self.cluster.admin.get(custom_path("khjobs", self.namespace, "claimed"))["spec"])

    def test_a_job_that_is_changed_while_it_runs_goes_on_and_says_so(self):
        pod = self.wait_for_running_pod("changed-job")
        path = custom_path("khjobs", self.namespace, "changed-job")
        eventually(lambda: self.cluster.admin.get(path)["spec"].get("phase") == "Running", "the job is Running", 45)
        self.cluster.admin.patch(path, {"spec": {"timeout": "soon"}})
        self.assertEqual(self.wait_for_event("changed-job", "SpecChangeIgnored")["type"], "Warning")
        self.assertEqual(self.report(pod).status, 200)
        self.wait_for_outcome("changed-job", "Passed")
        eventually(lambda: self.cluster.admin.get(path)["spec"]["phase"] == "Completed", "the job is Completed", 45)

    def test_a_run_has_one_line_at_its_start_and_one_at_its_end(self):
        state = self.wait_for_outcome("failing", "Failed")
        uuid = state["spec"]["uuid"]

        def lines():
            found = [line for line in self.controller.log().splitlines() if f"uuid={uuid}" in line]
            return found if len(found) >= 2 else None

        started, ended = eventually(lines, "both lines")
        for line, message in ((started, "run started"), (ended, "run ended")):
            self.assertIn(f'msg="{message}" namespace={self.namespace} check=failing', line)
        self.assertRegex(ended, r'level=warning .* node=node-1 .* duration="?[0-9.µa-z]+"? result=Failed$')
        self.assertTrue(re.match(r'time="\d{4}-', started))
