"""v2's report clients, and what people write in their place: unchanged, in every way in which they put it on the wire."""

import contextlib
import os
import pathlib
import socket
import subprocess

from case import Case, secret_of
from client import read_reply
from cluster import ROOT, eventually

RECORDED = ROOT / "test" / "data" / "reporting_clients"
RECORDED_RUN = b"11111111-2222-4333-8444-555555555555"
RECORDED_HOST = b"127.0.0.1:8080"
HEADER_END = b"\r\n\r\n"


def client_path(name):
    """One of those that tools/test-clients builds or installs."""
    answer = subprocess.run([ROOT / "tools" / "test-clients"], stdout=subprocess.PIPE, text=True, check=True)
    return str(pathlib.Path(answer.stdout.strip()) / name)


def head_then_body(request):
    at = request.index(HEADER_END) + len(HEADER_END)
    return request[:at], request[at:]


PACKETS = {"whole": lambda request: (request,), "apart": head_then_body,
           "drop": lambda request: (request[i:i + 1] for i in range(len(request)))}


def runs(*names):
    """Checks whose pods run until the case reports for them."""
    return {name: {"fate": "runs-on", "timeout": "20m"} for name in names}


class ClientCase(Case):
    @contextlib.contextmanager
    def running(self, name):
        """The pod of that check. While the case reports, it runs on this host's address, by which clients without the header are
        known; no two pods that run have one address."""
        pod = self.wait_for_running_pod(name)
        self.kubelet.running(pod, ip="127.0.0.1")
        yield pod
        self.kubelet.ended(pod)

    def client_environment(self, pod):
        return {**os.environ, "KH_REPORTING_URL": self.controller.report_url, "KH_RUN_UUID": secret_of(pod), "NO_PROXY": "*"}

    def assert_stored(self, name, ok, errors):
        spec = self.state(name)["spec"]
        self.assertEqual((spec["OK"], spec["Errors"]), (ok, errors))


class Recorded(ClientCase):
    """The bytes of each client, and what a network does to them."""

    files = sorted(RECORDED.glob("*.http"))
    spellings = {
        "kh-run-uuid": b'{"Errors":[],"OK":true}', "Kh-Run-Uuid": b'{"Errors":[],"ok":true}',
        "KH-RUN-UUID": b'{"ERRORS":[],"Ok":true}', "kH-rUn-uUiD": b'{"errors":null,"oK":true}',
    }
    checks = runs(*(f"{path.stem}-{way}" for path in files for way in PACKETS), *(f"case-{i}" for i in range(len(spellings))))

    def request(self, path, pod):
        request = path.read_bytes().replace(RECORDED_HOST, f"127.0.0.1:{self.controller.port}".encode())
        return request.replace(RECORDED_RUN, secret_of(pod).encode())

    def send(self, request, parts, wait_for_continue=False):
        with socket.create_connection(("127.0.0.1", self.controller.port), timeout=60) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            stream = connection.makefile("rb")
            for index, part in enumerate(parts(request)):
                if index == 1 and wait_for_continue:
                    self.assertEqual(read_reply(stream).status, 100)
                connection.sendall(part)
            while (reply := read_reply(stream)).status == 100:
                pass  # a client that does not wait for it gets it all the same
            return reply

    def test_each_is_understood_however_it_is_cut_into_packets(self):
        self.assertGreater(len(self.files), 10)
        for path in self.files:
            for way, parts in PACKETS.items():
                name = f"{path.stem}-{way}"
                with self.subTest(name), self.running(name) as pod:
                    request = self.request(path, pod)
                    reply = self.send(request, parts, wait_for_continue=way == "apart" and b"100-continue" in request)
                    self.assertEqual((reply.status, reply.body), (200, b""))
                    self.assert_stored(name, True, [])

    def test_names_of_headers_and_fields_are_taken_in_any_case(self):
        for index, (header, body) in enumerate(self.spellings.items()):
            with self.subTest(header), self.running(f"case-{index}") as pod:
                head = (f"POST /externalCheckStatus HTTP/1.1\r\nHost: a\r\n{header}: {secret_of(pod)}\r\n"
                        f"Content-Length: {len(body)}\r\n\r\n")
                self.assertEqual(self.send(head.encode() + body, PACKETS["whole"]).status, 200)
                self.assert_stored(f"case-{index}", True, [])


class Themselves(ClientCase):
    """The clients as their registries have them."""

    checks = runs("npm-success", "npm-failure")

    def test_the_npm_package_reports(self):
        node, modules = client_path("node"), client_path("node_modules")
        table = {"success": ("ReportSuccess()", True, []), "failure": ('ReportFailure(["no route"])', False, ["no route"])}
        for name, (call, ok, errors) in table.items():
            with self.subTest(name), self.running(f"npm-{name}") as pod:
                program = f'require("kuberhealthy").{call}.catch(error => {{ console.error(error); process.exit(1) }})'
                environment = {**self.client_environment(pod), "NODE_PATH": modules}
                subprocess.run([node, "-e", program], env=environment, check=True, timeout=60)
                self.assert_stored(f"npm-{name}", ok, errors)


class GoClients(ClientCase):
    checks = runs("go-failure", "go-outage")

    def start_client(self, pod, *errors):
        return subprocess.Popen([client_path("report_as_v2"), *errors], env=self.client_environment(pod), stdout=subprocess.PIPE,
                                text=True)

    def attempts(self, client):
        output, _ = client.communicate(timeout=90)
        return output.split("\n")[:-1]

    def test_it_reports_at_the_first_attempt(self):
        pod = self.wait_for_running_pod("go-failure")
        self.assertEqual(self.attempts(self.start_client(pod, "no route", "no host")), ["200"])
        self.assert_stored("go-failure", False, ["no route", "no host"])

    def test_its_retry_lands_after_an_outage_of_the_api_server(self):
        pod = self.wait_for_running_pod("go-outage")
        eventually(lambda: pod["metadata"]["name"] in self.controller.log(), "the controller has created it")
        client_path("report_as_v2")  # built before, not while the API server is away
        self.cluster.kill_apiserver()
        try:
            client = self.start_client(pod)
            eventually(lambda: self.controller.metric("kuberhealthy_reports_total").get('answer="later"', 0) >= 1,
                       "the first attempt was told to come again")
        finally:
            self.cluster.restart_apiserver()
        attempts = self.attempts(client)
        self.assertEqual((attempts[0], attempts[-1], client.returncode), ("503", "200", 0), attempts)
        self.assert_stored("go-outage", True, [])
