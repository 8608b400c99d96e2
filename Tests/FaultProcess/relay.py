"""A TCP relay between one replica and the API server, whose connections fail as a network's do."""

import contextlib
import socket
import struct
import threading
from dataclasses import dataclass, field


@dataclass
class Relay:
    """Relays connections to a port on loopback. Its own port stays the same."""

    upstream: int
    port: int = 0
    _listener: socket.socket | None = None
    _open: set[socket.socket] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _passes: threading.Event = field(default_factory=threading.Event)

    def start(self) -> "Relay":
        """Takes connections, on the same port as before."""
        listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self._listener, self.port = listener, listener.getsockname()[1]
        self._passes.set()
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Nothing listens any more, and open connections are reset: the server's process has ended."""
        if listener := self._listener:
            self._listener = None
            # A thread that waits in accept() goes on only after a shutdown.
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.reset()

    def reset(self) -> None:
        """Resets all open connections."""
        with self._lock:
            connections, self._open = self._open, set()
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def swallow(self) -> None:
        """Passes nothing on from now on, and closes nothing: packets are lost."""
        self._passes.clear()

    def heal(self) -> None:
        """Passes bytes on again. What was on its way arrives late."""
        self._passes.set()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        self._passes.wait()
        try:
            server = socket.create_connection(("127.0.0.1", self.upstream))
        except OSError:
            client.close()
            return
        with self._lock:
            self._open |= {client, server}
        threads = [
            threading.Thread(target=self._copy, args=ends, daemon=True)
            for ends in [(client, server), (server, client)]
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with self._lock:
            self._open -= {client, server}
        client.close()
        server.close()

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                self._passes.wait()
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)
