"""Checkers' report clients, as bytes on the wire."""

import json
import socket
import urllib.parse


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


def exchange(host, port, request, timeout=90):
    """Sends these bytes and reads one answer, whatever they are."""
    with socket.create_connection((host, port), timeout=timeout) as connection:
        try:
            connection.sendall(request)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the server answered before it had read everything
        return read_reply(connection.makefile("rb"))


def read_reply(stream):
    status_line = stream.readline().decode()
    if not status_line:
        raise ConnectionError("closed without an answer")
    headers = {}
    for line in iter(stream.readline, b"\r\n"):
        if not line:
            raise ConnectionError("closed in the middle of an answer")
        name, _, value = line.decode().partition(":")
        headers[name.strip().lower()] = value.strip()
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = b""
        while size := int(stream.readline().split(b";")[0], 16):
            body += stream.read(size)
            stream.readline()
        stream.readline()
    else:
        body = stream.read(int(headers.get("content-length", 0)))
    return Reply(int(status_line.split()[1]), headers, body)


class Client:
    def __init__(self, url, secret):
        parts = urllib.parse.urlsplit(url)
        self.host, self.port, self.path = parts.hostname, parts.port or 80, parts.path
        self.secret = secret

    def report(self, ok, errors):
        return exchange(self.host, self.port, self.request(ok, errors))


class GoClient(Client):
    """pkg/checks/external/checkclient of v2, compiled with Go's net/http: header order and spelling as it sends them."""

    def request(self, ok, errors):
        body = json.dumps({"Errors": errors, "OK": ok}, separators=(",", ":")).encode()
        head = (f"POST {self.path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nUser-Agent: Go-http-client/1.1\r\n"
                f"Content-Length: {len(body)}\r\nContent-Type: application/json\r\nKh-Run-Uuid: {self.secret}\r\n"
                "Accept-Encoding: gzip\r\n\r\n")
        return head.encode() + body


class PlainClient(Client):
    """The Python and JavaScript clients of v2: no kh-run-uuid."""

    def request(self, ok, errors):
        body = json.dumps({"OK": ok, "Errors": errors}).encode()
        head = (f"POST {self.path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nUser-Agent: python-requests/2.31.0\r\n"
                "Accept-Encoding: gzip, deflate\r\nAccept: */*\r\nConnection: keep-alive\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n")
        return head.encode() + body
