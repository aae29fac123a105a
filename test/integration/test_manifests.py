"""What is shipped for kubectl, and what v2's users already have, is accepted by the API server."""

import json
import os
import pathlib
import re

from case import Case, only_on
from cluster import ROOT, json_texts

V2_CHECKS = pathlib.Path(__file__).resolve().parents[1] / "data" / "v2-checks"


class Manifests(Case):
    start_controller = False

    @classmethod
    def setUpClass(cls):
        cls.namespace = cls.make_namespace()

    def apply_without_a_trace(self, path, *options):
        """The embedded server has no RBAC: what others need of it there is left out."""
        documents = path.read_text().split("\n---\n")
        if self.cluster.server == "embedded":
            documents = [text for text in documents if "rbac.authorization.k8s.io" not in text]
        self.cluster.kubectl("apply", "--dry-run=server", *options, "-f", "-", stdin="\n---\n".join(documents))

    def test_the_examples_are_valid(self):
        for path in sorted((ROOT / "manifests" / "examples").glob("*.yaml")):
            with self.subTest(path.name):
                self.apply_without_a_trace(path, "--validate=strict")

    @only_on("real", "one example brings a ClusterRole")
    def test_the_pods_of_the_examples_are_valid(self):
        pods = 0
        for path in sorted((ROOT / "manifests" / "examples").glob("*.yaml")):
            text = self.cluster.kubectl("create", "--dry-run=client", "--validate=false", "-o", "json", "-f", str(path))
            for example in json_texts(text):
                spec = example.get("spec", {}).get("podSpec")
                if spec is None:
                    continue
                pods += 1
                pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "example", "namespace": self.namespace},
                       "spec": {"restartPolicy": "Never", **{key: spec[key] for key in spec if key != "serviceAccountName"}}}
                with self.subTest(path.name):
                    self.cluster.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", stdin=json.dumps(pod))
        self.assertGreater(pods, 10)

    def test_checks_written_for_v2_are_accepted(self):
        paths = sorted(V2_CHECKS.glob("*.yaml"))
        self.assertTrue(paths)
        for path in paths:
            with self.subTest(path.name):
                self.apply_without_a_trace(path)

    @only_on("real", "RBAC")
    def test_the_kustomize_base_is_valid_and_has_all(self):
        self.cluster.kubectl("apply", "--dry-run=server", "--validate=strict", "-k", str(ROOT / "manifests"))
        text = self.cluster.kubectl("kustomize", str(ROOT / "manifests"))
        for folder in ("crds", "plain"):
            for path in (ROOT / "manifests" / folder).iterdir():
                for kind, name in re.findall(r"^kind: (\w+)\nmetadata:\n  name: (\S+)", path.read_text(), re.MULTILINE):
                    with self.subTest(f"{kind} {name}"):
                        self.assertRegex(text, rf"kind: {kind}\nmetadata:\n(?:  .*\n)*?  name: {re.escape(name)}\n")

    @only_on("real", "RBAC")
    def test_an_overlay_moves_it_to_another_namespace_with_another_image(self):
        base = ROOT / "manifests"
        overlay = self.cluster.folder / "overlay"
        overlay.mkdir()
        (overlay / "kustomization.yaml").write_text(
            f"resources: [{os.path.relpath(base, overlay.resolve())}]\n"
            f"namespace: {self.namespace}\n"
            "images: [{name: kuberhealthy/kuberhealthy, newName: registry.example/kuberhealthy, newTag: \"1.0\"}]\n"
            "replicas: [{name: kuberhealthy, count: 3}]\n")
        text = self.cluster.kubectl("kustomize", str(overlay))
        self.assertIn("image: registry.example/kuberhealthy:1.0", text)
        self.assertIn("replicas: 3", text)
        # The binding follows the account: no right is left behind in the old namespace.
        self.assertNotIn("namespace: kuberhealthy\n", text)
        self.cluster.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", stdin=text)

    def test_newer_fields_of_a_pod_spec_are_kept(self):
        spec = {"containers": [{"name": "main", "image": "a", "resizePolicy": [
            {"resourceName": "cpu", "restartPolicy": "NotRequired"}]}], "hostUsers": False, "os": {"name": "linux"}}
        self.assertEqual(self.apply_check("new-fields", spec=spec)["spec"]["podSpec"], spec)

    def test_what_v2_refuses_is_refused(self):
        good = self.check_object("refused")
        for field in ("runInterval", "timeout", "podSpec"):
            with self.subTest(field):
                bad = {**good, "spec": {key: value for key, value in good["spec"].items() if key != field}}
                with self.assertRaisesRegex(AssertionError, field):
                    self.kubectl_apply(bad)
        with self.subTest("containers"), self.assertRaisesRegex(AssertionError, "containers"):
            self.kubectl_apply(self.check_object("refused", spec={}))

    def test_short_names_are_v2s(self):
        for short, plural in (("khc", "khchecks"), ("khs", "khstates"), ("khj", "khjobs"), ("khcheck", "khchecks")):
            self.cluster.kubectl("get", short)
            self.assertIn(plural, self.cluster.kubectl("api-resources", "--api-group=comcast.github.io", "-o", "name"))

    @only_on("real", "RBAC")
    def test_the_service_account_may_do_its_work_and_nothing_else(self):
        account = "--as=system:serviceaccount:kuberhealthy:kuberhealthy"
        for answer, verb, resource in (
            ("yes", "watch", "khchecks.comcast.github.io"),
            ("yes", "patch", "khstates.comcast.github.io"),
            ("yes", "patch", "khjobs.comcast.github.io"),
            ("yes", "delete", "khjobs.comcast.github.io"),
            ("no", "delete", "khchecks.comcast.github.io"),
            ("yes", "create", "events"),
            ("yes", "patch", "events"),
            ("no", "list", "events"),
            ("yes", "create", "pods"),
            ("yes", "delete", "pods"),
            ("no", "patch", "khchecks.comcast.github.io"),
            ("no", "get", "secrets"),
            ("no", "create", "pods --subresource=exec"),
            ("no", "update", "pods"),
            ("no", "list", "nodes"),
        ):
            with self.subTest(f"{verb} {resource}"):
                asked = self.cluster.kubectl_answer("auth", "can-i", verb, *resource.split(), "--all-namespaces", account)
                self.assertEqual(asked.stdout.strip(), answer)
        for answer, verb, lease in (("yes", "create", "leases.coordination.k8s.io"),
                                    ("yes", "patch", "leases.coordination.k8s.io/kuberhealthy"),
                                    ("yes", "watch", "leases.coordination.k8s.io/kuberhealthy"),
                                    ("no", "patch", "leases.coordination.k8s.io/kube-scheduler")):
            for namespace, expected in (("kuberhealthy", answer), ("kube-system", "no")):
                with self.subTest(f"{verb} {lease} in {namespace}"):
                    asked = self.cluster.kubectl_answer("auth", "can-i", verb, lease, f"--namespace={namespace}", account)
                    self.assertEqual(asked.stdout.strip(), expected)
