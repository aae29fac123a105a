"""The cluster's authority, the certificates of its parts, and their kubeconfigs."""

import base64
import json
import subprocess

import place

# Who each part is: the names that Kubernetes' own roles are bound to.
SUBJECTS = {
    "admin": "/O=system:masters/CN=admin",
    "kube-controller-manager": "/CN=system:kube-controller-manager",
    "kube-scheduler": "/CN=system:kube-scheduler",
    "kube-proxy": "/CN=system:kube-proxy",
    "kubelet": f"/O=system:nodes/CN=system:node:{place.NODE_NAME}",
    "coredns": "/CN=system:coredns",
}
API_SERVER_NAMES = ["kubernetes", "kubernetes.default", "kubernetes.default.svc",
                    f"kubernetes.default.svc.{place.CLUSTER_DOMAIN}", "localhost"]
NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
DAYS = "365"


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def issue(folder, name, subject, extensions):
    openssl(folder, "req", *NEW_KEY, "-subj", subject, "-keyout", f"{name}.key", "-out", f"{name}.csr")
    (folder / f"{name}.ext").write_text(extensions)
    openssl(folder, "x509", "-req", "-days", DAYS, "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
            "-extfile", f"{name}.ext", "-out", f"{name}.crt")


def text_of(path):
    return base64.b64encode(path.read_bytes()).decode()


def write_kubeconfig(folder, name):
    """All in one file, so that it can be copied."""
    path = folder / f"{name}.kubeconfig"
    path.write_text(json.dumps({  # JSON is YAML
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "cluster",
        "contexts": [{"name": "cluster", "context": {"cluster": "cluster", "user": name}}],
        "clusters": [{"name": "cluster", "cluster": {"server": place.API_SERVER,
                                                     "certificate-authority-data": text_of(folder / "ca.crt")}}],
        "users": [{"name": name, "user": {"client-certificate-data": text_of(folder / f"{name}.crt"),
                                          "client-key-data": text_of(folder / f"{name}.key")}}],
    }, indent=2))
    path.chmod(0o600)


def make(folder):
    folder.mkdir(mode=0o700, parents=True)
    openssl(folder, "req", "-x509", *NEW_KEY, "-days", DAYS, "-subj", "/CN=kuberhealthy-cluster-ca", "-keyout", "ca.key",
            "-out", "ca.crt")
    openssl(folder, "genrsa", "-out", "service-account.key", "2048")
    names = ",".join([f"IP:{address}" for address in (place.NODE_IP, place.API_SERVICE_IP, "127.0.0.1")]
                     + [f"DNS:{name}" for name in API_SERVER_NAMES])
    issue(folder, "kube-apiserver", "/CN=kube-apiserver", f"subjectAltName={names}\nextendedKeyUsage=serverAuth")
    issue(folder, "kubelet-server", f"/CN=system:node:{place.NODE_NAME}",
          f"subjectAltName=IP:{place.NODE_IP},DNS:{place.NODE_NAME}\nextendedKeyUsage=serverAuth")
    issue(folder, "kubelet-client", "/O=system:masters/CN=kube-apiserver-kubelet-client", "extendedKeyUsage=clientAuth")
    for name, subject in SUBJECTS.items():
        issue(folder, name, subject, "extendedKeyUsage=clientAuth")
        write_kubeconfig(folder, name)
