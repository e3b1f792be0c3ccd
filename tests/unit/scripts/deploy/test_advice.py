import pytest

from scripts.deploy.advice import buckets_in_the_way


@pytest.mark.parametrize("is_deployed", [False, True])
def test_only_buckets_of_a_stage_that_is_not_deployed_may_be_deleted(is_deployed: bool) -> None:
    told = "\n".join(buckets_in_the_way(["photos"], is_deployed=is_deployed))
    assert "set createInputBucket: false" in told
    assert ("aws s3 rb" in told) is not is_deployed
