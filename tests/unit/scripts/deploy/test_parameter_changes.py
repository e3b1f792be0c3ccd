import pytest

from scripts.deploy.parameter_changes import (
    REPLACING,
    ParameterChange,
    find_parameter_changes,
    find_replace_mistakes,
    refuse_changes,
)

DEPLOYED = {"inputBucket": "photos", "alarmEmail": "me@example.com", "concurrency": "20", "summaryPhone": ""}


def changes(**wanted: str) -> list[str]:
    return [str(change) for change in find_parameter_changes(DEPLOYED, {**DEPLOYED, **wanted})]


def refusal(*replace: str, **wanted: str) -> str:
    return "\n".join(refuse_changes(find_parameter_changes(DEPLOYED, {**DEPLOYED, **wanted}), replace, "prod"))


def test_equal_parameters_are_no_change() -> None:
    assert changes() == []


def test_each_changed_parameter_is_shown_with_both_values() -> None:
    assert changes(concurrency="50", alarmEmail="") == [
        "alarmEmail: me@example.com -> (none)",
        "concurrency: 20 -> 50",
    ]


def test_a_parameter_of_a_newer_version_is_no_change() -> None:
    assert changes(newParameter="7") == []


def test_a_changed_size_is_deployed() -> None:
    assert refusal(concurrency="50") == ""


@pytest.mark.parametrize(
    ("name", "value"), [("inputBucket", "others"), ("alarmEmail", ""), ("alarmEmail", "you@x.org")]
)
def test_what_takes_a_bucket_or_a_subscriber_away_is_refused(name: str, value: str) -> None:
    refused = refusal(**{name: value})
    assert f"{name}: {DEPLOYED[name]}" in refused
    assert "settings/prod.yml" in refused
    assert f"--replace {name}" in refused


def test_what_was_asked_for_by_name_is_deployed() -> None:
    assert refusal("inputBucket", inputBucket="others") == ""


def loss(name: str, before: str, after: str) -> bool:
    return bool(ParameterChange(name, before, after).takes_away)


@pytest.mark.parametrize("name", ["createInputBucket", "createOutputBucket"])
def test_a_bucket_that_leaves_the_stack_is_refused(name: str) -> None:
    assert loss(name, "true", "false")
    assert not loss(name, "false", "true")


@pytest.mark.parametrize(
    ("before", "after", "is_loss"),
    [("", "photos/", True), ("photos/", "images/", True), ("photos/", "", False), ("photos/2026/", "photos/", False)],
)
def test_a_prefix_that_leaves_out_keys_that_were_processed_is_refused(before: str, after: str, is_loss: bool) -> None:
    assert loss("keyPrefix", before, after) is is_loss


@pytest.mark.parametrize(
    ("before", "after", "is_loss"),
    [
        ("", ".jpg", True),
        (".jpg,.png", ".jpg", True),
        (".jpg", ".jpg, .png", False),
        (".jpg", "", False),
        (".small.jpg", ".jpg", False),
    ],
)
def test_suffixes_that_leave_out_keys_that_were_processed_are_refused(before: str, after: str, is_loss: bool) -> None:
    assert loss("keySuffixes", before, after) is is_loss


def test_a_key_that_is_forgotten_is_refused() -> None:
    assert loss("kmsKeyArn", "arn:aws:kms:eu-central-1:123456789012:key/1", "")
    assert not loss("kmsKeyArn", "", "arn:aws:kms:eu-central-1:123456789012:key/1")


def test_asking_for_one_change_does_not_permit_another() -> None:
    assert "alarmEmail" in refusal("inputBucket", inputBucket="others", alarmEmail="")


def test_a_first_subscriber_takes_nothing_away() -> None:
    assert refusal(summaryPhone="+491701234567") == ""


def test_replacing_what_cannot_be_replaced_is_a_mistake() -> None:
    (mistake,) = find_replace_mistakes(["concurrency"], [])
    assert all(name in mistake for name in REPLACING)


def test_replacing_what_does_not_change_is_a_mistake() -> None:
    assert find_replace_mistakes(["inputBucket"], []) == [
        "--replace inputBucket: this deployment replaces no inputBucket"
    ]
