"""This project's own client against the server: test/conformance/asio_k8s_conformance.cpp."""

import subprocess

from conformance import Conformance


class Client(Conformance):
    def test_asio_k8s_gets_along_with_the_server(self):
        program = self.binary.parent / "asio_k8s_conformance"
        answer = subprocess.run([program, "--log_level=test_suite", "--", self.cluster.admin_kubeconfig(), self.namespace],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=180)
        self.assertEqual(answer.returncode, 0, "\n" + answer.stdout)
