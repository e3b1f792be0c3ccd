"""Maps errors of AWS calls to failure codes.

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
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
}
# Other refusals come with status 401 or 403.
_DENIED = {"AccessDeniedException", "ExpiredToken", "UnrecognizedClientException"}


def error_code(error: ClientError) -> str:
    """Return AWS's error code; for a HEAD, which has no body, the HTTP status."""
    return str(error.response.get("Error", {}).get("Code", ""))


def http_status(error: ClientError) -> int:
    """Return the HTTP status of the response, 0 when there is none."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


@contextmanager
def aws_failures(action: str) -> Iterator[None]:
    """Turn errors of AWS calls inside the block into a DarkroomError.

    Args:
        action: for the failure's detail: "reading the source object".

    Raises:
        PermanentError: `source-archived`.
        RetryableError: all others.
    """
    try:
        yield
    except ClientError as error:
        raise _classify(error, action) from error
    except NoCredentialsError as error:
        raise RetryableError(FailureCode.ACCESS_DENIED, f"no credentials for {action}") from error
    except (BotoCoreError, HTTPError) as error:
        detail = f"no answer while {action} ({type(error).__name__})"
        raise RetryableError(FailureCode.STORAGE_UNAVAILABLE, detail) from error


def _classify(error: ClientError, action: str) -> DarkroomError:
    code, status = error_code(error), http_status(error)
    detail = f"AWS answered {code} ({status}) while {action}"
    if code == "InvalidObjectState":
        return PermanentError(FailureCode.SOURCE_ARCHIVED, detail)
    if code == "NoSuchBucket":
        return RetryableError(FailureCode.BUCKET_MISSING, detail)
    if code in _THROTTLED or status == 429:
        return RetryableError(FailureCode.THROTTLED, detail)
    if code in _DENIED or code.startswith("KMS.") or status in (401, 403):
        return RetryableError(FailureCode.ACCESS_DENIED, detail)
    if status >= 500 or code in ("RequestTimeout", "InternalError", "ServiceUnavailable"):
        return RetryableError(FailureCode.STORAGE_UNAVAILABLE, detail)
    return RetryableError(FailureCode.INTERNAL_ERROR, detail)
