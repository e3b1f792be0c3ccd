import pytest

from scripts.deploy.parameter_changes import (
    REPLACING,
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
