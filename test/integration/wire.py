"""A connection as bytes, for what no HTTP client would send."""

import socket

from client import read_reply


class Wire:
    """`timeout` is a verdict on a hang."""

    def __init__(self, port, timeout=60):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """False when the other side has closed meanwhile."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def end_sending(self):
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it is closed already

    def reply(self):
        return read_reply(self.socket.makefile("rb"))

    def rest(self):
        """Whatever comes until the other side closes."""
        received = b""
        while True:
            try:
                piece = self.socket.recv(65536)
            except ConnectionResetError:
                return received
            if not piece:
                return received
            received += piece


def statuses(received):
    """The codes of all answers in these bytes. A body must not hold a status line, or it counts as an answer: so it should."""
    codes = []
    for piece in received.split(b"HTTP/1.1 ")[1:]:
        codes.append(int(piece[:3]))
    return codes
