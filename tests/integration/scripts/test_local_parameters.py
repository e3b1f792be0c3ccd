"""`npm start` and `npm run stack` refuse wrong parameters before anything starts."""

from pathlib import Path

import pytest

from scripts.cli.errors import OperatorError
from scripts.local_stack import stack
from scripts.local_stack.parameters import check_local_parameters


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ("renditions: large", "renditions: 'large': it must be name:size:quality"),
        ("maxBytes: much", "maxBytes is 'much': it must be a whole number"),
        ("maxBites: 5", "there is no parameter 'maxBites'; did you mean maxBytes?"),
    ],
)
def test_a_wrong_parameter_is_refused_as_by_a_deployment(tmp_path: Path, setting: str, complaint: str) -> None:
    (tmp_path / "settings").mkdir()
    (tmp_path / "settings/local.yml").write_text(setting)
    with pytest.raises(OperatorError) as refused:
        check_local_parameters(stack._check_parameters, tmp_path)
    assert complaint in str(refused.value)


def test_the_parameters_as_they_stand_are_accepted(tmp_path: Path) -> None:
    check_local_parameters(stack._check_parameters, tmp_path)
    assert (tmp_path / ".build/local-parameters-checked").exists()
