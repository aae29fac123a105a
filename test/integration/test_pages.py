"""What people, dashboards and Prometheus read."""

import json
import subprocess

from case import Case
from cluster import eventually
from controller import POD_NAME


class Pages(Case):
    checks = {
        "passing": {},
        "failing": {"fate": "fails"},
        "job": {"kind": "KuberhealthyJob"},
        "waiting": {"fate": "runs-on", "timeout": "20m"},
    }

    def setUp(self):
        for name in ("passing", "failing", "job"):
            self.wait_for_state(name)
        eventually(lambda: len(self.controller.status()["CheckDetails"]) >= 2, "both results are on the page")

    def test_the_status_page_is_v2s(self):
        reply = self.controller.get("/status")
        self.assertEqual(reply.status, 200)
        self.assertTrue(reply.headers["content-type"].startswith("application/json"))
        text = reply.body.decode()
        page = json.loads(text)
        self.assertEqual(list(page)[:5], ["OK", "Errors", "CheckDetails", "JobDetails", "CurrentMaster"])
        self.assertTrue(text.startswith('{\n  "OK": false,\n  "Errors": [\n    "'), text[:80])
        self.assertIs(page["OK"], False)
        self.assertEqual(page["CurrentMaster"], POD_NAME)
        self.assertIn("the target said 503", page["Errors"])
        passing = page["CheckDetails"][f"{self.namespace}/passing"]
        self.assertEqual(list(passing), ["OK", "Errors", "RunDuration", "Namespace", "Node", "LastRun", "AuthoritativePod", "uuid"])
        self.assertEqual(passing, {**self.state("passing")["spec"]})
        self.assertIn(f"{self.namespace}/job", page["JobDetails"])
        # It has never run: neutral.
        self.assertNotIn(f"{self.namespace}/waiting", page["CheckDetails"])

    def test_the_root_is_the_status_page(self):
        self.assertEqual(self.controller.get("/").json(), self.controller.status())

    def test_the_page_can_be_narrowed_to_namespaces(self):
        self.assertEqual(self.controller.status(f"?namespace=none,{self.namespace}")["CheckDetails"],
                         self.controller.status()["CheckDetails"])
        self.assertEqual(self.controller.get("/status?namespace=none").json(),
                         {"OK": True, "Errors": [], "CheckDetails": {}, "JobDetails": {}, "CurrentMaster": POD_NAME})

    def test_the_metrics_are_v2s_and_pass_promtool(self):
        reply = self.controller.get("/metrics")
        self.assertEqual(reply.status, 200)
        self.assertTrue(reply.headers["content-type"].startswith("text/plain"))
        text = reply.body.decode()
        judged = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
        self.assertEqual((judged.returncode, judged.stderr), (0, ""))
        ns = self.namespace
        for line in (
            "# HELP kuberhealthy_running Shows if kuberhealthy is running error free",
            f'kuberhealthy_running{{current_master="{POD_NAME}"}} 1',
            "# HELP kuberhealthy_cluster_state Shows the status of the cluster",
            "kuberhealthy_cluster_state 0",
            "# HELP kuberhealthy_check Shows the status of a Kuberhealthy check",
            f'kuberhealthy_check{{check="{ns}/passing",namespace="{ns}",status="1",error=""}} 1',
            f'kuberhealthy_job{{check="{ns}/job",namespace="{ns}",status="1",error=""}} 1',
        ):
            self.assertIn(line + "\n", text)
        self.assertIn(f'kuberhealthy_check{{check="{ns}/failing",namespace="{ns}",status="0",error="the target said 503|', text)
        self.assertIn(f'kuberhealthy_check_duration_seconds{{check="{ns}/passing",namespace="{ns}"}} ', text)

    def test_a_deleted_check_vanishes_from_the_metrics(self):
        self.apply_check("short-lived", interval="1s")
        self.wait_for_state("short-lived")
        eventually(lambda: "/short-lived" in self.controller.get("/metrics").body.decode(), "it is in the metrics")
        self.delete_check("short-lived")
        eventually(lambda: "/short-lived" not in self.controller.get("/metrics").body.decode(), "it is gone")

    def test_a_large_page_is_compressed_for_who_asks(self):
        reply = self.controller.request("GET", "/metrics", Accept_Encoding="gzip")
        self.assertEqual(reply.status, 200)
        self.assertEqual(reply.headers.get("content-encoding"), "gzip")
        self.assertEqual(reply.body[:2], b"\x1f\x8b")

    def test_health_and_readiness(self):
        self.assertEqual(self.controller.get("/healthz").status, 200)
        self.assertEqual(self.controller.get("/readyz").status, 200)


class CommandLine(Case):
    start_controller = False

    def run_binary(self, *arguments):
        return subprocess.run([self.binary, *arguments], capture_output=True, text=True, check=False, timeout=20)

    def test_help_and_version(self):
        self.assertIn("--kubeconfig", self.run_binary("--help").stdout)
        self.assertRegex(self.run_binary("--version").stdout, r"\d+\.\d+\.\d+")

    def test_an_unknown_flag_is_refused(self):
        answer = self.run_binary("--no-such-flag")
        self.assertNotEqual(answer.returncode, 0)
        self.assertIn("--no-such-flag", answer.stderr)
