"""Errors of AWS calls, read into Darkroom's failure codes.

Facts: Amazon S3 API Reference, "Error responses"; botocore.exceptions.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from urllib3.exceptions import HTTPError

from processing.failures import DarkroomError, FailureCode, PermanentError, RetryableError

_THROTTLED = {
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "429",
}
_DENIED = {
    "AccessDenied",
    "AccessDeniedException",
    "AllAccessDisabled",
    "ExpiredToken",
    "Forbidden",
    "InvalidAccessKeyId",
    "NoSuchBucket",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
    "403",
}


def error_code(error: ClientError) -> str:
    """AWS's own error code; a HEAD has no body, so there it is the HTTP status."""
    return str(error.response.get("Error", {}).get("Code", ""))


def http_status(error: ClientError) -> int:
    """The HTTP status of AWS's answer, 0 when there is none."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def classify(error: Exception, action: str) -> DarkroomError:
    """Turns an error of an AWS call into a failure with a code.

    Args:
        error: what botocore raised.
        action: what was being done, for people: "reading the source object".
    """
    if isinstance(error, ClientError):
        return _classify_answer(error, action)
    if isinstance(error, NoCredentialsError):
        return RetryableError(FailureCode.ACCESS_DENIED, f"no credentials for {action}")
    return RetryableError(FailureCode.STORAGE_UNAVAILABLE, f"no answer while {action} ({type(error).__name__})")


def _classify_answer(error: ClientError, action: str) -> DarkroomError:
    code, status = error_code(error), http_status(error)
    detail = f"AWS answered {code} ({status}) while {action}"
    if code == "InvalidObjectState":
        return PermanentError(FailureCode.SOURCE_ARCHIVED, detail)
    if code in _THROTTLED or status == 429:
        return RetryableError(FailureCode.THROTTLED, detail)
    if code in _DENIED or code.startswith("KMS.") or status in (401, 403):
        return RetryableError(FailureCode.ACCESS_DENIED, detail)
    if status >= 500 or code in ("RequestTimeout", "InternalError", "ServiceUnavailable"):
        return RetryableError(FailureCode.STORAGE_UNAVAILABLE, detail)
    return RetryableError(FailureCode.INTERNAL_ERROR, detail)


@contextmanager
def failures_named(action: str) -> Iterator[None]:
    """Turns what AWS calls raise inside the block into a DarkroomError that says what was being done."""
    try:
        yield
    except (ClientError, BotoCoreError, HTTPError) as error:
        raise classify(error, action) from error
