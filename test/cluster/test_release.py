#!/usr/bin/env python3
"""The release, from helm install to helm uninstall. Run by run.py, inside of the node's network."""

import json
import os
import signal
import sys
import threading
import time
import unittest

sys.dont_write_bytecode = True

from release import (CHART, NAMESPACE, ROOT, Stopwatch, annotation, apply_check, apply_example, checker_pods,  # noqa: E402
                     eventually, get, helm, holder, items, kubectl, leader, masters, page, process_of, ready_replicas, run,
                     service, slots_that_ran_twice, state, write_values)

# What the examples that need no internet report. The image has no program but its own: the command check says so.
EXAMPLES = {
    "kuberhealthy-answers": (True, ""),
    "page-is-json": (True, ""),
    "localhost-resolves": (True, ""),
    "kuberhealthy-listens": (True, ""),
    "tmp-is-a-folder": (False, "the command could not be run"),
    "name-resolves": (True, ""),
    "api-server-listens": (True, ""),
    "nobody-listens": (False, "Connection refused"),
    "told-to-fail": (False, "the sky is falling"),
    "page-answers-once": (True, ""),
}
HANGS = 150  # seconds; a verdict, not a measurement


def setUpModule():
    watch = Stopwatch()
    run("helm", "install", NAMESPACE, str(CHART), f"--namespace={NAMESPACE}", "--create-namespace", "--wait", "--timeout=4m",
        f"--values={write_values({})}")
    print(f"helm install --wait: two replicas are ready after {watch}", flush=True)


def wait_for_running_pod(check):
    def running():
        return next((pod for pod in checker_pods(check) if pod["status"]["phase"] == "Running"), None)

    return eventually(running, lambda: f"a running pod of {check}; there are {json.dumps(checker_pods(check))[:2000]}", HANGS)


class Release(unittest.TestCase):
    """Any order will do."""

    def wait_for_result(self, check, after=None, within=HANGS):
        """A result of a slot later than `after`."""
        def stored():
            found = state(check)
            return found if found and int(annotation(found, "slot") or 0) > int(after or 0) else None

        return eventually(stored, lambda: f"a result of {check}; its state is {json.dumps(state(check))}", within)

    def run_in_flight(self, name):
        """A run whose pod reports in some seconds."""
        apply_check(name, "test", "--delay=8s", interval="10m")
        self.addCleanup(kubectl, "delete", "khcheck", name)
        return wait_for_running_pod(name)

    def assert_reported(self, pod):
        check = pod["metadata"]["labels"]["kuberhealthy-check-name"]
        stored = self.wait_for_result(check)
        self.assertEqual((annotation(stored, "slot"), annotation(stored, "outcome")), (annotation(pod, "slot"), "Passed"))
        self.assertEqual(len(checker_pods(check)), 1)

    def test_the_examples_run_in_real_pods_and_report(self):
        for name in ("demo", "dns", "tcp", "failing", "khjob"):
            apply_example(name)
        for check, (ok, error) in EXAMPLES.items():
            with self.subTest(check):
                spec = self.wait_for_result(check)["spec"]
                self.assertEqual(spec["OK"], ok, spec)
                self.assertIn(error, "".join(spec["Errors"]))
                self.assertEqual(spec["Node"], "node")
        listed = kubectl("get", "khstates").splitlines()
        self.assertEqual({line.split()[0] for line in listed[1:]} & set(EXAMPLES), set(EXAMPLES))
        self.assertRegex(listed[0], r"^NAME +OK ")
        pod = next(pod for pod in checker_pods("name-resolves"))
        self.assertTrue(pod["status"]["podIP"].startswith("10.91."), pod["status"])
        # Both replicas, and whichever the Service chooses, show the same results.
        for address in (service(), *(f"{pod['status']['podIP']}:8080" for pod in ready_replicas())):
            with self.subTest(address):
                shown = json.loads(run("curl", "--silent", "--show-error", "--fail", f"http://{address}/status"))
                self.assertFalse(shown["OK"])
                details = {**shown["CheckDetails"], **shown["JobDetails"]}
                self.assertEqual({name: details[f"{NAMESPACE}/{name}"]["OK"] for name in EXAMPLES},
                                 {name: ok for name, (ok, _) in EXAMPLES.items()})

    def test_helm_test_passes(self):
        helm("test")

    def test_the_master_of_every_page_holds_the_lease(self):
        self.assertEqual(masters(), {leader()["metadata"]["name"]})
        self.assertEqual({json.loads(page(service()))["CurrentMaster"] for _ in range(8)}, {holder()})

    def test_a_deleted_check_leaves_neither_pod_nor_state(self):
        apply_check("deleted", "test", "--delay=30s", interval="10m")
        wait_for_running_pod("deleted")
        kubectl("delete", "khcheck", "deleted")
        eventually(lambda: not checker_pods("deleted") and not state("deleted"), "pod and state of a deleted check are gone")
        apply_check("deleted", "test", "--delay=0s", interval="10m")
        self.wait_for_result("deleted")
        kubectl("delete", "khcheck", "deleted")
        eventually(lambda: not checker_pods("deleted") and not state("deleted"), "pod and state of a deleted check are gone")

    def test_an_upgrade_rolls_and_loses_nothing(self):
        apply_check("every-5-s", "test", "--delay=0s", interval="5s", timeout="20s")
        self.addCleanup(kubectl, "delete", "khcheck", "every-5-s")
        in_flight = self.run_in_flight("during-the-upgrade")
        before = {pod["metadata"]["name"] for pod in ready_replicas()}
        address = service()
        failures, stop = [], threading.Event()

        def ask():
            while not stop.wait(0.1):
                try:
                    page(address)
                except OSError as error:
                    failures.append(str(error))

        asking = threading.Thread(target=ask)
        asking.start()
        watch = Stopwatch()
        try:
            helm("upgrade", str(CHART), "--wait", deployment={"podAnnotations": {"example.com/changed": "yes"}})
            print(f"helm upgrade --wait took {watch}, ", end="", flush=True)
            self.assertFalse(before & {leader()["metadata"]["name"], *(pod["metadata"]["name"] for pod in ready_replicas())})
        finally:
            stop.set()
            asking.join()
        self.assertEqual(failures, [], "requests through the Service that failed")
        self.assert_reported(in_flight)
        last = annotation(self.wait_for_result("every-5-s"), "slot")
        self.wait_for_result("every-5-s", after=last)
        self.assertEqual(slots_that_ran_twice(items("pods", "--selector=app=kuberhealthy-check")), [])

    def test_a_leader_that_is_deleted_in_the_middle_of_a_run_is_followed_at_once(self):
        first = leader()
        name = first["metadata"]["name"]
        in_flight = self.run_in_flight("while-it-was-deleted")
        watch = Stopwatch()
        kubectl("delete", "pod", name, "--grace-period=0", "--force")
        eventually(lambda: holder() not in ("", name), "another replica holds the lease")
        print(f"another leader after {watch} ... ", end="", flush=True)
        self.assert_reported(in_flight)
        self.assertNotEqual(leader()["metadata"]["name"], name)

    def test_a_leader_that_is_told_to_end_hands_over(self):
        first = leader()
        in_flight = self.run_in_flight("while-it-ended")
        process = process_of(first)
        watch = Stopwatch()
        os.kill(process, signal.SIGTERM)
        eventually(lambda: holder() not in ("", first["metadata"]["name"]), "another replica holds the lease", within=HANGS)
        print(f"another leader after {watch} ... ", end="", flush=True)
        self.assert_reported(in_flight)

    def test_a_leader_whose_process_is_killed_in_the_middle_of_a_run_goes_on(self):
        first = leader()
        in_flight = self.run_in_flight("while-it-was-killed")
        watch = Stopwatch()
        os.kill(process_of(first), signal.SIGKILL)
        name = first["metadata"]["name"]

        def is_back():
            pod = get("pod", name)
            return pod["status"]["containerStatuses"][0]["restartCount"] >= 1 and leader()

        eventually(is_back, "the container is started again", within=HANGS)
        print(f"both replicas are ready and agree after {watch} ... ", end="", flush=True)
        self.assert_reported(in_flight)

    def test_a_leader_that_hangs_is_followed_after_the_lease(self):
        first = leader()
        name, process = first["metadata"]["name"], process_of(first)
        in_flight = self.run_in_flight("while-it-hung")
        watch = Stopwatch()
        os.kill(process, signal.SIGSTOP)
        try:
            eventually(lambda: holder() not in ("", name), "another replica holds the lease", within=HANGS)
            print(f"another leader after {watch} ... ", end="", flush=True)
        finally:
            os.kill(process, signal.SIGCONT)
        self.assert_reported(in_flight)
        self.assertEqual(slots_that_ran_twice(items("pods", "--selector=app=kuberhealthy-check")), [])
        self.assertNotEqual(leader()["metadata"]["name"], name)


class Uninstall(unittest.TestCase):
    """The last one."""

    def test_nothing_is_left(self):
        apply_check("runs-on", "test", "--delay=100s", interval="10m", timeout="2m")
        wait_for_running_pod("runs-on")
        helm("uninstall", "--wait")
        eventually(lambda: not items("pods", "--selector=app=kuberhealthy"), "Kuberhealthy's pods are gone", within=HANGS)
        # helm leaves CRDs alone. Nothing has a finalizer, so they go with all their objects though nobody is there to serve them.
        kubectl("delete", "--filename", str(ROOT / "manifests" / "crds"), "--timeout=150s")
        eventually(lambda: not items("pods", "--all-namespaces"), "checkers' pods are gone with their checks", within=HANGS)
        kinds = "deployments,replicasets,services,secrets,poddisruptionbudgets,networkpolicies,roles,rolebindings,leases"
        left = kubectl("get", kinds, "--output=name").split()
        self.assertEqual(left, ["lease.coordination.k8s.io/kuberhealthy"])
        cluster_wide = kubectl("get", "clusterroles,clusterrolebindings,customresourcedefinitions", "--output=name")
        self.assertNotIn("kuberhealthy", cluster_wide)
        kubectl("delete", "namespace", NAMESPACE, "--timeout=150s", namespace="default")


class Result(unittest.TextTestResult):
    """One line a case, with its time."""

    def getDescription(self, test):
        return test.id()

    def startTest(self, test):
        self.started = time.monotonic()
        super().startTest(test)

    def addSuccess(self, test):
        unittest.TestResult.addSuccess(self, test)
        self.stream.writeln(f"ok ({time.monotonic() - self.started:.1f} s)")
        self.stream.flush()


def load_tests(loader, standard_tests, pattern):
    return unittest.TestSuite(loader.loadTestsFromTestCase(case) for case in (Release, Uninstall))


if __name__ == "__main__":
    unittest.main(testRunner=unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=Result))
