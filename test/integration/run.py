#!/usr/bin/env python3
"""Runs integration cases against a real kube-apiserver.

    run.py --binary build/bin/kuberhealthy [test_runs ...] [-k pattern]

One cluster is started for all cases that are named, all of them by default.
"""

import argparse
import pathlib
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE))

from case import Case  # noqa: E402
from cluster import Cluster  # noqa: E402


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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=pathlib.Path, required=True)
    parser.add_argument("-k", dest="pattern", action="append")
    parser.add_argument("modules", nargs="*")
    options = parser.parse_args()
    Case.binary = options.binary.resolve(strict=True)

    loader = unittest.TestLoader()
    if options.pattern:
        loader.testNamePatterns = [pattern if "*" in pattern else f"*{pattern}*" for pattern in options.pattern]
    names = options.modules or sorted(path.stem for path in HERE.glob("test_*.py"))
    suite = loader.loadTestsFromNames(names)
    if suite.countTestCases() == 0:
        sys.exit("no case has such a name")
    started = time.monotonic()
    Case.cluster = Cluster().start()
    print(f"kube-apiserver is ready after {time.monotonic() - started:.1f} s", flush=True)
    try:
        result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=Result).run(suite)
    finally:
        Case.cluster.stop()
    sys.exit(0 if result.wasSuccessful() else 1)


if __name__ == "__main__":
    main()
