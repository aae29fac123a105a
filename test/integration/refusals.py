"""Requests that are refused, for test_conformance_errors: a name, and method, path, body, content type and Accept header."""

import json

from conformance import (COMCAST, CHECK, CONFIG_MAP, CRD, EVENT, JSON_PATCH, LEASE, MERGE, NAMESPACE, POD, SECRET, SERVICE_ACCOUNT,
                         STATE, STATE_SPEC, STRATEGIC, definition)

NS = "refusals"  # a fixed name: it stands in messages
CMS, PODS, STATES, CHECKS = (kind.path(NS) for kind in (CONFIG_MAP, POD, STATE, CHECK))
CM = CONFIG_MAP.path(NS, "there")
PODP = POD.path(NS, "there")
ST = STATE.path(NS, "there")

JSON = "application/json"
YAML = "application/yaml"


def cm(**more):
    return {**CONFIG_MAP.make("new"), **more}


def named(kind, name, **metadata):
    return kind.make(name, **metadata)


def pod(**spec):
    return {**POD.make("new"), "spec": {**POD.body["spec"], **spec}}


def container(**more):
    return pod(containers=[{"name": "main", "image": "a", **more}])


def state(**spec):
    return {**STATE.make("new"), "spec": {**STATE_SPEC, **spec}}


def without(body, *path):
    body = json.loads(json.dumps(body))
    inner = body
    for step in path[:-1]:
        inner = inner[step]
    del inner[path[-1]]
    return body


# name: method, path, body, content type
BODIES = {
    "a body that is no JSON": ("POST", CMS, b"{not json"),
    "a body that is no JSON, custom": ("POST", STATES, b"{not json"),
    "a body that ends early": ("POST", CMS, b'{"kind":"ConfigMap","apiVersion":"v1",'),
    "an empty body": ("POST", CMS, b""),
    "an empty body, custom": ("POST", STATES, b""),
    "an empty object": ("POST", CMS, {}),
    "an empty object, custom": ("POST", STATES, {}),
    "a list as body": ("POST", CMS, []),
    "a list as body, custom": ("POST", STATES, []),
    "a text as body": ("POST", CMS, b'"text"'),
    "a body that is no YAML": ("POST", CMS, b"kind: [", YAML),
    "a body that is no YAML, custom": ("POST", STATES, b"kind: [", YAML),
    "a body of plain text": ("POST", CMS, b"hello", "text/plain"),
    "a body of plain text, custom": ("POST", STATES, b"hello", "text/plain"),
    "a body with a broken content type": ("POST", CMS, cm(), "application"),
    "an unknown kind": ("POST", CMS, cm(kind="Nothing")),
    "another kind": ("POST", CMS, SECRET.make("new")),
    "another kind, custom": ("POST", STATES, named(CHECK, "new")),
    "an unknown version": ("POST", CMS, cm(apiVersion="v9")),
    "an unknown version, custom": ("POST", STATES, {**state(), "apiVersion": "comcast.github.io/v9"}),
    "another group, custom": ("POST", STATES, {**state(), "apiVersion": "v1"}),
    "no kind, custom": ("POST", STATES, without(state(), "kind")),
    "no apiVersion, custom": ("POST", STATES, without(state(), "apiVersion")),
    "a text where a map must be": ("POST", CMS, cm(data="text")),
    "a number where a text must be": ("POST", CMS, cm(data={"a": 1})),
    "a map where a list must be": ("POST", PODS, pod(containers={})),
    "a text where a number must be": ("POST", PODS, pod(activeDeadlineSeconds="soon")),
    "metadata that is a text, custom": ("POST", STATES, {**state(), "metadata": "text"}),
    "labels that are a list": ("POST", CMS, named(CONFIG_MAP, "new", labels=["a"])),
    "labels that are a list, custom": ("POST", STATES, named(STATE, "new", labels=["a"])),
    "a body of four megabytes": ("POST", CMS, cm(data={"a": "x" * (4 << 20)})),
    "a body of four megabytes, custom": ("POST", STATES, state(uuid="x" * (4 << 20))),
    "a configmap of two megabytes": ("POST", CMS, cm(data={"a": "x" * (2 << 20)})),
}

NAMES = {
    "no name": ("POST", CMS, without(cm(), "metadata", "name")),
    "no name, custom": ("POST", STATES, without(state(), "metadata", "name")),
    "no metadata": ("POST", CMS, without(cm(), "metadata")),
    "an upper-case name": ("POST", CMS, named(CONFIG_MAP, "Upper")),
    "an upper-case name, custom": ("POST", STATES, named(STATE, "Upper")),
    "a name with an underscore": ("POST", PODS, named(POD, "a_b")),
    "a name with a slash": ("POST", CMS, named(CONFIG_MAP, "a/b")),
    "a name that is too long": ("POST", CMS, named(CONFIG_MAP, "x" * 254)),
    "a namespace whose name is too long": ("POST", "/api/v1/namespaces", named(NAMESPACE, "x" * 64)),
    "a namespace with a dot": ("POST", "/api/v1/namespaces", named(NAMESPACE, "a.b")),
    "a lease with a bad name": ("POST", LEASE.path(NS), named(LEASE, "-a")),
    "a serviceaccount with a bad name": ("POST", SERVICE_ACCOUNT.path(NS), named(SERVICE_ACCOUNT, "a..b")),
    "a generateName that cannot become a name": ("POST", CMS, {"metadata": {"generateName": "_"}}),
    "another namespace in the body": ("POST", CMS, named(CONFIG_MAP, "new", namespace="elsewhere")),
    "another namespace in the body, custom": ("POST", STATES, named(STATE, "new", namespace="elsewhere")),
    "another name in a replacement": ("PUT", CM, cm()),
    "another name in a replacement, custom": ("PUT", ST, state()),
    "a namespace that is not there": ("POST", CONFIG_MAP.path("nowhere"), cm()),
    "a namespace that is not there, custom": ("POST", STATE.path("nowhere"), state()),
    "a label key that is none": ("POST", CMS, named(CONFIG_MAP, "new", labels={"a b": "c"})),
    "a label value that is none": ("POST", CMS, named(CONFIG_MAP, "new", labels={"a": "b c"})),
    "a label value that is too long": ("POST", STATES, named(STATE, "new", labels={"a": "x" * 64})),
    "an annotation key that is none": ("POST", STATES, named(STATE, "new", annotations={"a b": "c"})),
    "an owner without a uid": ("POST", CMS, named(CONFIG_MAP, "new", ownerReferences=[{"apiVersion": "v1", "kind": "Pod", "name": "a"}])),
    "an owner without a uid, custom": (
        "POST", STATES, named(STATE, "new", ownerReferences=[{"apiVersion": "v1", "kind": "Pod", "name": "a"}])),
    "a finalizer that is no name": ("POST", CMS, named(CONFIG_MAP, "new", finalizers=["nonsense"])),
}

FIELDS = {
    "a pod without a spec": ("POST", PODS, without(pod(), "spec")),
    "a pod without containers": ("POST", PODS, pod(containers=[])),
    "a container without a name": ("POST", PODS, pod(containers=[{"image": "a"}])),
    "a container without an image": ("POST", PODS, pod(containers=[{"name": "main"}])),
    "a container name that is none": ("POST", PODS, pod(containers=[{"name": "Not A Name", "image": "a"}])),
    "two containers of one name": ("POST", PODS, pod(containers=[{"name": "a", "image": "a"}] * 2)),
    "a restart policy that is none": ("POST", PODS, pod(restartPolicy="Sometimes")),
    "a variable without a name": ("POST", PODS, container(env=[{"value": "b"}])),
    "an image pull policy that is none": ("POST", PODS, container(imagePullPolicy="Sometimes")),
    "a negative deadline": ("POST", PODS, pod(activeDeadlineSeconds=-1)),
    "a volume mount without its volume": ("POST", PODS, container(volumeMounts=[{"name": "v", "mountPath": "/v"}])),
    "a key of a configmap that is none": ("POST", CMS, cm(data={"a b": "1"})),
    "a secret that is not base64": ("POST", SECRET.path(NS), {**SECRET.make("new"), "data": {"a": "?"}}),
    "a lease of no seconds": ("POST", LEASE.path(NS), {**LEASE.make("new"), "spec": {"leaseDurationSeconds": 0}}),
    "an event about another namespace": (
        "POST", EVENT.path(NS), {**EVENT.make("new"), "involvedObject": {"kind": "Pod", "name": "p", "namespace": "elsewhere"}}),
    "a state of wrong types": ("POST", STATES, state(OK="yes", Errors="none")),
    "a state with nothing that is required": ("POST", STATES, {**state(), "spec": {}}),
    "a state whose spec is a list": ("POST", STATES, {**state(), "spec": []}),
    "a state with null where a text must be": ("POST", STATES, state(Node=None)),
    "a state with a date that is none": ("POST", STATES, state(LastRun="yesterday")),
    "a check without a podSpec": ("POST", CHECKS, without(CHECK.make("new"), "spec", "podSpec")),
    "a check with a container without a name": (
        "POST", CHECKS, {**CHECK.make("new"), "spec": {**CHECK.body["spec"], "podSpec": {"containers": [{"image": "a"}]}}}),
    "a check with labels that are no texts": (
        "POST", CHECKS, {**CHECK.make("new"), "spec": {**CHECK.body["spec"], "extraLabels": {"a": 1}}}),
    "an immutable configmap is changed": ("PATCH", CONFIG_MAP.path(NS, "fixed"), {"data": {"a": "2"}}, MERGE),
    "the type of a secret is changed": ("PATCH", SECRET.path(NS, "there"), {"type": "other"}, MERGE),
    "a pod gets another command": (
        "PATCH", PODP, {"spec": {"containers": [{"name": "main", "command": ["b"]}]}}, STRATEGIC),
    "a pod gets another restart policy": ("PATCH", PODP, {"spec": {"restartPolicy": "Never"}}, MERGE),
}

RESOURCES = {
    "an object that is not there": ("GET", CONFIG_MAP.path(NS, "none")),
    "an object that is not there, custom": ("GET", STATE.path(NS, "none")),
    "a namespace that is not there": ("GET", "/api/v1/namespaces/nowhere"),
    "a lease that is not there": ("GET", LEASE.path(NS, "none")),
    "a definition that is not there": ("GET", CRD.path(name="none.example.com")),
    "deleted but not there": ("DELETE", POD.path(NS, "none")),
    "patched but not there": ("PATCH", STATE.path(NS, "none"), {"spec": {}}, MERGE),
    "replaced but not there": ("PUT", CONFIG_MAP.path(NS, "none"), named(CONFIG_MAP, "none")),
    "replaced but not there, custom": ("PUT", STATE.path(NS, "none"), named(STATE, "none")),
    "the status of what is not there": ("GET", POD.path(NS, "none", "status")),
    "the log of what is not there": ("GET", POD.path(NS, "none", "log")),
    "already there": ("POST", CMS, named(CONFIG_MAP, "there")),
    "already there, custom": ("POST", STATES, named(STATE, "there")),
    "already there, a namespace": ("POST", "/api/v1/namespaces", named(NAMESPACE, NS)),
    "already there, a definition": ("POST", CRD.path(), {**definition("khstates", "KuberhealthyState"),
                                                         "metadata": {"name": "khstates.comcast.github.io"}}),
    "an unknown resource": ("GET", f"/api/v1/namespaces/{NS}/nothings"),
    "an unknown resource, custom": ("GET", f"/apis/{COMCAST}/namespaces/{NS}/nothings"),
    "an unknown version of a group": ("GET", f"/apis/comcast.github.io/v9/namespaces/{NS}/khstates"),
    "an unknown group": ("GET", "/apis/none.example.com/v1/things"),
    "an unknown path": ("GET", "/nothing"),
    "an unknown subresource": ("GET", CONFIG_MAP.path(NS, "there", "status")),
    "a status that a custom resource has not": ("GET", STATE.path(NS, "there", "status")),
    "a status that a custom resource has not, written": ("PATCH", STATE.path(NS, "there", "status"), {"status": {}}, MERGE),
    "a namespaced kind written without its namespace": ("POST", CONFIG_MAP.path(), cm()),
    "POST to an object": ("POST", CM, cm()),
    "PUT to a collection": ("PUT", CMS, cm()),
    "PATCH of a collection": ("PATCH", CMS, {}, MERGE),
    "DELETE of all namespaces": ("DELETE", "/api/v1/namespaces?dryRun=All"),
    "a method that is none": ("FROB", CM),
}

PATCHES = {
    "a patch of plain JSON": ("PATCH", CM, {"data": {}}, JSON),
    "a strategic patch of a custom resource": ("PATCH", ST, {"spec": {}}, STRATEGIC),
    "a merge patch that is no JSON": ("PATCH", CM, b"{no", MERGE),
    "a merge patch that is no JSON, custom": ("PATCH", ST, b"{no", MERGE),
    "a merge patch that is a list": ("PATCH", CM, [], MERGE),
    "a strategic patch that is no JSON": ("PATCH", CM, b"{no", STRATEGIC),
    "a JSON patch that is an object": ("PATCH", CM, {"data": {}}, JSON_PATCH),
    "a JSON patch that is no JSON": ("PATCH", CM, b"[{", JSON_PATCH),
    "a JSON patch with an unknown operation": ("PATCH", CM, [{"op": "frob", "path": "/data/a"}], JSON_PATCH),
    "a JSON patch without a path": ("PATCH", CM, [{"op": "remove"}], JSON_PATCH),
    "a JSON patch that removes what is not there": ("PATCH", CM, [{"op": "remove", "path": "/data/none"}], JSON_PATCH),
    "a JSON patch whose test fails": ("PATCH", CM, [{"op": "test", "path": "/data/a", "value": "9"}], JSON_PATCH),
    "a JSON patch whose test fails, custom": ("PATCH", ST, [{"op": "test", "path": "/spec/Node", "value": "9"}], JSON_PATCH),
    "a JSON patch that adds beyond the end": ("PATCH", PODP, [{"op": "add", "path": "/spec/containers/9", "value": {}}], JSON_PATCH),
    "a patch with a stale resourceVersion": ("PATCH", CM, {"metadata": {"resourceVersion": "1"}, "data": {"b": "1"}}, MERGE),
    "a patch that renames": ("PATCH", CM, {"metadata": {"name": "other"}}, MERGE),
    "a patch that renames, custom": ("PATCH", ST, {"metadata": {"name": "other"}}, MERGE),
    "a patch of another uid": ("PATCH", CM, {"metadata": {"uid": "other"}}, MERGE),
    "a patch that makes it invalid": ("PATCH", ST, {"spec": {"OK": "yes"}}, MERGE),
    "a patch of a wrong type": ("PATCH", CM, {"data": "text"}, MERGE),
    "a patch of a wrong type, strategic": ("PATCH", CM, {"data": "text"}, STRATEGIC),
    "a strategic patch whose list element has no key": ("PATCH", PODP, {"spec": {"containers": [{"image": "b"}]}}, STRATEGIC),
    "a patch without a body": ("PATCH", CM, b"", MERGE),
}

QUERIES = {
    "a label selector with ===": ("GET", CONFIG_MAP.path(NS, labelSelector="a===b")),
    "a label selector that ends early": ("GET", CONFIG_MAP.path(NS, labelSelector="a in (b")),
    "a label selector of punctuation": ("GET", CONFIG_MAP.path(NS, labelSelector=",,")),
    "a label selector with a bad key": ("GET", CONFIG_MAP.path(NS, labelSelector="-a=b")),
    "a label selector with a bad value": ("GET", CONFIG_MAP.path(NS, labelSelector="a=-b")),
    "a label selector with a word too many": ("GET", CONFIG_MAP.path(NS, labelSelector="a b")),
    "a label selector that compares with a text": ("GET", CONFIG_MAP.path(NS, labelSelector="a>b")),
    "a label selector that does not parse, custom": ("GET", STATE.path(NS, labelSelector="a===b")),
    "a label selector that does not parse, watched": ("GET", CONFIG_MAP.path(NS, labelSelector="a===b", watch=1)),
    "a field selector that does not parse": ("GET", CONFIG_MAP.path(NS, fieldSelector="a")),
    "a field that cannot be selected": ("GET", CONFIG_MAP.path(NS, fieldSelector="data.a=b")),
    "a field that cannot be selected, pods": ("GET", POD.path(NS, fieldSelector="spec.none=b")),
    "a field that cannot be selected, custom": ("GET", STATE.path(NS, fieldSelector="spec.OK=true")),
    "a limit that is no number": ("GET", CONFIG_MAP.path(NS, limit="many")),
    "a continue token that is none": ("GET", CONFIG_MAP.path(NS, limit=1, **{"continue": "nonsense"})),
    "a resourceVersion that is no number": ("GET", CONFIG_MAP.path(NS, resourceVersion="new")),
    "a resourceVersion that is no number, watched": ("GET", CONFIG_MAP.path(NS, resourceVersion="new", watch=1)),
    "a resourceVersion that is no number, custom": ("GET", STATE.path(NS, resourceVersion="new")),
    "a resourceVersionMatch without its version": ("GET", CONFIG_MAP.path(NS, resourceVersionMatch="Exact")),
    "an exact list of version 0": ("GET", CONFIG_MAP.path(NS, resourceVersion=0, resourceVersionMatch="Exact")),
    "a resourceVersionMatch that is none": ("GET", CONFIG_MAP.path(NS, resourceVersion=1, resourceVersionMatch="Nearly")),
    "a resourceVersionMatch of a plain watch": ("GET", CONFIG_MAP.path(NS, watch=1, resourceVersion=0, resourceVersionMatch="Exact")),
    "initial events without a match": ("GET", CONFIG_MAP.path(NS, watch=1, sendInitialEvents="true")),
    "a number of seconds that is none": ("GET", CONFIG_MAP.path(NS, watch=1, timeoutSeconds="long")),
    "a dryRun that is none": ("POST", CONFIG_MAP.path(NS, dryRun="Some"), cm()),
    "a fieldValidation that is none": ("POST", CONFIG_MAP.path(NS, fieldValidation="Mostly"), cm()),
    "a fieldManager that is too long": ("POST", CONFIG_MAP.path(NS, fieldManager="x" * 129), cm()),
    "a propagationPolicy that is none": ("DELETE", CONFIG_MAP.path(NS, "there"), {"propagationPolicy": "Sideways"}),
    "a propagationPolicy and orphanDependents": (
        "DELETE", CONFIG_MAP.path(NS, "there"), {"propagationPolicy": "Orphan", "orphanDependents": True}),
    "a delete of another uid": ("DELETE", CONFIG_MAP.path(NS, "there"), {"preconditions": {"uid": "other"}}),
    "a delete of another uid, custom": ("DELETE", ST, {"preconditions": {"uid": "other"}}),
    "a delete of another resourceVersion": ("DELETE", CONFIG_MAP.path(NS, "there"), {"preconditions": {"resourceVersion": "1"}}),
    "delete options that are no JSON": ("DELETE", CONFIG_MAP.path(NS, "there"), b"{no"),
    "a media type that nobody can write": ("GET", CM, None, None, "text/csv"),
    "a replacement with a stale resourceVersion": (
        "PUT", CM, {**named(CONFIG_MAP, "there"), "metadata": {"name": "there", "resourceVersion": "1"}}),
    "a replacement with a stale resourceVersion, custom": (
        "PUT", ST, {**named(STATE, "there"), "metadata": {"name": "there", "resourceVersion": "1"}}),
    "a custom resource replaced without a resourceVersion": ("PUT", ST, named(STATE, "there")),
    "a resourceVersion in a create": ("POST", CMS, named(CONFIG_MAP, "new", resourceVersion="1")),
    "a resourceVersion in a create, custom": ("POST", STATES, named(STATE, "new", resourceVersion="1")),
    "a replacement of another uid": ("PUT", CM, named(CONFIG_MAP, "there", uid="other")),
}

STRICT = {
    "unknown fields": ("POST", CONFIG_MAP.path(NS, fieldValidation="Strict"), cm(foo=1, bar={"a": 1})),
    "unknown fields, pod": ("POST", POD.path(NS, fieldValidation="Strict"), container(foo=1)),
    "unknown fields, custom": ("POST", STATE.path(NS, fieldValidation="Strict"), state(foo=1)),
    "unknown fields at the root, custom": ("POST", STATE.path(NS, fieldValidation="Strict"), {**state(), "foo": 1}),
    "unknown metadata, custom": ("POST", STATE.path(NS, fieldValidation="Strict"), named(STATE, "new", foo=1)),
    "a field twice": ("POST", CONFIG_MAP.path(NS, fieldValidation="Strict"),
                      b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"new"},"data":{"a":"1","a":"2"}}'),
    "a field twice, custom": ("POST", STATE.path(NS, fieldValidation="Strict"),
                              json.dumps(state()).replace('"Node": "n"', '"Node": "n", "Node": "m"').encode()),
    "a field twice, YAML": ("POST", CONFIG_MAP.path(NS, fieldValidation="Strict"),
                            b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: new}\ndata:\n  a: '1'\n  a: '2'\n", YAML),
    "an unknown field in a patch": ("PATCH", CONFIG_MAP.path(NS, "there", fieldValidation="Strict"), {"foo": 1}, MERGE),
    "an unknown field in a patch, custom": ("PATCH", STATE.path(NS, "there", fieldValidation="Strict"), {"spec": {"foo": 1}}, MERGE),
    "an unknown field in a replacement": ("PUT", CONFIG_MAP.path(NS, "there", fieldValidation="Strict"), {**named(CONFIG_MAP, "there"), "foo": 1}),
}



def crd(change=lambda spec: None, **version):
    body = definition("doors", "Door", **version)
    change(body["spec"])
    return body


def versions(*changes):
    return lambda spec: spec.update(versions=[{**spec["versions"][0], **change} for change in changes])


def schema(root):
    return {"openAPIV3Schema": root}


DEFINITIONS = {
    "a definition whose name is not its plural and group": ("POST", CRD.path(), {**crd(), "metadata": {"name": "windows.example.com"}}),
    "a definition without a schema": ("POST", CRD.path(), crd(schema=None)),
    "a definition without a version": ("POST", CRD.path(), crd(lambda spec: spec.update(versions=[]))),
    "a definition that stores nothing": ("POST", CRD.path(), crd(storage=False)),
    "a definition that stores two versions": ("POST", CRD.path(), crd(versions({}, {"name": "v2"}))),
    "a definition without a scope": ("POST", CRD.path(), crd(lambda spec: spec.pop("scope"))),
    "a definition of an odd scope": ("POST", CRD.path(), crd(lambda spec: spec.update(scope="Galaxy"))),
    "a definition without a kind": ("POST", CRD.path(), crd(lambda spec: spec["names"].pop("kind"))),
    "a definition whose schema has no type": ("POST", CRD.path(), crd(schema=schema({"properties": {}}))),
    "a definition whose schema is not structural": (
        "POST", CRD.path(), crd(schema=schema({"type": "object", "properties": {"spec": {"properties": {"a": {"type": "string"}}}}}))),
    "a definition with a type that is none": (
        "POST", CRD.path(), crd(schema=schema({"type": "object", "properties": {"a": {"type": "text"}}}))),
    "a definition with a default of another type": (
        "POST", CRD.path(), crd(schema=schema({"type": "object", "properties": {"a": {"type": "string", "default": 1}}}))),
    "a definition with a column that is no path": (
        "POST", CRD.path(), crd(additionalPrinterColumns=[{"name": "A", "type": "string", "jsonPath": "spec.a"}])),
}

# What the embedded server words otherwise than the real one; code, reason and details are the same. Why:
WORDED_OTHERWISE = {
    "another kind": "it does not convert between kinds",
    "a number where a text must be": "its decoder knows the member of a map",
    "a strategic patch that is no JSON": "its parser says something else than Go's",
}

TABLES = {"definitions": DEFINITIONS, "bodies": BODIES, "names": NAMES, "fields": FIELDS, "resources": RESOURCES, "patches": PATCHES, "queries": QUERIES,
          "strict": STRICT}

