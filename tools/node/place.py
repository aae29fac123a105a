"""Where the node's files are, and its addresses. The addresses are the same for every node: each has a network of its own."""

import hashlib
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]

NODE_NAME = "node"
NODE_IP = "10.90.0.1"
NODE_LINK = "node0"
POD_RANGE = "10.91.0.0/16"
SERVICE_RANGE = "10.96.0.0/16"
API_SERVICE_IP = "10.96.0.1"  # the first of the range, for the Service "kubernetes"
CLUSTER_DOMAIN = "cluster.local"
API_SERVER = f"https://{NODE_IP}:6443"
PAUSE_IMAGE = "kuberhealthy.invalid/pause:1"

# kube-apiserver and its helpers, the node's part, DNS, and what people call.
ASSETS = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "coredns", "kubectl",
          "helm"]
DEBIAN_PROGRAMS = ["containerd", "ctr", "runc", "iptables", "conntrack", "ip", "openssl", "unshare", "nsenter", "cc"]
CNI_FOLDERS = ["/usr/lib/cni", "/opt/cni/bin"]


def default_folder():
    cache = os.environ.get("KUBERHEALTHY_CACHE")
    if not cache:
        cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "kuberhealthy"
    return pathlib.Path(cache) / "cluster"


def control_group(folder):
    """The name of the control group of the node's pods: another for each folder."""
    return "kuberhealthy-" + hashlib.sha256(str(folder).encode()).hexdigest()[:8]


def cni_folder():
    return next((folder for folder in CNI_FOLDERS if pathlib.Path(folder, "bridge").exists()), None)
