"""The time of the imports, by group."""

import pytest

from scripts.bench.cold_start import group_imports

LINES = """import time: self [us] | cumulative | imported package
import time:       100 |        100 |   botocore.utils
import time:       200 |       2000 | boto3
import time:       300 |        300 |     urllib3.util
import time:        50 |         50 | handlers.services
import time:        25 |         25 | processing
import time:        10 |         10 | json.decoder
something else on stderr
""".splitlines()


def test_each_import_counts_by_itself_for_whose_it_is() -> None:
    groups = group_imports(LINES)
    assert groups["AWS SDK"] == pytest.approx(0.6)
    assert groups["Darkroom"] == pytest.approx(0.075)
    assert groups["standard library and Python itself"] == pytest.approx(0.01)


def test_the_most_expensive_comes_first() -> None:
    assert next(iter(group_imports(LINES))) == "AWS SDK"
