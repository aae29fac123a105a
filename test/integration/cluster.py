"""A cluster for the cases: what is common to the real one (real_cluster.py) and the embedded one (embedded_cluster.py).

Ports are free ones, all files lie in one temporary folder, and stop() leaves nothing behind.
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

ROOT = pathlib.Path(__file__).resolve().parents[2]

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


def json_texts(text):
    """The objects that kubectl prints one after another."""
    decoder = json.JSONDecoder()
    at = 0
    while at < len(text):
        found, at = decoder.raw_decode(text, at)
        yield found
        at += len(text[at:]) - len(text[at:].lstrip())


def find_asset(program):
    """A real Kubernetes program, found or built by tools/kube-assets."""
    answer = subprocess.run([ROOT / "tools" / "kube-assets", program], stdout=subprocess.PIPE, text=True, check=True)
    path = pathlib.Path(answer.stdout.strip()) / program
    return str(path) if path.exists() else shutil.which(program)


class Cluster:
    """start() ends with an API server that serves the custom resources; `apiserver` is its process and `admin` speaks to it."""

    server = None  # "real" or "embedded"

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="kuberhealthy-test-"))
        self.port = free_port()
        self.apiserver = None
        self.admin = None
        self.kubectls = {}
        self.logs = {}

    # Life

    def start(self):
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def processes(self):
        return [self.apiserver]

    def stop(self):
        for process in self.processes():
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

    def _spawn(self, program, *arguments):
        name = pathlib.Path(program).name
        log = self.logs.setdefault(name, open(self.folder / f"{name}.log", "ab"))
        return spawn([program, *arguments], log)

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

    def _kubeconfig(self, name, ca, user):
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            "clusters": [
                {"name": "test", "cluster": {"server": f"https://127.0.0.1:{self.port}",
                                             "certificate-authority-data": base64.b64encode(ca).decode()}}],
            "users": [{"name": "test", "user": user}],
        }
        path = self.folder / f"{name}.kubeconfig"
        path.write_text(json.dumps(config))  # JSON is YAML
        return path

    # Use

    def kubectl_path(self, program="kubectl"):
        if program not in self.kubectls:
            self.kubectls[program] = find_asset(program)
        return self.kubectls[program]

    def kubectl_answer(self, *arguments, stdin=None):
        command = [self.kubectl_path(), "--kubeconfig", str(self.admin_kubeconfig()), "--cache-dir",
                   str(self.folder / "kubectl-cache"),
                   *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)

    def kubectl(self, *arguments, stdin=None):
        """Its output; a failure of kubectl is one of the case."""
        answer = self.kubectl_answer(*arguments, stdin=stdin)
        if answer.returncode != 0:
            raise AssertionError(f"kubectl {' '.join(arguments)}: {answer.stderr.strip()}")
        return answer.stdout
