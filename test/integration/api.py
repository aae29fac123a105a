"""The few verbs of the Kubernetes API that the tests need, over one keep-alive connection per thread."""

import http.client
import json
import ssl
import threading
import urllib.parse


class Answer:
    def __init__(self, status, body):
        self.status = status
        self.text = body.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.text)


class Api:
    def __init__(self, host, port, ca, certificate, key):
        self.host, self.port = host, port
        self.tls = ssl.create_default_context(cafile=str(ca))
        self.tls.load_cert_chain(str(certificate), str(key))
        self.local = threading.local()

    def connect(self, timeout=30):
        return http.client.HTTPSConnection(self.host, self.port, context=self.tls, timeout=timeout)

    def call(self, method, path, body=None, content_type="application/json"):
        """One exchange; any HTTP status is an answer. Raises OSError while nothing listens."""
        payload = None if body is None else json.dumps(body).encode()
        headers = {} if payload is None else {"Content-Type": content_type}
        for last_try in (False, True):
            connection = getattr(self.local, "connection", None)
            fresh = connection is None
            if fresh:
                connection = self.local.connection = self.connect()
            try:
                connection.request(method, path, payload, headers)
                response = connection.getresponse()
                return Answer(response.status, response.read())
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
