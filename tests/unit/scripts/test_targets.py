import pytest

from scripts import targets
from scripts.targets import TargetError, find_target


@pytest.fixture(autouse=True)
def no_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")


def test_a_local_stack_that_is_not_up_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "find_kept_stack", lambda: None)
    with pytest.raises(TargetError, match="keep one up with `npm run stack`"):
        find_target("local")


def test_a_region_must_be_known() -> None:
    with pytest.raises(TargetError, match="set AWS_REGION, or a profile that names one"):
        find_target("prod")
