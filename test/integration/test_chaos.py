"""The real etcd and kube-apiserver and the controller are killed, stopped, cut off and filled up while checks report. Afterwards
every report that was answered 200 must be what is stored, and the audit log must know of its write.

Each check runs once and reports the uid of its pod, so that a stored state says whose report it is. Which moment is hit is chance,
by a seed; the verdict is not. KUBERHEALTHY_CHAOS_ROUNDS=20 makes it longer, KUBERHEALTHY_CHAOS_SEED=7 another run.
"""

import base64
import os
import pathlib
import random
import signal
import time

from api import custom_path
from case import Case, only_on
from cluster import eventually
from cutting_proxy import CuttingProxy
from load import SERVICE_ACCOUNT
from write_record import read_writes

ROUNDS = int(os.environ.get("KUBERHEALTHY_CHAOS_ROUNDS", "1"))
SEED = int(os.environ.get("KUBERHEALTHY_CHAOS_SEED", "5"))

GATED = 6   # checks whose pods run when the fault begins
SUDDEN = 4  # and such as are due at some moment of it
HEALED_WITHIN = 240


@only_on("real", "its processes and its audit log")
class Chaos(Case):
    settings = {"logLevel": "info", "maxCompletedPodCount": "100", "maxErrorPodCount": "100"}
    kubelet_workers = 32
    batches = 0

    @classmethod
    def setUpClass(cls):
        cls.draw = random.Random(SEED)
        cls.proxy = CuttingProxy(cls.cluster.port, SEED)
        cls.addClassCleanup(cls.proxy.close)
        direct = pathlib.Path(cls.cluster.service_account_kubeconfig())
        proxied = direct.with_name("proxied.kubeconfig")
        proxied.write_text(direct.read_text().replace(f"127.0.0.1:{cls.cluster.port}", f"127.0.0.1:{cls.proxy.port}"))
        cls.settings = {**cls.settings, "kubeconfig": proxied}
        super().setUpClass()

    # A batch of checks, from their pods to the account of their reports

    def batch(self):
        Chaos.batches += 1
        self.gate = f"batch-{self.batches}"
        self.names = [f"{self.gate}-{number}" for number in range(GATED + SUDDEN)]
        for name in self.names[:GATED]:
            self.apply(name, {"test/gate": self.gate})
        eventually(lambda: self.kubelet.at_gate[self.gate] == GATED, "the pods run", within=HEALED_WITHIN)
        for name in self.names[GATED:]:
            self.apply(name, {})

    def apply(self, name, annotations):
        self.apply_check(name, fate="names-itself", interval="24h", timeout="30m", annotations=annotations)

    def release(self):
        self.kubelet.gates[self.gate].set()

    def pods_of_batch(self):
        return {name: self.kubelet.pods(self.namespace, name) for name in self.names}

    def answers(self):
        """Of the batch: uid -> the statuses that its reports got, in order."""
        with self.kubelet.lock:
            reports = list(self.kubelet.reports)
        uids = [pod["metadata"]["uid"] for pods in self.pods_of_batch().values() for pod in pods]
        return {uid: [status for whose, status, _ in reports if whose == uid] for uid in uids}

    def acknowledged(self):
        return {uid for uid, statuses in self.answers().items() if 200 in statuses}

    def all_acknowledged(self):
        answers = self.answers()
        refused = [uid for uid, statuses in answers.items() if 400 in statuses]
        assert not refused, f"reports in time were refused: {refused}"
        return len(answers) >= len(self.names) and self.acknowledged() == set(answers)

    def account(self):
        """The fault is over: every report is acknowledged in the end, and each is where it should be."""
        eventually(self.all_acknowledged, lambda: f"every report is acknowledged; they are {self.answers()}", within=HEALED_WITHIN)
        record = self.writes_on_record()
        self.assertEqual(record.unexplained(self.names), set(), "written by nobody, says the audit log")
        again = sum(len(statuses) - 1 for statuses in self.answers().values())
        for name, pods in self.pods_of_batch().items():
            with self.subTest(name):
                self.assertEqual(len(pods), 1, "one slot, one pod")
                state = self.state(name)
                self.assertEqual(state["spec"]["Errors"], [pods[0]["metadata"]["uid"]])
                self.assertEqual(self.annotation(state, "outcome"), "Failed")
                self.assertEqual(self.annotation(state, "slot"), self.annotation(pods[0], "slot"))
        self.controller.wait_ready(HEALED_WITHIN)
        print(f"{len(self.names)} reports acknowledged and stored, {again} answered otherwise before; "
              f"{len(set(self.names) - record.written)} of the writes were never confirmed", flush=True)

    def writes_on_record(self):
        return read_writes(self.cluster.audit_log.read_text(errors="replace"), "khstates", self.namespace, SERVICE_ACCOUNT)

    def wait_until_held(self):
        eventually(lambda: self.controller.metric("kuberhealthy_reports_held")[""] >= GATED, "the reports are held")

    def lasts(self, least, most):
        """The length of a fault; nothing is waited for."""
        time.sleep(self.draw.uniform(least, most))

    def rounds(self):
        for number in range(ROUNDS):
            self.batch()
            yield number
            self.account()

    def stopped(self, process, seconds):
        process.send_signal(signal.SIGSTOP)
        try:
            self.release()
            self.lasts(seconds, seconds + 2)
        finally:
            process.send_signal(signal.SIGCONT)

    # The faults

    def test_the_controller_is_killed(self):
        for _ in self.rounds():
            self.release()
            for _ in range(5):
                self.lasts(0.0, 0.1)
                self.controller.kill()
                self.controller.start(ready=False)

    def test_the_api_server_is_killed(self):
        for _ in self.rounds():
            self.release()
            self.lasts(0.0, 0.05)
            self.cluster.kill_apiserver()
            self.lasts(0.0, 2.0)
            self.cluster.restart_apiserver()

    def test_the_api_server_and_the_controller_are_killed(self):
        for _ in self.rounds():
            self.cluster.kill_apiserver()
            self.release()
            self.wait_until_held()
            self.controller.kill()
            self.controller.start(ready=False)
            self.cluster.restart_apiserver()

    def test_etcd_is_killed(self):
        for _ in self.rounds():
            self.release()
            self.lasts(0.0, 0.05)
            self.cluster.kill_etcd()
            self.lasts(1.0, 4.0)
            self.cluster.restart_etcd()

    def test_the_controller_stands_still(self):
        for _ in self.rounds():
            self.stopped(self.controller.process, 5)

    def test_the_api_server_stands_still(self):
        for _ in self.rounds():
            self.stopped(self.cluster.apiserver, 5)

    def test_etcd_stands_still(self):
        for _ in self.rounds():
            self.stopped(self.cluster.etcd, 5)

    def test_connections_to_the_api_server_are_cut(self):
        for _ in self.rounds():
            cuts = self.proxy.cuts
            self.release()
            self.proxy.cut_for(12)
            self.assertGreater(self.proxy.cuts, cuts)

    def test_etcd_is_full(self):
        for _ in self.rounds():
            self.fill_etcd()
            try:
                before = self.acknowledged()
                self.release()
                # Not only held: until one is told to come again.
                eventually(lambda: any(503 in statuses for statuses in self.answers().values()), "an answer of 503", within=90)
                self.assertEqual(self.acknowledged(), before)
            finally:
                self.empty_etcd()

    def fill_etcd(self):
        size = int(self.cluster.etcd_call("maintenance/status")["dbSize"])
        self.cluster.kill_etcd()
        self.cluster.restart_etcd(f"--quota-backend-bytes={size + (4 << 20)}")
        junk = base64.b64encode(os.urandom(256 << 10)).decode()
        key = base64.b64encode(b"junk").decode()
        answers = (self.cluster.etcd_call("kv/put", key=key, value=junk) for _ in range(1000))
        self.assertTrue(any("space exceeded" in answer.get("error", "") for answer in answers))

    def empty_etcd(self):
        """As its documentation says: compact, defragment, disarm."""
        here = self.cluster.etcd_call("maintenance/status")["header"]
        steps = {
            "kv/compaction": {"revision": here["revision"], "physical": True},
            "maintenance/defragment": {},
            "maintenance/alarm": {"action": "DEACTIVATE", "alarm": "NOSPACE", "memberID": here["member_id"]},
        }
        for path, body in steps.items():
            self.assertNotIn("error", self.cluster.etcd_call(path, **body))
        self.assertNotIn("alarms", self.cluster.etcd_call("maintenance/alarm", action="GET"))
        self.cluster.kill_etcd()
        self.cluster.restart_etcd()
