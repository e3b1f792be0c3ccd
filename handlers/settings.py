"""Reads the environment of the functions into frozen settings; one error names every mistake."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from processing.renditions import Rendition, parse_renditions
from processing.response_headers import parse_cache_control
from processing.settings import (
    DEFAULT_AVIF_EFFORT,
    Limits,
    RenderSettings,
    parse_avif_effort,
    parse_pdf_margin,
    parse_pdf_page,
)

T = TypeVar("T")


class SettingsError(ValueError):
    """The environment is invalid; the message lists every mistake."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of the function that processes photos.

    Attributes:
        stage: the deployment's stage, for the digest.
        input_bucket: the only bucket whose objects are processed.
        queue_url: the queue that feeds the function.
        render: renditions and limits.
        max_receive_count: the queue's `maxReceiveCount`.
        retry_base_seconds: backoff after the first receive; doubles with each further one, up to `retry_max_seconds`.
        photo_timeout_seconds: wall-clock limit of one photo's decoding and encoding.
        worker_photos: a worker process is replaced after so many photos; 0 for no limit.
        memory_mb: the function's memory; Lambda sets it.
    """

    stage: str
    input_bucket: str
    output_bucket: str
    queue_url: str
    dead_letter_queue_url: str
    digest_topic_arn: str
    render: RenderSettings
    max_receive_count: int
    retry_base_seconds: int
    retry_max_seconds: int
    photo_timeout_seconds: float
    worker_photos: int
    memory_mb: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read all variables; raise SettingsError with a line for each that is missing or invalid."""
        read = _Reader(environment)
        settings = cls(
            stage=read.text("STAGE"),
            input_bucket=read.text("INPUT_BUCKET"),
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
                avif_effort=read.option("AVIF_EFFORT", parse_avif_effort, DEFAULT_AVIF_EFFORT),
                cache_control=read.option("CACHE_CONTROL", parse_cache_control, ""),
                pdf_page=read.option("PDF_PAGE", parse_pdf_page, "photo"),
                pdf_margin=read.option("PDF_MARGIN", parse_pdf_margin, 10),
            ),
            max_receive_count=read.positive("MAX_RECEIVE_COUNT"),
            retry_base_seconds=read.positive("RETRY_BASE_SECONDS"),
            retry_max_seconds=read.positive("RETRY_MAX_SECONDS"),
            photo_timeout_seconds=read.positive("PHOTO_TIMEOUT_SECONDS"),
            worker_photos=read.value("WORKER_PHOTOS", _count, 0),
            memory_mb=read.positive("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
        )
        read.raise_mistakes()
        return settings


@dataclass(frozen=True, kw_only=True)
class RollUpSettings:
    """The settings of the roll-up function."""

    stage: str
    queue_url: str  # collects the digests
    topic_arn: str  # the summary topic

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "RollUpSettings":
        """Read all variables; raise SettingsError with a line for each that is missing or invalid."""
        read = _Reader(environment)
        settings = cls(
            stage=read.text("STAGE"),
            queue_url=read.value("ROLL_UP_QUEUE_URL", _url, ""),
            topic_arn=read.value("SUMMARY_TOPIC_ARN", _topic_arn, ""),
        )
        read.raise_mistakes()
        return settings


class _Reader:
    """Reads variables and collects mistakes, instead of stopping at the first."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._mistakes: list[str] = []

    def value(self, name: str, parse: Callable[[str], T], placeholder: T) -> T:
        """Parse one variable; on a mistake return the placeholder, which `raise_mistakes` keeps from being used."""
        text = self._environment.get(name, "").strip()
        if not text:
            self._mistakes.append(f"{name} is missing")
            return placeholder
        try:
            return parse(text)
        except ValueError as error:
            self._mistakes.append(f"{name}={text!r}: {error}")
            return placeholder

    def option(self, name: str, parse: Callable[[str], T], default: T) -> T:
        """Parse one variable that may be missing."""
        return self.value(name, parse, default) if self._environment.get(name, "").strip() else default

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


def _url(text: str) -> str:
    if not text.startswith(("https://", "http://")):
        raise ValueError("must be the URL of a queue")
    return text


def _topic_arn(text: str) -> str:
    if not text.startswith("arn:") or ":sns:" not in text:
        raise ValueError("must be the ARN of a topic")
    return text


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise ValueError("must be a whole number")
    return int(text)
