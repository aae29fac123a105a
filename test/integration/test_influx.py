"""Results on their way to InfluxDB 1.x."""

import base64
import calendar
import time

from case import Case
from cluster import eventually
from influx import InfluxServer, RecordingServer, make_certificate

RESULTS = "kuberhealthy_influx_results_total"


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def quoted(**settings):
    return {key: value if value in ("true", "false") else f'"{value}"' for key, value in settings.items()}


class Recorded(Case):
    password = "not for the log"

    @classmethod
    def setUpClass(cls):
        cls.server = RecordingServer()
        cls.addClassCleanup(cls.server.stop)
        cls.settings = quoted(enableInflux="true", influxURL=cls.server.url, influxDB="kuber healthy", influxUsername="kh",
                              influxPassword=cls.password)
        super().setUpClass()

    def setUp(self):
        super().setUp()
        self.server.answer = 204

    def lines_of(self, name):
        return [line for line in self.server.lines() if f",Name={name}," in line]

    def wait_for_lines(self, name, count=2):
        return eventually(lambda: len(self.lines_of(name)) >= count and self.lines_of(name), f"lines of {name}")

    def result(self, answer):
        return self.controller.metric(RESULTS)[f'answer="{answer}"']

    def test_a_pass_is_posted_as_v2_posts_it(self):
        self.apply_check("passing")
        state = self.wait_for_state("passing")
        lines = self.wait_for_lines("passing")
        at = calendar.timegm(time.strptime(state["spec"]["LastRun"], "%Y-%m-%dT%H:%M:%SZ"))
        tags = f"passing.{self.namespace},Name=passing,Namespace={self.namespace}"
        self.assertEqual(lines[0], f"{tags} value=1i {at}")
        self.assertRegex(lines[1], rf"^RunDuration\.{tags} value=[0-9.]+ {at}$")
        path, headers, _ = self.server.requests[-1]
        self.assertEqual(path, "/write?db=kuber%20healthy&precision=s")
        self.assertEqual(headers["Authorization"], basic("kh", self.password))

    def test_a_failure_carries_its_errors(self):
        self.apply_check("failing", fate="fails")
        errors = self.wait_for_state("failing")["spec"]["Errors"]
        tag = ",".join(errors)
        for special in ", =":
            tag = tag.replace(special, "\\" + special)
        self.assertTrue(self.wait_for_lines("failing")[0].startswith(
            f"failing.{self.namespace},Errors={tag},Name=failing,Namespace={self.namespace} value=0i "))

    def test_a_server_that_hangs_is_in_nobodys_way(self):
        self.server.answer = "hang"
        self.apply_check("meanwhile", interval="1s")
        self.wait_for_lines("meanwhile")
        runs = lambda: {pod["metadata"]["uid"] for pod in self.live_pods("meanwhile")}  # noqa: E731
        eventually(lambda: len(runs()) >= 4, "runs go on")
        self.assertLess(max(seconds for uid, _, seconds in self.kubelet.reports if uid in runs()), 10)
        self.assertGreater(self.controller.metric("kuberhealthy_influx_results_waiting")[""], 1)
        self.delete_check("meanwhile")
        self.server.answer = 204
        self.server.release.set()  # it closes without an answer
        eventually(lambda: self.controller.metric("kuberhealthy_influx_results_waiting")[""] == 0, "all has been taken", 60)

    def test_what_is_refused_for_good_is_dropped_with_a_line(self):
        self.server.answer = 400
        refused = self.result("refused")
        self.apply_check("refused")
        self.wait_for_lines("refused")
        eventually(lambda: self.result("refused") == refused + 1, "it is counted")
        self.assertIn("InfluxDB refused results", self.controller.log())

    def test_an_overloaded_server_is_asked_again(self):
        self.server.answer = 503
        self.apply_check("again")
        self.wait_for_lines("again")
        written = self.result("written")
        self.server.answer = 204
        eventually(lambda: self.result("written") > written, "it is written")
        lines = self.lines_of("again")
        self.assertEqual(lines[0], lines[-2])

    def test_settings_follow_the_file(self):
        other = RecordingServer()
        self.addCleanup(other.stop)
        changed = quoted(influxURL=other.url, influxDB="elsewhere", influxPassword="changed")
        self.controller.config.write_text(self.controller.config_text(**changed))
        eventually(lambda: "influxPassword" in self.controller.log(), "the file is read again", 10)
        self.apply_check("moved")
        eventually(lambda: any(",Name=moved," in line for line in other.lines()), "it goes to the other server")
        self.assertEqual(other.requests[0][0], "/write?db=elsewhere&precision=s")
        self.assertEqual(other.requests[0][1]["Authorization"], basic("kh", "changed"))
        self.controller.config.write_text(self.controller.config_text())
        eventually(lambda: self.controller.log().count("influxPassword") == 2, "the file is read again", 10)
        self.apply_check("back")
        self.wait_for_lines("back")

    def test_the_password_is_nowhere(self):
        self.apply_check("secret")
        self.wait_for_lines("secret")
        for text in (self.controller.log(), self.controller.get("/status").body.decode(),
                     self.controller.get("/metrics").body.decode(), self.controller.get("/readyz").body.decode()):
            self.assertNotIn(self.password, text)

    def test_the_last_result_is_sent_before_the_end(self):
        self.apply_check("last", fate="runs-on", timeout="20m")
        pod = self.wait_for_running_pod("last")
        self.assertEqual(self.report(pod).status, 200)
        code, _ = self.controller.stop()
        self.assertEqual(code, 0)
        self.assertEqual(len(self.lines_of("last")), 2)
        self.controller.start()


class Encrypted(Case):
    """HTTPS: what SSL_CERT_FILE names is trusted, and nothing else."""

    start_controller = False

    def setUp(self):
        pass  # each case starts it

    def start(self, name, certificate, trusted):
        server = RecordingServer(certificate)
        self.addCleanup(server.stop)
        settings = quoted(enableInflux="true", influxURL=server.url, influxDB="kh")
        self.controller.config.write_text(self.controller.config_text(**settings))
        self.controller.environment["SSL_CERT_FILE"] = str(trusted)
        self.controller.start()
        self.addCleanup(self.controller.stop)
        self.apply_check(name)
        self.wait_for_state(name)
        return server

    def test_a_server_that_is_trusted_gets_the_results(self):
        certificate = make_certificate(self.controller.folder, "influx-a")
        server = self.start("trusted", certificate, certificate[0])
        eventually(lambda: len(server.lines()) >= 2, "the lines")

    def test_a_server_that_is_not_trusted_gets_nothing(self):
        trusted = make_certificate(self.controller.folder, "influx-b")
        server = self.start("untrusted", make_certificate(self.controller.folder, "influx-c"), trusted[0])
        eventually(lambda: "InfluxDB does not take results" in self.controller.log(), "it is said")
        self.assertEqual(server.requests, [])
        self.assertGreater(self.controller.metric("kuberhealthy_influx_results_waiting")[""], 0)


class RealInflux(Case):
    """InfluxDB 1.6 with authentication; its database is made when results are waiting already."""

    @classmethod
    def setUpClass(cls):
        cls.server = InfluxServer(cls.cluster.folder)
        cls.addClassCleanup(cls.server.stop)
        cls.settings = quoted(enableInflux="true", influxURL=cls.server.url, influxDB="kuber healthy",
                              influxUsername=cls.server.user, influxPassword=cls.server.password)
        super().setUpClass()

    def setUp(self):
        super().setUp()
        self.server.query('DROP DATABASE "kuber healthy"')

    def points(self, name):
        return eventually(lambda: self.server.points(name, "kuber healthy"), f"points of {name}", 60)

    def test_points_arrive_as_v2_wrote_them(self):
        self.apply_check("passing")
        self.apply_check("failing", fate="fails")
        self.apply_check("silent", fate="ends-quietly")
        states = {name: self.wait_for_state(name)["spec"] for name in ("passing", "failing", "silent")}
        eventually(lambda: "database not found" in self.controller.log(), "the missing database is said")
        self.server.query('CREATE DATABASE "kuber healthy"')
        for name, spec in states.items():
            with self.subTest(name):
                at = calendar.timegm(time.strptime(spec["LastRun"], "%Y-%m-%dT%H:%M:%SZ"))
                point = self.points(f"{name}.{self.namespace}")[0]
                self.assertEqual((point["time"], point["value"], point["Name"], point["Namespace"]),
                                 (at, int(spec["OK"]), name, self.namespace))
                self.assertEqual(point.get("Errors"), ",".join(spec["Errors"]) or None)
                duration = self.points(f"RunDuration.{name}.{self.namespace}")[0]
                self.assertIsInstance(duration["value"], (int, float))
                self.assertEqual(duration["time"], at)
        self.assertEqual(self.controller.metric(RESULTS)['answer="refused"'], 0)

    def test_errors_of_any_text_come_back_as_they_were(self):
        self.server.query('CREATE DATABASE "kuber healthy"')
        texts = ["a,b=c d", 'say "no"', "C:\\dir\\file", "caf\u00e9 \u2603", "{curly}; select * --"]
        self.apply_check("odd", fate="runs-on", timeout="20m")
        self.assertEqual(self.report(self.wait_for_running_pod("odd"), ok=False, errors=texts).status, 200)
        self.assertEqual(self.points(f"odd.{self.namespace}")[0]["Errors"], ",".join(texts))
