"""A path to a server that can be cut: passes bytes on, whatever they are."""

import random
import socket
import threading
import time


class CuttingProxy:
    def __init__(self, port, seed):
        self.target = port
        self.draw = random.Random(seed)
        self.lock = threading.Lock()
        self.pairs = []
        self.cuts = 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.close()
        while self.cut_one():
            pass

    def cut_for(self, seconds):
        """Cuts a connection every now and then, in the middle of whatever it carries."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.cut_one()
            time.sleep(self.draw.uniform(0.0, 0.2))

    def cut_one(self):
        with self.lock:
            if not self.pairs:
                return False
            pair = self.pairs.pop(self.draw.randrange(len(self.pairs)))
            self.cuts += 1
        for end in pair:
            self._shut(end)
        return True

    @staticmethod
    def _shut(end):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it has gone already

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                near.close()
                continue
            with self.lock:
                self.pairs.append((near, far))
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pass_on, args=(source, sink, (near, far)), daemon=True).start()

    def _pass_on(self, source, sink, pair):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        with self.lock:
            if pair in self.pairs:
                self.pairs.remove(pair)
        for end in pair:
            self._shut(end)
        source.close()
