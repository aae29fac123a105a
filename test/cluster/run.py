#!/usr/bin/env python3
"""Kuberhealthy as its users have it: its image in real pods on a node of tools/cluster, installed by helm.

    run.py [--image FILE.tar] [--keep] [-k pattern]

Without --image it is built by tools/image. The release's cases (test_release.py) run inside of the node's network. After them
tools/cluster is judged from outside: a node that is killed is followed by another, and down leaves nothing behind. -k runs some of
the release's cases only; --keep leaves the cluster as the cases left it: tools/cluster --folder build/cluster kubectl ...
"""

import argparse
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CGROUPS = pathlib.Path("/sys/fs/cgroup")
KERNEL_SETTINGS = ["vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops", "net/ipv4/ip_forward"]

FOLDERS = ["/var/lib/kubelet", "/var/lib/etcd", "/var/lib/cni", "/run/containerd", "/run/netns", "/var/log/pods"]


class Cluster:
    def __init__(self, folder):
        self.folder = folder

    def command(self, *arguments):
        return [ROOT / "tools" / "cluster", "--folder", self.folder, *arguments]

    def run(self, *arguments, **options):
        return subprocess.run(self.command(*arguments), check=True, **options)

    def keepers(self):
        """The processes that hold the node's namespaces, as ps shows them."""
        lines = subprocess.run(["ps", "-eo", "pid,args"], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
        return [int(line.split()[0]) for line in lines if line.split()[1] == "unshare" and line.endswith(f" {self.folder}")]


def processes_in(namespaces):
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if any(os.readlink(process / "ns" / kind) == name for kind, name in namespaces.items()):
                found.append(process.name)
        except OSError:
            pass  # it ended
    return found


def machine():
    """What a node could leave on the machine, but for processes: others run here as well."""
    def output(*command):
        return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout

    return {
        "mounts": pathlib.Path("/proc/mounts").read_text(),
        "links": output("ip", "-brief", "link"),
        "routes": output("ip", "route"),
        "iptables": [line for line in output("iptables-save").splitlines() if line.startswith("-A")],
        "kernel settings": [pathlib.Path("/proc/sys", name).read_text() for name in KERNEL_SETTINGS],
        "folders": [name for name in FOLDERS if os.path.exists(name)],
    }


def expect(condition, what):
    if not condition:
        sys.exit(f"FAILED: {what}")
    print(f"ok: {what}", flush=True)


def judge_the_tool(cluster, before):
    pod = ["run", "left-over", "--image=kuberhealthy.invalid/pause:1", "--image-pull-policy=IfNotPresent"]
    cluster.run("kubectl", *pod)
    cluster.run("kubectl", "wait", "--for=condition=Ready", "pod/left-over", "--timeout=60s")
    again = cluster.run("up", stderr=subprocess.PIPE, text=True)
    expect("runs already" in again.stderr, "up of what is up does nothing")
    cluster.run("kubectl", "get", "pod", "left-over", "--output=name")

    init = cluster.run("exec", "sh", "-c", "readlink /proc/1/ns/pid /proc/1/ns/net /proc/1/ns/mnt", stdout=subprocess.PIPE,
                       text=True).stdout.split()
    namespaces = dict(zip(("pid", "net", "mnt"), init, strict=True))
    expect(len(processes_in(namespaces)) > 8, "the node's processes are in namespaces of its own")
    for keeper in cluster.keepers():
        os.kill(keeper, signal.SIGKILL)
    until = time.monotonic() + 30
    while processes_in(namespaces) and time.monotonic() < until:
        time.sleep(0.1)
    expect(not processes_in(namespaces), "a node that is killed takes all its processes with it")
    answer = subprocess.run(cluster.command("kubectl", "get", "nodes"), stderr=subprocess.PIPE, text=True, check=False)
    expect(answer.returncode == 1 and "is not up" in answer.stderr, "kubectl says then that it is not up")

    cluster.run("up")
    expect(cluster.run("kubectl", "get", "pods", stderr=subprocess.PIPE, text=True).stderr.startswith("No resources"),
           "the next one starts afresh")
    cluster.run("down")
    expect(not cluster.folder.exists() and not cluster.keepers(), "down leaves neither files nor processes")
    expect(not list(CGROUPS.glob("kuberhealthy-*")) + list(CGROUPS.glob("*/kuberhealthy-*")), "nor control groups")
    after = machine()
    for what, value in before.items():
        expect(after[what] == value, f"{what} are as they were")


def build_image(folder):
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([ROOT / "tools" / "image", "--output", folder], check=True)
    return next(folder.glob("*.tar"))


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("FAILED: told to stop"))  # so that the cluster is taken down
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image", type=pathlib.Path)
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "build" / "cluster")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("-k", dest="patterns", action="append", default=[])
    options = parser.parse_args()
    cluster = Cluster(options.folder.resolve())
    image = options.image.resolve(strict=True) if options.image else build_image(ROOT / "build" / "cluster-image")
    version = image.stem.removeprefix("kuberhealthy-")
    cluster.run("down")  # an earlier run may have been killed
    before = machine()
    try:
        cluster.run("up")
        cluster.run("load-image", image)
        patterns = [argument for pattern in options.patterns for argument in ("-k", pattern)]
        cluster.run("exec", sys.executable, HERE / "test_release.py", "--failfast", *patterns,
                    env={**os.environ, "KH_VERSION": version})
        if not options.keep and not options.patterns:
            judge_the_tool(cluster, before)
    except subprocess.CalledProcessError as error:
        sys.exit(f"FAILED: {' '.join(map(str, error.cmd))}: {error.returncode}")
    finally:
        if not options.keep:
            cluster.run("down")


if __name__ == "__main__":
    main()
