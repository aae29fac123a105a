"""The embedded API server: kuberhealthy-dev as a program of its own that serves nothing but the API."""

import base64
import json

from api import Api
from cluster import ROOT, Cluster, eventually

HISTORY = 200  # changes that a watch may lie behind; few, so that the cases can go beyond it


class EmbeddedCluster(Cluster):
    server = "embedded"

    def __init__(self, program):
        super().__init__()
        self.program = str(program)
        self.kubeconfig = self.folder / "embedded.kubeconfig"

    def _start(self):
        self.start_apiserver()
        self.kubectl("apply", "--validate=strict", "-f", str(ROOT / "manifests" / "crds"))
        self.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
        self._wait_for_custom_resources()
        self.admin.call("POST", "/api/v1/namespaces",
                        {"metadata": {"name": "kuberhealthy"}})  # manifests/plain makes it elsewhere

    def start_apiserver(self):
        self.kubeconfig.unlink(missing_ok=True)  # so that the one of before is not taken for the new one
        self.apiserver = self._spawn(
            self.program,
            "--api-only",
            "--listen", f"127.0.0.1:{self.port}",
            "--data", str(self.folder / "data"),
            "--kubeconfig-out", str(self.kubeconfig),
            "--history", str(HISTORY),
        )
        eventually(lambda: self._alive(self.apiserver) and self.kubeconfig.exists() and self._connect() and self._ready(),
                   "the embedded API server is ready")

    def _connect(self):
        """Reads what the program tells people: there is one user, by token."""
        config = json.loads(self.kubectl("config", "view", "--raw", "-o", "json"))
        ca = self.folder / "ca.crt"
        ca.write_bytes(base64.b64decode(config["clusters"][0]["cluster"]["certificate-authority-data"]))
        self.admin = Api("127.0.0.1", self.port, ca=ca, token=config["users"][0]["user"]["token"])
        return True

    def admin_kubeconfig(self):
        return self.kubeconfig

    def service_account_kubeconfig(self):
        """It has no RBAC: everybody who has the token may do everything."""
        return self.kubeconfig
