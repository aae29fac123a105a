"""The container image: what tools/image writes is what its digests say, small, equal each time, and works with nothing around it."""

import contextlib
import gzip
import hashlib
import http.server
import io
import json
import os
import re
import shutil
import socket
import ssl
import struct
import subprocess
import tarfile
import threading

from case import Case, only_on
from cluster import ROOT
from controller import Controller

TLS = ROOT / "test" / "data" / "tls"
NOBODY = 65532
SIZE_MAX = 15_000_000


def make_image(folder, **environment):
    subprocess.run([ROOT / "tools" / "image", "--output", folder], env={**os.environ, **environment}, check=True,
                   stderr=subprocess.DEVNULL)
    return next(folder.glob("*.tar"))


def inside(root):
    """The start of a command that sees nothing but `root`, with the image's user where we may choose one."""
    if os.getuid() == 0:
        return ["/usr/sbin/chroot", f"--userspec={NOBODY}:{NOBODY}", str(root)]
    return ["/usr/bin/unshare", "--map-root-user", "/usr/sbin/chroot", str(root)]


@contextlib.contextmanager
def https_server():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "server.pem", TLS / "server.key")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    server.RequestHandlerClass.log_message = lambda *arguments: None
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def name_server(address):
    """Answers every question for an IPv4 address with `address`, and every other with nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    query, client = server.recvfrom(512)
                    end = query.index(b"\0", 12) + 5
                    asks_v4 = query[end - 4:end - 2] == b"\0\1"
                    answer = struct.pack("!HHHIH", 0xC00C, 1, 1, 60, 4) + socket.inet_aton(address) if asks_v4 else b""
                    server.sendto(query[:2] + struct.pack("!HHHHH", 0x8180, 1, int(asks_v4), 0, 0) + query[12:end] + answer, client)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


@only_on("real", "once is enough")
class Image(Case):
    start_controller = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.output = cls.cluster.folder / "image"
        cls.tar = make_image(cls.output)
        with tarfile.open(cls.tar) as archive:
            cls.files = {entry.name: archive.extractfile(entry).read() for entry in archive if entry.isfile()}
        cls.root = cls.unpack("root")

    @classmethod
    def blob(cls, descriptor):
        return cls.files["blobs/" + descriptor["digest"].replace(":", "/")]

    @classmethod
    def images(cls):
        """Manifest and configuration by name."""
        found = {}
        for descriptor in json.loads(cls.files["index.json"])["manifests"]:
            manifest = json.loads(cls.blob(descriptor))
            found[descriptor["annotations"]["io.containerd.image.name"]] = manifest, json.loads(cls.blob(manifest["config"]))
        return found

    @classmethod
    def unpack(cls, name):
        root = cls.cluster.folder / name
        root.mkdir()
        root.chmod(0o755)
        cls.cluster.folder.chmod(0o711)
        manifest, _ = next(iter(cls.images().values()))
        for layer in manifest["layers"]:
            with tarfile.open(fileobj=io.BytesIO(cls.blob(layer)), mode="r:gz") as archive:
                archive.extractall(root)
        return root

    def run_inside(self, *command, root=None):
        return subprocess.run([*inside(root or self.root), *command], env={}, capture_output=True, text=True, check=False)

    # What is written

    def test_every_blob_is_what_its_digest_says_and_is_used(self):
        used = set()

        def check(descriptor):
            data = self.blob(descriptor)
            self.assertEqual((len(data), "sha256:" + hashlib.sha256(data).hexdigest()), (descriptor["size"], descriptor["digest"]))
            used.add(descriptor["digest"])
            return data

        self.assertEqual(json.loads(self.files["oci-layout"]), {"imageLayoutVersion": "1.0.0"})
        for descriptor in json.loads(self.files["index.json"])["manifests"]:
            manifest = json.loads(check(descriptor))
            config = json.loads(check(manifest["config"]))
            tars = [gzip.decompress(check(layer)) for layer in manifest["layers"]]
            self.assertEqual(config["rootfs"]["diff_ids"], ["sha256:" + hashlib.sha256(data).hexdigest() for data in tars])
        blobs = {name.removeprefix("blobs/").replace("/", ":") for name in self.files if name.startswith("blobs/")}
        self.assertEqual(used, blobs)

    def test_docker_finds_the_same_images_in_it(self):
        saved = {entry["RepoTags"][0]: entry for entry in json.loads(self.files["manifest.json"])}
        self.assertEqual(set(saved), {f"docker.io/kuberhealthy/kuberhealthy{suffix}:0.1.0" for suffix in ("", "-check")})
        for name, (manifest, config) in self.images().items():
            self.assertEqual(json.loads(self.files[saved[name]["Config"]]), config)
            self.assertEqual([self.files[path] for path in saved[name]["Layers"]], [self.blob(layer) for layer in manifest["layers"]])

    def test_it_is_small(self):
        for name, (manifest, _) in self.images().items():
            size = sum(layer["size"] for layer in manifest["layers"])
            print(f"{name}: {size / 1e6:.2f} MB compressed, ", end="")
            self.assertLess(size, SIZE_MAX)

    def test_its_user_is_a_number_that_is_not_root(self):
        for name, (_, config) in self.images().items():
            with self.subTest(name):
                self.assertEqual(config["config"]["User"], f"{NOBODY}:{NOBODY}")
                self.assertEqual(config["os"], "linux")
                self.assertTrue((self.root / config["config"]["Entrypoint"][0].lstrip("/")).is_file())

    def test_nobody_may_write_in_it_and_nothing_is_set_user_id(self):
        for path in self.root.rglob("*"):
            if not path.is_symlink():
                self.assertEqual(path.stat().st_mode & 0o6022, 0, path)

    def test_it_is_equal_each_time_and_its_times_are_the_source_dates(self):
        again = make_image(self.cluster.folder / "again")
        self.assertEqual(again.read_bytes(), self.tar.read_bytes())
        other = make_image(self.cluster.folder / "other", SOURCE_DATE_EPOCH="86400")
        self.assertNotEqual(other.read_bytes(), self.tar.read_bytes())
        with tarfile.open(other) as archive:
            self.assertEqual({entry.mtime for entry in archive}, {86400})
        self.assertIn('"created": "1970-01-02T00:00:00Z"', next(other.parent.glob("*.spdx.json")).read_text())

    def test_the_bill_of_materials_names_what_is_linked(self):
        bill = json.loads(next(self.output.glob("*.spdx.json")).read_text())
        self.assertEqual(bill["spdxVersion"], "SPDX-2.3")
        versions = {package["name"]: package["versionInfo"] for package in bill["packages"]}
        for name in ("libboost1.81-dev", "libssl-dev", "libc-ares-dev", "zlib1g-dev", "libyaml-cpp-dev", "libfmt-dev",
                     "libspdlog-dev", "libcli11-dev", "libc6-dev", "libstdc++-12-dev", "ca-certificates"):
            with self.subTest(name):
                installed = subprocess.run(["dpkg-query", "--show", "--showformat=${Version}", name], capture_output=True, text=True,
                                           check=True).stdout
                self.assertEqual(versions.get(name), installed)
        self.assertNotIn("libre2-dev", versions)  # of the embedded API server, which is not shipped
        elements = {element["SPDXID"] for element in [*bill["packages"], bill]}
        self.assertEqual(len(elements), len(bill["packages"]) + 1)
        for relation in bill["relationships"]:
            self.assertLessEqual({relation["spdxElementId"], relation["relatedSpdxElement"]}, elements)
        programs = {package["packageFileName"]: package["checksums"] for package in bill["packages"] if "packageFileName" in package}
        self.assertEqual(programs, {
            f"app/{name}": [{"algorithm": "SHA256", "checksumValue": hashlib.sha256((self.root / "app" / name).read_bytes()).hexdigest()}]
            for name in ("kuberhealthy", "kuberhealthy-check")})

    # What it does

    def test_its_programs_need_no_library(self):
        for program in ("kuberhealthy", "kuberhealthy-check"):
            with self.subTest(program):
                path = str(self.root / "app" / program)
                said = subprocess.run(["ldd", path], capture_output=True, text=True, check=False)
                self.assertRegex(said.stdout + said.stderr, "statically linked|not a dynamic executable")
                headers = subprocess.run(["readelf", "--program-headers", "--dynamic", path], capture_output=True, text=True,
                                         check=True).stdout
                self.assertNotRegex(headers, "INTERP|NEEDED")
                self.assertIn("DYN (Position-Independent Executable file)", headers)
                # A static glibc's getaddrinfo would load the machine's shared libraries. Asio's use of it is dropped by the linker:
                # nobody calls it. (OpenSSL's BIO_lookup stays: it shares a section with what is called, and is not.)
                symbols = subprocess.run(["nm", "--demangle", ROOT / "build" / "static" / "bin" / program], capture_output=True,
                                         text=True, check=True).stdout.splitlines()
                self.assertGreater(len([line for line in symbols if "boost::asio" in line]), 100)
                self.assertEqual([line for line in symbols if "socket_ops::getaddrinfo" in line], [])

    def test_it_finds_names_by_dns_with_nothing_around_it(self):
        with name_server("192.0.2.7") as port:
            said = self.run_inside("/app/kuberhealthy-check", "dns", "--name", "any.test", "--server", f"127.0.0.1:{port}",
                                   "--expect", "192.0.2.7")
        self.assertEqual((said.returncode, said.stderr), (0, ""), said.stdout)
        self.assertRegex(said.stdout, r"^ok +dns any\.test at 127\.0\.0\.1:\d+: 192\.0\.2\.7 ")

    def test_it_trusts_the_authorities_of_its_file_and_reads_the_hosts_file(self):
        with https_server() as port:
            url = f"--url=https://server.test:{port}/"
            root = self.unpack("trusting")
            (root / "etc" / "hosts").write_text("127.0.0.1 server.test\n")
            said = self.run_inside("/app/kuberhealthy-check", "http", url, root=root)
            self.assertEqual(said.returncode, 1)
            self.assertIn("certificate verify failed", said.stdout)
            authorities = root / "etc" / "ssl" / "certs" / "ca-certificates.crt"
            authorities.write_bytes(authorities.read_bytes() + (TLS / "ca.pem").read_bytes())
            said = self.run_inside("/app/kuberhealthy-check", "http", url, root=root)
            self.assertEqual(said.returncode, 0, said.stdout + said.stderr)

    def test_the_controller_does_its_work_in_it(self):
        root = self.unpack("running")
        controller = Controller("/app/kuberhealthy", self.cluster)
        for option, path in (("--config", "etc/config/kuberhealthy.yaml"), ("--kubeconfig", "kubeconfig")):
            at = controller.command.index(option) + 1
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(controller.command[at], root / path)
            (root / path).chmod(0o644)
            controller.command[at] = f"/{path}"
        controller.command = [*inside(root), *controller.command]
        controller.start()
        self.addCleanup(controller.kill)
        self.assertRegex(self.run_inside("/app/kuberhealthy", "--version").stdout, r"0\.1\.0")
        self.apply_check("from-the-image", fate="passes")
        self.wait_for_outcome("from-the-image", "Passed")
        # Times are UTC whatever the machine has: there is no time zone data in it, and none is needed.
        self.assertRegex(controller.log(), r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
        self.assertEqual(os.readlink(f"/proc/{controller.process.pid}/root"), str(root))
        self.assertEqual(controller.stop()[0], 0)
