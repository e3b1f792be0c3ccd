"""The environment of the function in tests, and its settings."""

from dataclasses import replace
from typing import Any

from handlers.settings import Settings

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
    "STAGE": "test",
    "INPUT_BUCKET": "photos",
    "OUTPUT_BUCKET": "renditions",
    "QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/photos",
    "DEAD_LETTER_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/dead-letters",
    "DIGEST_TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:digests",
    "RENDITIONS": "large:1200:80,medium:600:80,small:300:80",
    "MAX_BYTES": "3000000",
    "MAX_PIXELS": "30000000",
    "MAX_PAGES": "10",
    "MAX_RECEIVE_COUNT": "5",
    "RETRY_BASE_SECONDS": "30",
    "RETRY_MAX_SECONDS": "900",
    "PHOTO_TIMEOUT_SECONDS": "20",
    "WORKER_PHOTOS": "0",
    "POWERTOOLS_SERVICE_NAME": "darkroom-test",
    "POWERTOOLS_METRICS_NAMESPACE": "Darkroom",
}
FUNCTION_SETTINGS = Settings.from_environment(ENVIRONMENT)


def function_settings(**changes: Any) -> Settings:
    """Return the function's settings with some changed: `memory_mb=512`."""
    return replace(FUNCTION_SETTINGS, **changes)
