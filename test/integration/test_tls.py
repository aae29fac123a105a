"""HTTPS from files that are renewed, and who may read the pages."""

import base64
import http.client
import json
import ssl
import subprocess

from case import Case, only_on, secret_of
from cluster import ROOT, eventually

TLS = ROOT / "test" / "data" / "tls"


class Secured(Case):
    start_controller = False
    pages = {}
    checks = {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        controller = cls.controller
        cls.files = controller.folder / f"tls-{controller.port}"
        cls.files.mkdir()
        (cls.files / "token").write_text("the token of the pages\n")
        cls.put_certificate("server")
        settings = {"tlsCertFile": cls.files / "tls.crt", "tlsKeyFile": cls.files / "tls.key",
                    **{key: value.format(files=cls.files, data=TLS) for key, value in cls.pages.items()}}
        with open(controller.config, "a", encoding="utf-8") as config:
            config.write("".join(f"{key}: {value}\n" for key, value in settings.items()))
        controller.start(ready=False)
        eventually(lambda: cls.answers("/readyz") == 200, "it is ready")

    @classmethod
    def put_certificate(cls, name):
        """As a Secret's volume is renewed: both at once, by the swap of a link."""
        generation = cls.files / f"..{name}"
        generation.mkdir(exist_ok=True)
        for kind, file in (("pem", "tls.crt"), ("key", "tls.key")):
            (generation / file).write_bytes((TLS / f"{name}.{kind}").read_bytes())
        link = cls.files / "..next"
        link.symlink_to(generation.name)
        link.replace(cls.files / "..data")
        for file in ("tls.crt", "tls.key"):
            if not (cls.files / file).is_symlink():
                (cls.files / file).symlink_to(f"..data/{file}")

    @classmethod
    def get(cls, path, token=None, certificate=None, method="GET", body=None, headers=None, verify=False):
        context = ssl.create_default_context(cafile=TLS / "ca.pem")
        if not verify:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if certificate:
            context.load_cert_chain(TLS / f"{certificate}.pem", TLS / f"{certificate}.key")
        connection = http.client.HTTPSConnection("127.0.0.1", cls.controller.port, context=context, timeout=30)
        try:
            connection.request(method, path, body, {**(headers or {}), **({"Authorization": f"Bearer {token}"} if token else {})})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    @classmethod
    def answers(cls, path, **how):
        try:
            return cls.get(path, **how)[0]
        except OSError:
            return None

    def subject(self):
        pem = ssl.get_server_certificate(("127.0.0.1", self.controller.port))
        return subprocess.run(["openssl", "x509", "-noout", "-subject"], input=pem, capture_output=True, text=True,
                              check=True).stdout.strip()


class Renewal(Secured):
    def test_a_renewed_certificate_is_used_and_a_bad_one_is_not(self):
        self.assertIn("CN = server", self.subject())
        self.assertEqual(self.answers("/status", verify=True), 200)
        self.put_certificate("other-server")
        eventually(lambda: "CN = other-server" in self.subject(), "the new certificate is used")
        self.put_certificate("expired")
        eventually(lambda: "ended on 2021-01-01" in self.get("/status")[1].decode(), "the page says that it is not used")
        self.assertIn("CN = other-server", self.subject())
        self.assertIn("the old certificate stays", self.controller.log())
        self.put_certificate("server")
        eventually(lambda: "CN = server" in self.subject() and json.loads(self.get("/status")[1])["Errors"] == [],
                   "the good one is used, and nothing is said any more")

    def test_plain_http_is_not_answered(self):
        with self.assertRaises(OSError):
            self.controller.get("/status")

    def test_a_report_comes_in_over_tls(self):
        self.apply_check("over-tls", fate="runs-on", timeout="10m")
        pod = self.wait_for_running_pod("over-tls")
        status, _ = self.get("/externalCheckStatus", method="POST", body=b'{"OK":true,"Errors":[]}',
                             headers={"kh-run-uuid": secret_of(pod)})
        self.assertEqual(status, 200)
        self.assertIs(self.state("over-tls")["spec"]["OK"], True)


class Guarded(Secured):
    pages = {"tlsClientCAFile": "{data}/ca.pem", "pagesTokenFile": "{files}/token"}

    def test_the_pages_want_a_certificate_or_the_token_and_reports_and_probes_do_not(self):
        for path in ("/", "/status", "/metrics"):
            with self.subTest(path):
                self.assertEqual(self.answers(path), 401)
                self.assertEqual(self.answers(path, token="a guess"), 401)
                self.assertEqual(self.answers(path, token="the token of the pages"), 200)
                self.assertEqual(self.answers(path, certificate="client"), 200)
                self.assertIsNone(self.answers(path, certificate="other-server"))  # of another authority: no handshake
        for path in ("/healthz", "/livez", "/readyz"):
            self.assertEqual(self.answers(path), 200)
        self.assertEqual(self.answers("/externalCheckStatus", method="POST", body=b"nonsense", headers={"kh-run-uuid": "x"}), 400)

    def test_a_new_token_holds_at_once(self):
        (self.files / "token").write_text("another")
        self.assertEqual(self.answers("/status", token="the token of the pages"), 401)
        self.assertEqual(self.answers("/status", token="another"), 200)
        (self.files / "token").write_text("the token of the pages")


@only_on("real", "TokenReview")
class Reviewed(Secured):
    pages = {"pagesTokenReview": "true"}

    @classmethod
    def setUpClass(cls):
        cls.cluster.kubectl("create", "clusterrole", "review-tokens", "--verb=create", "--resource=tokenreviews.authentication.k8s.io")
        cls.cluster.kubectl("create", "clusterrolebinding", "review-tokens", "--clusterrole=review-tokens",
                            "--serviceaccount=kuberhealthy:kuberhealthy")
        cls.addClassCleanup(cls.cluster.kubectl, "delete", "clusterrole/review-tokens", "clusterrolebinding/review-tokens")
        super().setUpClass()

    def test_a_token_of_the_cluster_admits(self):
        token = self.cluster.kubectl("create", "token", "kuberhealthy", "--namespace=kuberhealthy").strip()
        self.assertEqual(self.answers("/metrics", token=token), 200)
        forged = token.rsplit(".", 1)[0] + "." + base64.urlsafe_b64encode(b"x" * 64).decode()
        self.assertEqual(self.answers("/metrics", token=forged), 401)
        self.assertEqual(self.answers("/metrics"), 401)


class BadFiles(Case):
    start_controller = False

    def test_what_is_wrong_at_the_start_ends_the_program_and_names_it(self):
        table = {
            "tlsCertFile: /nowhere.crt\ntlsKeyFile: /nowhere.key\n": "/nowhere.crt",
            "tlsCertFile: /nowhere.crt\n": "tlsCertFile and tlsKeyFile",
            "tlsClientCAFile: /nowhere.crt\n": "tlsClientCAFile",
            f"tlsCertFile: {TLS}/server.pem\ntlsKeyFile: {TLS}/other-server.key\n": "not a certificate with its key",
            "pagesTokenReview: perhaps\n": "pagesTokenReview",
        }
        before = self.controller.config.read_text()
        for wrong, said in table.items():
            with self.subTest(said):
                self.controller.config.write_text(before + wrong)
                ended = subprocess.run(self.controller.command, env=self.controller.environment, capture_output=True, text=True,
                                       timeout=60, check=False)
                self.assertEqual(ended.returncode, 1)
                self.assertIn(said, ended.stderr)
