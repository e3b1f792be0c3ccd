from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.packaging.deployment_rules import (
    find_concurrency_mistake,
    find_mistakes,
    find_parameter_mistakes,
)
from scripts.packaging.resolved_config import build_target

KNOWN = ("renditions", "concurrency", "summaryEmail")
GOOD = {
    "stage": "prod",
    "input_bucket": "darkroom-prod-input-${AWS::AccountId}-${AWS::Region}",
    "output_bucket": "darkroom-prod-output-${AWS::AccountId}-${AWS::Region}",
    "summary_email": "",
    "summary_phone": "",
    "alarm_email": "",
    "create_input_bucket": "true",
    "kms_key_arn": "",
    "key_prefix": "",
    "key_suffixes": "",
    "timeout": 120,
    "window": 5,
    "concurrency": 20,
    "visibility": 725,
    "photo_timeout": "45",
    "retry_base": "30",
    "retry_max": "900",
    "max_receive_count": 5,
    "batch_size": 10,
    "renditions": "large:1200:80,small:300:80",
    "avif_effort": "3",
    "max_bytes": "200000000",
    "max_pixels": "200000000",
    "max_pages": "1000",
    "disk_mb": 1024,
    "rate": "rate(5 minutes)",
    "roll_up_timeout": 240,
    "originals": "keep",
    "dashboard": "on",
    "layer": "arm64",
    "architecture": "arm64",
}


def config(**changes: Any) -> dict[str, Any]:
    """Return a resolved serverless.yml, reduced to what the rules read."""
    value = {**GOOD, **changes}
    return {
        "provider": {
            "architecture": value["architecture"],
            "region": "eu-central-1",
        },
        "layers": {"dependencies": {"package": {"artifact": f".build/layer-{value['layer']}.zip"}}},
        "functions": {
            "process": {
                "timeout": value["timeout"],
                "ephemeralStorageSize": value["disk_mb"],
                "environment": {
                    "RENDITIONS": value["renditions"],
                    "AVIF_EFFORT": value["avif_effort"],
                    "MAX_BYTES": value["max_bytes"],
                    "MAX_PIXELS": value["max_pixels"],
                    "MAX_PAGES": value["max_pages"],
                    "RETRY_BASE_SECONDS": value["retry_base"],
                    "RETRY_MAX_SECONDS": value["retry_max"],
                    "PHOTO_TIMEOUT_SECONDS": value["photo_timeout"],
                },
                "events": [
                    {
                        "sqs": {
                            "batchSize": value["batch_size"],
                            "maximumBatchingWindow": value["window"],
                            "maximumConcurrency": value["concurrency"],
                        }
                    }
                ],
            },
            "rollUp": {"events": [{"schedule": {"rate": [value["rate"]]}}], "timeout": value["roll_up_timeout"]},
        },
        "resources": {
            "Parameters": {
                "Stage": {"Default": value["stage"]},
                "SummaryEmail": {"Default": value["summary_email"]},
                "SummaryPhone": {"Default": value["summary_phone"]},
                "AlarmEmail": {"Default": value["alarm_email"]},
                "CreateInputBucket": {"Default": value["create_input_bucket"]},
                "CreateOutputBucket": {"Default": "true"},
                "KmsKeyArn": {"Default": value["kms_key_arn"]},
                "Dashboard": {"Default": value["dashboard"]},
            },
            "Metadata": {
                "Parameters": {
                    "keyPrefix": value["key_prefix"],
                    "keySuffixes": value["key_suffixes"],
                    "originals": value["originals"],
                },
            },
            "Resources": {
                "InputBucket": {"Properties": {"BucketName": {"Fn::Sub": value["input_bucket"]}}},
                "OutputBucket": {"Properties": {"BucketName": {"Fn::Sub": value["output_bucket"]}}},
                "PhotoQueue": {
                    "Properties": {
                        "VisibilityTimeout": value["visibility"],
                        "RedrivePolicy": {"maxReceiveCount": value["max_receive_count"]},
                    }
                },
            },
        },
    }


def test_a_good_deployment_has_no_mistakes() -> None:
    assert find_mistakes(config()) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"stage": "Prod"}, "stage"),
        ({"stage": "a-stage-with-a-very-long-name"}, "stage"),
        ({"input_bucket": "same", "output_bucket": "same"}, "the same"),
        ({"input_bucket": "mine-eu-central-1", "output_bucket": "mine-${AWS::Region}"}, "the same"),
        ({"input_bucket": "Photos"}, "inputBucket"),
        ({"input_bucket": "my.photos"}, "inputBucket"),
        ({"output_bucket": "o" * 40 + "-${AWS::AccountId}-${AWS::Region}"}, "outputBucket"),
        ({"visibility": 724}, "visibilitySeconds"),
        ({"visibility": 43201}, "visibilitySeconds"),
        ({"visibility": "soon"}, "visibilitySeconds is 'soon'"),
        ({"photo_timeout": "60"}, "photoTimeoutSeconds"),
        ({"retry_base": "0"}, "retryBaseSeconds"),
        ({"retry_base": "31", "retry_max": "30"}, "retryMaxSeconds"),
        ({"retry_max": "43201"}, "retryMaxSeconds"),
        ({"max_receive_count": 4}, "maxReceiveCount"),
        ({"batch_size": 11, "window": 0}, "batchSize"),
        ({"renditions": "large:0:80"}, "renditions"),
        ({"avif_effort": "10"}, "avifEffort"),
        ({"renditions": "large:4000:50:avif", "avif_effort": "6"}, "photoTimeoutSeconds is 45"),
        ({"max_bytes": "-1"}, "maxBytes"),
        ({"max_pixels": "0"}, "maxPixels"),
        ({"max_bytes": "400000000"}, "ephemeralStorageMb"),
        ({"summary_email": "me"}, "summaryEmail"),
        ({"alarm_email": "me@"}, "alarmEmail"),
        ({"summary_phone": "0170 1234567"}, "summaryPhone"),
        ({"rate": "rate(1 minutes)"}, "rollUpMinutes"),
        ({"rate": "rate(4 minutes)"}, "rollUpTimeoutSeconds"),
        ({"roll_up_timeout": 29}, "rollUpTimeoutSeconds"),
        ({"roll_up_timeout": 901, "rate": "rate(60 minutes)"}, "rollUpTimeoutSeconds"),
        ({"roll_up_timeout": "long"}, "rollUpTimeoutSeconds is 'long'"),
        ({"create_input_bucket": "no"}, "createInputBucket"),
        ({"kms_key_arn": "alias/photos"}, "kmsKeyArn"),
        ({"key_prefix": "in/*"}, "keyPrefix"),
        ({"originals": "delete"}, "originals is 'delete': it must be keep, glacier-after-30-days or"),
        ({"originals": "expire-after-0-days"}, "it must be keep"),
        ({"originals": "expire-after-14-days"}, "at least 15 days"),
        (
            {"originals": "glacier-after-1-days", "create_input_bucket": "false"},
            "add the lifecycle rule to it yourself",
        ),
        ({"originals": "expire-after-30-days", "key_suffixes": ".jpg"}, "would be deleted, too"),
        ({"key_suffixes": ".jpg,"}, "keySuffixes"),
        ({"key_suffixes": ".jpg,jpg"}, "overlap"),
        ({"dashboard": "no"}, "dashboard is 'no'"),
        ({"layer": "local"}, "builtFor"),
        ({"layer": "x86_64"}, "builtFor"),
        ({"stage": "local"}, "builtFor"),
    ],
)
def test_each_mistake_is_named_once(changes: dict[str, Any], words: str) -> None:
    mistakes = find_mistakes(config(**changes))
    assert len(mistakes) == 1
    assert words in mistakes[0]


@pytest.mark.parametrize(
    "originals", ["keep", "glacier-after-1-days", "expire-after-15-days", "expire-after-3650-days"]
)
def test_originals_may_be_kept_archived_or_expired(originals: str) -> None:
    assert find_mistakes(config(originals=originals)) == []


def test_all_mistakes_are_named_in_one_run() -> None:
    wrong = config(visibility=1, max_receive_count=1, renditions="x", stage="X", avif_effort="most")
    assert len(find_mistakes(wrong)) == 5


def test_avifs_of_the_default_effort_and_a_usual_size_are_no_mistake() -> None:
    assert find_mistakes(config(renditions="large:1600:50:avif,medium:800:50:avif,tile:400x400:50:avif:cover")) == []


def test_numbers_may_come_as_text_from_the_command_line() -> None:
    assert find_mistakes(config(visibility="725", timeout="120", window="5", max_receive_count="5")) == []


@given(timeout=st.integers(100, 900), window=st.integers(0, 300), missing=st.integers(0, 5000))
def test_the_visibility_timeout_is_refused_below_six_timeouts_and_a_window(
    timeout: int, window: int, missing: int
) -> None:
    visibility = 6 * timeout + window - missing
    mistakes = find_mistakes(config(timeout=timeout, window=window, visibility=visibility))
    assert bool(mistakes) == (missing > 0)


@pytest.mark.parametrize("suffixes", [".jpg", ".jpg,.JPG,.jpeg", ".jpg, .png"])
def test_suffixes_that_do_not_overlap_are_no_mistake(suffixes: str) -> None:
    assert find_mistakes(config(key_prefix="photos/", key_suffixes=suffixes)) == []


def test_a_customers_key_is_no_mistake() -> None:
    key = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    assert find_mistakes(config(kms_key_arn=key)) == []


def test_the_local_stage_takes_what_is_built_for_it() -> None:
    local = config(stage="local", layer="local")
    assert build_target(local) == "local"
    assert find_mistakes(local) == []


def test_any_stage_on_a_local_stack_takes_what_is_built_for_this_machine_and_nothing_else() -> None:
    assert find_mistakes(config(stage="prod", layer="local"), on_local_stack=True) == []
    (mistake,) = find_mistakes(config(stage="prod", layer="arm64"), on_local_stack=True)
    assert "builtFor" in mistake


def test_good_parameters_have_no_mistakes() -> None:
    assert find_parameter_mistakes(["concurrency=7", "renditions=large:1600:82,small:400:80"], KNOWN) == []


def test_a_value_may_hold_an_equals_sign() -> None:
    assert find_parameter_mistakes(["summaryEmail=a=b@example.com"], KNOWN) == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["rendition=large:1600:82"], "did you mean renditions?"),
        (["nonsense=1"], "there are concurrency, renditions, summaryEmail"),
        (["concurrency"], "--param=concurrency: it must be name=value"),
        (["concurrency=7", "concurrency=8"], "--param=concurrency=... is given twice"),
    ],
)
def test_each_mistake_in_the_parameters_is_named_once(given: list[str], words: str) -> None:
    (mistake,) = find_parameter_mistakes(given, KNOWN)
    assert words in mistake


def test_a_new_account_with_a_low_concurrency_limit_is_told_what_to_set() -> None:
    assert "set concurrency to 9 or less" in find_concurrency_mistake(config(concurrency=20), 10)


@pytest.mark.parametrize("limit", [1000, 21, None], ids=["usual", "one left for the roll-up", "not known"])
def test_an_account_that_can_run_the_concurrency_is_no_mistake(limit: int | None) -> None:
    assert find_concurrency_mistake(config(concurrency=20), limit) == ""
