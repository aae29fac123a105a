"""The parts of the cluster: the command line of each, and the configuration files that they read."""

import json

import place


def write_settings(folder, assets, kubectl):
    """The configuration files, and commands.json, by which init.py starts the programs."""
    settings = folder / "settings"
    (settings / "cni").mkdir(parents=True, exist_ok=True)
    pki = folder / "pki"

    (settings / "containerd.toml").write_text(f"""version = 2
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{place.PAUSE_IMAGE}"
# To lower the score of a process needs CAP_SYS_RESOURCE, which a container does not have.
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{place.cni_folder()}"
conf_dir = "{settings}/cni"
""")
    write_json(settings / "cni" / "10-bridge.conflist", {
        "cniVersion": "0.4.0",
        "name": "pods",
        "plugins": [{
            "type": "bridge",
            "bridge": "pods0",
            "isGateway": True,
            "ipMasq": True,
            "hairpinMode": True,  # a pod may reach itself through a Service
            "ipam": {"type": "host-local", "ranges": [[{"subnet": place.POD_RANGE}]], "routes": [{"dst": "0.0.0.0/0"}]},
        }],
    })
    write_json(settings / "kubelet.json", {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": True},
                           "x509": {"clientCAFile": f"{pki}/ca.crt"}},
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": f"{pki}/kubelet-server.crt",
        "tlsPrivateKeyFile": f"{pki}/kubelet-server.key",
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "clusterDNS": [place.NODE_IP],
        "clusterDomain": place.CLUSTER_DOMAIN,
        "resolvConf": "",
        # Pods go to one control group that is the node's own, whatever the version and whichever controllers are there.
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{place.control_group(folder)}",
        "cgroupsPerQOS": False,
        "enforceNodeAllocatable": [],
        "failCgroupV1": False,
        "failSwapOn": False,
        "oomScoreAdj": 0,
        # A full disk of the machine is no reason to evict pods.
        "evictionHard": {signal: "0%" for signal in ("memory.available", "nodefs.available", "nodefs.inodesFree", "imagefs.available")},
        "imageGCHighThresholdPercent": 100,
        "nodeStatusUpdateFrequency": "5s",
        "syncFrequency": "10s",  # how late a changed ConfigMap comes
    })
    write_json(settings / "kube-proxy.json", {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "clientConnection": {"kubeconfig": f"{pki}/kube-proxy.kubeconfig"},
        "clusterCIDR": place.POD_RANGE,
        "hostnameOverride": place.NODE_NAME,
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        "iptables": {"localhostNodePorts": False},
        "oomScoreAdj": 0,
    })
    (settings / "Corefile").write_text(f"""{place.CLUSTER_DOMAIN}:53 {{
    bind {place.NODE_IP}
    errors
    ready {place.NODE_IP}:8181
    kubernetes {place.CLUSTER_DOMAIN} {{
        kubeconfig {pki}/coredns.kubeconfig
        ttl 5
    }}
}}
# There is nothing outside of the cluster.
.:53 {{
    bind {place.NODE_IP}
    errors
}}
""")
    write_json(settings / "objects.json", {"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "system:coredns"}, "rules": [
            {"apiGroups": [""], "resources": ["services", "pods", "namespaces"], "verbs": ["list", "watch"]},
            {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]}]},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "system:coredns"},
         "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:coredns"},
         "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "system:coredns"}]},
    ]})
    write_json(settings / "commands.json", commands(folder, assets, kubectl))


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2))


def commands(folder, assets, kubectl):
    """What init.py starts: the API server and what it needs first, then everything that asks it."""
    pki, settings = folder / "pki", folder / "settings"

    def kubeconfig_of(name):
        return f"{pki}/{name}.kubeconfig"

    first = {
        "etcd": [f"{assets}/etcd", "--data-dir=/var/lib/etcd", "--unsafe-no-fsync", "--log-level=warn",
                 "--listen-peer-urls=http://127.0.0.1:2380", "--initial-advertise-peer-urls=http://127.0.0.1:2380",
                 "--initial-cluster=default=http://127.0.0.1:2380"],
        "containerd": ["containerd", f"--config={settings}/containerd.toml"],
        "kube-apiserver": [
            f"{assets}/kube-apiserver",
            f"--advertise-address={place.NODE_IP}",
            "--etcd-servers=http://127.0.0.1:2379",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--anonymous-auth=false",
            "--allow-privileged=true",
            f"--client-ca-file={pki}/ca.crt",
            f"--tls-cert-file={pki}/kube-apiserver.crt",
            f"--tls-private-key-file={pki}/kube-apiserver.key",
            f"--kubelet-certificate-authority={pki}/ca.crt",
            f"--kubelet-client-certificate={pki}/kubelet-client.crt",
            f"--kubelet-client-key={pki}/kubelet-client.key",
            "--kubelet-preferred-address-types=InternalIP",
            f"--service-account-issuer=https://kubernetes.default.svc.{place.CLUSTER_DOMAIN}",
            f"--service-account-signing-key-file={pki}/service-account.key",
            f"--service-account-key-file={pki}/service-account.key",
            f"--service-cluster-ip-range={place.SERVICE_RANGE}",
        ],
    }
    rest = {
        "kube-controller-manager": [
            f"{assets}/kube-controller-manager",
            f"--kubeconfig={kubeconfig_of('kube-controller-manager')}",
            "--leader-elect=false",
            "--use-service-account-credentials=true",
            f"--service-account-private-key-file={pki}/service-account.key",
            f"--root-ca-file={pki}/ca.crt",
            "--cert-dir=/run/kube-controller-manager",
        ],
        "kube-scheduler": [f"{assets}/kube-scheduler", f"--kubeconfig={kubeconfig_of('kube-scheduler')}", "--leader-elect=false",
                           "--cert-dir=/run/kube-scheduler"],
        "kubelet": [f"{assets}/kubelet", f"--config={settings}/kubelet.json", f"--kubeconfig={kubeconfig_of('kubelet')}",
                    f"--node-ip={place.NODE_IP}", f"--hostname-override={place.NODE_NAME}"],
        "kube-proxy": [f"{assets}/kube-proxy", f"--config={settings}/kube-proxy.json"],
        "coredns": [f"{assets}/coredns", f"-conf={settings}/Corefile"],
    }
    return {"first": first, "rest": rest, "kubectl": str(kubectl)}
