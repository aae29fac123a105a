"""Plays the kubelet and the checker program in each pod.

No node exists in the test cluster, so somebody must say what becomes of a pod. The annotation `test/fate` of a checker pod
(set through the check's extraAnnotations) names one of the methods `fate_*` below; a pod without it passes. A fate patches
pods/status as a kubelet would and reports as a check image would. Terminating pods are removed as a kubelet would do it,
unless `test/holds-on` is set.
"""

import collections
import http.client
import json
import queue
import threading
import time
import traceback
import urllib.parse

from api import pods_path
from client import GoClient, PlainClient

WORKERS = 8


def rfc3339(seconds=None):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def environment(pod):
    return {entry["name"]: entry.get("value") for entry in pod["spec"]["containers"][0].get("env", [])}


class Kubelet:
    """Watches checker pods of all namespaces, from start() to stop()."""

    def __init__(self, api, bind=True, workers=WORKERS):
        self.workers = workers
        self.api = api
        self.bind = bind
        self.lock = threading.Lock()
        self.seen = {}       # uid -> pod as first seen; order of creation
        self.reports = []    # (uid, HTTP status, seconds it took)
        self.faults = []     # what went wrong in here: a defect of the test, not of the controller
        self.release = threading.Event()  # fates that wait for the test wait for this
        self.gates = collections.defaultdict(threading.Event)  # or for that of their annotation test/gate
        self.at_gate = collections.Counter()
        self._work = queue.SimpleQueue()
        self._stopping = False
        self._threads = []
        self._connection = None

    def start(self):
        self._threads = [threading.Thread(target=self._watch, daemon=True)]
        self._threads += [threading.Thread(target=self._worker, daemon=True) for _ in range(self.workers)]
        for thread in self._threads:
            thread.start()
        return self

    def stop(self):
        self._stopping = True
        self.release.set()
        connection = self._connection
        if connection is not None and connection.sock is not None:
            connection.sock.close()
        for gate in list(self.gates.values()):
            gate.set()
        for _ in range(self.workers):
            self._work.put(None)
        for thread in self._threads[1:]:
            thread.join(timeout=40)
        assert not self.faults, "\n".join(self.faults)

    def pods(self, namespace, check=None):
        """Every checker pod that ever was in this namespace, oldest first."""
        with self.lock:
            pods = list(self.seen.values())
        return [pod for pod in pods if pod["metadata"]["namespace"] == namespace
                and check in (None, pod["metadata"]["annotations"].get("comcast.github.io/check-name"))]

    # The watch

    def _watch(self):
        while not self._stopping:
            try:
                listed = self.api.call("GET", "/api/v1/pods?labelSelector=app%3Dkuberhealthy-check").json()
                for pod in listed["items"]:
                    self._observe(pod)
                self._stream(listed["metadata"]["resourceVersion"])
            except (OSError, http.client.HTTPException, KeyError, ValueError, AttributeError):
                time.sleep(0.1)  # the API server is away for a while: some cases want just that

    def _stream(self, version):
        query = {"watch": 1, "labelSelector": "app=kuberhealthy-check", "resourceVersion": version, "timeoutSeconds": 300}
        self._connection, lines = self.api.open("/api/v1/pods?" + urllib.parse.urlencode(query), timeout=310)
        try:
            for line in lines:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    return
                if event["type"] in ("ADDED", "MODIFIED"):
                    self._observe(event["object"])
        finally:
            self._connection.close()

    def _observe(self, pod):
        uid = pod["metadata"]["uid"]
        with self.lock:
            new = uid not in self.seen
            if new:
                self.seen[uid] = pod
        if pod["metadata"].get("deletionTimestamp"):
            if not pod["metadata"]["annotations"].get("test/holds-on"):
                self._work.put((self._remove, pod))
        elif new and pod.get("status", {}).get("phase") == "Pending":
            fate = pod["metadata"]["annotations"].get("test/fate", "passes")
            self._work.put((getattr(self, "fate_" + fate.replace("-", "_")), pod))

    def _worker(self):
        while True:
            task = self._work.get()
            if task is None:
                return
            action, pod = task
            try:
                action(pod)
            except OSError:
                pass  # the API server or the controller was killed by the case; the pod keeps the state that it has
            except Exception:  # noqa: BLE001: reported by stop(), in the main thread
                self.faults.append(traceback.format_exc())

    def _remove(self, pod):
        self.persist(lambda: self.api.delete(self._path(pod), grace=0))

    def persist(self, action):
        """As a kubelet: again until the API server takes it."""
        while not self._stopping:
            try:
                return action()
            except (OSError, AssertionError):
                time.sleep(0.5)

    # What a kubelet writes

    @staticmethod
    def _path(pod, sub=None):
        return pods_path(pod["metadata"]["namespace"], pod["metadata"]["name"], sub)

    def bind_to_node(self, pod, node="node-1"):
        answer = self.api.call("POST", self._path(pod, "binding"), {
            "apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod["metadata"]["name"]},
            "target": {"apiVersion": "v1", "kind": "Node", "name": node}})
        return answer.status == 201

    def set_status(self, pod, **status):
        return self.api.patch(self._path(pod, "status"), {"status": status})

    @staticmethod
    def container(pod, state, index=0):
        spec = pod["spec"]["containers"][index]
        return {"name": spec["name"], "image": spec.get("image", "image"), "imageID": "", "ready": "running" in state,
                "restartCount": 0, "state": state}

    def running(self, pod, ip="10.9.8.7"):
        if self.bind:
            self.bind_to_node(pod)
        states = [self.container(pod, {"running": {"startedAt": rfc3339()}}, i) for i in range(len(pod["spec"]["containers"]))]
        self.set_status(pod, phase="Running", podIP=ip, podIPs=[{"ip": ip}], startTime=rfc3339(), containerStatuses=states)

    def ended(self, pod, code=0, reason=None, message=None, **status):
        terminated = {"exitCode": code, "reason": reason or ("Completed" if code == 0 else "Error"),
                      "startedAt": rfc3339(time.time() - 1), "finishedAt": rfc3339()}
        if message:
            terminated["message"] = message
        self.set_status(pod, phase="Succeeded" if code == 0 else "Failed",
                        containerStatuses=[self.container(pod, {"terminated": terminated})], **status)

    def waiting(self, pod, reason, message):
        self.bind_to_node(pod)
        self.set_status(pod, phase="Pending", containerStatuses=[
            self.container(pod, {"waiting": {"reason": reason, "message": message}})])

    # What a check program sends

    def report(self, pod, ok, errors, client=GoClient, within=30):
        """As v2's Go client: again for half a minute after anything but 200 and 400."""
        env = environment(pod)
        until = time.monotonic() + within
        while not self._stopping and time.monotonic() < until:
            started = time.monotonic()
            try:
                status = client(env["KH_REPORTING_URL"], env["KH_RUN_UUID"]).report(ok, errors).status
            except OSError:
                status = None  # the controller is away
            else:
                with self.lock:
                    self.reports.append((pod["metadata"]["uid"], status, time.monotonic() - started))
            if status in (200, 400):
                return
            time.sleep(0.5)  # the client's first back-off

    # Fates

    def fate_passes(self, pod):
        self.running(pod)
        self.report(pod, True, [])
        self.ended(pod)

    def fate_fails(self, pod):
        self.running(pod)
        self.report(pod, False, ["the target said 503", 'a second "line"'])
        self.ended(pod)

    def fate_never_starts(self, pod):
        """Nobody schedules it and nobody says why."""

    def fate_runs_on(self, pod):
        """Runs and never reports; what is to come, the case decides."""
        self.running(pod)

    fate_silent = fate_runs_on

    def fate_exits_3(self, pod):
        self.running(pod)
        self.ended(pod, code=3, message="panic: no such host")

    def fate_ends_quietly(self, pod):
        self.running(pod)
        self.ended(pod)

    def fate_image_missing(self, pod):
        self.waiting(pod, "ErrImagePull", "manifest for example/none:1 not found")

    def fate_image_name_invalid(self, pod):
        self.waiting(pod, "InvalidImageName", 'Failed to apply default image tag "UPPER:::": invalid reference format')

    def fate_unschedulable(self, pod):
        self.set_status(pod, phase="Pending", conditions=[{
            "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
            "message": "0/3 nodes are available: 3 Insufficient cpu.", "lastTransitionTime": rfc3339()}])

    def fate_evicted(self, pod):
        """Every attempt is evicted."""
        self.running(pod)
        self.set_status(pod, phase="Failed", reason="Evicted", message="The node was low on resource: memory.", conditions=[{
            "type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet",
            "message": "The node was low on resource: memory.", "lastTransitionTime": rfc3339()}])

    def fate_evicted_once(self, pod):
        """The first attempt is evicted; the retry passes."""
        if pod["metadata"]["name"].endswith("-r1"):
            self.fate_passes(pod)
        else:
            self.fate_evicted(pod)

    def fate_deleted(self, pod):
        """Somebody deletes it while it runs."""
        self.running(pod)
        self.api.delete(self._path(pod), grace=1)

    def fate_sidecar(self, pod):
        """Reports, and its main container ends, but a sidecar keeps the pod alive for ever."""
        self.running(pod)
        self.report(pod, True, [])
        now = rfc3339()
        self.set_status(pod, phase="Running", containerStatuses=[
            self.container(pod, {"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now}}),
            self.container(pod, {"running": {"startedAt": now}}, 1)])

    def fate_no_header(self, pod):
        """The Python and JavaScript clients of v2: no header, known by the source address."""
        self.running(pod, ip="127.0.0.1")
        self.report(pod, True, [], client=PlainClient)
        self.ended(pod)

    def fate_twice(self, pod):
        """A client whose 200 was lost sends the same again."""
        self.running(pod)
        self.report(pod, True, [])
        self.report(pod, True, [])
        self.ended(pod)

    def fate_passes_when_told(self, pod):
        """Runs until the case says so."""
        self.running(pod)
        self.release.wait()
        if not self._stopping:
            self.report(pod, True, [])
            self.ended(pod)

    def fate_names_itself(self, pod):
        """Reports its own uid as an error, once its gate is open and for as long as it takes, whatever becomes of the API server."""
        gate = pod["metadata"]["annotations"].get("test/gate")
        if gate:
            self.persist(lambda: self.running(pod))
            with self.lock:
                self.at_gate[gate] += 1
            self.gates[gate].wait()
        self.report(pod, False, [pod["metadata"]["uid"]], within=600)
        self.persist(lambda: self.ended(pod, code=1))
