"""An S3 with the delays of the real one, and an SNS that accepts every message.

Every GET returns the photo. The delays are those of S3 in one region: some tens of milliseconds to the first byte, and
80 to 100 MB/s on one connection (Amazon S3 User Guide, "Performance guidelines").
"""

import multiprocessing
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

GET_SECONDS, HEAD_SECONDS, PUT_SECONDS, PUBLISH_SECONDS = 0.040, 0.040, 0.050, 0.030
BYTES_PER_SECOND = 80_000_000
_CHUNK_BYTES = 1024 * 1024
_ETAG = '"5eb63bbbe01eeed093cb22bb8f5acdc3"'
_PUBLISHED = b"<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>"


@contextmanager
def slow_aws(photo: Path) -> Iterator[str]:
    """Run the server in a child process; yield its address."""
    # A thread of this process would share the interpreter lock with the measurements.
    processes = multiprocessing.get_context("spawn")
    parent_end, child_end = processes.Pipe()
    with parent_end:
        process = processes.Process(target=_serve, args=(photo, child_end))
        process.start()
        child_end.close()
        yield parent_end.recv()
    process.join()


def _serve(photo: Path, parent: Connection) -> None:
    """Send the address, and serve until the parent closes the pipe."""
    _Handler.photo = photo.read_bytes()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    parent.send(f"http://127.0.0.1:{server.server_port}")
    parent.poll(None)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # a body after its head does not wait for an acknowledgement
    photo = b""

    def do_HEAD(self) -> None:
        """Answer that the object does not exist."""
        time.sleep(HEAD_SECONDS)
        self._send_head(404, 0)

    def do_GET(self) -> None:
        """Send the photo at the speed of one connection."""
        time.sleep(GET_SECONDS)
        start = time.monotonic()
        self._send_head(200, len(self.photo))
        for position in range(0, len(self.photo), _CHUNK_BYTES):
            self.wfile.write(self.photo[position : position + _CHUNK_BYTES])
            time.sleep(max(0.0, start + (position + _CHUNK_BYTES) / BYTES_PER_SECOND - time.monotonic()))

    def do_PUT(self) -> None:
        self._accept(PUT_SECONDS, b"")

    def do_POST(self) -> None:
        self._accept(PUBLISH_SECONDS, _PUBLISHED)

    def log_message(self, *_: Any) -> None:
        """Log nothing."""

    def _accept(self, seconds: float, body: bytes) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        time.sleep(seconds)
        self._send_head(200, len(body))
        self.wfile.write(body)

    def _send_head(self, status: int, body_bytes: int) -> None:
        self.send_response(status)
        self.send_header("ETag", _ETAG)
        self.send_header("Content-Length", str(body_bytes))
        self.end_headers()
