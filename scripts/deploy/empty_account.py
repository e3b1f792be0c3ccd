"""Serve an empty AWS account, so that the Serverless CLI packages without credentials and without AWS.

The CLI asks CloudFormation whether the stack has the same layer already; here no stack exists.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOST = "127.0.0.1"
_NO_SUCH_STACK = b"""<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type>
<Code>ValidationError</Code><Message>Stack does not exist</Message></Error><RequestId>0</RequestId></ErrorResponse>"""


@contextmanager
def empty_account() -> Iterator[str]:
    """Serve on a free port of this machine while the block runs; yield the endpoint's URL."""
    with ThreadingHTTPServer((HOST, 0), _NoSuchStack) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://{HOST}:{server.server_port}"
        finally:
            server.shutdown()


class _NoSuchStack(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(HTTPStatus.BAD_REQUEST)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(_NO_SUCH_STACK)))
        self.end_headers()
        self.wfile.write(_NO_SUCH_STACK)

    def log_message(self, *_: object) -> None:
        """Log nothing."""
