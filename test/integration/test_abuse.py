"""What hostile and broken clients send to the controller's server: each gets a defined answer or none, in bounded memory, while the
reports and pages of others go on."""

import json
import pathlib
import random
import resource
import threading

from case import Case
from cluster import eventually
from wire import Wire, statuses

PATH = "/externalCheckStatus"
HOST = b"Host: a\r\n"
NEXT = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
SEED = 5

KIB = 1024
MIB = 1024 * KIB


def get(target=b"/status", *lines, version=b"HTTP/1.1", method=b"GET"):
    return b" ".join((method, target, version)) + b"\r\n" + HOST + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def post(*lines, body=b""):
    return b"POST /status HTTP/1.1\r\n" + HOST + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


def chunked(body, *lines):
    return post(b"Transfer-Encoding: chunked", *lines, body=body)


# After these the framing is certain: the next request of the connection is answered too.
ANSWERED = {
    "absolute form": (get(b"http://other/status"), 200),
    "absolute form in capitals": (get(b"HTTP://other/status"), 200),
    "a dot, encoded": (get(b"/%73tatus"), 200),
    "empty lines first": (b"\r\n" * 100 + get(), 200),
    "a query of anything": (get(b"/status?namespace=%zz&&&=&%00"), 200),
    "a header without a value": (get(b"/status", b"X:"), 200),
    "a value in bytes beyond ASCII": (get(b"/status", b"X: \xff\xfe"), 200),
    "a fragment": (get(b"/status#a"), 404),
    "two slashes": (get(b"//status"), 404),
    "a slash at the end": (get(b"/status/"), 404),
    "dots": (get(b"/../status"), 404),
    "dots, encoded": (get(b"/%2e%2e/status"), 404),
    "a slash, encoded": (get(b"/%2fstatus"), 404),
    "a path parameter": (get(b"/..;/status"), 404),
    "a backslash": (get(b"/\\status"), 404),
    "a line end in the path, encoded": (get(b"/status%0d%0aX:%20y"), 404),
    "other capitals": (get(b"/STATUS"), 404),
    "the server as a whole": (get(b"*", method=b"OPTIONS"), 404),
    "OPTIONS": (get(method=b"OPTIONS"), 405),
    "TRACE": (get(method=b"TRACE"), 405),
    "CONNECT to a path": (get(method=b"CONNECT"), 405),
    "a method of its own": (get(method=b"BREW"), 405),
    "a method in small letters": (get(method=b"get"), 405),
    "an absolute form without a host": (get(b"http:///status"), 400),
    "a NUL in the path, encoded": (get(b"/status%00"), 400),
    "half an encoding": (get(b"/status%2"), 400),
    "an asterisk for GET": (get(b"*"), 400),
    "a path without its slash": (get(b"status"), 400),
    "CONNECT": (get(b"other:443", method=b"CONNECT"), 400),
    "another scheme": (get(b"ftp://other/status"), 400),
    "the body of a GET": (get(b"/status", b"Content-Length: 2") + b"ab", 400),
    "equal lengths": (get(b"/healthz", b"Content-Length: 2", b"Content-Length: 2") + b"ab", 200),
    "an expectation without a body": (get(b"/status", b"Expect: 100-continue"), 200),
    "chunks with extensions and trailers": (
        get(b"/healthz", b"Transfer-Encoding: chunked") + b'1;a=b;c="d"\r\nx\r\n0;e\r\nTrailer: y\r\n\r\n', 200),
    "a chunk size with zeros before it": (get(b"/healthz", b"Transfer-Encoding: chunked") + b"0001\r\nx\r\n0\r\n\r\n", 200),
}

# After these another parser might see the next request elsewhere: one answer, and the connection is closed.
REFUSED = {
    "length and chunked": (post(b"Content-Length: 4", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), 400),
    "chunked and length": (post(b"Transfer-Encoding: chunked", b"Content-Length: 4", body=b"0\r\n\r\n"), 400),
    "two lengths": (post(b"Content-Length: 0", b"Content-Length: 5", body=b"abcde"), 400),
    "two lengths in a line": (post(b"Content-Length: 0, 5", body=b"abcde"), 400),
    "a signed length": (post(b"Content-Length: +5", body=b"abcde"), 400),
    "a length in hexadecimal": (post(b"Content-Length: 0x5", body=b"abcde"), 400),
    "a length beyond 64 bits": (post(b"Content-Length: 18446744073709551621", body=b"abcde"), 400),
    "a length that is none": (post(b"Content-Length:", body=b"abcde"), 400),
    "xchunked": (post(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n"), 501),
    "chunked twice": (post(b"Transfer-Encoding: chunked, chunked", body=b"0\r\n\r\n"), 501),
    "chunked in two lines": (post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), 400),
    "chunked, then identity": (post(b"Transfer-Encoding: chunked, identity", body=b"0\r\n\r\n"), 501),
    "identity": (post(b"Transfer-Encoding: identity", body=b"0\r\n\r\n"), 501),
    "chunked after a vertical tab": (post(b"Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\n"), 400),
    "chunked in HTTP/1.0": (b"POST /status HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "a space before the colon": (post(b"Transfer-Encoding : chunked", body=b"0\r\n\r\n"), 400),
    "a tab before the colon": (post(b"Content-Length\t: 5", body=b"abcde"), 400),
    "a space before the first name": (b"GET /status HTTP/1.1\r\n Host: a\r\n\r\n", 400),
    "a folded line": (post(b"Transfer-Encoding:\r\n chunked", body=b"0\r\n\r\n"), 400),
    "a folded line of no consequence": (get(b"/status", b"X: a\r\n\tb"), 400),
    "a line without a colon": (get(b"/status", b"Transfer-Encoding"), 400),
    "a name that is none": (get(b"/status", b": x"), 400),
    "a NUL in a name": (get(b"/status", b"X\0: y"), 400),
    "a NUL in a value": (get(b"/status", b"X: \0"), 400),
    "a carriage return in a value": (get(b"/status", b"X: a\rContent-Length: 5"), 400),
    "a line feed alone in a value": (get(b"/status", b"X: a\nContent-Length: 5"), 400),
    "line feeds alone": (b"GET /status HTTP/1.1\nHost: a\n\n", 400),
    "a line feed alone at the end": (b"GET /status HTTP/1.1\r\nHost: a\r\n\n", 400),
    "carriage returns alone": (b"GET /status HTTP/1.1\rHost: a\r\r", 400),
    "no host": (b"GET /status HTTP/1.1\r\n\r\n", 400),
    "two hosts": (get(b"/status", b"Host: b"), 400),
    "a host with a space": (b"GET /status HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    "a host with a path": (b"GET /status HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    "a space in the target": (b"GET /sta tus HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a tab after the method": (b"GET\t/status HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a NUL in the target": (get(b"/status\0"), 400),
    "HTTP/0.9": (b"GET /status\r\n\r\n", 400),
    "HTTP/1.2": (get(version=b"HTTP/1.2"), 505),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 505),
    "a TLS client": (bytes.fromhex("16030100a5010000a10303") + bytes(range(150)), 400),
    "a long path": (get(b"/" + b"a" * 100_000), 414),
    "a line without an end": (b"G" * 1_000_000, 414),
    "a long header": (get(b"/status", b"X: " + b"a" * 100_000), 431),
    "a long name": (get(b"/status", b"X" * 100_000 + b": a"), 431),
    "many headers": (get(b"/status", *[b"X: y"] * 10_000), 431),
    "many short headers": (get(b"/status", *[b"X:"] * 128), 431),
    "a body of ten megabytes": (get(b"/status", b"Content-Length: 10485760") + b"x" * (10 * MIB), 413),
    "chunks of ten megabytes": (get(b"/status", b"Transfer-Encoding: chunked") + b"100000\r\n" + b"x" * (10 * MIB), 413),
    "another expectation": (get(b"/status", b"Expect: wonders"), 417),
}

# The same for what comes after a header that is well: bodies in chunks.
BROKEN_CHUNKS = {
    "no size": b"\r\nx\r\n0\r\n\r\n",
    "no number": b"xyz\r\nx\r\n0\r\n\r\n",
    "a signed size": b"+1\r\nx\r\n0\r\n\r\n",
    "a negative size": b"-1\r\nx\r\n0\r\n\r\n",
    "hexadecimal as in C": b"0x1\r\nx\r\n0\r\n\r\n",
    "a space before the size": b" 1\r\nx\r\n0\r\n\r\n",
    "a size beyond 64 bits": b"10000000000000001\r\nx\r\n0\r\n\r\n",
    "more than it says": b"1\r\nxy\r\n0\r\n\r\n",
    "no line end after it": b"1\r\nx0\r\n\r\n\r\n\r\n",
    "a line feed alone after the size": b"1\nx\r\n0\r\n\r\n",
    "a line feed alone in an extension": b"1;a\nb\r\nx\r\n0\r\n\r\n",
    "a line feed alone after the data": b"1\r\nx\n0\r\n\r\n\r\n\r\n",
    "a line feed alone at the end": b"0\r\n\n\r\n\r\n\r\n",
    "an extension without an end": b"1;" + b"a" * 100_000,
    "a trailer without an end": b"0\r\nX: " + b"a" * 100_000,
    "a trailer that is none": b"0\r\nno colon\r\n\r\n",
}

# Before a header is over, or with one that names the path of reports: v2's clients repeat whatever is not 200 or 400.
BAD_REPORTS = {
    **{name: request.replace(b" /status", b" " + PATH.encode(), 1) + NEXT for name, (request, _) in REFUSED.items()
       if b" /status " in request},
    **{f"in chunks: {name}": chunked(body).replace(b"/status", PATH.encode(), 1) + NEXT for name, body in BROKEN_CHUNKS.items()},
    "another version of the protocol": b"POST " + PATH.encode() + b" HTTP/3.0\r\nHost: a\r\n\r\n",
    "a query without an end": b"POST " + PATH.encode() + b"?" + b"a" * 100_000,
    "a GET": get(PATH.encode(), b"Connection: close"),
    "an OPTIONS": get(PATH.encode(), b"Connection: close", method=b"OPTIONS"),
}


class Abuse(Case):
    """A check reports every second and somebody reads the status page, whatever the cases do."""

    settings = {"logLevel": "info"}
    checks = {"bystander": {"interval": "1s", "timeout": "30s"}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        eventually(lambda: cls.cluster.admin.get(f"/apis/comcast.github.io/v1/namespaces/{cls.namespace}/khstates/bystander"),
                   "the first result")

    def tearDown(self):
        self.assert_others_are_served()

    def assert_others_are_served(self):
        """Called while the abuse is in place: a whole run from its start to its stored result, and pages."""
        with self.kubelet.lock:
            count = len(self.kubelet.reports)
        eventually(lambda: len(self.kubelet.reports) >= count + 2, "two more reports are answered")
        with self.kubelet.lock:
            answers = [status for _, status, _ in self.kubelet.reports[count:]]
        self.assertEqual(set(answers), {200})
        for _ in range(5):
            page = self.controller.get("/status")
            self.assertEqual(page.status, 200)
            self.assertIs(page.json()["CheckDetails"][f"{self.namespace}/bystander"]["OK"], True)
        self.controller.assert_running()
        self.assertEqual(self.tasks(), 1)

    def tasks(self):
        return len(list(pathlib.Path(f"/proc/{self.controller.process.pid}/task").iterdir()))

    def wire(self, *requests):
        connection = Wire(self.controller.port)
        self.addCleanup(connection.socket.close)
        for request in requests:
            connection.send(request)
        return connection

    def talk(self, *requests):
        with Wire(self.controller.port) as connection:
            for request in requests:
                connection.send(request)
            return connection.rest()

    def assert_bad_report(self, received):
        self.assertEqual(statuses(received), [400], received[:500])
        head, _, body = received.partition(b"\r\n\r\n")
        self.assertIn(b"Content-Type: application/json", head)
        self.assertEqual(body.count(b"\n"), 1)
        self.assertTrue(json.loads(body)["error"])


class Requests(Abuse):
    def test_what_is_odd_but_certain_is_answered_and_so_is_the_next(self):
        for name, (request, code) in ANSWERED.items():
            with self.subTest(name):
                self.assertEqual(statuses(self.talk(request, NEXT)), [code, 200])

    def test_what_is_uncertain_gets_one_answer_and_the_end(self):
        for name, (request, code) in REFUSED.items():
            with self.subTest(name):
                self.assertEqual(statuses(self.talk(request, NEXT)), [code])

    def test_broken_chunks_get_one_answer_and_the_end(self):
        for name, body in BROKEN_CHUNKS.items():
            with self.subTest(name):
                request = get(b"/healthz", b"Transfer-Encoding: chunked") + body
                self.assertEqual(statuses(self.talk(request, NEXT)), [400])

    def test_a_bad_report_is_400_with_a_reason(self):
        for name, request in BAD_REPORTS.items():
            with self.subTest(name):
                self.assert_bad_report(self.talk(request))

    def test_pipelined_requests_are_answered_in_order(self):
        paths = [b"/healthz", b"/nowhere", b"/status"]
        with Wire(self.controller.port) as connection:
            sender = threading.Thread(target=lambda: connection.send(b"".join(get(path) for path in paths) * 2000 + NEXT))
            sender.start()
            codes = statuses(connection.rest())
            sender.join()
        self.assertEqual(codes, [200, 404, 200] * 2000 + [200])

    def test_one_byte_at_a_time_is_the_same(self):
        request = get(b"/healthz", b"Transfer-Encoding: chunked") + b"1;a\r\nx\r\n0\r\nT: y\r\n\r\n" + NEXT
        with Wire(self.controller.port) as connection:
            for position in range(len(request)):
                connection.send(request[position:position + 1])
            self.assertEqual(statuses(connection.rest()), [200, 200])

    def test_a_client_that_says_it_has_finished_is_answered(self):
        for request in (get(), get(version=b"HTTP/1.0")):
            with Wire(self.controller.port) as connection:
                connection.send(request)
                connection.end_sending()
                self.assertEqual(statuses(connection.rest()), [200])

    def test_a_request_that_ends_half_way_is_dropped(self):
        for request in (b"", b"GET /sta", get()[:-2], chunked(b"5\r\nab"), post(b"Content-Length: 5", body=b"ab")):
            with Wire(self.controller.port) as connection:
                connection.send(request.replace(b"POST", b"GET"))
                connection.end_sending()
                self.assertEqual(connection.rest(), b"")

    def test_http_1_0_ends_unless_it_asks_to_be_kept(self):
        self.assertEqual(statuses(self.talk(get(version=b"HTTP/1.0"), NEXT)), [200])
        kept = get(b"/status", b"Connection: keep-alive", version=b"HTTP/1.0")
        self.assertEqual(statuses(self.talk(kept, NEXT)), [200, 200])

    def test_random_bytes_get_an_error_or_the_end(self):
        draw = random.Random(SEED)
        words = [b"GET ", b"POST ", b"/status", PATH.encode(), b" HTTP/1.1", b"\r\n", b"Host: a", b"Content-Length: ", b"5", b":",
                 b"Transfer-Encoding: chunked", b"\0", b"\xff", b" "]
        for number in range(300):
            if number % 2:
                request = draw.randbytes(draw.randrange(1, 2000))
            else:
                request = b"".join(draw.choice(words) for _ in range(draw.randrange(1, 40)))
            with self.subTest(f"{number} of seed {SEED}: {request[:200]!r}"), Wire(self.controller.port) as connection:
                connection.send(request)
                connection.end_sending()
                self.assertLessEqual({code // 100 for code in statuses(connection.rest())}, {1, 2, 4, 5})


class Slow(Abuse):
    """A time limit is for the whole header and the whole body, however fast a client drips."""

    def drip(self, start, piece):
        """Sends pieces until it is answered; what comes."""
        connection = self.wire(start)
        connection.socket.settimeout(0.5)
        for _ in range(200):
            connection.send(piece)
            try:
                received = connection.socket.recv(65536)
            except TimeoutError:
                continue
            except ConnectionResetError:
                return b""
            connection.socket.settimeout(60)
            return received + connection.rest() if received else b""
        raise AssertionError("it could go on for ever")

    def test_slow_clients_are_cut(self):
        body = b"POST " + PATH.encode() + b" HTTP/1.1\r\nHost: a\r\n"
        table = {
            "nothing": (b"", b"", []),
            "empty lines": (b"", b"\r\n", [408]),
            "a header": (b"GET /status HTTP/1.1\r\n", b"X: y\r\n", [408]),
            "a first line": (b"GET /", b"a", [408]),
            "a body": (get(b"/status", b"Content-Length: 60000"), b"x", [408]),
            "a body after 100": (get(b"/status", b"Content-Length: 60000", b"Expect: 100-continue"), b"", [100, 408]),
            "chunks": (get(b"/status", b"Transfer-Encoding: chunked"), b"1\r\nx\r\n", [408]),
            "a trailer": (get(b"/status", b"Transfer-Encoding: chunked") + b"0\r\n", b"X: y\r\n", [408]),
            "the header of a report": (body, b"X: y\r\n", [400]),
            "a report": (body + b"Content-Length: 60000\r\n\r\n", b"x", [400]),
        }
        received = {}

        def keep(name, start, piece):
            received[name] = self.drip(start, piece)

        threads = [threading.Thread(target=keep, args=(name, start, piece)) for name, (start, piece, _) in table.items()]
        for thread in threads:
            thread.start()
        self.assert_others_are_served()
        for thread in threads:
            thread.join()
        for name, (_, _, codes) in table.items():
            with self.subTest(name):
                self.assertEqual(statuses(received[name]), codes)
        self.assert_bad_report(received["a report"])
        self.assert_bad_report(received["the header of a report"])


class Crowds(Abuse):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        cls.addClassCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))

    def setUp(self):
        """A fresh process, so that the peak of its memory is that of the case."""
        super().setUp()
        self.controller.stop()
        self.controller.start()
        self.before = self.controller.memory_kib("VmRSS")

    def crowd(self, count, request):
        """As many connections, each with the same bytes sent on it."""
        return [self.wire(request) for _ in range(count)]

    def print_growth(self, what, count):
        growth = (self.controller.memory_kib("VmHWM") - self.before) * KIB
        print(f"\n{count} {what}: at most {growth / MIB:.1f} MiB more, {growth / count:.0f} bytes each", flush=True)
        return growth

    def test_ten_thousand_idle_connections(self):
        crowd = self.crowd(10_000, get(b"/healthz"))
        for connection in crowd:
            self.assertEqual(connection.reply().status, 200)
        self.assert_others_are_served()
        self.assertLess(self.print_growth("idle connections", len(crowd)), len(crowd) * 12 * KIB)
        for connection in crowd:
            connection.socket.close()
        self.assert_others_are_served()
        self.assertLess((self.controller.memory_kib("VmRSS") - self.before) * KIB, len(crowd) * 12 * KIB)

    def test_headers_without_an_end(self):
        crowd = self.crowd(3000, get(b"/status", *[b"X:"] * 100)[:-2] + b"Y: " + b"y" * 15_000)
        self.assert_others_are_served()
        self.assertLess(self.print_growth("headers of 15 KiB without an end", len(crowd)), 100 * MIB)

    def test_bodies_without_an_end(self):
        head = b"POST " + PATH.encode() + b" HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"
        crowd = self.crowd(300, head + b"x" * 900_000)
        self.assert_others_are_served()
        self.assertLess(self.print_growth("reports of 900 KB without an end", len(crowd)), 100 * MIB)

    def test_clients_that_do_not_read(self):
        crowd = self.crowd(300, get(b"/metrics") * 300)
        self.assert_others_are_served()
        self.assertLess(self.print_growth("clients that do not read", len(crowd)), 50 * MIB)

    def held_ever(self):
        held = self.controller.metric("kuberhealthy_reports_held")[""]
        return held + self.controller.metric("kuberhealthy_reports_total")['answer="later"']

    def test_reports_that_nobody_sent(self):
        """Held for a while each, in bounded number, and at the size that would be stored."""
        body = json.dumps({"OK": False, "Errors": ["x" * 900_000]}).encode()
        head = (b"POST " + PATH.encode() + b" HTTP/1.1\r\nHost: a\r\nkh-run-uuid: 00000000-0000-4000-8000-000000000000\r\n"
                b"Connection: close\r\nContent-Length: " + str(len(body)).encode() + b"\r\n\r\n")
        crowd = []
        for number in range(100):  # one after the other, so that none of them is still on its way
            crowd.append(self.wire(head + body))
            eventually(lambda: self.held_ever() > number, f"report {number} is held")
        self.assert_others_are_served()
        self.assertLess(self.print_growth("reports of 900 KB that are held", len(crowd)), 30 * MIB)
        for connection in crowd:
            self.assertEqual(statuses(connection.rest()), [503])


class FewDescriptors(Abuse):
    """More clients than the process may have descriptors: it keeps some for its own calls, and a newcomer takes the place of
    whoever has let it wait longest."""

    DESCRIPTORS = 200

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.controller.stop()
        cls.controller.command = ["prlimit", f"--nofile={cls.DESCRIPTORS}:{cls.DESCRIPTORS}", *cls.controller.command]
        cls.controller.start()

    def test_more_clients_than_descriptors_keep_nobody_out(self):
        table = {
            "silent": b"",
            "half a header": b"GET /status HTTP/1.1\r\nX: ",
            "half a body": get(b"/status", b"Content-Length: 1000") + b"x",
            "refused": b"nonsense\r\n\r\n",
            "idle": get(b"/healthz"),
            "not reading": get(b"/metrics") * 300,
        }
        for name, request in table.items():
            with self.subTest(name):
                crowd = [self.wire(request) for _ in range(2 * self.DESCRIPTORS)]
                self.assert_others_are_served()
                for connection in crowd:
                    connection.socket.close()
        self.assertNotIn("accept failed", self.controller.log())


class OneThread(Abuse):
    """No lock guards anything in this program: there must be nobody to guard against. The name of the API server is looked up, which
    is where libraries start threads."""

    @classmethod
    def setUpClass(cls):
        of_cluster = pathlib.Path(cls.cluster.service_account_kubeconfig())
        by_name = of_cluster.with_name("by-name.kubeconfig")
        by_name.write_text(of_cluster.read_text().replace("https://127.0.0.1", "https://localhost"))
        assert "localhost" in by_name.read_text()
        cls.settings = {**cls.settings, "kubeconfig": by_name}
        super().setUpClass()

    def test_there_is_one_thread_under_load(self):
        seen, ended = set(), threading.Event()

        def look():
            while not ended.is_set():
                seen.add(self.tasks())

        def load():
            for _ in range(300):
                self.talk(get(b"/metrics", b"Accept-Encoding: gzip", b"Connection: close"))
                self.talk(b"POST " + PATH.encode() + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1\r\n\r\n{")

        threads = [threading.Thread(target=look)] + [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        self.assert_others_are_served()
        for thread in threads[1:]:
            thread.join()
        ended.set()
        threads[0].join()
        self.assertEqual(seen, {1})
