"""The node's first process: makes its network, starts its parts, and ends with any of them.

It runs in a process, a mount and a network namespace of its own. So nothing of the node needs to be cleaned up after: when this
process ends, however it does, the kernel ends every other one, and mounts, links, addresses and iptables rules go with them.
"""

import json
import os
import pathlib
import subprocess
import sys
import time

import place

# The kubelet sets these for the whole machine. It finds them set and leaves the machine alone.
KERNEL_SETTINGS = {
    "vm/overcommit_memory": 1,
    "vm/panic_on_oom": 0,
    "kernel/panic": 10,
    "kernel/panic_on_oops": 1,
    "kernel/keys/root_maxkeys": 1000000,
    "kernel/keys/root_maxbytes": 25000000,
}


def run(*command):
    subprocess.run(command, check=True)


def make_mounts():
    for folder in ("/run", "/var/lib", "/var/log"):
        run("mount", "-t", "tmpfs", "node", folder)
    os.mkdir("/run/lock")
    settings = pathlib.Path("/run/kernel-settings")
    settings.mkdir()
    for name, value in KERNEL_SETTINGS.items():
        path = pathlib.Path("/proc/sys", name)
        if path.exists() and path.read_text().strip() != str(value):
            stand_in = settings / name.replace("/", ".")
            stand_in.write_text(f"{value}\n")
            run("mount", "--bind", stand_in, path)


def make_network():
    run("ip", "link", "set", "lo", "up")
    # A bridge without a port: the one kind of link that is there wherever pods can be. The kubelet refuses a loopback address.
    run("ip", "link", "add", place.NODE_LINK, "type", "bridge")
    run("ip", "address", "add", f"{place.NODE_IP}/24", "dev", place.NODE_LINK)
    run("ip", "link", "set", place.NODE_LINK, "up")
    run("ip", "route", "add", "default", "dev", place.NODE_LINK)
    pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


class Parts:
    def __init__(self, folder):
        self.logs = folder / "log"
        self.logs.mkdir(exist_ok=True)
        self.names = {}  # by process id

    def start(self, commands):
        for name, command in commands.items():
            with open(self.logs / f"{name}.log", "ab") as log:
                process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            self.names[process.pid] = name

    def reap(self, flags=0):
        """Waits for any child: orphans of the node are ours as well. Ends the node with the first of its parts that ends."""
        pid, status = os.waitpid(-1, flags)
        if pid in self.names:
            sys.exit(f"{self.names[pid]} ended with {os.waitstatus_to_exitcode(status)}: see {self.logs / self.names[pid]}.log")
        return pid


def is_ready(folder, kubectl):
    answer = subprocess.run([kubectl, "--kubeconfig", folder / "pki" / "admin.kubeconfig", "get", "--raw", "/readyz"],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return answer.returncode == 0


def main():
    folder = pathlib.Path(sys.argv[1])
    settings = json.loads((folder / "settings" / "commands.json").read_text())
    make_mounts()
    make_network()
    parts = Parts(folder)
    parts.start(settings["first"])
    while not is_ready(folder, settings["kubectl"]):
        parts.reap(os.WNOHANG)
        time.sleep(0.2)
    parts.start(settings["rest"])
    while True:
        parts.reap()


if __name__ == "__main__":
    main()
