"""Sessions with real kubectls, from test/data/conformance: what they print is the same on both servers."""

import difflib
import subprocess
import threading

import recording
from case import only_on
from conformance import CHECK, STATE, Conformance
from recording import DATA
from transcript import Shell, parse, print_parts, run_again


class Sessions(Conformance):
    """A case for each file of a folder that is called as its kubectl."""

    @classmethod
    def setUpClass(cls):
        cls.api = cls.cluster.admin

    def hold(self, path):
        kubectl = path.parent.name
        parts = parse(path.read_text())
        shell = Shell(self.cluster, kubectl, self.make_namespace(f"{kubectl.replace('.', '-')}-{path.stem}"))
        expected, printed = print_parts(parts), print_parts(run_again(parts, shell))
        if recording.recording:
            path.write_text(printed)
        elif printed != expected:
            difference = difflib.unified_diff(expected.splitlines(), printed.splitlines(), "expected", "printed", lineterm="",
                                              n=4)
            self.fail("\n" + "\n".join(difference))


def add_sessions():
    for path in sorted(DATA.glob("kubectl*/*.txt")):
        name = f"test_{path.parent.name}_{path.stem}".replace("-", "_").replace(".", "_")
        setattr(Sessions, name, lambda self, path=path: self.hold(path))


add_sessions()


class Following(Conformance):
    """kubectl that stays: get -w."""

    @classmethod
    def setUpClass(cls):
        cls.api = cls.cluster.admin

    def setUp(self):
        self.namespace = self.make_namespace()

    def follow(self, kubectl, command):
        """Its lines as they come, each as words; they end after half a minute."""
        process = Shell(self.cluster, kubectl, self.namespace).start(f"exec {command}", stdout=subprocess.PIPE,
                                                                     stderr=subprocess.STDOUT)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        watchdog = threading.Timer(30, process.kill)
        watchdog.start()
        self.addCleanup(watchdog.cancel)
        return (line.split() for line in process.stdout)

    def hold(self, kubectl):
        self.create(CHECK, "there")
        lines = self.follow(kubectl, "kubectl get khcheck -w")
        self.assertEqual(next(lines), ["NAME", "RUNINTERVAL", "TIMEOUT", "AGE"])
        self.assertEqual(next(lines)[:3], ["there", "5m", "1m"])
        self.create(CHECK, "another")
        self.assertEqual(next(lines)[:3], ["another", "5m", "1m"])
        self.patch(CHECK, "there", {"spec": {"timeout": "2m"}})
        self.assertEqual(next(lines)[:3], ["there", "5m", "2m"])
        self.delete(CHECK, "another")
        self.assertEqual(next(lines)[0], "another")

    def test_changes_are_printed_as_they_come(self):
        self.hold("kubectl")

    def test_the_oldest_kubectl_prints_them_too(self):
        self.hold("kubectl-1.30")

    def test_the_kind_of_change_can_be_shown(self):
        self.create(STATE, "there")
        lines = self.follow("kubectl", "kubectl get khstate -w --output-watch-events")
        self.assertEqual(next(lines)[:3], ["EVENT", "NAME", "OK"])
        self.assertEqual(next(lines)[:3], ["ADDED", "there", "true"])
        self.patch(STATE, "there", STATE.change)
        self.assertEqual(next(lines)[:3], ["MODIFIED", "there", "false"])
        self.delete(STATE, "there")
        self.assertEqual(next(lines)[:3], ["DELETED", "there", "false"])


class ServerSideApply(Conformance):
    @only_on("embedded", "no server-side apply")
    def test_kubectl_says_what_is_missing(self):
        shell = Shell(self.cluster, "kubectl", self.namespace)
        object = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}'
        printed = shell.run(f"echo '{object}' | kubectl apply --server-side -f -")
        self.assertEqual(printed[-1], "[1]")
        self.assertIn("server-side apply", printed[0])
