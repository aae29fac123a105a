"""What is refused, and in which words: the whole Status is compared with what the real server answered (refused_objects.py
and refused_calls.py have the requests, test/data/conformance/errors.json the answers)."""

import re

from conformance import CONFIG_MAP, KINDS, POD, SECRET, STATE, Conformance
from recording import Recording, without_volatile
from refused_calls import PATCHES, QUERIES, RESOURCES, STRICT, WORDED_OTHERWISE
from refused_objects import BODIES, DEFINITIONS, FIELDS, NAMES, NS

# Words that only Go's parsers, decoders and types can know. What stands around them must be the same.
GO_WORDS = (
    (r"(json: cannot unmarshal) .*?(?= \([0-9a-f]+\)$|$)", r"\1 ..."),
    (r' in scheme "\S+"', ""),
    (r"(json parse error|error decoding patch): (?!json:).*?(?= \(|$)", r"\1: ..."),
    (r"^invalid character .*", "..."),
    (r"yaml: line .*?(?= \()", "yaml: ..."),
    (r"(continue key is not valid): .*", r"\1"),
    (r"(ResourceVersion in record) \(\d+\)", r"\1 (N)"),
    (r"Invalid value: \[\{.*\}\](?=: must have)", "Invalid value: THE VERSIONS"),
    (r"\n@@ (.|\n)*", ""),  # a difference of Go structs
    (r"(?<!\w)_\w{5}(?!\w)", "_....."),  # what generateName added
)


def normal(status):
    """code, reason, message and details without what no other server could say."""
    def text(value):
        for pattern, word in GO_WORDS:
            value = re.sub(pattern, word, value)
        return without_volatile(value)

    def walk(value):
        if isinstance(value, dict):
            return {key: walk(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [walk(inner) for inner in value]
        return text(value) if isinstance(value, str) else value

    kept = {key: walk(status[key]) for key in ("code", "reason", "message", "details") if status.get(key)}
    if "causes" in kept.get("details", {}):
        in_order(kept)
    return kept


def in_order(status):
    """Causes come in the order of Go's maps, and some twice because a validation runs twice: sorted, each once."""
    causes = {f"{cause['field']}: {cause['message']}": cause for cause in status["details"]["causes"]}
    status["details"]["causes"] = [causes[text] for text in sorted(causes)]
    begin, middle, end = status["message"].partition(" is invalid: ")
    if len(causes) > 1 and len(end) == len(", ".join(causes)) + 2 and all(text in end for text in causes):
        status["message"] = f"{begin}{middle}[{', '.join(sorted(causes))}]"


class Errors(Conformance):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.api = cls.cluster.admin
        cls.namespace = cls.make_namespace(NS)
        cls.restore()
        cls.recording = Recording("errors")
        print(f"{len(WORDED_OTHERWISE)} refusals may be in other words on the embedded server", flush=True)
        tables = (BODIES, NAMES, FIELDS, DEFINITIONS, RESOURCES, PATCHES, QUERIES, STRICT)
        cls.addClassCleanup(cls.recording.keep, [name for table in tables for name in table])

    @classmethod
    def restore(cls):
        """What the requests refer to is there, and what they would create is not."""
        for kind in KINDS:
            cls.api.delete(kind.path(NS, "new"), grace=0)
        for kind in (CONFIG_MAP, POD, SECRET, STATE):
            cls.api.call("POST", kind.path(NS), kind.make("there"))
        cls.api.call("POST", CONFIG_MAP.path(NS), {**CONFIG_MAP.make("fixed"), "immutable": True})

    def hold(self, table):
        for name, request in table.items():
            with self.subTest(name):
                method, path, body, content_type, accept = (*request, *(None, "application/json", None)[len(request) - 2:])
                answer = self.call(method, path, body, content_type, **({"Accept": accept} if accept else {}))
                if answer.status < 400:
                    self.restore()
                self.assertGreaterEqual(answer.status, 400, answer.text)
                try:
                    said = normal(answer.json())
                    self.assertEqual(said["code"], answer.status)
                except ValueError:
                    said = {"code": answer.status, "text": answer.text}
                expected = self.recording.expected(name, said)
                if self.cluster.server == "embedded" and name in WORDED_OTHERWISE:
                    self.assertNotEqual(said.pop("message"), expected.pop("message"), "the words are the same: take it off the list")
                self.assertEqual(said, expected)

    def test_bodies(self):
        self.hold(BODIES)

    def test_names_and_labels(self):
        self.hold(NAMES)

    def test_fields(self):
        self.hold(FIELDS)

    def test_resources_and_methods(self):
        self.hold(RESOURCES)

    def test_patches(self):
        self.hold(PATCHES)

    def test_queries_and_preconditions(self):
        self.hold(QUERIES)

    def test_strict_field_validation(self):
        self.hold(STRICT)

    def test_definitions(self):
        self.hold(DEFINITIONS)
