"""The contract of POST /externalCheckStatus (docs/api.md)."""

import json
import socket
import time

from case import Case, secret_of
from client import GoClient, PlainClient, exchange
from cluster import eventually

PATH = "/externalCheckStatus"
GOOD = b'{"OK":true,"Errors":[]}'


class Reports(Case):
    checks = {name: {"fate": "runs-on", "timeout": "20m"}
              for name in ("open", "finishes", "fails", "spelled", "bare", "long", "cut")}

    def post(self, pod, body, path=PATH, method="POST", **headers):
        return self.controller.request(method, path, body, kh_run_uuid=secret_of(pod), Content_Type="application/json", **headers)

    def assert_refused(self, reply):
        """400, and one line of JSON that says why."""
        self.assertEqual(reply.status, 400, reply.body)
        self.assertEqual(reply.headers["content-type"], "application/json")
        text = reply.body.decode().rstrip("\n")
        self.assertNotIn("\n", text)
        self.assertTrue(json.loads(text)["error"])

    def test_a_malformed_report_is_refused_with_a_reason_and_changes_nothing(self):
        pod = self.wait_for_running_pod("open")
        bodies = {
            "nothing": b"",
            "not JSON": b"OK",
            "cut": b'{"OK":true,"Errors":[',
            "trailing data": GOOD + b"x",
            "two reports": GOOD + GOOD,
            "not an object": b"[]",
            "OK is no boolean": b'{"OK":"yes","Errors":[]}',
            "no OK": b'{"Errors":[]}',
            "Errors is no list": b'{"OK":false,"Errors":"no"}',
            "an error is no text": b'{"OK":false,"Errors":[1]}',
            "OK=false without errors": b'{"OK":false,"Errors":[]}',
            "OK=false with null errors": b'{"OK":false,"Errors":null}',
            "a blank error": b'{"OK":false,"Errors":[""]}',
            "OK=true with errors": b'{"OK":true,"Errors":["but"]}',
            "invalid UTF-8": b'{"OK":false,"Errors":["\xff\xfe"]}',
            "two megabytes": b'{"OK":false,"Errors":["' + b"x" * (2 << 20) + b'"]}',
        }
        for name, body in bodies.items():
            with self.subTest(name):
                self.assert_refused(self.post(pod, body))
        for method in ("GET", "PUT", "DELETE", "PATCH"):
            with self.subTest(method):
                self.assert_refused(self.post(pod, GOOD, method=method))
        with self.subTest("a header beyond its limit"):
            self.assert_refused(self.post(pod, GOOD, X_Long="x" * 100_000))
        self.assertIsNone(self.state("open"))
        self.assertEqual(self.report(pod).status, 200)

    def test_a_finished_run_takes_the_same_again_and_nothing_else(self):
        pod = self.wait_for_running_pod("finishes")
        self.assertEqual(self.report(pod).status, 200)
        stored = self.wait_for_outcome("finishes", "Passed")
        self.assertEqual(self.report(pod).status, 200)
        self.assert_refused(self.report(pod, False, ["on second thoughts"]))
        self.assertEqual(self.state("finishes"), stored)

    def test_the_answer_comes_after_the_write(self):
        pod = self.wait_for_running_pod("fails")
        self.assertEqual(self.report(pod, False, ["no"]).status, 200)
        self.assertEqual(self.state("fails")["spec"]["Errors"], ["no"])

    def test_names_in_any_case_and_unknown_members_are_v2s(self):
        pod = self.wait_for_running_pod("spelled")
        self.assertEqual(self.post(pod, b' {"ok":false,"ERRORS":["no"],"extra":{"a":[1]}}\n').status, 200)
        self.assertEqual(self.state("spelled")["spec"]["Errors"], ["no"])

    def test_ok_without_errors_is_taken(self):
        pod = self.wait_for_running_pod("bare")
        self.assertEqual(self.post(pod, b'{"OK":true}').status, 200)
        self.assertIs(self.state("bare")["spec"]["OK"], True)

    def test_long_errors_are_bounded_and_marked(self):
        pod = self.wait_for_running_pod("long")
        errors = ["€" * 3000] + ["y" * 1000] * 200
        self.assertEqual(self.report(pod, False, errors).status, 200)
        stored = self.state("long")["spec"]["Errors"]
        self.assertLessEqual(max(len(error.encode()) for error in stored), 4096)
        self.assertLessEqual(sum(len(error.encode()) for error in stored), 64 * 1024)
        self.assertTrue(stored[0].startswith("€" * 1000))
        # The same again is an equal repeat although it is longer than what is stored.
        self.assertEqual(self.report(pod, False, errors).status, 200)

    def test_an_unknown_secret_is_held_and_then_asked_to_come_again(self):
        client = GoClient(self.controller.report_url, "00000000-0000-4000-8000-000000000000")
        started = time.monotonic()
        reply = client.report(True, [])
        took = time.monotonic() - started
        self.assertEqual((reply.status, reply.body), (503, b""))
        # The Go client of v2 can resend only after an empty answer on a connection that stays open.
        self.assertEqual(reply.headers["content-length"], "0")
        self.assertNotEqual(reply.headers.get("connection", "keep-alive").lower(), "close")
        self.assertIn("retry-after", reply.headers)
        self.assertGreater(took, 3)
        self.assertLess(took, 15)

    def test_an_address_that_no_pod_has_is_held_and_then_asked_to_come_again(self):
        self.assertEqual(PlainClient(self.controller.report_url, "").report(True, []).status, 503)

    def test_a_body_that_stops_half_way_harms_nobody(self):
        pod = self.wait_for_running_pod("cut")
        head = (f"POST {PATH} HTTP/1.1\r\nHost: a\r\nkh-run-uuid: {secret_of(pod)}\r\n"
                f"Content-Length: {len(GOOD)}\r\n\r\n").encode()
        with socket.create_connection(("127.0.0.1", self.controller.port)) as half:
            half.sendall(head + GOOD[:5])
        self.assertEqual(self.report(pod).status, 200)

    def test_refusals_are_logged_without_the_secret(self):
        pod = self.wait_for_running_pod("open")
        self.post(pod, b"nonsense")
        eventually(lambda: "report" in self.controller.log(), "a log line")
        self.assertNotIn(secret_of(pod), self.controller.log())


class OtherPaths(Case):
    def test_elsewhere_the_codes_are_exact(self):
        table = [
            ("GET", "/nowhere", b"", 404),
            ("GET", PATH + "/", b"", 404),
            ("POST", "/metrics", b"", 405),
            ("DELETE", "/status", b"", 405),
            ("GET", "/healthz", b"", 200),
        ]
        for method, path, body, code in table:
            with self.subTest(f"{method} {path}"):
                self.assertEqual(self.controller.request(method, path, body).status, code)

    def test_a_header_beyond_its_limit_is_431(self):
        self.assertEqual(self.controller.request("GET", "/status", X_Long="x" * 100_000).status, 431)

    def test_what_is_not_http_is_400(self):
        self.assertEqual(exchange("127.0.0.1", self.controller.port, b"hello\r\n\r\n").status, 400)
