from hypothesis import given
from hypothesis import strategies as st

from processing.output_keys import MAX_KEY_BYTES
from scripts.aws.key_filter import KeyFilter
from scripts.prove.probes import ProbeKeys, make_probes

ENVIRONMENT = {"MAX_PIXELS": "1000000", "MAX_PAGES": "3"}
TEXT = st.text("abc/é.", max_size=40)


@given(TEXT, st.lists(TEXT.filter(bool), max_size=3))
def test_the_stage_processes_every_probe(prefix: str, suffixes: list[str]) -> None:
    keys = ProbeKeys(KeyFilter(prefix, tuple(suffixes)), "20260101T000000-abcdef")
    probes = make_probes(keys, ENVIRONMENT)
    assert [probe.key for probe in probes if not keys.key_filter.matches(probe.key)] == []
    assert all(probe.key.startswith(keys.prefix) for probe in probes)


@given(TEXT, TEXT)
def test_the_longest_key_is_one_that_s3_accepts(prefix: str, suffix: str) -> None:
    keys = ProbeKeys(KeyFilter(prefix, (suffix,)), "run")
    assert len(keys.longest.encode()) == MAX_KEY_BYTES


def test_a_stage_with_a_kms_key_is_proved_with_it() -> None:
    keys = ProbeKeys(KeyFilter(), "run")
    names = [[probe.name for probe in make_probes(keys, ENVIRONMENT, key)] for key in ("", "arn:aws:kms:key")]
    assert set(names[1]) - set(names[0]) == {"the same, encrypted with the KMS key"}
