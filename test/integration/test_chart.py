"""The helm chart: what it renders is accepted by the API server, is as small in its rights as it says, and works."""

import json
import pathlib
import re
import subprocess
import tarfile

from case import Case, only_on
from cluster import ROOT, eventually, find_asset, json_texts
from controller import Controller
from kubelet import Kubelet

CHART = ROOT / "manifests" / "chart"
DATA = pathlib.Path(__file__).resolve().parents[1] / "data" / "chart"
VALUE_SETS = [None, *sorted(DATA.glob("values-*.yaml"))]


class ChartCase(Case):
    start_controller = False
    release = "kuberhealthy"

    @classmethod
    def setUpClass(cls):
        cls.helm_path = find_asset("helm")
        cls.namespace = cls.make_namespace()

    @classmethod
    def helm(cls, *arguments, expect=0):
        answer = subprocess.run([cls.helm_path, *arguments], capture_output=True, text=True, check=False)
        assert answer.returncode == expect, f"helm {' '.join(arguments)}: {answer.returncode}\n{answer.stdout}{answer.stderr}"
        return answer.stdout if expect == 0 else answer.stderr

    @classmethod
    def render(cls, values=None, *options):
        files = ["--values", str(values)] if values else []
        return cls.helm("template", cls.release, str(CHART), "--namespace", cls.namespace, *files, *options)

    @classmethod
    def objects(cls, values=None, *options):
        text = cls.cluster.kubectl("create", "--dry-run=client", "--validate=false", "-o", "json", "-f", "-",
                                   stdin=cls.render(values, *options))
        return {f"{found['kind']}/{found['metadata']['name']}": found for found in json_texts(text)}

    @classmethod
    def config(cls, objects):
        return objects["ConfigMap/kuberhealthy"]["data"]["kuberhealthy.yaml"].splitlines()


@only_on("real", "all of Kubernetes' kinds")
class Chart(ChartCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster.kubectl("apply", "-f", str(DATA / "monitoring-crds.yaml"))
        cls.addClassCleanup(cls.cluster.kubectl, "delete", "-f", str(DATA / "monitoring-crds.yaml"))
        cls.cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd",
                            "servicemonitors.monitoring.coreos.com", "prometheusrules.monitoring.coreos.com")
        for name in ("chart-first", "chart-second"):
            cls.make_namespace(name)
        # Where nothing may run but what is "restricted".
        cls.restricted = cls.make_namespace(f"{cls.namespace}-restricted")
        cls.cluster.kubectl("label", "namespace", cls.restricted, "pod-security.kubernetes.io/enforce=restricted")

    # Accepted

    def test_it_has_no_fault_that_helm_sees(self):
        for values in VALUE_SETS:
            with self.subTest(values):
                self.helm("lint", "--strict", str(CHART), *(["--values", str(values)] if values else []))

    def test_the_api_server_takes_what_it_renders(self):
        for values in VALUE_SETS:
            with self.subTest(values):
                self.cluster.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", stdin=self.render(values))

    def test_everything_that_can_be_switched_on_is_rendered(self):
        kinds = {name.split("/")[0] for name in self.objects(DATA / "values-everything.yaml")}
        self.assertEqual(kinds, {
            "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "ConfigMap", "Deployment", "Service",
            "PodDisruptionBudget", "NetworkPolicy", "ServiceMonitor", "PrometheusRule", "Pod", "KuberhealthyCheck"})

    def test_its_crds_are_those_of_the_project(self):
        text = self.helm("show", "crds", str(CHART))
        for path in (ROOT / "manifests" / "crds").glob("*.yaml"):
            self.assertIn(path.read_text().strip(), text)

    def test_the_plain_manifests_are_what_it_renders(self):
        answer = subprocess.run([ROOT / "tools" / "make-manifests", "--check"], capture_output=True, text=True, check=False)
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))

    def test_a_package_of_it_holds_the_crds_and_not_a_link(self):
        self.helm("package", str(CHART), "--destination", str(self.cluster.folder))
        with tarfile.open(self.cluster.folder / "kuberhealthy-0.1.0.tgz") as package:
            for path in (ROOT / "manifests" / "crds").glob("*.yaml"):
                self.assertEqual(package.extractfile(f"kuberhealthy/crds/{path.name}").read(), path.read_bytes())

    def test_it_is_installed_upgraded_and_uninstalled_without_a_trace(self):
        options = ["--namespace", self.namespace, "--kubeconfig", str(self.cluster.admin_kubeconfig())]
        everything = ["--values", str(DATA / "values-everything.yaml"), "--set", "nameOverride=tried"]
        notes = self.helm("install", "tried", str(CHART), *options, "--set", "nameOverride=tried,podSecurityPolicy.enabled=true")
        self.assertIn("kubectl port-forward svc/tried", notes)
        self.assertIn("podSecurityPolicy.enabled has no effect", notes)
        self.helm("upgrade", "tried", str(CHART), *options, *everything)
        deployment = json.loads(self.cluster.kubectl("get", "deployment", "tried", "-n", self.namespace, "-o", "json"))
        self.assertEqual(deployment["spec"]["replicas"], 3)
        kinds = ("khchecks,deployments,services,configmaps,serviceaccounts,roles,rolebindings,clusterroles,clusterrolebindings,"
                 "poddisruptionbudgets,networkpolicies,servicemonitors,prometheusrules")
        found = ["get", kinds, "--all-namespaces", "--selector", "app.kubernetes.io/instance=tried", "-o", "name"]
        self.assertGreater(len(self.cluster.kubectl(*found).split()), 30)
        self.helm("uninstall", "tried", *options)
        self.assertEqual(self.cluster.kubectl(*found).split(), [])

    def test_a_release_of_v2s_chart_is_upgraded_to_it(self):
        namespace = self.make_namespace(f"{self.namespace}-v2")
        v2 = self.cluster.folder / "v2"
        (v2 / "templates").mkdir(parents=True)
        (v2 / "Chart.yaml").write_text("apiVersion: v2\nname: kuberhealthy\nversion: 0.0.82\n")
        (v2 / "templates" / "all.yaml").write_text((DATA / "v2-release.yaml").read_text())
        options = ["--namespace", namespace, "--kubeconfig", str(self.cluster.admin_kubeconfig())]
        self.helm("install", "kuberhealthy", str(v2), *options)
        before = json.loads(self.cluster.kubectl("get", "khcheck", "daemonset", "-n", namespace, "-o", "json"))
        # ClusterRoles are of the cluster, and manifests/plain has made one of that name: rights in a namespace will do here.
        self.helm("upgrade", "kuberhealthy", str(CHART), *options, "--values", str(DATA / "values-v2.yaml"),
                  "--set", f"targetNamespaces={{{namespace}}}")
        after = json.loads(self.cluster.kubectl("get", "khcheck", "daemonset", "-n", namespace, "-o", "json"))
        self.assertEqual(after["metadata"]["uid"], before["metadata"]["uid"])  # the same check: its schedule goes on
        deployment = json.loads(self.cluster.kubectl("get", "deployment", "kuberhealthy", "-n", namespace, "-o", "json"))
        container = deployment["spec"]["template"]["spec"]["containers"][0]
        self.assertEqual(container["image"], "registry.example/mirror/kuberhealthy:0.1.0")
        self.assertEqual(container["livenessProbe"].get("tcpSocket"), None)
        self.helm("uninstall", "kuberhealthy", *options)

    def test_its_pods_meet_the_pod_security_standard_restricted(self):
        pods = 0
        for values in VALUE_SETS:
            for name, found in self.objects(values).items():
                spec = {"Deployment": lambda: found["spec"]["template"]["spec"],
                        "KuberhealthyCheck": lambda: found["spec"]["podSpec"],
                        "Pod": lambda: found["spec"]}.get(found["kind"], dict)()
                # enabled: false is there to leave checks as they are.
                if not spec or (found["kind"] == "KuberhealthyCheck" and "securityContext" not in spec):
                    continue
                pods += 1
                spec = {key: value for key, value in spec.items()
                        if key not in ("serviceAccountName", "serviceAccount", "priorityClassName", "topologySpreadConstraints")}
                pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "tried"}, "spec": spec}
                with self.subTest(f"{name} of {values}"):
                    self.cluster.kubectl("create", "--dry-run=server", "--validate=strict", "-n", self.restricted, "-f", "-",
                                         stdin=json.dumps(pod))
        self.assertGreater(pods, 20)

    def test_a_pod_that_does_not_meet_it_is_refused_here(self):
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "tried"}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
        answer = self.cluster.kubectl_answer("create", "--dry-run=server", "-n", self.restricted, "-f", "-", stdin=json.dumps(pod))
        self.assertIn("violates PodSecurity", answer.stderr)

    # Refused

    def test_values_of_a_wrong_type_are_refused_in_words(self):
        for setting, words in (
            ("deployment.replicas=two", "at '/deployment/replicas': got string, want integer"),
            ("deployment.command=/app/kuberhealthy", "at '/deployment/command': got string, want null or array"),
            ("deployment.podAntiAffinity=firm", "at '/deployment/podAntiAffinity': value must be one of"),
            ("service.externalPort=http", "at '/service/externalPort': got string, want integer"),
            ("service.externalPort=70000", "at '/service/externalPort': maximum: got 70,000, want 65,535"),
            ("prometheus.enabled=maybe", "at '/prometheus/enabled': got string, want boolean"),
            ("checkReaper.logLevel=loud", "at '/checkReaper/logLevel': value must be one of 'panic'"),
            ("checkReaper.maxKHJobAge=soon", "at '/checkReaper/maxKHJobAge': 'soon' does not match pattern"),
            ("checkReaper.maxErrorPodCount=-1", "at '/checkReaper/maxErrorPodCount': minimum: got -1, want 0"),
            ("check.daemonset.runInterval=15", "at '/check/daemonset/runInterval': got number, want string"),
            ("check.storage.storageClass=fast", "at '/check/storage/storageClass': got string, want array"),
            ("securityContext.runAsUser=nobody", "at '/securityContext/runAsUser': got string, want integer"),
            ("targetNamespaces=one", "at '/targetNamespaces': got string, want null or array"),
            ("networkPolicy.enable=true", "additional properties 'enable' not allowed"),
        ):
            with self.subTest(setting):
                self.assertIn(words, self.helm("template", "a", str(CHART), "--set", setting, expect=1))

    # Meaning

    def test_the_values_of_a_v2_user_mean_what_they_meant(self):
        objects = self.objects(DATA / "values-v2.yaml")
        self.assertIn("logLevel: error", self.config(objects))
        self.assertIn("maxErrorPodCount: 0", self.config(objects))
        deployment = objects["Deployment/kuberhealthy"]["spec"]
        self.assertEqual(deployment["selector"], {"matchLabels": {"app": "kuberhealthy"}})
        pod = deployment["template"]["spec"]
        container = pod["containers"][0]
        self.assertEqual(container["image"], "registry.example/mirror/kuberhealthy:0.1.0")
        self.assertEqual(container["command"], ["/app/kuberhealthy"])
        self.assertEqual(container["resources"]["limits"], {"cpu": 2, "memory": "1Gi"})
        environment = {item["name"]: item.get("value") for item in container["env"]}
        self.assertEqual(environment["KH_EXTERNAL_REPORTING_URL"],
                         "http://kuberhealthy.monitoring.svc.cluster.local/externalCheckStatus")
        self.assertEqual([item["key"] for item in pod["tolerations"]],
                         ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master", "dedicated"])
        self.assertEqual(objects["PodDisruptionBudget/kuberhealthy-pdb"]["spec"]["minAvailable"], 1)
        monitor = objects["ServiceMonitor/kuberhealthy"]
        self.assertEqual({key: monitor["metadata"]["labels"][key] for key in ("app", "prometheus", "release", "team")},
                         {"app": "kuberhealthy", "prometheus": "prometheus", "release": "kube-prometheus-stack", "team": "platform"})
        self.assertIn("PrometheusRule/kuberhealthy", objects)  # enableAlerting
        self.assertNotIn("annotations", objects["Service/kuberhealthy"]["metadata"])
        checks = {name for name in objects if name.startswith("KuberhealthyCheck/")}
        self.assertEqual(checks, {f"KuberhealthyCheck/{name}" for name in ("daemonset", "dns-status-internal", "pod-status")})
        self.assertEqual(objects["KuberhealthyCheck/pod-status"]["spec"]["podSpec"]["containers"][0]["env"],
                         [{"name": "SKIP_DURATION", "value": "30m"}])
        self.assertIn("ClusterRole/pod-status-role", objects)

    def test_v2s_checks_have_v2s_names_times_accounts_and_variables(self):
        objects = self.objects(DATA / "values-everything.yaml")

        def row(name):
            spec = objects[f"KuberhealthyCheck/{name}"]["spec"]
            environment = [item["name"] for item in spec["podSpec"]["containers"][0]["env"]]
            return spec["runInterval"], spec["timeout"], spec["podSpec"].get("serviceAccountName"), environment

        storage = ["CHECK_STORAGE_IMAGE", "CHECK_STORAGE_INIT_IMAGE"]
        named = ["CHECK_STORAGE_PVC_STORAGE_CLASS_NAME", "CHECK_STORAGE_NAME", "CHECK_STORAGE_INIT_JOB_NAME", "CHECK_STORAGE_JOB_NAME"]
        table = {
            "daemonset": ("15m", "12m", "daemonset-khcheck", ["POD_NAMESPACE", "CHECK_POD_TIMEOUT"]),
            "deployment": ("10m", "15m", "deployment-sa",
                           ["CHECK_DEPLOYMENT_REPLICAS", "CHECK_DEPLOYMENT_ROLLING_UPDATE", "CHECK_SERVICE_ACCOUNT"]),
            "dns-status-internal": ("2m", "15m", "dns-internal-sa", ["NODE_NAME", "HOSTNAME"]),
            "dns-status-external": ("2m", "15m", None, ["NODE_NAME", "HOSTNAME"]),
            "pod-restarts": ("5m", "10m", "pod-restart-sa", ["POD_NAMESPACE", "MAX_FAILURES_ALLOWED"]),
            "pod-status": ("5m", "15m", "pod-status-sa", ["SKIP_DURATION", "TARGET_NAMESPACE"]),
            "storage-check-default": ("5m", "10m", "storage-khcheck", storage),
            "storage-check-fast": ("5m", "10m", "storage-khcheck", [*named, *storage]),
            "network-connection-check": ("30m", "10m", None, ["CONNECTION_TARGET"]),
        }
        for name, expected in table.items():
            with self.subTest(name):
                self.assertEqual(row(name), expected)
                account = expected[2]
                if account:
                    self.assertIn(f"ServiceAccount/{account}", objects)

    def test_numbers_stay_what_they_are(self):
        objects = self.objects(DATA / "values-small.yaml", "--set", "securityContext.enabled=true")
        pod = objects["Deployment/synthetic-checks"]["spec"]["template"]["spec"]
        self.assertEqual(pod["securityContext"]["runAsUser"], 1000680000)
        self.assertIn({"name": "LARGE", "value": "1000000"}, pod["containers"][0]["env"])

    def test_the_configuration_file_may_come_from_a_secret(self):
        objects = self.objects(DATA / "values-small.yaml")
        volumes = objects["Deployment/synthetic-checks"]["spec"]["template"]["spec"]["volumes"]
        self.assertEqual(volumes, [{"name": "config", "secret": {"secretName": "my-configuration"}}])
        self.assertFalse([name for name in objects if name.startswith("ConfigMap/")])

    def test_a_budget_of_zero_is_a_value_and_one_replica_has_none(self):
        budget = self.objects(DATA / "values-everything.yaml")["PodDisruptionBudget/kuberhealthy-pdb"]["spec"]
        self.assertEqual(budget["maxUnavailable"], 0)
        self.assertNotIn("minAvailable", budget)
        self.assertFalse([name for name in self.objects(DATA / "values-small.yaml") if name.startswith("PodDisruptionBudget")])

    def test_checker_pods_are_told_where_to_report_when_it_is_not_the_usual_place(self):
        def url(values, *options):
            deployments = [found for found in self.objects(values, *options).values() if found["kind"] == "Deployment"]
            environment = deployments[0]["spec"]["template"]["spec"]["containers"][0]["env"]
            return {item["name"]: item.get("value") for item in environment}.get("KH_EXTERNAL_REPORTING_URL")

        self.assertIsNone(url(None))
        self.assertEqual(url(None, "--set", "service.externalPort=8081"),
                         f"http://kuberhealthy.{self.namespace}.svc.cluster.local:8081/externalCheckStatus")
        self.assertEqual(url(None, "--set", "clusterDomain=example.org,nameOverride=other"),
                         f"http://other.{self.namespace}.svc.example.org/externalCheckStatus")

    def test_the_readme_names_every_value(self):
        readme = (CHART / "README.md").read_text()
        # Its own keys stand in the first columns of values.yaml; those of a check, deeper, are told once for all checks.
        path = []
        for line in (CHART / "values.yaml").read_text().splitlines():
            found = re.match(r"^( *)([\w.]+):( .*)?$", line)
            if not found:
                continue
            depth = len(found[1]) // 2
            path = [*path[:depth], found[2]]
            told = ".".join(path) if path[0] != "check" else path[-1]
            outer = {".".join(path[:size]) for size in range(1, len(path))}
            if path[0] == "resources" or outer & {"deployment.env", "securityContext.capabilities", "securityContext.seccompProfile"}:
                continue  # the user's own keys, or Kubernetes'
            if not found[3] or found[3].lstrip().startswith("#"):
                continue  # a section
            with self.subTest(".".join(path)):
                self.assertTrue(f"`{told}`" in readme, "is not in it")

    # Metrics

    def test_the_alerts_are_good_for_promtool_and_come_up_when_they_should(self):
        spec = self.objects(None, "--set", "prometheus.enabled=true,prometheus.prometheusRule.enabled=true")[
            "PrometheusRule/kuberhealthy"]["spec"]
        folder = self.cluster.folder / "alerts"
        folder.mkdir()
        (folder / "rules.yaml").write_text(json.dumps(spec))
        (folder / "alerts-test.yaml").write_text((DATA / "alerts-test.yaml").read_text())
        for arguments in (["check", "rules", "rules.yaml"], ["test", "rules", "alerts-test.yaml"]):
            answer = subprocess.run(["promtool", *arguments], cwd=folder, capture_output=True, text=True, check=False)
            self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)
        self.assertIn(f"SUCCESS: {len(spec['groups'][0]['rules'])} rules found", subprocess.run(
            ["promtool", "check", "rules", "rules.yaml"], cwd=folder, capture_output=True, text=True, check=True).stdout)


@only_on("real", "RBAC")
class ChartRights(ChartCase):
    """The controller with the rights that the chart gives it: in two namespaces, and in the whole cluster."""

    release = "installed"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.make_namespace(f"{cls.namespace}-other")

    def install(self, *options):
        """Service account and rights alone; a kubeconfig of that account."""
        rights = [found for found in self.objects(None, *options).values()
                  if found["kind"] in ("ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")]
        text = "\n---\n".join(json.dumps(found) for found in rights)
        self.cluster.kubectl("apply", "--validate=strict", "-f", "-", stdin=text)
        self.addCleanup(self.cluster.kubectl, "delete", "--wait=false", "-f", "-", stdin=text)
        account = next(found["metadata"]["name"] for found in rights
                       if found["kind"] == "ServiceAccount" and found["metadata"]["name"].startswith("tried"))
        token = self.cluster.kubectl("create", "token", account, f"--namespace={self.namespace}").strip()
        return account, self.cluster._kubeconfig(account, self.cluster._ca(), {"token": token})

    def may(self, account, verb, resource, *where):
        asked = self.cluster.kubectl_answer("auth", "can-i", verb, *resource.split(), *where,
                                            f"--as=system:serviceaccount:{self.namespace}:{account}")
        return asked.stdout.strip()

    def run_a_check(self, kubeconfig, env):
        kubelet = Kubelet(self.cluster.admin).start()
        self.addCleanup(kubelet.stop)
        controller = Controller(self.binary, self.cluster, kubeconfig=kubeconfig, env={"POD_NAMESPACE": self.namespace, **env})
        controller.start()
        self.addCleanup(controller.kill)
        self.apply_check("with-the-charts-rights", fate="passes")
        self.wait_for_outcome("with-the-charts-rights", "Passed")
        self.apply_check("a-job", kind="KuberhealthyJob", fate="passes")
        path = f"/apis/comcast.github.io/v1/namespaces/{self.namespace}/khjobs/a-job"
        eventually(lambda: self.cluster.admin.get(path)["spec"].get("phase") == "Completed", "the job is completed")
        refused = [line for line in self.cluster.audit_lines(self.user_of(kubeconfig)) if line["responseStatus"]["code"] == 403]
        self.assertEqual(refused, [])
        for plural, name in (("khchecks", "with-the-charts-rights"), ("khjobs", "a-job")):
            self.delete_check(name, plural)

    def user_of(self, kubeconfig):
        return f"system:serviceaccount:{self.namespace}:{kubeconfig.stem}"

    def test_namespaces_that_are_named_are_all_it_can_touch(self):
        account, kubeconfig = self.install("--set", f"targetNamespaces={{{self.namespace}}},serviceAccount.name=tried-in-one")
        self.run_a_check(kubeconfig, {"TARGET_NAMESPACE": self.namespace})
        for verb, resource, here, there in (
            ("create", "pods", "yes", "no"),
            ("patch", "khstates.comcast.github.io", "yes", "no"),
            ("watch", "khchecks.comcast.github.io", "yes", "no"),
            ("create", "leases.coordination.k8s.io", "yes", "no"),
            ("patch", "leases.coordination.k8s.io/kuberhealthy", "yes", "no"),
            ("patch", "leases.coordination.k8s.io/another", "no", "no"),
            ("get", "secrets", "no", "no"),
        ):
            with self.subTest(f"{verb} {resource}"):
                self.assertEqual((self.may(account, verb, resource, "-n", self.namespace),
                                  self.may(account, verb, resource, "-n", self.other)), (here, there))

    def test_the_whole_cluster_where_none_is_named(self):
        account, kubeconfig = self.install("--set", "nameOverride=tried-in-all")
        self.run_a_check(kubeconfig, {})
        for verb, resource, answer in (
            ("watch", "khchecks.comcast.github.io", "yes"),
            ("patch", "khchecks.comcast.github.io --subresource=status", "yes"),
            ("patch", "khjobs.comcast.github.io --subresource=status", "no"),
            ("delete", "khjobs.comcast.github.io", "yes"),
            ("patch", "khchecks.comcast.github.io", "no"),
            ("delete", "khchecks.comcast.github.io", "no"),
            ("create", "events", "yes"),
            ("list", "events", "no"),
            ("create", "pods", "yes"),
            ("update", "pods", "no"),
            ("get", "pods --subresource=log", "no"),
            ("create", "pods --subresource=exec", "no"),
            ("get", "secrets", "no"),
            ("list", "nodes", "no"),
            ("list", "namespaces", "no"),
            ("create", "leases.coordination.k8s.io", "no"),
        ):
            with self.subTest(f"{verb} {resource}"):
                self.assertEqual(self.may(account, verb, resource, "-n", self.other), answer)
        self.assertEqual(self.may(account, "create", "leases.coordination.k8s.io", "-n", self.namespace), "yes")


@only_on("real", "once is enough")
class ChartMetrics(Case):
    def test_the_dashboard_and_the_alerts_name_metrics_that_there_are(self):
        families = set(re.findall(r"^# TYPE (\S+) ", self.controller.get("/metrics").body.decode(), re.MULTILINE))
        dashboard = json.loads((CHART / "files" / "dashboard.json").read_text())
        queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
        queries += re.findall(r"expr: (.*)", (CHART / "files" / "rules.yaml").read_text())
        self.assertGreater(len(queries), 15)
        named = {name for query in queries for name in re.findall(r"kuberhealthy_\w+", query)}
        self.assertEqual(named - families, set())
