import pytest

from scripts.cli.errors import OperatorError
from scripts.local_stack import stack


def test_wrong_parameters_are_refused_before_a_local_aws_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise OperatorError("renditions: wrong")

    monkeypatch.setattr(stack, "_require_setup", lambda: None)
    monkeypatch.setattr(stack, "check_local_parameters", refuse)
    monkeypatch.setattr(stack, "local_aws", lambda **_: pytest.fail("it started"))
    with pytest.raises(OperatorError, match="renditions: wrong"), stack.local_stack():
        pass
