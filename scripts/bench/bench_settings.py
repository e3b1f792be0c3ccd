"""The renditions that every peer makes, and the settings of the functions under test, as serverless.yml has them.

Needs no package of the development environment: the sequential handler imports it inside the Lambda runtime.
"""

from processing.settings import Limits, RenderSettings, parse_renditions

_RENDITIONS = "large:1200:80,medium:600:80,small:300:80"
RENDITIONS = parse_renditions(_RENDITIONS)
SETTINGS = RenderSettings(RENDITIONS, Limits(max_bytes=400_000_000, max_pixels=200_000_000, max_pages=1000))

MB_PER_VCPU = 1769  # AWS Lambda Developer Guide, "Configure Lambda function memory"
FUNCTION_VARIABLES = {
    "STAGE": "bench",
    "OUTPUT_BUCKET": "renditions",
    "QUEUE_URL": "http://127.0.0.1/123456789012/photos",
    "DEAD_LETTER_QUEUE_URL": "http://127.0.0.1/123456789012/dead-letters",
    "DIGEST_TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:digests",
    "RENDITIONS": _RENDITIONS,
    "MAX_BYTES": "200000000",
    "MAX_PIXELS": "200000000",
    "MAX_PAGES": "1000",
    "MAX_RECEIVE_COUNT": "5",
    "RETRY_BASE_SECONDS": "30",
    "RETRY_MAX_SECONDS": "900",
    "PHOTO_TIMEOUT_SECONDS": "25",
    "POWERTOOLS_SERVICE_NAME": "darkroom-bench",
    "POWERTOOLS_METRICS_NAMESPACE": "Darkroom",
    "POWERTOOLS_LOG_LEVEL": "INFO",
    "MALLOC_ARENA_MAX": "2",
    "TZ": ":UTC",
    "AWS_EC2_METADATA_DISABLED": "true",
    "NO_PROXY": "127.0.0.1",
    "PYTHONDONTWRITEBYTECODE": "1",  # /var/task is read-only
}
