"""A real etcd and kube-apiserver on loopback, with their own CA, RBAC and an audit log; with the controller manager where the
cases want owners and namespaces to be cleaned up after. The programs are found by tools/kube-assets.
"""

import json
import subprocess
import urllib.error
import urllib.request

from api import Api
from cluster import ROOT, Cluster, eventually, find_asset, free_port

AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "rules": [
        # Both stages: a request is on record before it is carried out, whenever the server is killed.
        {"level": "Metadata", "resources": [{"group": "comcast.github.io", "resources": ["khstates"]}]},
        {"level": "Metadata", "omitStages": ["RequestReceived"]},
    ],
}

CONTROLLERS = ("garbage-collector-controller", "namespace-controller", "serviceaccount-controller")


class RealCluster(Cluster):
    server = "real"

    def __init__(self, controller_manager=False):
        super().__init__()
        self.with_controller_manager = controller_manager
        self.etcd = self.controller_manager = None
        self.etcd_port, self.etcd_peer_port = free_port(), free_port()
        self.audit_log = self.folder / "audit.log"

    # Life

    def _start(self):
        self._make_certificates()
        self._start_etcd()
        self.start_apiserver()
        self.kubectl("apply", "--validate=strict", "-f", str(ROOT / "manifests" / "crds"))
        self.kubectl("apply", "--validate=strict", "-f", str(ROOT / "manifests" / "plain"))
        self.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
        self._wait_for_custom_resources()
        if self.with_controller_manager:  # last: what its garbage collector knows when it starts, it need not find out later
            self._start_controller_manager()

    def processes(self):
        return [self.controller_manager, self.apiserver, self.etcd]

    def start_apiserver(self):
        policy = self.folder / "audit-policy.json"
        policy.write_text(json.dumps(AUDIT_POLICY))
        pki = self.folder
        self.apiserver = self._spawn(
            find_asset("kube-apiserver"),
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",
            f"--secure-port={self.port}",
            f"--etcd-servers=http://127.0.0.1:{self.etcd_port}",
            "--authorization-mode=RBAC,Node",
            "--anonymous-auth=false",
            f"--client-ca-file={pki}/ca.crt",
            f"--tls-cert-file={pki}/apiserver.crt",
            f"--tls-private-key-file={pki}/apiserver.key",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-signing-key-file={pki}/service-account.key",
            f"--service-account-key-file={pki}/service-account.key",
            "--service-cluster-ip-range=10.96.0.0/16",
            f"--audit-policy-file={policy}",
            f"--audit-log-path={self.audit_log}",
            "--profiling=false",
        )
        self.admin = Api("127.0.0.1", self.port, ca=pki / "ca.crt", certificate=pki / "admin.crt", key=pki / "admin.key")
        eventually(lambda: self._alive(self.apiserver) and self._ready(), "kube-apiserver is ready", within=120)

    def _start_etcd(self, *options):
        client, peer = f"http://127.0.0.1:{self.etcd_port}", f"http://127.0.0.1:{self.etcd_peer_port}"
        self.etcd = self._spawn(
            find_asset("etcd"),
            f"--data-dir={self.folder}/etcd",
            "--unsafe-no-fsync",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--log-level=warn",
            *options,
        )

    def kill_etcd(self):
        self.etcd.kill()
        self.etcd.wait()

    def restart_etcd(self, *options):
        """With the data that it had. Nothing is synced to the disk, which matters to a loss of power and not to a kill."""
        self._start_etcd(*options)
        self._wait_for_custom_resources()

    def etcd_call(self, path, **body):
        """Its JSON gateway; an answer that is an error has a member `error`."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.etcd_port}/v3/{path}", json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return {"error": error.read().decode()}

    def _start_controller_manager(self):
        self.controller_manager = self._spawn(
            find_asset("kube-controller-manager"),
            f"--kubeconfig={self.admin_kubeconfig()}",
            f"--controllers={','.join(CONTROLLERS)}",
            "--leader-elect=false",
            "--bind-address=127.0.0.1",
            f"--secure-port={free_port()}",
            f"--cert-dir={self.folder}",
            "--profiling=false",
        )
        default = "/api/v1/namespaces/default/serviceaccounts/default"
        eventually(lambda: self._alive(self.controller_manager) and self.admin.get(default), "the controller manager works",
                   within=60)

    # Identities

    def _make_certificates(self):
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                      "-subj", "/CN=kuberhealthy-test-ca", "-keyout", "ca.key", "-out", "ca.crt")
        self._issue("apiserver", "/CN=kube-apiserver", "subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth")
        self._issue("admin", "/O=system:masters/CN=admin", "extendedKeyUsage=clientAuth")
        self._openssl("genrsa", "-out", "service-account.key", "2048")

    def _issue(self, name, subject, extensions):
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                      "-subj", subject, "-keyout", f"{name}.key", "-out", f"{name}.csr")
        (self.folder / f"{name}.ext").write_text(extensions)
        self._openssl("x509", "-req", "-days", "2", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
                      "-CAcreateserial", "-extfile", f"{name}.ext", "-out", f"{name}.crt")

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

    def admin_kubeconfig(self):
        return self._kubeconfig("admin", self._ca(), {"client-certificate": str(self.folder / "admin.crt"),
                                                      "client-key": str(self.folder / "admin.key")})

    def service_account_kubeconfig(self):
        """The rights of manifests/plain and nothing more: a token of its service account."""
        token = self.kubectl("create", "token", "kuberhealthy", "--namespace=kuberhealthy", "--duration=2h").strip()
        return self._kubeconfig("service-account", self._ca(), {"token": token})

    def _ca(self):
        return (self.folder / "ca.crt").read_bytes()

    # Use

    def audit_lines(self, user):
        """What `user` asked of the API server so far. A watch counts when it is opened."""
        lines = []
        for text in self.audit_log.read_text().splitlines():
            line = json.loads(text)
            stage = "ResponseStarted" if line["verb"] == "watch" else "ResponseComplete"
            if line["user"]["username"] == user and line["stage"] == stage:
                lines.append(line)
        return lines
