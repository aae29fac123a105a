"""What the cases share: one cluster for all; and those of the controller, per class, a namespace, a kubelet and a controller."""

import json
import random
import re
import unittest

from api import custom_path, pods_path
from client import GoClient
from cluster import eventually, vital_signs
from controller import Controller
from kubelet import WORKERS, Kubelet, environment

OURS = "kuberhealthy.github.io/"


def pod_spec(*containers):
    return {"containers": list(containers) or [{"name": "main", "image": "example/check:1"}]}


def secret_of(pod):
    return environment(pod)["KH_RUN_UUID"]


def only_on(server, why):
    """Marks a case, or a class of them, that the other server cannot pass and need not: `why` is what that one lacks."""
    def mark(target):
        target.only_on = (server, why)
        return target

    return mark


class ClusterCase(unittest.TestCase):
    """A case that has a cluster. `controller_manager`: what is deleted must take with it what it owns."""

    cluster = None  # set by run.py
    binary = None
    controller_manager = False

    @classmethod
    def make_namespace(cls, name=None, service_account=True):
        if name is None:
            words = re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()
            name = f"{words[:40]}-{random.getrandbits(20):05x}"
        admin = cls.cluster.admin
        admin.create("/api/v1/namespaces", {"metadata": {"name": name}})
        if service_account:  # a whole cluster makes it by itself, after a moment
            answer = admin.call("POST", f"/api/v1/namespaces/{name}/serviceaccounts", {"metadata": {"name": "default"}})
            assert answer.status in (201, 409), answer.text
        return name


class Case(ClusterCase):
    """`settings` go to the controller's configuration file; `checks` are applied before the first case of the class, so that
    their first runs pass while the cases wait for one another."""

    settings = {}
    checks = {}
    start_controller = True
    controller = None
    kubelet_workers = WORKERS

    @classmethod
    def setUpClass(cls):
        cls.namespace = cls.make_namespace()
        cls.kubelet = Kubelet(cls.cluster.admin, workers=cls.kubelet_workers).start()
        cls.controller = Controller(cls.binary, cls.cluster, **cls.settings)
        cls.addClassCleanup(cls.clean_up)
        if cls.start_controller:
            cls.controller.start()
        for name, options in cls.checks.items():
            cls.apply_check(name, **options)

    @classmethod
    def clean_up(cls):
        """Nothing may be left for the next class: a cluster without a controller manager would not do it."""
        try:
            for plural in ("khchecks", "khjobs"):
                cls.delete_all(f"/apis/comcast.github.io/v1/{plural}", lambda ns, name: custom_path(plural, ns, name))
            if cls.controller.is_running():
                cls.controller.stop()
            cls.kubelet.stop()
            cls.delete_all("/api/v1/pods", pods_path)
            cls.delete_all("/apis/comcast.github.io/v1/khstates", lambda ns, name: custom_path("khstates", ns, name))
        finally:
            if cls.controller.is_running():
                cls.controller.kill()
            vital_signs.clear()

    @classmethod
    def delete_all(cls, everywhere, path_of):
        for item in cls.cluster.admin.items(everywhere):
            cls.cluster.admin.delete(path_of(item["metadata"]["namespace"], item["metadata"]["name"]), grace=0)

    def setUp(self):
        if self.controller is not None and self.controller.process is not None:
            self.controller.assert_running()

    def run(self, result=None):
        before = len(result.failures) + len(result.errors) if result else 0
        outcome = super().run(result)
        if result and len(result.failures) + len(result.errors) > before and self.controller is not None and self.controller.process is not None:
            print(f"--- the controller's log\n{self.controller.log_tail()}\n---", flush=True)
        return outcome

    # Checks and jobs

    @classmethod
    def check_object(cls, name, fate="passes", interval="1h", timeout="30s", namespace=None, spec=None, kind="KuberhealthyCheck",
                     **more):
        body = {"timeout": timeout, "podSpec": pod_spec() if spec is None else spec, "extraAnnotations": {"test/fate": fate}}
        if kind == "KuberhealthyCheck":
            body["runInterval"] = interval
        body["extraAnnotations"].update(more.pop("annotations", {}))
        return {"apiVersion": "comcast.github.io/v1", "kind": kind,
                "metadata": {"name": name, "namespace": namespace or cls.namespace}, "spec": {**body, **more}}

    @classmethod
    def apply_check(cls, name, **options):
        check = cls.check_object(name, **options)
        plural = "khjobs" if check["kind"] == "KuberhealthyJob" else "khchecks"
        return cls.cluster.admin.create(custom_path(plural, check["metadata"]["namespace"]), check)

    def edit_check(self, name, **spec):
        return self.cluster.admin.patch(custom_path("khchecks", self.namespace, name), {"spec": spec})

    def delete_check(self, name, plural="khchecks"):
        self.cluster.admin.delete(custom_path(plural, self.namespace, name))

    def kubectl_apply(self, *objects):
        self.cluster.kubectl("apply", "--validate=strict", "-f", "-", stdin="\n---\n".join(json.dumps(o) for o in objects))

    # What became of them

    def state(self, name, namespace=None):
        return self.cluster.admin.get(custom_path("khstates", namespace or self.namespace, name))

    def wait_for_state(self, name, accept=lambda state: True, within=45):
        last = None

        def accepted():
            nonlocal last
            last = self.state(name)
            return last if last and accept(last) else None

        return eventually(accepted, lambda: f"the awaited state of {name}; it is {json.dumps(last)}", within)

    def wait_for_outcome(self, name, outcome, within=45):
        return self.wait_for_state(name, lambda state: self.annotation(state, "outcome") == outcome, within)

    @staticmethod
    def annotation(item, name):
        return item["metadata"].get("annotations", {}).get(OURS + name)

    def live_pods(self, check=None):
        query = {"labelSelector": f"kuberhealthy-check-name={check}"} if check else {}
        return self.cluster.admin.items(pods_path(self.namespace), **query)

    def wait_for_pod(self, check, accept=lambda pod: True, within=45):
        """The newest live pod of the check that is accepted."""
        def newest():
            pods = [pod for pod in self.live_pods(check) if accept(pod)]
            return max(pods, key=lambda pod: pod["metadata"]["name"]) if pods else None

        return eventually(newest, f"a pod of {check}", within)

    def wait_for_running_pod(self, check, within=45):
        return self.wait_for_pod(check, lambda pod: pod["status"]["phase"] == "Running", within)

    def report(self, pod, ok=True, errors=()):
        return GoClient(self.controller.report_url, secret_of(pod)).report(ok, list(errors))
