"""Injects faults below a boto3 client, so that its own retries and parsing are tested too."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from botocore.awsrequest import AWSResponse, HeadersDict


class _Raw(BytesIO):
    """A response body as urllib3 returns it."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


def aws_error(status: int, code: str) -> AWSResponse:
    """Return an error response of S3, SNS or SQS."""
    body = f"<Error><Code>{code}</Code><Message>injected</Message></Error>".encode()
    headers = HeadersDict({"x-amzn-query-error": f"{code};Sender"})
    return AWSResponse("http://injected", status, headers, _Raw(body))  # type: ignore[arg-type]


def half_a_body() -> AWSResponse:
    """Return a response whose connection ends half way through the body."""
    headers = HeadersDict({"content-length": "1000", "etag": '"e"'})
    return AWSResponse("http://injected", 200, headers, _Raw(b"x" * 500))  # type: ignore[arg-type]


@contextmanager
def answering(client: Any, operation: str, answer: Any, *, times: int = 1_000_000) -> Iterator[list[str]]:
    """Make an operation of a client fail.

    Args:
        client: a boto3 client.
        operation: as in the API: `GetObject`.
        answer: a response from `aws_error`, or an exception to raise instead of sending.
        times: how many requests fail before the rest go through.

    Yields:
        The URLs of the requests that were answered so far.
    """
    event = f"before-send.{client.meta.service_model.service_id.hyphenize()}.{operation}"
    failed: list[str] = []

    def intercept(request: Any, **_: Any) -> AWSResponse | None:
        if len(failed) >= times:
            return None
        failed.append(request.url)
        if isinstance(answer, Exception):
            raise answer
        request.url = "http://injected.invalid/"  # so that moto, which is asked all the same, does nothing
        response: AWSResponse = answer()
        return response

    client.meta.events.register_first(event, intercept)
    try:
        yield failed
    finally:
        client.meta.events.unregister(event, intercept)


@contextmanager
def recording(client: Any) -> Iterator[list[str]]:
    """Record the operations that a client sends."""
    operations: list[str] = []
    event = f"before-call.{client.meta.service_model.service_id.hyphenize()}"

    def note(model: Any, **_: Any) -> None:
        operations.append(model.name)

    client.meta.events.register(event, note)
    try:
        yield operations
    finally:
        client.meta.events.unregister(event, note)
