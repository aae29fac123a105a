#!/usr/bin/env python3
"""Measures list and watch of the embedded API server beside those of a real kube-apiserver with etcd, on the same objects.

    tools/bench servers --checks 10000

One run, the two in turn on an otherwise idle machine. Times are what one client sees over TLS; nothing is parsed while they are
taken. CPU is that of the servers' processes.
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import sys
import time
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from api import custom_path  # noqa: E402
from bench import machine  # noqa: E402
from cluster import ROOT  # noqa: E402
from embedded_cluster import EmbeddedCluster  # noqa: E402
from real_cluster import RealCluster  # noqa: E402

NAMESPACE = "bench"
CHECKS = custom_path("khchecks", NAMESPACE)
TICKS = os.sysconf("SC_CLK_TCK")


def check(number):
    return {"apiVersion": "comcast.github.io/v1", "kind": "KuberhealthyCheck", "metadata": {"name": f"check-{number:05d}"},
            "spec": {"runInterval": "5m", "timeout": "1m", "podSpec": {"containers": [
                {"name": "main", "image": "kuberhealthy/kuberhealthy-check:latest", "args": ["http", "--url=https://example.org/"],
                 "resources": {"requests": {"cpu": "10m", "memory": "20Mi"}}}]}}}


def cpu_seconds(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mib(process):
    line = next(each for each in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines() if each.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def read_all(api, path):
    connection, answer = api.open(path, timeout=120)
    try:
        assert answer.status == 200, answer.status
        return answer.read()
    finally:
        connection.close()


class Measured:
    def __init__(self, cluster, processes, checks, repeats):
        self.api, self.processes, self.checks, self.repeats = cluster.admin, processes, checks, repeats

    def timed(self, action):
        """Milliseconds of the best of some repetitions, and the servers' CPU time of one."""
        best, cpu_before = None, sum(map(cpu_seconds, self.processes))
        for _ in range(self.repeats):
            started = time.perf_counter()
            action()
            took = 1000 * (time.perf_counter() - started)
            best = took if best is None else min(best, took)
        return best, 1000 * (sum(map(cpu_seconds, self.processes)) - cpu_before) / self.repeats

    def fill(self):
        self.api.create("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        started = time.perf_counter()
        for number in range(self.checks):
            self.api.create(CHECKS, check(number))
        return self.checks / (time.perf_counter() - started)

    def list_whole(self):
        assert read_all(self.api, CHECKS).count(b'"KuberhealthyCheck"') == self.checks

    def list_pages(self):
        token = ""
        count = 0
        while True:
            page = read_all(self.api, f"{CHECKS}?limit=500" + (f"&continue={token}" if token else ""))
            count += page.count(b'"KuberhealthyCheck"')
            ends = page[:2000] + page[-2000:]  # a list's metadata stands before or after its items
            more = re.search(rb'"continue":"([^"]+)"', ends)
            if more is None:
                break
            token = urllib.parse.quote(more[1].decode())
        assert count == self.checks, count

    def watch_initial(self):
        """Until every object has been told by a streamed list."""
        connection, answer = self.api.open(
            f"{CHECKS}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true", timeout=120)
        try:
            lines = 0
            while True:
                piece = answer.read1(1 << 20)
                assert piece, "the watch ended"
                lines += piece.count(b"\n")
                if lines >= self.checks + 1:
                    return
        finally:
            connection.close()

    def event_latency(self, count=300):
        """From the start of a PATCH until its event has come, in milliseconds: p50, p99."""
        version = json.loads(read_all(self.api, f"{CHECKS}?limit=1"))["metadata"]["resourceVersion"]
        connection, answer = self.api.open(f"{CHECKS}?watch=true&resourceVersion={version}", timeout=60)
        try:
            times = []
            for number in range(count):
                started = time.perf_counter()
                self.api.patch(f"{CHECKS}/check-{number:05d}", {"metadata": {"labels": {"round": f"r{started:.0f}-{number}"}}})
                assert answer.readline()
                times.append(1000 * (time.perf_counter() - started))
            return statistics.median(times), sorted(times)[int(0.99 * len(times))]
        finally:
            connection.close()

    def run(self):
        rows = {"create, objects a second": (self.fill(), None)}
        rows["list, whole (ms)"] = self.timed(self.list_whole)
        rows["list, pages of 500 (ms)"] = self.timed(self.list_pages)
        rows["watch, initial events (ms)"] = self.timed(self.watch_initial)
        median, slow = self.event_latency()
        rows["patch to event, p50 (ms)"] = (median, None)
        rows["patch to event, p99 (ms)"] = (slow, None)
        rows["memory (MiB)"] = (sum(map(memory_mib, self.processes)), None)
        return rows


def measure(cluster, processes_of, options):
    try:
        cluster.start()
        return Measured(cluster, processes_of(cluster), options.checks, options.repeats).run()
    finally:
        cluster.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dev-binary", type=pathlib.Path, default=ROOT / "build" / "bin" / "kuberhealthy-dev")
    parser.add_argument("--checks", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    program = options.dev_binary.resolve(strict=True)

    real = measure(RealCluster(), lambda cluster: [cluster.apiserver, cluster.etcd], options)
    embedded = measure(EmbeddedCluster(program), lambda cluster: [cluster.apiserver], options)

    print(f"{'machine':<34} {machine()}\n{'objects':<34} {options.checks} KuberhealthyChecks\n")
    print(f"{'':<34} {'kube-apiserver':>16} {'embedded':>10} {'ratio':>7}   CPU of one, ms")
    for name, (value, cpu) in real.items():
        ours, our_cpu = embedded[name]
        spent = "" if cpu is None else f"   {cpu:.0f} / {our_cpu:.0f}"
        print(f"{name:<34} {value:>16.1f} {ours:>10.1f} {ours / value:>7.2f}{spent}")


if __name__ == "__main__":
    main()
