from dataclasses import replace

import pytest

from handlers.settings import RollUpSettings, Settings, SettingsError
from processing.settings import Limits, read_render_settings
from tests.support.function_settings import ENVIRONMENT

NO_LIMITS = Limits(max_bytes=0, max_pixels=0, max_pages=0)


def test_a_wrong_environment_is_refused_with_every_mistake_named() -> None:
    wrong = {**ENVIRONMENT, "MAX_BYTES": "many", "RENDITIONS": "large:0:80", "QUEUE_URL": " ", "AVIF_EFFORT": "best"}
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment(wrong)
    for mistake in ("MAX_BYTES='many'", "RENDITIONS='large:0:80'", "QUEUE_URL is missing", "AVIF_EFFORT='best'"):
        assert mistake in str(caught.value)


def test_the_settings_of_the_outputs_are_the_environments() -> None:
    texts = {"RENDITIONS": "large:1200:50:avif,tile:400x300:80:webp:cover", "AVIF_EFFORT": "5"}
    render = Settings.from_environment({**ENVIRONMENT, **texts}).render
    assert replace(render, limits=NO_LIMITS) == replace(read_render_settings(texts), limits=NO_LIMITS)
    assert render.avif_effort == 5


@pytest.mark.parametrize("text", ["-1", "1.5", "many"])
def test_the_photos_of_a_worker_are_a_whole_number_that_may_be_zero(text: str) -> None:
    assert Settings.from_environment({**ENVIRONMENT, "WORKER_PHOTOS": "0"}).worker_photos == 0
    with pytest.raises(SettingsError, match="WORKER_PHOTOS"):
        Settings.from_environment({**ENVIRONMENT, "WORKER_PHOTOS": text})


def test_every_mistake_in_the_environment_of_the_roll_up_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as raised:
        RollUpSettings.from_environment({"ROLL_UP_QUEUE_URL": "collected", "SUMMARY_TOPIC_ARN": "arn:aws:sqs:x"})
    assert str(raised.value).splitlines()[1:] == [
        "- STAGE is missing",
        "- ROLL_UP_QUEUE_URL='collected': must be the URL of a queue",
        "- SUMMARY_TOPIC_ARN='arn:aws:sqs:x': must be the ARN of a topic",
    ]
