"""What the cases share that hold the embedded API server to what the real one does: the kinds, calls, watches."""

import copy
import dataclasses
import functools
import json
import urllib.parse

from case import ClusterCase, pod_spec

MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"

CHECK_SPEC = {"runInterval": "5m", "timeout": "1m", "podSpec": pod_spec()}
STATE_SPEC = {"OK": True, "Errors": [], "RunDuration": "1s", "Namespace": "a", "Node": "n", "AuthoritativePod": "p", "uuid": "u",
              "LastRun": None}


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind that is served: where, what a small object of it is made of, and what may be changed in it."""

    kind: str
    plural: str
    body: dict
    change: dict
    group_version: str = "v1"
    namespaced: bool = True
    has_generation: bool = False

    def path(self, namespace=None, name=None, sub=None, **query):
        root = "api" if self.group_version == "v1" else "apis"
        inside = ["namespaces", namespace] if self.namespaced and namespace else []
        path = "/" + "/".join(filter(None, [root, self.group_version, *inside, self.plural, name, sub]))
        return with_query(path, **query)

    def make(self, name, **metadata):
        return {"apiVersion": self.group_version, "kind": self.kind, "metadata": {"name": name, **metadata},
                **copy.deepcopy(self.body)}


def with_query(path, **query):
    return f"{path}?{urllib.parse.urlencode(query)}" if query else path


COMCAST = "comcast.github.io/v1"

CONFIG_MAP = Kind("ConfigMap", "configmaps", {"data": {"a": "1"}}, {"data": {"b": "2"}})
SECRET = Kind("Secret", "secrets", {"type": "Opaque", "data": {"a": "MQ=="}}, {"data": {"b": "Mg=="}})
POD = Kind("Pod", "pods", {"spec": {**pod_spec(), "automountServiceAccountToken": False}},
           {"metadata": {"labels": {"changed": "yes"}}}, has_generation=True)
CHECK = Kind("KuberhealthyCheck", "khchecks", {"spec": CHECK_SPEC}, {"spec": {"timeout": "2m"}}, COMCAST, has_generation=True)
STATE = Kind("KuberhealthyState", "khstates", {"spec": STATE_SPEC}, {"spec": {"OK": False}}, COMCAST, has_generation=True)
JOB = Kind("KuberhealthyJob", "khjobs", {"spec": {"timeout": "1m", "podSpec": pod_spec()}}, {"spec": {"phase": "Running"}},
           COMCAST,
           has_generation=True)
LEASE = Kind("Lease", "leases", {"spec": {"holderIdentity": "me", "leaseDurationSeconds": 15}},
             {"spec": {"holderIdentity": "you"}},
             "coordination.k8s.io/v1")
SERVICE_ACCOUNT = Kind("ServiceAccount", "serviceaccounts", {}, {"automountServiceAccountToken": False})
EVENT = Kind("Event", "events", {"involvedObject": {"kind": "Pod", "name": "p"}, "reason": "Tested", "message": "once",
                                 "type": "Normal"},
             {"message": "twice", "count": 2})
NAMESPACE = Kind("Namespace", "namespaces", {}, {"metadata": {"labels": {"changed": "yes"}}}, namespaced=False)


def definition(plural, kind, **version):
    """A CustomResourceDefinition of the group example.com."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.example.com"},
            "spec": {"group": "example.com", "scope": "Namespaced",
                     "names": {"plural": plural, "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List"},
                     "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema},
                                   **version}]}}


CRD = Kind("CustomResourceDefinition", "customresourcedefinitions", {}, {"metadata": {"labels": {"changed": "yes"}}},
           "apiextensions.k8s.io/v1", namespaced=False, has_generation=True)

KINDS = (CONFIG_MAP, SECRET, POD, CHECK, STATE, JOB, LEASE, SERVICE_ACCOUNT, EVENT)


def for_each_kind(case):
    """A case that is one for each kind."""
    @functools.wraps(case)
    def cases(self):
        for kind in KINDS:
            with self.subTest(kind.plural):
                case(self, kind)

    return cases


class Watch:
    """A watch, read event by event."""

    def __init__(self, api, path, **query):
        self.connection, self.response = api.open(with_query(path, watch=1, **query), timeout=10)
        self.status = self.response.status

    def next(self):
        """The next event, or None at the end of the watch."""
        try:
            line = self.response.readline()
        except TimeoutError:
            raise AssertionError("no event within 10 s") from None
        return json.loads(line) if line else None

    def take(self, count):
        """As many events, each as (type, name)."""
        return [brief(self.next()) for _ in range(count)]

    def until(self, name):
        """The events, each as (type, name), before that object's first one."""
        seen = []
        while (event := brief(self.next()))[1] != name:
            seen.append(event)
        return seen

    def close(self):
        self.connection.close()


def brief(event):
    if event is None:
        return ("END", None)
    return event["type"], event["object"].get("metadata", {}).get("name")


class Conformance(ClusterCase):
    controller_manager = True

    @classmethod
    def setUpClass(cls):
        cls.api = cls.cluster.admin
        cls.namespace = cls.make_namespace()

    def call(self, method, path, body=None, content_type="application/json", **headers):
        return self.api.call(method, path, body, content_type, **headers)

    def ok(self, method, path, body=None, content_type="application/json", **headers):
        """The object that a call answers which must succeed."""
        answer = self.call(method, path, body, content_type, **headers)
        self.assertLess(answer.status, 300, f"{method} {path}: {answer.text}")
        return answer.json()

    def refused(self, code, reason, method, path, body=None, content_type="application/json", **headers):
        """The Status that a call answers which must not succeed."""
        answer = self.call(method, path, body, content_type, **headers)
        self.assertEqual(answer.status, code, f"{method} {path}: {answer.text}")
        status = answer.json()
        self.assertEqual((status["kind"], status["status"], status.get("reason")), ("Status", "Failure", reason), answer.text)
        return status

    def make(self, kind, name, **metadata):
        made = kind.make(name, **metadata)
        if kind is EVENT:
            made["involvedObject"]["namespace"] = self.namespace
        return made

    def create(self, kind, name, body=None, **metadata):
        return self.ok("POST", kind.path(self.namespace), {**self.make(kind, name, **metadata), **(body or {})})

    def get(self, kind, name):
        return self.ok("GET", kind.path(self.namespace, name))

    def exists(self, kind, name):
        return self.call("GET", kind.path(self.namespace, name)).status == 200

    def patch(self, kind, name, body, content_type=MERGE, sub=None, **query):
        return self.ok("PATCH", kind.path(self.namespace, name, sub, **query), body, content_type)

    def delete(self, kind, name, **options):
        return self.ok("DELETE", kind.path(self.namespace, name), options)

    def names(self, kind, **query):
        return [item["metadata"]["name"] for item in self.ok("GET", kind.path(self.namespace, **query))["items"]]

    def watch(self, kind, namespace=None, **query):
        """Of the class's namespace, of another, or of all ("")."""
        watch = Watch(self.api, kind.path(self.namespace if namespace is None else namespace), **query)
        self.addCleanup(watch.close)
        return watch

    def version(self, kind):
        """The resourceVersion of this moment."""
        return self.ok("GET", kind.path(self.namespace, limit=1))["metadata"]["resourceVersion"]
