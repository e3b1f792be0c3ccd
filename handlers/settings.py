"""The environment of `process`, read once into frozen values; every mistake is named in one error."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from processing.settings import Limits, RenderSettings, Rendition, parse_renditions

T = TypeVar("T")


class SettingsError(ValueError):
    """The environment is wrong; the message lists every mistake."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the function needs to know.

    Attributes:
        stage: the deployment's stage, for the digest and the metrics.
        output_bucket: where renditions and PDFs go.
        queue_url: the queue that feeds the function.
        dead_letter_queue_url: where permanent failures go, with their reason.
        digest_topic_arn: where each batch's digest goes.
        render: renditions and limits.
        max_receive_count: the queue's `maxReceiveCount`.
        retry_base_seconds: first backoff of a retryable failure.
        retry_max_seconds: longest backoff.
        photo_timeout_seconds: wall-clock limit of one photo's decoding and encoding.
        memory_mb: the function's memory; Lambda sets it.
    """

    stage: str
    output_bucket: str
    queue_url: str
    dead_letter_queue_url: str
    digest_topic_arn: str
    render: RenderSettings
    max_receive_count: int
    retry_base_seconds: int
    retry_max_seconds: int
    photo_timeout_seconds: int
    memory_mb: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Reads and checks all settings.

        Raises:
            SettingsError: one line for each variable that is missing or wrong.
        """
        read = _Reader(environment)
        settings = cls(
            stage=read.text("STAGE"),
            output_bucket=read.text("OUTPUT_BUCKET"),
            queue_url=read.text("QUEUE_URL"),
            dead_letter_queue_url=read.text("DEAD_LETTER_QUEUE_URL"),
            digest_topic_arn=read.text("DIGEST_TOPIC_ARN"),
            render=RenderSettings(
                renditions=read.value("RENDITIONS", parse_renditions, (Rendition("none", 1, 1),)),
                limits=Limits(
                    max_bytes=read.positive("MAX_BYTES"),
                    max_pixels=read.positive("MAX_PIXELS"),
                    max_pages=read.positive("MAX_PAGES"),
                ),
            ),
            max_receive_count=read.positive("MAX_RECEIVE_COUNT"),
            retry_base_seconds=read.positive("RETRY_BASE_SECONDS"),
            retry_max_seconds=read.positive("RETRY_MAX_SECONDS"),
            photo_timeout_seconds=read.positive("PHOTO_TIMEOUT_SECONDS"),
            memory_mb=read.positive("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
        )
        read.raise_mistakes()
        return settings


class _Reader:
    """Collects mistakes instead of stopping at the first."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._mistakes: list[str] = []

    def value(self, name: str, parse: Callable[[str], T], fallback: T) -> T:
        """Parses one variable; on a mistake notes it and answers the fallback, which never leaves this module."""
        text = self._environment.get(name, "").strip()
        if not text:
            self._mistakes.append(f"{name} is missing")
            return fallback
        try:
            return parse(text)
        except ValueError as error:
            self._mistakes.append(f"{name}={text!r}: {error}")
            return fallback

    def text(self, name: str) -> str:
        return self.value(name, str, "")

    def positive(self, name: str) -> int:
        return self.value(name, _positive, 1)

    def raise_mistakes(self) -> None:
        if self._mistakes:
            raise SettingsError("Darkroom is misconfigured:\n- " + "\n- ".join(self._mistakes))


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise ValueError("must be a whole number above 0")
    return int(text)
