"""Shell sessions as text, run again and compared: commands stand indented by four spaces after `$ `, what they print under them,
anything else explains.

    kubectl is the one on the cluster's list, its context has a namespace of its own, and each command starts in the same folder.
    stdout and stderr come as they were written; `[1]` at the end is the exit code where it is not 0.
"""

import os
import pathlib
import re
import subprocess
import tempfile

from recording import without_volatile

INDENT = "    "
VOLATILE = (
    (r'(resourceVersion"?: )"\d+"', r'\1"N"'),
    (r"(Resource Version: +)\d+", r"\1N"),
    (r"\bv1\.\d\d\.\d+\S*", "vX.Y.Z"),
)


class Command:
    def __init__(self, text):
        self.lines = [text]
        self.output = []

    def text(self):
        return "\n".join(self.lines)

    def script(self):
        return "\n".join([self.lines[0].removeprefix("$ "), *self.lines[1:]])


def parse(text):
    """Prose as texts, commands as Commands, in their order."""
    parts, lines = [], text.splitlines()
    while lines:
        line = lines.pop(0)
        if line.startswith(INDENT + "$ "):
            command = Command(line.removeprefix(INDENT))
            if "<<EOF" in line:
                while command.lines[-1] != "EOF":
                    command.lines.append(lines.pop(0).removeprefix(INDENT))
            while lines and belongs_to_output(lines):
                command.output.append(lines.pop(0).removeprefix(INDENT).rstrip())
            parts.append(command)
        else:
            parts.append(line)
    return parts


def belongs_to_output(lines):
    """An empty line does where more output follows it."""
    following = next((line for line in lines if line.strip()), "")
    return following.startswith(INDENT) and not following.startswith(INDENT + "$ ")


def print_parts(parts):
    lines = []
    for part in parts:
        if isinstance(part, Command):
            lines += [(INDENT + line).rstrip() for line in [*part.lines, *part.output]]
        else:
            lines.append(part)
    return "\n".join(lines) + "\n"


class Shell:
    """Where commands run: with this kubectl, against this cluster, in this namespace."""

    def __init__(self, cluster, kubectl, namespace):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=cluster.folder))
        (self.folder / "bin").mkdir()
        (self.folder / "bin" / "kubectl").symlink_to(cluster.kubectl_path(kubectl))
        config = self.folder / "kubeconfig"
        config.write_text(pathlib.Path(cluster.admin_kubeconfig()).read_text())
        self.environment = {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", "KUBECONFIG": str(config), "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "KUBECACHEDIR": str(cluster.folder / f"{kubectl}-cache")}
        self.run(f"kubectl config set-context --current --namespace={namespace}")

    def start(self, script, **pipes):
        return subprocess.Popen(["bash", "-c", script], cwd=self.folder, env=self.environment, text=True,
                                stdin=subprocess.DEVNULL, **pipes)

    def run(self, script):
        """What it printed, line by line, without what differs from run to run and without empty lines at the end."""
        process = self.start(script, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output, _ = process.communicate(timeout=120)
        lines = [line.rstrip() for line in self.normal(output.rstrip()).splitlines()]
        return [*lines, f"[{process.returncode}]"] if process.returncode else lines

    def normal(self, text):
        text = without_volatile(text).replace(str(self.folder), "FOLDER")
        for pattern, word in VOLATILE:
            text = re.sub(pattern, word, text)
        # An age in a table, and the spaces that fill its column.
        # client-go tells of the watch that a time limit of its own has ended, or does not: they race.
        text = re.sub(r"(?m)^E\d{4} .*\"Failed to watch\" err=\"context deadline exceeded\".*\n", "", text)
        return re.sub(r"(?<=[ (])\d\d?s( *)(?=[ )\n]|$)", lambda age: "AGE".ljust(len(age.group())), text)


def run_again(parts, shell):
    """The same commands with what they print now."""
    again = []
    for part in parts:
        if isinstance(part, Command):
            repeated = Command(part.text())
            repeated.lines = part.lines
            repeated.output = shell.run(part.script())
            part = repeated
        again.append(part)
    return again
