"""Bodies as client-go, and newer kubectls, send them for the kinds that Go knows. Answers are asked for in either form."""

from case import only_on
from conformance import CONFIG_MAP, EVENT, LEASE, NAMESPACE, POD, SECRET, SERVICE_ACCOUNT, STATE, Conformance
from protobuf import CONTENT_TYPE, body, entries, message, metadata

ACCEPT = f"{CONTENT_TYPE},application/json"
OWNER = message((1, "ConfigMap"), (3, "owner"), (4, "uid"), (5, "v1"), (6, True), (7, False))


class Bodies(Conformance):
    def send(self, kind, sent, path=None, method="POST"):
        answer = self.call(method, path or kind.path(self.namespace), sent, CONTENT_TYPE, Accept="application/json")
        self.assertLess(answer.status, 300, answer.text)
        return answer.json()

    def test_a_configmap(self):
        sent = body("v1", "ConfigMap", metadata("map", {"a": "b", "empty": ""}, [(13, OWNER), (14, "example.com/hold")]),
                    *entries(2, {"x": "1", "y": "two\nlines ✓"}), *entries(3, {"z": b"\xff\x00"}), (4, False))
        made = self.send(CONFIG_MAP, sent)
        self.assertEqual((made["apiVersion"], made["kind"]), ("v1", "ConfigMap"))
        self.assertEqual(made["metadata"]["labels"], {"a": "b", "empty": ""})
        self.assertEqual(made["metadata"]["finalizers"], ["example.com/hold"])
        self.assertEqual(made["metadata"]["ownerReferences"], [
            {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": "uid", "controller": True, "blockOwnerDeletion": False}])
        self.assertEqual((made["data"], made["binaryData"]), ({"x": "1", "y": "two\nlines ✓"}, {"z": "/wA="}))
        self.assertIs(made["immutable"], False)
        self.patch(CONFIG_MAP, "map", {"metadata": {"finalizers": None}})

    def test_a_replacement_and_a_generated_name(self):
        made = self.send(CONFIG_MAP, body("v1", "ConfigMap", (1, message((2, "made-")))))
        self.assertRegex(made["metadata"]["name"], "^made-.....$")
        name, version = made["metadata"]["name"], made["metadata"]["resourceVersion"]
        changed = body("v1", "ConfigMap", (1, message((1, name), (6, version))), *entries(2, {"x": "1"}))
        self.assertEqual(self.send(CONFIG_MAP, changed, CONFIG_MAP.path(self.namespace, name), "PUT")["data"], {"x": "1"})
        answer = self.call("PUT", CONFIG_MAP.path(self.namespace, name), changed, CONTENT_TYPE)
        self.assertEqual(answer.status, 409)

    def test_a_secret(self):
        made = self.send(SECRET, body("v1", "Secret", metadata("secret"), *entries(2, {"x": b"1"}), (3, "Opaque"),
                                      *entries(4, {"y": "2"})))
        self.assertEqual((made["type"], made["data"]), ("Opaque", {"x": "MQ==", "y": "Mg=="}))

    def test_a_namespace(self):
        name = f"{self.namespace}-pb"
        made = self.send(NAMESPACE, body("v1", "Namespace", metadata(name)), NAMESPACE.path())
        self.assertEqual((made["metadata"]["name"], made["status"]), (name, {"phase": "Active"}))

    def test_a_service_account(self):
        made = self.send(SERVICE_ACCOUNT, body("v1", "ServiceAccount", metadata("account"), (2, message((3, "token"))),
                                               (3, message((1, "pull"))), (4, False)))
        self.assertEqual((made["secrets"], made["imagePullSecrets"], made["automountServiceAccountToken"]),
                         ([{"name": "token"}], [{"name": "pull"}], False))

    def test_an_event(self):
        about = message((1, "Pod"), (2, self.namespace), (3, "p"), (5, "v1"))
        made = self.send(EVENT, body("v1", "Event", metadata("event"), (2, about), (3, "Started"), (4, "it started"),
                                     (5, message((1, "test"))), (6, message((1, 1700000000))), (8, 2), (9, "Normal")))
        self.assertEqual((made["reason"], made["message"], made["count"], made["type"], made["source"], made["firstTimestamp"]),
                         ("Started", "it started", 2, "Normal", {"component": "test"}, "2023-11-14T22:13:20Z"))
        self.assertEqual(made["involvedObject"], {"apiVersion": "v1", "kind": "Pod", "name": "p", "namespace": self.namespace})

    def test_a_lease(self):
        when = message((1, 1700000000), (2, 123456000))
        made = self.send(LEASE, body("coordination.k8s.io/v1", "Lease", metadata("lease"),
                                     (2, message((1, "me"), (2, 15), (3, when), (5, 0)))))
        self.assertEqual(made["spec"], {"holderIdentity": "me", "leaseDurationSeconds": 15, "leaseTransitions": 0,
                                        "acquireTime": "2023-11-14T22:13:20.123456Z"})

    def test_delete_options(self):
        made = self.create(POD, "bound", {"spec": {**POD.body["spec"], "nodeName": "node-1"}})
        wrong = body("v1", "DeleteOptions", (1, 0), (2, message((1, "00000000-0000-4000-8000-000000000000"))))
        answer = self.call("DELETE", POD.path(self.namespace, "bound"), wrong, CONTENT_TYPE)
        self.assertEqual(answer.status, 409, answer.text)
        right = body("v1", "DeleteOptions", (1, 0), (2, message((1, made["metadata"]["uid"]))), (4, "Background"))
        self.send(POD, right, POD.path(self.namespace, "bound"), "DELETE")
        self.assertFalse(self.exists(POD, "bound"))

    @only_on("real", "pods in protobuf")
    def test_a_pod(self):
        container = message((1, "main"), (2, "example/check:1"))
        made = self.send(POD, body("v1", "Pod", metadata("pod"), (2, message((2, container), (21, False)))))
        self.assertEqual(made["spec"]["containers"][0]["image"], "example/check:1")

    @only_on("embedded", "no pods in protobuf")
    def test_a_pod_is_refused_clearly(self):
        answer = self.call("POST", POD.path(self.namespace), body("v1", "Pod", metadata("pod")), CONTENT_TYPE)
        self.assertEqual((answer.status, answer.json()["reason"]), (415, "UnsupportedMediaType"))

    def test_what_is_no_protobuf_is_refused(self):
        whole = body("v1", "ConfigMap", metadata("cut"), *entries(2, {"x": "1"}))
        for name, sent in (("JSON", b'{"apiVersion":"v1"}'), ("nothing", b""), ("the magic alone", b"k8s\0"), ("cut", whole[:-9]),
                           ("another length", b"k8s\0\x0a\xff\xff\xff\x7f")):
            with self.subTest(name):
                self.refused(400, "BadRequest", "POST", CONFIG_MAP.path(self.namespace), sent, CONTENT_TYPE)

    @only_on("embedded", "kube-apiserver drops the connection when a custom kind comes in protobuf")
    def test_custom_kinds_do_not_take_it(self):
        self.refused(415, "UnsupportedMediaType", "POST", STATE.path(self.namespace), body("v1", "KuberhealthyState"), CONTENT_TYPE)

    def test_who_takes_both_is_answered_in_one_of_them(self):
        self.create(CONFIG_MAP, "both")
        for accept in (ACCEPT, f"application/json,{CONTENT_TYPE}"):
            answer = self.call("GET", CONFIG_MAP.path(self.namespace, "both"), Accept=accept)
            self.assertIn(answer.headers["Content-Type"], (CONTENT_TYPE, "application/json"))
