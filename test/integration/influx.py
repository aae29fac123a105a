"""InfluxDB as the cases need it: a server that records what it is sent, and the real one (the Debian package influxdb)."""

import http.client
import http.server
import json
import os
import shutil
import ssl
import subprocess
import threading
import urllib.parse

from cluster import eventually, free_port, spawn


class Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that does not trust us, or that we let hang: the case judges."""


class RecordingServer:
    """Answers every POST as `answer` says: a status, or "hang"."""

    def __init__(self, certificate=None):
        self.requests = []  # (path, headers, body)
        self.answer = 204
        self.release = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # noqa: N802
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                outer.requests.append((self.path, dict(self.headers), body))
                if outer.answer == "hang":
                    outer.release.wait(60)
                    self.close_connection = True
                    return
                self.send_response(outer.answer)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = Listener(("127.0.0.1", 0), Handler)
        self.scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
            self.scheme = "https"
        self.url = f"{self.scheme}://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def lines(self):
        return [line for _, _, body in list(self.requests) for line in body.splitlines()]

    def stop(self):
        self.release.set()
        self._server.shutdown()
        self._server.server_close()


def make_certificate(folder, name):
    """A certificate for 127.0.0.1 that signs itself: (certificate, key)."""
    crt, key = folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-out", crt, "-keyout", key],
                   check=True, capture_output=True)
    return crt, key


class InfluxServer:
    """influxd with a user, without a database."""

    user, password = "kuberhealthy", "a pass:word"

    def __init__(self, folder):
        self.folder = folder / "influxdb"
        self.folder.mkdir()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        program = shutil.which("influxd")
        assert program, "influxd is missing: tools/install-dependencies installs it"
        settings = {
            "REPORTING_DISABLED": "true", "BIND_ADDRESS": f"127.0.0.1:{free_port()}",
            "META_DIR": self.folder / "meta", "DATA_DIR": self.folder / "data", "DATA_WAL_DIR": self.folder / "wal",
            "HTTP_BIND_ADDRESS": f"127.0.0.1:{self.port}", "HTTP_AUTH_ENABLED": "true", "HTTP_LOG_ENABLED": "false",
        }
        environment = {**os.environ, **{f"INFLUXDB_{name}": str(value) for name, value in settings.items()}}
        empty = self.folder / "empty.conf"
        empty.write_text("")
        self._log = open(self.folder / "influxd.log", "ab")
        self._process = spawn([program, "-config", str(empty)], self._log, environment)
        eventually(self._answers, "influxd answers")
        self.query(f"CREATE USER {self.user} WITH PASSWORD '{self.password}' WITH ALL PRIVILEGES")

    def _answers(self):
        assert self._process.poll() is None, (self.folder / "influxd.log").read_text()
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            connection.request("GET", "/ping")
            return connection.getresponse().status == 204
        except OSError:
            return False

    def query(self, text, database=""):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        query = urllib.parse.urlencode({"q": text, "db": database, "epoch": "s", "u": self.user, "p": self.password})
        connection.request("POST", f"/query?{query}")
        reply = connection.getresponse()
        body = json.loads(reply.read())
        assert reply.status == 200, body
        return body["results"][0]

    def points(self, measurement, database):
        """Its points as dictionaries."""
        found = self.query(f'SELECT * FROM "{measurement}"', database).get("series", [])
        return [dict(zip(series["columns"], values)) for series in found for values in series["values"]]

    def stop(self):
        self._process.kill()
        self._process.wait()
        self._log.close()
