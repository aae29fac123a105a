"""The few verbs of the Kubernetes API that the tests need, over one keep-alive connection per thread."""

import http.client
import json
import ssl
import threading
import urllib.parse


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.text = response.read().decode("utf-8", "replace")

    def json(self):
        return json.loads(self.text)


class Api:
    """Known to the server by a client certificate or by a token."""

    def __init__(self, host, port, ca, certificate=None, key=None, token=None):
        self.host, self.port = host, port
        self.tls = ssl.create_default_context(cafile=str(ca))
        if certificate is not None:
            self.tls.load_cert_chain(str(certificate), str(key))
        self.headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self.local = threading.local()

    def connect(self, timeout=30):
        return http.client.HTTPSConnection(self.host, self.port, context=self.tls, timeout=timeout)

    def open(self, path, timeout=30):
        """A GET whose answer the caller reads as it comes; closing the connection ends it."""
        connection = self.connect(timeout)
        connection.request("GET", path, headers=self.headers)
        return connection, connection.getresponse()

    def call(self, method, path, body=None, content_type="application/json", **headers):
        """One exchange; any HTTP status is an answer. A body of bytes goes out as it is. Raises OSError while nothing listens."""
        payload = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        headers = {**self.headers, **headers}
        if payload is not None and content_type is not None:
            headers["Content-Type"] = content_type
        for last_try in (False, True):
            connection = getattr(self.local, "connection", None)
            fresh = connection is None
            if fresh:
                connection = self.local.connection = self.connect()
            try:
                connection.request(method, path, payload, headers)
                return Answer(connection.getresponse())
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                self.local.connection = None
                # A kept-alive connection may have been closed by a server that went away: once more on a fresh one.
                if fresh or last_try:
                    raise error if isinstance(error, OSError) else OSError(str(error)) from error

    def get(self, path):
        """The object, or None if there is none."""
        answer = self.call("GET", path)
        if answer.status == 404:
            return None
        return self._expect(answer, "GET", path, 200)

    def create(self, path, body):
        return self._expect(self.call("POST", path, body), "POST", path, 201)

    def patch(self, path, body):
        """A JSON merge patch; None if the object is gone."""
        answer = self.call("PATCH", path, body, "application/merge-patch+json")
        if answer.status == 404:
            return None
        return self._expect(answer, "PATCH", path, 200)

    def delete(self, path, grace=None):
        body = {} if grace is None else {"gracePeriodSeconds": grace}
        answer = self.call("DELETE", path, {"apiVersion": "v1", "kind": "DeleteOptions", **body})
        if answer.status != 404:
            self._expect(answer, "DELETE", path, 200)

    def items(self, path, **query):
        target = f"{path}?{urllib.parse.urlencode(query)}" if query else path
        return self._expect(self.call("GET", target), "GET", target, 200)["items"]

    @staticmethod
    def _expect(answer, method, path, status):
        if answer.status not in (status, 200, 201, 202):
            raise AssertionError(f"{method} {path}: {answer.status} {answer.text[:500]}")
        return answer.json()


def pods_path(namespace, name=None, sub=None):
    return "/".join(filter(None, [f"/api/v1/namespaces/{namespace}/pods", name, sub]))


def custom_path(plural, namespace, name=None):
    return "/".join(filter(None, [f"/apis/comcast.github.io/v1/namespaces/{namespace}/{plural}", name]))
