"""What the cases see of the release: kubectl and helm as its users call them, and HTTP through the Service and to each pod."""

import collections
import json
import os
import pathlib
import subprocess
import sys
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "test" / "integration"))

from cluster import eventually  # noqa: E402, F401

CHART = ROOT / "manifests" / "chart"
NAMESPACE = "kuberhealthy"
VERSION = os.environ["KH_VERSION"]
# v2's default checks come from a registry, which there is none of.
VALUES = {"check": {name: {"enabled": False} for name in ("daemonset", "deployment", "dnsInternal")}}


def run(*command, stdin=None):
    answer = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: {answer.stdout}{answer.stderr}")
    return answer.stdout


def kubectl(*arguments, namespace=NAMESPACE, stdin=None):
    return run("kubectl", f"--namespace={namespace}", *arguments, stdin=stdin)


def get(*arguments, namespace=NAMESPACE):
    """The object or list; None where there is none."""
    text = kubectl("get", "--ignore-not-found", "--output=json", *arguments, namespace=namespace)
    return json.loads(text) if text else None


def items(*arguments, namespace=NAMESPACE):
    found = get(*arguments, namespace=namespace)
    return found["items"] if found else []


def helm(verb, *arguments, **values):
    return run("helm", verb, NAMESPACE, *arguments, f"--namespace={NAMESPACE}", "--timeout=4m",
               *([f"--values={write_values(values)}"] if verb in ("install", "upgrade") else []))


def write_values(more):
    path = pathlib.Path("/run/values.json")  # the node's own /run
    path.write_text(json.dumps({**VALUES, **more}))  # JSON is YAML
    return path


def apply_example(name):
    """An example as it is, but for the tag: `latest` is always asked of a registry."""
    text = (ROOT / "manifests" / "examples" / f"{name}.yaml").read_text().replace("kuberhealthy-check:latest",
                                                                                 f"kuberhealthy-check:{VERSION}")
    kubectl("apply", "--filename=-", stdin=text)


def apply_check(name, *arguments, interval, timeout="2m"):
    kubectl("apply", "--filename=-", stdin=json.dumps({
        "apiVersion": "comcast.github.io/v1",
        "kind": "KuberhealthyCheck",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"runInterval": interval, "timeout": timeout, "podSpec": {"containers": [
            {"name": "main", "image": f"kuberhealthy/kuberhealthy-check:{VERSION}", "args": list(arguments)}]}},
    }))


def annotation(item, name):
    return item["metadata"].get("annotations", {}).get(f"kuberhealthy.github.io/{name}")


def state(check):
    return get("khstate", check)


def checker_pods(check):
    return items("pods", f"--selector=kuberhealthy-check-name={check}")


def replicas():
    """Kuberhealthy's own pods that are not on their way out."""
    return [pod for pod in items("pods", "--selector=app=kuberhealthy") if "deletionTimestamp" not in pod["metadata"]]


def ready_replicas():
    return [pod for pod in replicas() if {"type": "Ready", "status": "True"}.items() <= condition(pod, "Ready").items()]


def condition(pod, kind):
    return next((entry for entry in pod["status"].get("conditions", []) if entry["type"] == kind), {})


def holder():
    lease = get("lease", "kuberhealthy")
    return lease["spec"].get("holderIdentity", "") if lease else ""


def page(address, path="/status"):
    with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
        return answer.read().decode()


def service():
    return get("service", "kuberhealthy")["spec"]["clusterIP"]


def masters():
    """Whom each replica's page calls the master."""
    return {json.loads(page(f"{pod['status']['podIP']}:8080"))["CurrentMaster"] for pod in ready_replicas()}


def leader():
    """The pod that leads, once there are two replicas and both say who it is."""
    def agreed():
        pods = {pod["metadata"]["name"]: pod for pod in ready_replicas()}
        name = holder()
        return pods.get(name) if len(pods) == 2 and masters() == {name} else None

    return eventually(agreed, "two replicas that agree on who leads", within=150)


def process_of(pod):
    """The process of the pod's container. The cases run among the node's processes."""
    container = pod["status"]["containerStatuses"][0]["containerID"].removeprefix("containerd://")
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if container in (process / "cgroup").read_text():
                return int(process.name)
        except OSError:
            continue
    raise AssertionError(f"no process of {pod['metadata']['name']}")


class Stopwatch:
    def __init__(self):
        self.since = time.monotonic()

    def __str__(self):
        return f"{time.monotonic() - self.since:.1f} s"


def slots_that_ran_twice(pods):
    counts = collections.Counter((pod["metadata"]["labels"]["kuberhealthy-check-name"], annotation(pod, "slot")) for pod in pods)
    return [slot for slot, count in counts.items() if count > 1]
