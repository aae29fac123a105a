"""What the real server said, kept in test/data/conformance, is what is expected of both servers.

`run.py --record` writes it anew; everything else only compares.
"""

import json
import pathlib
import re

DATA = pathlib.Path(__file__).resolve().parents[1] / "data" / "conformance"

recording = False  # set by run.py

# What differs from one run to the next, and what stands for it.
VOLATILE = (
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UID"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
    (r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", "TIME"),
    # The whole object as Go writes it, in the refusal of a patch.
    (r'Invalid value: "\{.*\}(\\n)?"', "Invalid value: THE OBJECT"),
)


def without_volatile(text):
    for pattern, word in VOLATILE:
        text = re.sub(pattern, word, text)
    return text


class Recording:
    """Named answers in one JSON file."""

    def __init__(self, name):
        self.path = DATA / f"{name}.json"
        self.answers = json.loads(self.path.read_text()) if self.path.exists() else {}

    def expected(self, name, actual):
        """What is expected of the case `name`; while recording, what it is."""
        if recording:
            self.answers[name] = actual
        return self.answers.get(name)

    def keep(self, names=None):
        """At the end: writes them down, without what is no longer among the names."""
        if recording:
            answers = {name: self.answers[name] for name in names or self.answers}
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(json.dumps(answers, indent=2, ensure_ascii=False) + "\n")
