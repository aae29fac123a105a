#!/usr/bin/env python3
"""Runs integration cases against a real kube-apiserver, or against the embedded one.

    run.py --binary build/bin/kuberhealthy [--server real|embedded] [test_runs ...] [-k pattern]

One cluster is started for all cases that are named, all of them by default. --record writes down what the real server says as
what is expected from now on: look at the difference before you keep it.
"""

import argparse
import collections
import pathlib
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE))

import recording  # noqa: E402
from case import ClusterCase  # noqa: E402
from embedded_cluster import EmbeddedCluster  # noqa: E402
from real_cluster import RealCluster  # noqa: E402


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


def cases_of(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from cases_of(item)
        else:
            yield item


def choose(suite, server):
    """The cases for this server; says how many are for the other one, and why."""
    chosen, others = [], collections.Counter()
    for case in cases_of(suite):
        method = getattr(case, case._testMethodName)
        wanted, why = getattr(method, "only_on", None) or getattr(case, "only_on", (server, ""))
        if wanted == server:
            chosen.append(case)
        else:
            others[f"for the {wanted} server only: {why}"] += 1
    for why, count in sorted(others.items()):
        print(f"{count} {'case is' if count == 1 else 'cases are'} {why}")
    return chosen


def make_cluster(server, binary, cases):
    if server == "embedded":
        return EmbeddedCluster(binary.parent / "kuberhealthy-dev")
    return RealCluster(controller_manager=any(case.controller_manager for case in cases))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=pathlib.Path, required=True)
    parser.add_argument("--server", choices=("real", "embedded"), default="real")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("-k", dest="pattern", action="append")
    parser.add_argument("modules", nargs="*")
    options = parser.parse_args()
    if options.record and options.server != "real":
        sys.exit("only the real server says what is right")
    recording.recording = options.record
    ClusterCase.binary = options.binary.resolve(strict=True)

    loader = unittest.TestLoader()
    if options.pattern:
        loader.testNamePatterns = [pattern if "*" in pattern else f"*{pattern}*" for pattern in options.pattern]
    names = options.modules or sorted(path.stem for path in HERE.glob("test_*.py"))
    found = loader.loadTestsFromNames(names)
    if found.countTestCases() == 0:
        sys.exit("no case has such a name")
    cases = choose(found, options.server)
    started = time.monotonic()
    ClusterCase.cluster = make_cluster(options.server, ClusterCase.binary, cases).start()
    print(f"the {options.server} API server is ready after {time.monotonic() - started:.1f} s", flush=True)
    try:
        result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=Result).run(unittest.TestSuite(cases))
    finally:
        ClusterCase.cluster.stop()
    sys.exit(0 if result.wasSuccessful() else 1)


if __name__ == "__main__":
    main()
