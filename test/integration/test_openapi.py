"""schemathesis makes requests from docs/openapi.yaml, good ones and bad ones, and judges the answers by it. It draws nothing by
chance, and the number of requests is fixed: what passes once passes again.

All reports carry the secret of one run that is open, so that each is decided at once: an unknown one is held for seconds."""

import os
import subprocess

from case import Case, secret_of
from cluster import ROOT, eventually

EXAMPLES = 60  # for each endpoint and phase

# What the contract of reports has otherwise, for v2's sake.
EXCLUDED = (
    # Other methods are 400 on the path of reports: v2's clients repeat what is not 200 or 400.
    "unsupported_method",
    # Content types are not looked at, members are taken in any case, and further ones are ignored: much that breaks the schema is
    # taken, as by v2.
    "negative_data_rejection",
    # A report that fits the schema is 400 where OK and Errors contradict each other.
    "positive_data_acceptance",
)


class OpenApi(Case):
    settings = {"logLevel": "info"}
    checks = {"good": {}, "bad": {"fate": "fails"}, "open": {"fate": "runs-on", "timeout": "30m"}}

    def test_the_answers_are_as_described(self):
        eventually(lambda: len(self.controller.status()["CheckDetails"]) == 2, "both checks have a result")
        program = subprocess.run([ROOT / "tools" / "schemathesis"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        pod = self.wait_for_running_pod("open")
        eventually(lambda: pod["metadata"]["name"] in self.controller.log(), "the controller has created it")
        command = [
            program, "run", str(ROOT / "docs" / "openapi.yaml"),
            "--url", f"http://127.0.0.1:{self.controller.port}",
            "--header", f"kh-run-uuid: {secret_of(pod)}",
            "--exclude-checks", ",".join(EXCLUDED),
            "--max-examples", str(EXAMPLES), "--generation-deterministic",
            "--workers", "1", "--request-timeout", "60", "--continue-on-failure", "--no-color",
        ]
        # In a folder of its own: it leaves a cache behind.
        answer = subprocess.run(command, cwd=self.cluster.folder, capture_output=True, text=True, check=False,
                                env={**os.environ, "NO_PROXY": "*"})
        self.assertEqual(answer.returncode, 0, answer.stdout[-8000:] + answer.stderr[-2000:])
        print(answer.stdout[answer.stdout.rfind("SUMMARY"):], flush=True)
        self.assertEqual(self.controller.metric("kuberhealthy_reports_total")['answer="later"'], 0)
