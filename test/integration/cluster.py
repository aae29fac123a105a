"""A real etcd and kube-apiserver on loopback, with their own CA, RBAC and an audit log.

Ports are free ones, all files lie in one temporary folder, and stop() leaves nothing behind. The programs are found by
tools/kube-assets.
"""

import base64
import ctypes
import json
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from api import Api

ROOT = pathlib.Path(__file__).resolve().parents[2]

AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}


PR_SET_PDEATHSIG = 1


def spawn(command, log, env=None):
    """A child that does not outlive us, however we end: ctest kills a test that takes too long."""
    def die_with_parent():
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    return subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=env, preexec_fn=die_with_parent)


vital_signs = set()  # callables that raise when a process that is waited for has died


def eventually(condition, what, within=30.0):
    """The first truthy value of condition(); fails with `what` after `within` seconds. The limit is generous: it is a
    verdict on a hang, not a measurement."""
    until = time.monotonic() + within
    while True:
        for check in list(vital_signs):
            check()
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError(f"not within {within:g} s: {what() if callable(what) else what}")
        time.sleep(0.03)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def find_assets():
    answer = subprocess.run([ROOT / "tools" / "kube-assets"], stdout=subprocess.PIPE, text=True, check=True)
    return pathlib.Path(answer.stdout.strip())


class Cluster:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="kuberhealthy-test-"))
        self.assets = find_assets()
        own_kubectl = self.assets / "kubectl"
        self.kubectl_path = str(own_kubectl) if own_kubectl.exists() else shutil.which("kubectl")
        self.port = free_port()
        self.etcd = self.apiserver = None
        self.audit_log = self.folder / "audit.log"
        self.logs = {}

    # Life

    def start(self):
        try:
            self._make_certificates()
            self._start_etcd()
            self.start_apiserver()
            self.kubectl("apply", "--validate=strict", "-f", str(ROOT / "manifests" / "crds"))
            self.kubectl("apply", "--validate=strict", "-f", str(ROOT / "manifests" / "plain"))
            self.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
            self._wait_for_custom_resources()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self):
        for process in (self.apiserver, self.etcd):
            if process and process.poll() is None:
                process.kill()
                process.wait()
        for log in self.logs.values():
            log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def kill_apiserver(self):
        self.apiserver.kill()
        self.apiserver.wait()

    def restart_apiserver(self):
        self.start_apiserver()
        self._wait_for_custom_resources()

    def start_apiserver(self):
        policy = self.folder / "audit-policy.json"
        policy.write_text(json.dumps(AUDIT_POLICY))
        pki = self.folder
        self.apiserver = self._spawn(
            "kube-apiserver",
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

    def _start_etcd(self):
        self.etcd_port, peer_port = free_port(), free_port()
        client, peer = f"http://127.0.0.1:{self.etcd_port}", f"http://127.0.0.1:{peer_port}"
        self.etcd = self._spawn(
            "etcd",
            f"--data-dir={self.folder}/etcd",
            "--unsafe-no-fsync",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--log-level=warn",
        )

    def _spawn(self, program, *arguments):
        log = self.logs.setdefault(program, open(self.folder / f"{program}.log", "ab"))
        return spawn([self.assets / program, *arguments], log)

    def _alive(self, process):
        if process.poll() is not None:
            logs = "".join(f"--- {path.name}\n{path.read_text()[-3000:]}\n" for path in self.folder.glob("*.log"))
            raise AssertionError(f"{process.args[0]} ended with {process.returncode}\n{logs}")
        return True

    def _ready(self):
        try:
            return self.admin.call("GET", "/readyz").status == 200
        except OSError:
            return False

    def _wait_for_custom_resources(self):
        # An Established CRD can still answer 404 or 429 for a moment, also after a restart.
        for plural in ("khchecks", "khstates", "khjobs"):
            path = f"/apis/comcast.github.io/v1/{plural}"
            eventually(lambda: self.admin.call("GET", path).status == 200, f"{plural} are served")

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

    def _kubeconfig(self, name, user):
        ca = base64.b64encode((self.folder / "ca.crt").read_bytes()).decode()
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            "clusters": [
                {"name": "test",
                 "cluster": {"server": f"https://127.0.0.1:{self.port}", "certificate-authority-data": ca}}],
            "users": [{"name": "test", "user": user}],
        }
        path = self.folder / f"{name}.kubeconfig"
        path.write_text(json.dumps(config))  # JSON is YAML
        return path

    def admin_kubeconfig(self):
        return self._kubeconfig("admin", {"client-certificate": str(self.folder / "admin.crt"),
                                          "client-key": str(self.folder / "admin.key")})

    def service_account_kubeconfig(self):
        """The rights of manifests/plain and nothing more: a token of its service account."""
        token = self.kubectl("create", "token", "kuberhealthy", "--namespace=kuberhealthy", "--duration=2h").strip()
        return self._kubeconfig("service-account", {"token": token})

    # Use

    def kubectl_answer(self, *arguments, stdin=None):
        command = [self.kubectl_path, "--kubeconfig", str(self.admin_kubeconfig()), *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)

    def kubectl(self, *arguments, stdin=None):
        """Its output; a failure of kubectl is one of the case."""
        answer = self.kubectl_answer(*arguments, stdin=stdin)
        if answer.returncode != 0:
            raise AssertionError(f"kubectl {' '.join(arguments)}: {answer.stderr.strip()}")
        return answer.stdout

    def audit_lines(self, user):
        """What `user` asked of the API server so far. A watch counts when it is opened."""
        lines = []
        for text in self.audit_log.read_text().splitlines():
            line = json.loads(text)
            stage = "ResponseStarted" if line["verb"] == "watch" else "ResponseComplete"
            if line["user"]["username"] == user and line["stage"] == stage:
                lines.append(line)
        return lines
