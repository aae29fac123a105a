"""The configuration file while the program runs: what is changed, what is refused, and what is told of it."""

import re
import subprocess
import time

from case import Case
from cluster import eventually
from config_volume import ConfigVolume

SUCCESSFUL = "kuberhealthy_config_last_reload_successful"
TIMESTAMP = "kuberhealthy_config_last_reload_success_timestamp_seconds"

# What is put into a good file: what the log, the page and the metrics say of it.
BAD_INPUTS = {
    "maxKHJobAge: -5m": "maxKHJobAge: must not be negative",
    "maxCheckPodAge: -1ns": "maxCheckPodAge: must not be negative",
    "maxKHJobAge: soon": "maxKHJobAge: want a duration, e.g. 90s, 15m, 72h",
    "maxCompletedPodCount: -1": "maxCompletedPodCount: want a whole number from 0 to 1000000",
    "maxErrorPodCount: many": "maxErrorPodCount: want a whole number from 0 to 1000000",
    "logLevel: loud": "logLevel: want panic, fatal, error, warning, info, debug or trace",
    "enableForceMaster: 3": "enableForceMaster: want true or false",
    "listenAddress: 8080": 'listenAddress: want e.g. ":8080", "127.0.0.1:8080" or "[::1]:8080"',
    "stateMetadata: [a]": "stateMetadata: want a map of strings",
    "promMetricsConfig: {errorLabelMaxLength: -1}":
        "promMetricsConfig: errorLabelMaxLength: want a whole number from 0 to 1000000",
    "enableInflux: true": "influxURL: want a URL such as http://influxdb:8086 (enableInflux is true)",
    "reportsWithoutHeader: 7": "reportsWithoutHeader: want true or false",
}


def key_of(line):
    return line.split(":")[0]


class ConfigCase(Case):
    def setUp(self):
        super().setUp()
        self.publish()
        eventually(lambda: self.errors() == [] and self.metadata() is None, "the file of the beginning is taken")

    def publish(self, **settings):
        self.controller.config.write_text(self.controller.config_text(**settings))

    def errors(self):
        return self.controller.status()["Errors"]

    def metadata(self):
        return self.controller.status().get("Metadata")

    def successful(self):
        return self.controller.metric(SUCCESSFUL)[""]

    def wait_for_metadata(self, value):
        eventually(lambda: self.metadata() == value, lambda: f"Metadata is {value}\n{self.controller.log_tail()}", 10)


class Reload(ConfigCase):
    """A file that is written in place."""

    settings = {"leaderElection": "false"}  # calls to the API server are counted, and those for the lease never rest
    checks = {"headless": {"fate": "runs-on", "timeout": "20m"}, "passing": {}}

    def test_pages_follow_the_file(self):
        self.publish(stateMetadata="{cluster: one}")
        self.wait_for_metadata({"cluster": "one"})
        self.publish(stateMetadata="{cluster: two}")
        self.wait_for_metadata({"cluster": "two"})

    def test_the_metrics_follow_the_file(self):
        self.wait_for_state("passing")
        labels = lambda: list(self.controller.metric("kuberhealthy_check"))  # noqa: E731
        eventually(lambda: any("error=" in text for text in labels()), "an error label")
        self.publish(promMetricsConfig="{suppressErrorLabel: true}")
        eventually(lambda: labels() and not any("error=" in text for text in labels()), "no error label")

    def test_the_log_level_follows_the_file(self):
        debug_lines = lambda: len(re.findall("level=debug", self.controller.log()))  # noqa: E731
        self.publish(logLevel="info")
        eventually(lambda: "changed=logLevel" in self.controller.log(), "the level is changed", 10)
        before = debug_lines()
        self.apply_check("quiet")
        self.wait_for_state("quiet")
        self.assertEqual(debug_lines(), before)

    def test_a_header_can_be_demanded(self):
        pod = self.wait_for_running_pod("headless")
        self.assertTrue(pod["status"]["podIP"])
        post = lambda: self.controller.request("POST", "/externalCheckStatus", b'{"OK":false,"Errors":["x"]}')  # noqa: E731
        self.publish(reportsWithoutHeader="false")
        eventually(lambda: "changed=reportsWithoutHeader" in self.controller.log(), "it is changed", 10)
        reply = post()
        self.assertEqual(reply.status, 400)
        self.assertIn("kh-run-uuid header is missing", reply.json()["error"])

    def test_finished_pods_beyond_a_lower_count_go_at_once(self):
        self.apply_check("often", interval="1s")
        finished = lambda: [pod for pod in self.live_pods("often") if pod["status"]["phase"] == "Succeeded"]  # noqa: E731
        eventually(lambda: len(finished()) >= 3, "three finished pods")
        self.publish(maxCompletedPodCount=1)
        eventually(lambda: len(finished()) <= 2, "the oldest are gone", 10)
        self.delete_check("often")

    def test_no_run_and_no_watch_is_touched(self):
        pod = self.wait_for_running_pod("headless")
        calls = self.controller.metric("kuberhealthy_api_calls_total")[""]
        quiet = calls
        for _ in range(50):  # until the runs of the other cases have come to rest
            time.sleep(0.2)
            quiet, calls = calls, self.controller.metric("kuberhealthy_api_calls_total")[""]
            if quiet == calls:
                break
        self.publish(stateMetadata="{a: b}", maxStartsPerSecond=7, logLevel="debug", maxCheckPodAge="50h")
        self.wait_for_metadata({"a": "b"})
        self.publish(maxKHJobAge="-5m")
        eventually(lambda: self.successful() == 0, "the bad one is refused", 10)
        self.assertEqual(self.controller.metric("kuberhealthy_api_calls_total")[""], calls)
        self.assertEqual(self.controller.get("/readyz").status, 200)
        pods = self.live_pods("headless")
        self.assertEqual([item["metadata"]["uid"] for item in pods], [pod["metadata"]["uid"]])

    def test_each_bad_input_is_named_and_changes_nothing(self):
        self.publish(stateMetadata="{cluster: kept}")
        self.wait_for_metadata({"cluster": "kept"})
        for line, said in BAD_INPUTS.items():
            with self.subTest(line):
                started = time.time()
                text = self.controller.config_text(**{"stateMetadata": "{cluster: lost}", key_of(line): None})
                self.controller.config.write_text(f"{text}{line}\n")
                expected = f"configuration refused: {self.controller.config}: {said}; the running configuration stays"
                eventually(lambda: self.errors() == [expected], lambda: f"{expected}, not {self.errors()}", 10)
                self.assertEqual(self.successful(), 0)
                self.assertLess(self.controller.metric(TIMESTAMP)[""], started)
                self.assertEqual(self.controller.metric("kuberhealthy_cluster_state")[""], 0)
                self.assertEqual(self.metadata(), {"cluster": "kept"})
                self.assertIn(said.replace('"', '\\"'), self.controller.log())

    def test_what_is_no_yaml_is_refused(self):
        self.controller.config.write_text("maxKHJobAge: [")
        eventually(lambda: self.successful() == 0, "it is refused", 10)
        self.assertTrue(self.errors()[0].startswith(f"configuration refused: {self.controller.config}: "), self.errors())

    def test_a_good_file_after_a_bad_one_is_taken(self):
        self.publish(maxKHJobAge="soon", stateMetadata="{cluster: bad}")
        eventually(lambda: self.successful() == 0, "it is refused", 10)
        self.assertIsNone(self.metadata())
        before = self.controller.metric(TIMESTAMP)[""]
        time.sleep(1.1)  # the timestamp has whole seconds
        self.publish(maxKHJobAge="20m", stateMetadata="{cluster: good}")
        self.wait_for_metadata({"cluster": "good"})
        self.assertEqual(self.errors(), [])
        self.assertEqual(self.successful(), 1)
        self.assertGreater(self.controller.metric(TIMESTAMP)[""], before)

    def test_an_unknown_key_is_ignored_with_a_warning(self):
        self.publish(jobCleanupDuration="10m", maxkhjobage="1m", stateMetadata="{cluster: v2}")
        self.wait_for_metadata({"cluster": "v2"})
        self.assertEqual(self.errors(), [])
        self.assertEqual(self.successful(), 1)
        self.assertIn("jobCleanupDuration: unknown key, ignored", self.controller.log())
        self.assertIn("maxkhjobage: unknown key, ignored; the key is maxKHJobAge", self.controller.log())

    def test_what_needs_a_restart_says_so(self):
        self.publish(listenAddress='"127.0.0.1:1"', namespace="elsewhere", stateMetadata="{cluster: new}")
        self.wait_for_metadata({"cluster": "new"})
        self.assertEqual(self.errors(), [f"{self.controller.config}: {key}: needs a restart; until then the old value is used"
                                         for key in ("listenAddress", "namespace")])
        self.assertEqual(self.successful(), 1)

    def test_a_file_that_is_removed_changes_nothing(self):
        self.publish(stateMetadata="{cluster: kept}")
        self.wait_for_metadata({"cluster": "kept"})
        self.controller.config.unlink()
        eventually(lambda: self.errors(), "it is told", 10)
        self.assertEqual(self.metadata(), {"cluster": "kept"})
        self.publish()
        eventually(lambda: self.errors() == [], "a new one is taken", 10)


class Volume(ConfigCase):
    """A file of a ConfigMap volume."""

    start_controller = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.volume = ConfigVolume(cls.controller.folder / f"volume-{cls.controller.port}")
        cls.volume.publish(cls.controller.config_text())
        cls.controller.use_config(cls.volume.path)
        cls.controller.start()

    def publish(self, **settings):
        self.volume.publish(self.controller.config_text(**settings))

    def test_each_swap_is_seen(self):
        for cluster in ("one", "two", "three"):
            self.publish(stateMetadata=f"{{cluster: {cluster}}}")
            self.wait_for_metadata({"cluster": cluster})

    def test_a_bad_one_is_refused_and_the_next_good_one_taken(self):
        self.publish(stateMetadata="{cluster: kept}")
        self.wait_for_metadata({"cluster": "kept"})
        self.publish(maxErrorPodCount="x")
        eventually(lambda: self.successful() == 0, "it is refused", 10)
        self.assertEqual(self.metadata(), {"cluster": "kept"})
        self.publish(stateMetadata="{cluster: good}")
        self.wait_for_metadata({"cluster": "good"})
        self.assertEqual(self.errors(), [])


class Start(Case):
    """A bad file at the start: there is no running configuration that could stay."""

    start_controller = False

    def test_each_bad_input_ends_the_start_with_its_message(self):
        for line, said in BAD_INPUTS.items():
            with self.subTest(line):
                path = self.controller.folder / "bad.yaml"
                path.write_text(line + "\n")
                ended = subprocess.run([self.binary, "--config", path], capture_output=True, text=True, check=False, timeout=20)
                self.assertEqual((ended.returncode, ended.stderr), (1, f"kuberhealthy: {path}: {said}\n"))
