"""asio_k8s on its own: the example of docs/examples. And what an API server that is killed keeps."""

import select
import signal
import subprocess
import time

from api import custom_path, pods_path
from case import Case, pod_spec


class Restart(Case):
    start_controller = False

    @classmethod
    def setUpClass(cls):
        cls.namespace = cls.make_namespace()

    def test_what_was_written_is_there_after_a_kill(self):
        namespace, admin = self.namespace, self.cluster.admin
        paths = [f"/api/v1/namespaces/{namespace}/configmaps", pods_path(namespace), custom_path("khchecks", namespace)]
        admin.create(paths[0], {"metadata": {"name": "kept"}, "data": {"a": "1"}})
        admin.create(paths[1], {"metadata": {"name": "kept"}, "spec": pod_spec()})
        admin.create(paths[2], self.check_object("kept", namespace=namespace))
        admin.create(paths[0], {"metadata": {"name": "deleted"}})
        admin.delete(f"{paths[0]}/deleted")
        last = admin.patch(f"{paths[0]}/kept", {"data": {"b": "2"}})
        before = [admin.items(path) for path in paths]
        self.cluster.kill_apiserver()
        self.cluster.restart_apiserver()
        admin = self.cluster.admin
        self.assertEqual([admin.items(path) for path in paths], before)
        later = admin.patch(f"{paths[0]}/kept", {"data": {"c": "3"}})
        self.assertGreater(int(later["metadata"]["resourceVersion"]), int(last["metadata"]["resourceVersion"]))


class Example(Case):
    start_controller = False

    @classmethod
    def setUpClass(cls):
        cls.namespace = cls.make_namespace()

    def start(self):
        program = subprocess.Popen(["stdbuf", "-oL", self.binary.parent / "example_watch_pods",
                                    str(self.cluster.admin_kubeconfig())],
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)
        self.addCleanup(program.stdout.close)
        self.addCleanup(program.wait)
        self.addCleanup(program.kill)
        self.read_until(program, b"that is all")
        return program

    def create_pod(self, name):
        self.cluster.admin.create(pods_path(self.namespace), {"metadata": {"name": name}, "spec": pod_spec()})

    def test_it_prints_the_pods_as_they_come_and_go(self):
        program = self.start()
        self.create_pod("seen")
        self.read_until(program, f"{self.namespace}/seen Pending".encode())
        self.cluster.admin.delete(pods_path(self.namespace, "seen"))
        self.read_until(program, f"{self.namespace}/seen is gone".encode())
        program.terminate()
        self.assertEqual(program.wait(10), 0)

    def test_it_finds_out_what_it_missed_when_the_server_has_forgotten_it(self):
        for name in ("stays", "goes"):
            self.create_pod(name)
        program = self.start()
        program.send_signal(signal.SIGSTOP)
        # Its connections end with the server: nothing of what comes can wait for it in a socket.
        self.cluster.kill_apiserver()
        self.cluster.restart_apiserver()
        self.cluster.admin.delete(pods_path(self.namespace, "goes"))
        self.create_pod("comes")
        for number in range(210):  # more than the embedded server remembers here; the real one forgets when it restarts
            self.cluster.admin.patch(pods_path(self.namespace, "stays"), {"metadata": {"labels": {"number": str(number)}}})
        self.cluster.kill_apiserver()
        self.cluster.restart_apiserver()
        program.send_signal(signal.SIGCONT)
        read = self.read_until(program, b"that is all", within=60)
        for line in (f"{self.namespace}/goes is gone", f"{self.namespace}/comes Pending", f"{self.namespace}/stays Pending"):
            self.assertEqual(read.decode().count(line), 1, read)
        self.create_pod("next")
        self.read_until(program, f"{self.namespace}/next Pending".encode())

    def read_until(self, program, text, within=30):
        until, read = time.monotonic() + within, b""
        while text not in read:
            ready, _, _ = select.select([program.stdout], [], [], max(0, until - time.monotonic()))
            piece = program.stdout.read(4096) if ready else b""
            self.assertTrue(piece, f"{text} is not in {read}")
            read += piece
        return read
