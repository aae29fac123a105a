"""Calls that are refused, for test_conformance_errors, whatever their object is."""

import json

from conformance import (COMCAST, CONFIG_MAP, CRD, JSON_PATCH, LEASE, MERGE, NAMESPACE, POD, STATE, STRATEGIC, definition)
from refused_objects import CM, CMS, JSON, NS, PODP, ST, STATES, YAML, cm, container, named, state

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
    "a JSON patch that adds beyond the end": ("PATCH", PODP, [{"op": "add", "path": "/spec/containers/9", "value": {}}],
                                              JSON_PATCH),
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
    "a resourceVersionMatch of a plain watch": ("GET",
                                                CONFIG_MAP.path(NS, watch=1, resourceVersion=0, resourceVersionMatch="Exact")),
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
    "an unknown field in a patch, custom": ("PATCH", STATE.path(NS, "there", fieldValidation="Strict"), {"spec": {"foo": 1}},
                                            MERGE),
    "an unknown field in a replacement": ("PUT", CONFIG_MAP.path(NS, "there", fieldValidation="Strict"),
                                          {**named(CONFIG_MAP, "there"), "foo": 1}),
}

# The real server's answer is an accident of Go or etcd: the embedded one must refuse it too, in its own words.
IN_OTHER_WORDS = {
    "a resourceVersion that is no number, watched": "500 without a reason",
    "a resourceVersion in a create": "500 without a reason",
    "a resourceVersion in a create, custom": "500 without a reason",
    "a strategic patch whose list element has no key": "500 without a reason",
    "a replacement of another uid": "an error of etcd with its key",
    "another kind": "a conversion of Go types",
}

# What the embedded server words otherwise than the real one; code, reason and details are the same. Why:
WORDED_OTHERWISE = {
    "a number where a text must be": "its decoder knows the member of a map",
    "a strategic patch that is no JSON": "its parser says something else than Go's",
}
