"""Many checks at once, and what they cost: used by the budget cases and by tools/bench."""

import dataclasses
import datetime
import math
import time

from api import custom_path
from case import OURS
from cluster import eventually

SERVICE_ACCOUNT = "system:serviceaccount:kuberhealthy:kuberhealthy"


@dataclasses.dataclass
class Figures:
    checks: int
    interval: int
    seconds: float
    due: int = 0
    made: int = 0
    reported: int = 0
    refused: int = 0
    calls: dict = dataclasses.field(default_factory=dict)  # "create pods": count, watches and lists included
    lateness: list = dataclasses.field(default_factory=list)  # of creates behind their slot, seconds
    latency: list = dataclasses.field(default_factory=list)  # report -> answer, seconds
    cpu: float = 0.0
    memory_kib: int = 0

    def calls_per_run(self):
        steady = sum(count for call, count in self.calls.items() if not is_upkeep(call))
        return steady / max(self.made, 1)

    def upkeep_calls_per_second(self):
        return sum(count for call, count in self.calls.items() if is_upkeep(call)) / self.seconds

    def cpu_ms_per_run(self):
        return 1000 * self.cpu / max(self.made, 1)

    def table(self):
        def milliseconds(values, share):
            return f"{1000 * quantile(values, share):.1f} ms" if values else "none"

        rows = [
            ("checks, interval, window", f"{self.checks}, {self.interval} s, {self.seconds:.0f} s"),
            ("runs due / made / reported", f"{self.due} / {self.made} / {self.reported}"),
            ("reports not answered 200", self.refused),
            ("API calls per run", f"{self.calls_per_run():.2f}"),
            ("watches and the lease, calls per second", f"{self.upkeep_calls_per_second():.2f}"),
            *((f"  {call}", count) for call, count in sorted(self.calls.items())),
            ("start behind its slot, p50 / p99", f"{milliseconds(self.lateness, 0.5)} / {milliseconds(self.lateness, 0.99)}"),
            ("report to 200, p50 / p99", f"{milliseconds(self.latency, 0.5)} / {milliseconds(self.latency, 0.99)}"),
            ("controller CPU per run", f"{self.cpu_ms_per_run():.2f} ms"),
            ("controller RSS", f"{self.memory_kib / 1024:.1f} MiB"),
        ]
        return "\n".join(f"{name:<39} {value}" for name, value in rows)


def is_upkeep(call):
    """What is called whether there are runs or not."""
    verb, resource = call.split(maxsplit=1)
    return verb in ("watch", "list") or resource == "leases"


def quantile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def timestamp(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def measure(cluster, controller, kubelet, namespace, check_object, checks, interval, seconds):
    """Applies `checks` checks, waits until each has a result, then counts what happens in `seconds`."""
    figures = Figures(checks, interval, seconds)
    names = [f"load-{number:04d}" for number in range(checks)]
    for name in names:
        cluster.admin.create(custom_path("khchecks", namespace), check_object(name))

    def first_results():
        return len(cluster.admin.items(custom_path("khstates", namespace))) == checks

    eventually(first_results, "each check has its first result", within=120)
    uids = {check["metadata"]["name"]: check["metadata"]["uid"] for check in cluster.admin.items(custom_path("khchecks", namespace))}

    start, cpu_before = time.time(), controller.cpu_seconds()
    with kubelet.lock:
        reports_before = len(kubelet.reports)
    time.sleep(seconds)  # the window that is measured, not a wait for something
    end, figures.cpu = time.time(), controller.cpu_seconds() - cpu_before
    figures.memory_kib = controller.memory_kib()

    # Runs whose slot is in the window: what was due in its last moments is given the time to start and to report.
    def all_made():
        slots = slots_of(kubelet, namespace, names)
        figures.due = sum(due_slots(uids[name], found, interval, start, end) for name, found in slots.items())
        figures.made = sum(start <= slot < end for found in slots.values() for slot in found)
        return slots if figures.made >= figures.due or time.time() > end + 10 else None

    slots = eventually(all_made, "the window's runs were made, or not")

    def last_results():
        stored = {state["metadata"]["name"]: int(state["metadata"]["annotations"][OURS + "slot"])
                  for state in cluster.admin.items(custom_path("khstates", namespace))}
        return all(stored[name] >= max(found) for name, found in slots.items())

    eventually(last_results, "the last run of each check has its result", within=60)

    def all_reported():
        """A client knows of its answer a moment after the result is stored."""
        with kubelet.lock:
            reported = {uid for uid, status, _ in kubelet.reports if status == 200}
        figures.reported = sum(pod["metadata"]["uid"] in reported and start <= slot_of(pod) < end
                               for pod in kubelet.pods(namespace))
        return figures.reported >= figures.made or time.time() > end + 30

    eventually(all_reported, "the window's runs were reported, or not", within=60)
    with kubelet.lock:
        in_time = kubelet.reports[reports_before:]
    figures.refused = sum(status != 200 for _, status, _ in in_time)
    figures.latency = [took for _, status, took in in_time if status == 200]
    count_calls(figures, cluster, start, end)
    return figures


def slot_of(pod):
    return int(pod["metadata"]["annotations"][OURS + "slot"])


def slots_of(kubelet, namespace, names):
    slots = {name: [] for name in names}
    for pod in kubelet.pods(namespace):
        slots[pod["metadata"]["annotations"]["comcast.github.io/check-name"]].append(slot_of(pod))
    return slots


def due_slots(uid, slots, interval, start, end):
    """How many points of a check's grid lie in the window, whether they were run or not: the phase follows from the uid. A point
    less than half an interval after the first slot of all, which follows the creation, is not due."""
    base = max(slot for slot in slots if slot < start)
    first = max(math.ceil(start), base + (interval + 1) // 2)
    first += (stable_hash(uid) - first) % interval
    return len(range(first, math.ceil(end), interval))


def stable_hash(text):
    """FNV-1a and a finalizer, as in controller/core/schedule.cpp."""
    value = 14695981039346656037
    for byte in text.encode():
        value = (value ^ byte) * 1099511628211 % 2**64
    value ^= value >> 33
    value = value * 0xFF51AFD7ED558CCD % 2**64
    return value ^ value >> 33


def count_calls(figures, cluster, start, end):
    for line in cluster.audit_lines(SERVICE_ACCOUNT):
        received = timestamp(line["requestReceivedTimestamp"])
        if not start <= received < end:
            continue
        call = f"{line['verb']} {line['objectRef']['resource']}" if "objectRef" in line else f"{line['verb']} {line['requestURI']}"
        figures.calls[call] = figures.calls.get(call, 0) + 1
        name = line.get("objectRef", {}).get("name", "")
        if call == "create pods" and name.startswith("load-"):
            figures.lateness.append(received - int(name.split("-")[2]))
