"""An S3 that answers as slowly as the real one, and an SNS that takes every message: what a function waits for.

    python -m scripts.bench.slow_aws PHOTO     prints its address, then serves until its standard input closes

Every GET answers with the photo. The delays are those of S3 in one region: some tens of milliseconds until the first
byte, and 80 to 100 MB/s on one connection (Amazon S3 User Guide, "Performance guidelines").
"""

import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

GET_SECONDS, HEAD_SECONDS, PUT_SECONDS, PUBLISH_SECONDS = 0.040, 0.040, 0.050, 0.030
BYTES_PER_SECOND = 80_000_000
_CHUNK_BYTES = 1024 * 1024
_ETAG = '"5eb63bbbe01eeed093cb22bb8f5acdc3"'
_PUBLISHED = b"<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>"


class SlowAws(ThreadingHTTPServer):
    """The server, on a free port of 127.0.0.1.

    Args:
        photo: what every object holds.
    """

    daemon_threads = True

    def __init__(self, photo: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.photo = photo


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet
    server: SlowAws

    def do_HEAD(self) -> None:
        """There is nothing yet."""
        time.sleep(HEAD_SECONDS)
        self._answer(404)

    def do_GET(self) -> None:
        """The photo, at the speed of one connection."""
        time.sleep(GET_SECONDS)
        photo, start = self.server.photo, time.monotonic()
        self.send_response(200)
        self.send_header("ETag", _ETAG)
        self.send_header("Content-Length", str(len(photo)))
        self.end_headers()
        for position in range(0, len(photo), _CHUNK_BYTES):
            self.wfile.write(photo[position : position + _CHUNK_BYTES])
            time.sleep(max(0.0, start + (position + _CHUNK_BYTES) / BYTES_PER_SECOND - time.monotonic()))

    def do_PUT(self) -> None:
        """Takes an output."""
        self._read_body()
        time.sleep(PUT_SECONDS)
        self._answer(200)

    def do_POST(self) -> None:
        """Takes a message for SNS."""
        self._read_body()
        time.sleep(PUBLISH_SECONDS)
        self._answer(200, _PUBLISHED)

    def handle_expect_100(self) -> bool:
        """Botocore sends no body of a PUT before it may."""
        proceed = super().handle_expect_100()
        self.wfile.flush()
        return proceed

    def log_message(self, *_: Any) -> None:
        """Stays silent."""

    def _read_body(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("ETag", _ETAG)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serves until standard input closes."""
    server = SlowAws(Path(sys.argv[1]).read_bytes())
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
