"""asio_k8s on its own: the example of docs/examples."""

import select
import subprocess
import time

from api import pods_path
from case import Case, pod_spec


class Example(Case):
    start_controller = False

    @classmethod
    def setUpClass(cls):
        cls.namespace = cls.make_namespace()

    def test_it_prints_the_pods_as_they_come_and_go(self):
        program = subprocess.Popen(["stdbuf", "-oL", self.binary.parent / "example_watch_pods",
                                    str(self.cluster.admin_kubeconfig())],
                                   stdout=subprocess.PIPE, bufsize=0)
        self.addCleanup(program.stdout.close)
        self.addCleanup(program.wait)
        self.addCleanup(program.kill)
        self.read_until(program, b"that is all")
        self.cluster.admin.create(pods_path(self.namespace), {"metadata": {"name": "seen"}, "spec": pod_spec()})
        self.read_until(program, f"{self.namespace}/seen Pending".encode())
        self.cluster.admin.delete(pods_path(self.namespace, "seen"))
        self.read_until(program, f"{self.namespace}/seen is gone".encode())
        program.terminate()
        self.assertEqual(program.wait(10), 0)

    def read_until(self, program, text, within=30):
        until, read = time.monotonic() + within, b""
        while text not in read:
            ready, _, _ = select.select([program.stdout], [], [], max(0, until - time.monotonic()))
            piece = program.stdout.read(4096) if ready else b""
            self.assertTrue(piece, f"{text} is not in {read}")
            read += piece
