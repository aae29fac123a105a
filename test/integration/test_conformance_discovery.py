"""What a client can find out: groups, versions, resources, schemas. Of the real server's answers only what both serve."""

import gzip
import json

from conformance import Conformance, CRD, definition
from cluster import eventually
from recording import Recording

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
GROUPS = ("apiextensions.k8s.io", "coordination.k8s.io", "comcast.github.io")
RESOURCES = {"configmaps", "events", "namespaces", "namespaces/status", "pods", "pods/log", "pods/status", "secrets",
             "serviceaccounts",
             "leases", "khchecks", "khstates", "khjobs", "customresourcedefinitions", "customresourcedefinitions/status"}


def without_hashes(resource):
    return {key: value for key, value in resource.items() if key not in ("storageVersionHash", "responseKind")}


class Discovery(Conformance):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.api = cls.cluster.admin
        cls.recording = Recording("discovery")
        cls.addClassCleanup(cls.recording.keep)

    def hold(self, name, actual):
        with self.subTest(name):
            self.assertEqual(actual, self.recording.expected(name, actual))

    def test_the_versions_of_the_core(self):
        answer = self.ok("GET", "/api")
        self.assertEqual((answer["kind"], answer["versions"]), ("APIVersions", ["v1"]))

    def test_groups_and_their_versions(self):
        groups = {group["name"]: group for group in self.ok("GET", "/apis")["groups"]}
        for name in GROUPS:
            self.hold(f"group {name}", groups[name])
            self.hold(f"/apis/{name}", self.ok("GET", f"/apis/{name}"))

    def test_resources(self):
        for path in ("/api/v1", *(f"/apis/{name}/v1" for name in GROUPS)):
            listed = self.ok("GET", path)
            resources = [without_hashes(resource) for resource in listed["resources"] if resource["name"] in RESOURCES]
            self.hold(path, {**listed, "resources": sorted(resources, key=lambda resource: resource["name"])})

    def aggregated(self, path):
        answer = self.call("GET", path, Accept=AGGREGATED)
        self.assertEqual(answer.headers["Content-Type"], "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")
        self.assertTrue(answer.headers["ETag"])
        return answer.json()

    def test_all_at_once(self):
        for path, names in (("/api", ("",)), ("/apis", GROUPS)):
            found = self.aggregated(path)
            self.assertEqual((found["apiVersion"], found["kind"]), ("apidiscovery.k8s.io/v2", "APIGroupDiscoveryList"))
            for group in found["items"]:
                name = group["metadata"].get("name", "")
                if name not in names:
                    continue
                for version in group["versions"]:
                    version["resources"] = sorted(
                        ({key: value for key, value in resource.items() if key not in ("subresources", "responseKind")}
                         for resource in version["resources"] if resource["resource"] in RESOURCES),
                        key=lambda resource: resource["resource"])
                self.hold(f"aggregated {name}", {"versions": group["versions"]})

    def test_a_new_definition_is_found_at_once_after_it_is_established(self):
        self.ok("POST", CRD.path(), {**definition("wheels", "Wheel")})
        self.addCleanup(self.api.delete, CRD.path(name="wheels.example.com"))
        eventually(lambda: self.call("GET", "/apis/example.com/v1").status == 200, "the group is served")
        eventually(lambda: any(group["metadata"].get("name") == "example.com" for group in self.aggregated("/apis")["items"]),
                   "the group is found")
        eventually(lambda: "apis/example.com/v1" in self.ok("GET", "/openapi/v3")["paths"], "its schema is found")

    def test_names_that_a_definition_leaves_out(self):
        short = definition("spokes", "Spoke")
        short["spec"]["names"] = {"plural": "spokes", "kind": "Spoke", "shortNames": ["sp"], "categories": ["parts"]}
        self.ok("POST", CRD.path(), short)
        self.addCleanup(self.api.delete, CRD.path(name="spokes.example.com"))
        self.cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd/spokes.example.com")
        self.assertEqual(self.ok("GET", CRD.path(name="spokes.example.com"))["status"]["acceptedNames"], {
            "plural": "spokes", "singular": "spoke", "kind": "Spoke", "listKind": "SpokeList", "shortNames": ["sp"],
            "categories": ["parts"]})


class Schemas(Conformance):
    def document(self, path):
        url = self.ok("GET", "/openapi/v3")["paths"][path]["serverRelativeURL"]
        return self.call("GET", url)

    def test_the_index_names_a_document_for_each_version(self):
        paths = self.ok("GET", "/openapi/v3")["paths"]
        for path in ("api/v1", *(f"apis/{name}/v1" for name in GROUPS)):
            self.assertRegex(paths[path]["serverRelativeURL"], rf"^/openapi/v3/{path}\?hash=[0-9A-F]+$")

    def test_a_document_can_be_asked_for_again(self):
        first = self.document("apis/comcast.github.io/v1")
        self.assertEqual(first.status, 200)
        url = self.ok("GET", "/openapi/v3")["paths"]["apis/comcast.github.io/v1"]["serverRelativeURL"]
        again = self.call("GET", url, **{"If-None-Match": first.headers["ETag"]})
        self.assertEqual((again.status, again.text), (304, ""))

    def test_a_document_says_what_kubectl_needs(self):
        for path, group, kinds in (("api/v1", "", {"Pod": "pods", "ConfigMap": "configmaps", "Event": "events"}),
                                   ("apis/comcast.github.io/v1", "comcast.github.io", {"KuberhealthyCheck": "khchecks"})):
            document = self.document(path).json()
            self.assertTrue(document["openapi"].startswith("3.0"))
            schemas = {kind["kind"]: schema for schema in document["components"]["schemas"].values()
                       for kind in schema.get("x-kubernetes-group-version-kind", []) if kind["group"] == group}
            for kind, plural in kinds.items():
                self.assertLessEqual({"apiVersion", "kind", "metadata"}, set(schemas[kind]["properties"]))
                # kubectl looks here whether the server validates fields itself.
                patch = document["paths"][f"/{path}/namespaces/{{namespace}}/{plural}/{{name}}"]["patch"]
                self.assertEqual(patch["x-kubernetes-group-version-kind"], {"group": group, "kind": kind, "version": "v1"})
                self.assertLessEqual({"dryRun", "fieldManager", "fieldValidation"},
                                     {parameter.get("name") for parameter in patch["parameters"]})

    def test_version(self):
        version = self.ok("GET", "/version")
        self.assertEqual((version["major"], version["minor"]), ("1", "36"))
        self.assertTrue(version["gitVersion"].startswith("v1.36."))

    def test_probes(self):
        for path in ("/healthz", "/livez", "/readyz"):
            answer = self.call("GET", path)
            self.assertEqual((answer.status, answer.text), (200, "ok"))

    def test_what_is_large_is_compressed_for_who_asks(self):
        connection = self.api.connect()
        self.addCleanup(connection.close)
        connection.request("GET", "/api/v1", headers={**self.api.headers, "Accept-Encoding": "gzip"})
        response = connection.getresponse()
        body = response.read()
        if response.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.assertEqual(json.loads(body)["kind"], "APIResourceList")
