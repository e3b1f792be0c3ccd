"""A TCP proxy that accepts connections and forwards nothing until it is opened."""

import contextlib
import socket
import threading
from collections.abc import Callable

from scripts.aws.local_endpoint import HOST


class Gate:
    """Listens at once; forwards once it is open.

    Args:
        port: the port on this machine to forward to.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._sockets = [socket.create_server((HOST, 0), backlog=128)]
        self._threads: list[threading.Thread] = []
        self.url = f"http://{HOST}:{self._sockets[0].getsockname()[1]}"

    def open(self) -> None:
        """Accept and forward connections from now on."""
        self._start(self._accept, self._sockets[0])

    def close(self) -> None:
        """Close the proxy and every connection through it."""
        for end in self._sockets:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)  # wakes the thread that is blocked on it
        for thread in self._threads:
            thread.join(timeout=10)
        for end in self._sockets:
            end.close()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection((HOST, self._port))
                self._sockets += (client, server)
                self._start(_forward, client, server)
                self._start(_forward, server, client)

    def _start(self, work: Callable[..., None], *sockets: socket.socket) -> None:
        self._threads.append(threading.Thread(target=work, args=sockets, daemon=True))
        self._threads[-1].start()


def _forward(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(65536):
            sink.sendall(chunk)
        sink.shutdown(socket.SHUT_WR)
