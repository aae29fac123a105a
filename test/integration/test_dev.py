"""kuberhealthy-dev as people use it: the program as a whole, with real kubectl and real child processes."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import urllib.request
import xml.etree.ElementTree

from case import ClusterCase, only_on
from cluster import ROOT, eventually, free_port, spawn

EXAMPLES = ROOT / "manifests" / "examples"

CHECK = """\
apiVersion: comcast.github.io/v1
kind: KuberhealthyCheck
metadata: {{name: {name}}}
spec:
  runInterval: {interval}
  timeout: 30s
  podSpec:
    containers:
      - name: main
        image: busybox
        command: [sh, -c]
        args:
          - |
{script}
"""

REPORT = 'curl -sS -H "kh-run-uuid: $KH_RUN_UUID" -H "Content-Type: application/json" -d \'{"OK":true,"Errors":[]}\' "$KH_REPORTING_URL"'


def check(name, *lines, interval="1h"):
    return CHECK.format(name=name, interval=interval, script="\n".join(f"            {line}" for line in lines))


def processes_with(text):
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and text.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return found


@only_on("embedded", "the program that has it inside")
class Dev(ClusterCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.kubeconfig = self.folder / "kubeconfig"
        self.page = free_port()
        self.log = open(self.folder / "log", "w+b")
        self.addCleanup(self.log.close)

    def arguments(self, *more):
        program = self.binary.parent / "kuberhealthy-dev"
        return [program, "--listen", f"127.0.0.1:{free_port()}", "--page", f"127.0.0.1:{self.page}",
                "--kubeconfig-out", self.kubeconfig, *more]

    def start(self, *more):
        process = spawn(self.arguments(*more), self.log)
        self.addCleanup(self.end, process)
        eventually(lambda: process.poll() is not None or self.page_answers(), lambda: f"the page answers\n{self.log_text()}")
        self.assertIsNone(process.poll(), self.log_text())
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.wait()

    def run_to_end(self, *more):
        return subprocess.run(self.arguments(*more), capture_output=True, text=True, timeout=60)

    def log_text(self):
        return pathlib.Path(self.log.name).read_text()

    def page_answers(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.page}/readyz", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def status(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.page}/status", timeout=5) as answer:
            return json.load(answer)

    def kubectl(self, *arguments, **options):
        return subprocess.run([self.cluster.kubectl_path(), "--kubeconfig", self.kubeconfig, *arguments], capture_output=True, text=True, timeout=60,
                              check=True, **options).stdout

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def is_ok(self, name):
        return self.status()["CheckDetails"].get(f"kuberhealthy/{name}", {}).get("OK")

    def test_the_demo_is_green(self):
        self.start(EXAMPLES / "demo.yaml")
        eventually(lambda: len(self.status()["CheckDetails"]) == 5, "five checks have a result")
        self.assertTrue(self.status()["OK"], self.status())
        table = self.kubectl("get", "khcheck,khstate,pods")
        self.assertIn("kuberhealthystate.comcast.github.io/kuberhealthy-answers", table)
        self.assertIn("Completed", table)

    def test_logs_are_followed_to_their_end(self):
        path = self.write("check.yaml", check("talks", "echo first", "sleep 1", "echo second", REPORT))
        self.start(path)
        pod = eventually(lambda: self.kubectl("get", "pods", "-o", "name").strip(), "there is a pod")
        eventually(lambda: "first" in self.logs(pod), "it has begun to talk")
        self.assertEqual(self.kubectl("logs", "-f", pod).split("\n")[:2], ["first", "second"])
        self.assertEqual(self.kubectl("logs", "--tail=1", "--limit-bytes=4", pod)[:4], self.kubectl("logs", "--tail=1", pod)[:4])

    def logs(self, pod):
        try:
            return self.kubectl("logs", pod)
        except subprocess.CalledProcessError:
            return ""  # it has not started yet

    def test_a_file_that_changes_is_applied_again_and_what_it_loses_is_deleted(self):
        path = self.write("check.yaml", check("one", REPORT) + "---\n" + check("two", REPORT))
        self.start(path)
        eventually(lambda: self.is_ok("one") and self.is_ok("two"), "both are ok")
        path.write_text("a: [broken\n")
        eventually(lambda: "yaml: line" in self.log_text(), "the broken file is told")
        self.write("fresh", check("one", "exit 3"))
        os.replace(self.folder / "fresh", path)  # as an editor does
        eventually(lambda: self.is_ok("one") is False, "the edit has run")
        eventually(lambda: "kuberhealthy/two" not in self.status()["CheckDetails"], "the other is gone")

    def test_once_passes_fails_and_writes_junit(self):
        good = self.run_to_end("--once", "--junit", self.folder / "good.xml", EXAMPLES / "demo.yaml")
        self.assertEqual(good.returncode, 0, good.stdout + good.stderr)
        self.assertRegex(good.stdout, r"kuberhealthy/kuberhealthy-answers +ok +Passed")
        bad = self.run_to_end("--once", "--junit", self.folder / "bad.xml", EXAMPLES / "failing.yaml")
        self.assertEqual(bad.returncode, 1, bad.stdout + bad.stderr)
        self.assertRegex(bad.stdout, r"kuberhealthy/told-to-fail +FAILED +Failed")
        suite = xml.etree.ElementTree.parse(self.folder / "bad.xml").getroot().find("testsuite")
        self.assertEqual((suite.get("tests"), suite.get("failures")), ("2", "2"))
        self.assertEqual({case.get("name") for case in suite.findall("testcase")}, {"told-to-fail", "nobody-listens"})

    def test_objects_survive_a_kill(self):
        path = self.write("check.yaml", check("one", REPORT))
        data = self.folder / "data"
        first = self.start("--data", data, path)
        eventually(lambda: self.is_ok("one"), "it has a result")
        uid = self.kubectl("get", "khcheck", "one", "-o", "jsonpath={.metadata.uid}")
        first.kill()
        first.wait()
        started = time.monotonic()
        self.start("--data", data, path)
        self.assertLess(time.monotonic() - started, 10)  # a hang, not a measurement
        self.assertEqual(self.kubectl("get", "khcheck", "one", "-o", "jsonpath={.metadata.uid}"), uid)
        self.assertTrue(self.is_ok("one"))

    def test_no_process_outlives_it(self):
        for end in (signal.SIGINT, signal.SIGKILL):
            with self.subTest(end.name):
                seconds = f"{3600 + self.page}.{int(end)}"
                path = self.write("check.yaml", check("sleeps", f"setsid sleep {seconds} &", f"sleep {seconds}"))
                process = self.start(path)
                eventually(lambda: len(processes_with(f"sleep\0{seconds}")) == 2, "both sleep")
                process.send_signal(end)
                process.wait(timeout=30)
                eventually(lambda: not processes_with(f"sleep\0{seconds}"), "nobody sleeps")

    def test_an_image_without_a_program_waits_as_one_that_cannot_be_pulled(self):
        path = self.write("check.yaml", check("image", REPORT).replace("busybox", "example.org/none:1"))
        self.start(path)
        eventually(lambda: "ErrImagePull" in self.kubectl("get", "pods") or "ImagePullBackOff" in self.kubectl("get", "pods"), "it waits")

    def test_an_image_can_be_given_a_program(self):
        program = self.write("checker", f"#!/bin/sh\n{REPORT}\n")
        program.chmod(0o755)
        path = self.write("check.yaml", check("image", "").replace("busybox", "example.org/mine").split("        command:")[0])
        ended = self.run_to_end("--once", "--image", f"example.org/mine={program}", path)
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)

    def test_what_is_wrong_at_the_start_is_one_line_and_an_exit_code(self):
        bad = self.write("bad.yaml", "a: [1\n")
        typo = self.write("typo.yaml", check("one", REPORT).replace("timeout:", "tiemout:"))
        taken = free_port()
        occupied = spawn([self.binary.parent / "kuberhealthy-dev", "--api-only", "--listen", f"127.0.0.1:{taken}",
                          "--kubeconfig-out", self.folder / "other"], self.log)
        self.addCleanup(self.end, occupied)
        eventually(lambda: (self.folder / "other").exists(), "the other one listens")
        for arguments, told in ((["--listen", f"127.0.0.1:{taken}"], "cannot listen on 127.0.0.1"),
                                ([self.folder / "missing.yaml"], "missing.yaml"),
                                ([bad], "bad.yaml: yaml: line"),
                                ([typo], 'unknown field "spec.tiemout"'),
                                (["--image", "nonsense", bad], "--image")):
            with self.subTest(told):
                program = self.arguments()
                if arguments[0] == "--listen":
                    program = program[:1] + program[3:]
                ended = subprocess.run([*program, *arguments], capture_output=True, text=True, timeout=30)
                self.assertEqual(ended.returncode, 2, ended.stderr)
                self.assertIn(told, ended.stderr)
                self.assertEqual(ended.stderr.count("\n"), 1, ended.stderr)
