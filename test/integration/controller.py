"""The program under test as a child process."""

import os
import pathlib
import re
import signal
import subprocess
import time

from client import exchange
from cluster import eventually, free_port, spawn, vital_signs

POD_NAME = "kuberhealthy-0"

DEFAULTS = {
    "enableForceMaster": "false",
    "logLevel": "debug",
    "enableInflux": "false",
    "maxKHJobAge": "15m",
    "maxCheckPodAge": "72h",
    "maxCompletedPodCount": "4",
    "maxErrorPodCount": "4",
    "shutdownDelay": "0s",  # there is no Service here, and there are many stops
}


class Controller:
    def __init__(self, binary, cluster, kubeconfig=None, port=None, env=None, **settings):
        self.folder = cluster.folder
        self.port = port or free_port()
        config = {"listenAddress": f'"127.0.0.1:{self.port}"', **DEFAULTS, **settings}
        name = f"controller-{self.port}"
        self.config = self.folder / f"{name}.yaml"
        self.base_config = config
        self.config.write_text(self.config_text())
        self.log_path = self.folder / f"{name}.log"
        self.report_url = f"http://127.0.0.1:{self.port}/externalCheckStatus"
        self.command = [str(binary), "--config", str(self.config),
                        "--kubeconfig", str(kubeconfig or cluster.service_account_kubeconfig())]
        self.environment = {**os.environ, "POD_NAME": POD_NAME, "POD_NAMESPACE": "kuberhealthy",
                            "KH_EXTERNAL_REPORTING_URL": self.report_url, "CHECK_REAPER_RUN_INTERVAL": "1s", **(env or {})}
        for proxy in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
            self.environment.pop(proxy, None)
        self.process = None

    def config_text(self, **settings):
        """The configuration file that it was made with, and more; None takes a key out."""
        merged = {**self.base_config, **settings}
        return "".join(f"{key}: {value}\n" for key, value in merged.items() if value is not None)

    def use_config(self, path):
        """Another file; before start()."""
        self.config = path
        self.command[self.command.index("--config") + 1] = str(path)

    def start(self, ready=True):
        with open(self.log_path, "ab") as log:
            self.process = spawn(self.command, log, self.environment)
        vital_signs.add(self.assert_running)
        if ready:
            self.wait_ready()
        return self

    def wait_ready(self, within=30):
        eventually(self.is_ready, lambda: f"/readyz is 200\n{self.log_tail()}", within)

    def assert_running(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the controller ended with {self.process.returncode}")

    def is_ready(self):
        try:
            return self.get("/readyz").status == 200
        except OSError:
            return False

    def kill(self):
        vital_signs.discard(self.assert_running)
        self.process.kill()
        self.process.wait()

    def stop(self, within=60):
        """SIGTERM; the exit code, and how long it took."""
        vital_signs.discard(self.assert_running)
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still alive {within} s after SIGTERM\n{self.log_tail()}") from None
        return code, time.monotonic() - started

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def log(self):
        return pathlib.Path(self.log_path).read_text(errors="replace")

    def log_tail(self, lines=30):
        return "\n".join(self.log().splitlines()[-lines:])

    # Its pages

    def send(self, request, timeout=90):
        return exchange("127.0.0.1", self.port, request, timeout)

    def request(self, method, path, body=b"", **headers):
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nConnection: close\r\n"
        for name, value in headers.items():
            head += f"{name.replace('_', '-')}: {value}\r\n"
        if body or method in ("POST", "PUT", "PATCH"):
            head += f"Content-Length: {len(body)}\r\n"
        return self.send(head.encode() + b"\r\n" + body)

    def get(self, path):
        return self.request("GET", path)

    def status(self, query=""):
        return self.get("/status" + query).json()

    def metric(self, name):
        """Its samples: {label text: value}."""
        text = self.get("/metrics").body.decode()
        return {labels: float(value) for labels, value in re.findall(rf"^{name}(?:{{(.*)}})? (\S+)$", text, re.MULTILINE)}

    # What it costs

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_kib(self, field="VmRSS"):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{field}:\s+(\d+)", status, re.MULTILINE).group(1))
