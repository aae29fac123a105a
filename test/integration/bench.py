#!/usr/bin/env python3
"""Measures the controller under load against a real etcd and kube-apiserver on this machine.

    tools/bench --checks 20 --interval 10s --seconds 60

Prints the runs that were due, made and reported, the API calls by the audit log, the controller's CPU time and memory, and the
time from a report to its answer. The API server, etcd and the tests' kubelet share the machine with the controller.
"""

import argparse
import os
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from case import Case  # noqa: E402
from cluster import ROOT  # noqa: E402
from load import measure  # noqa: E402
from real_cluster import RealCluster  # noqa: E402


def whole_seconds(text):
    return int(text.removesuffix("s"))


def machine():
    model = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), "unknown CPU")
    return f"{os.cpu_count()} x {model}"


class Bench(Case):
    settings = {"maxCompletedPodCount": "0", "maxErrorPodCount": "0", "logLevel": "info"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "build" / "bin" / "kuberhealthy")
    parser.add_argument("--checks", type=int, default=20)
    parser.add_argument("--interval", type=whole_seconds, default=10, help="whole seconds, such as 10s")
    parser.add_argument("--seconds", type=int, default=60, help="length of the window that is measured")
    options = parser.parse_args()

    Bench.binary = options.binary.resolve(strict=True)
    Bench.cluster = RealCluster().start()
    try:
        Bench.setUpClass()
        Bench.kubelet.bind = False
        figures = measure(Bench.cluster, Bench.controller, Bench.kubelet, Bench.namespace,
                          lambda name: Bench.check_object(name, interval=f"{options.interval}s", timeout=f"{options.interval * 2}s"),
                          options.checks, options.interval, options.seconds)
        print(f"{'machine':<36} {machine()}")
        print(figures.table())
    finally:
        Bench.doClassCleanups()
        Bench.cluster.stop()


if __name__ == "__main__":
    main()
