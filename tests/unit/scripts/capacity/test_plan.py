"""Duration, AWS usage and cost of a bulk upload."""

from dataclasses import replace
from math import inf

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from scripts.aws.prices import BILLED_SECONDS_PER_PHOTO, PriceList
from scripts.capacity.__main__ import make_document, override
from scripts.capacity.bill import make_bill, once_bill, storage_bill
from scripts.capacity.plan import (
    CONCURRENCY,
    PROD,
    STORAGE,
    UPLOAD,
    Deployment,
    Figures,
    make_plan,
    processors,
    read_figures,
)
from scripts.cli.errors import OperatorError
from scripts.cli.repository import REPOSITORY

FIGURES = Figures(cpu_ms=100, waiting_ms=250, init_ms=400, bytes_out=500_000)
DEPLOYMENT = Deployment(
    memory_mb=1769,
    disk_mb=512,
    batch_size=10,
    concurrency=50,
    renditions=3,
    roll_up_minutes=5,
    recipients=2,
    prefixes=1,
    upload_per_second=inf,
)
counts = st.integers(min_value=1, max_value=10_000_000)
deployments = st.builds(
    Deployment,
    memory_mb=st.integers(128, 10_240),
    disk_mb=st.integers(512, 10_240),
    batch_size=st.integers(1, 1000),
    concurrency=st.integers(2, 1000),
    renditions=st.integers(1, 20),
    roll_up_minutes=st.integers(1, 60),
    recipients=st.integers(0, 10),
    prefixes=st.integers(1, 100),
    upload_per_second=st.one_of(st.just(inf), st.floats(0.01, 10_000)),
)


def cost(photos: int, deployment: Deployment) -> float:
    return sum(dollars for _, _, dollars in make_bill(make_plan(photos, FIGURES, deployment), deployment, PriceList()))


@given(counts, counts, deployments)
def test_more_photos_never_take_less_time_nor_less_money(some: int, more: int, deployment: Deployment) -> None:
    few, many = (make_plan(count, FIGURES, deployment) for count in (some, some + more))
    assert few.seconds <= many.seconds * (1 + 1e-9)
    assert cost(some, deployment) <= cost(some + more, deployment)


@given(counts, deployments)
def test_every_photo_is_in_some_invocation(photos: int, deployment: Deployment) -> None:
    plan = make_plan(photos, FIGURES, deployment)
    assert (plan.invocations - 1) * deployment.batch_size < photos <= plan.invocations * deployment.batch_size


@given(counts, deployments)
def test_it_never_goes_faster_than_photos_arrive_or_s3_takes_writes(photos: int, deployment: Deployment) -> None:
    plan = make_plan(photos, FIGURES, deployment)
    assert plan.photos_per_second <= deployment.upload_per_second * (1 + 1e-9)
    writes_per_second = plan.photos_per_second * (deployment.renditions + 1)
    assert writes_per_second <= 3500 * deployment.prefixes * (1 + 1e-9)
    assert plan.seconds >= photos / deployment.upload_per_second


@given(counts, deployments)
def test_the_time_on_the_bill_is_the_time_of_the_batches_and_of_the_starts(photos: int, deployment: Deployment) -> None:
    plan = make_plan(photos, FIGURES, deployment)
    work = photos / deployment.batch_size * plan.batch_seconds
    assert plan.lambda_seconds == pytest.approx(work + plan.environments * FIGURES.init_ms / 1000)


def test_a_new_photo_costs_five_puts_and_two_reads_its_own_upload_included() -> None:
    plan = make_plan(1000, FIGURES, DEPLOYMENT)
    assert (plan.puts, plan.gets) == (5000, 2000)


def test_a_thousand_photos_make_a_hundred_digests_and_one_summary_for_each_recipient() -> None:
    plan = make_plan(1000, FIGURES, DEPLOYMENT)
    assert (plan.digests, plan.emails) == (101, 2)


def test_messages_are_sent_one_by_one_and_received_and_deleted_by_the_batch() -> None:
    sent, received_and_deleted = 1000, 2 * 100
    digests_sent, digests_received_and_deleted = 100, 2 * 10
    expected = sent + received_and_deleted + digests_sent + digests_received_and_deleted
    assert make_plan(1000, FIGURES, DEPLOYMENT).sqs_requests == expected


def test_a_batch_waits_once_and_works_for_each_photo() -> None:
    assert make_plan(1000, FIGURES, DEPLOYMENT).batch_seconds == pytest.approx(1.25)


def test_twice_the_memory_halves_the_work_but_not_the_waiting() -> None:
    plan = make_plan(1000, FIGURES, replace(DEPLOYMENT, memory_mb=3538))
    assert plan.batch_seconds == pytest.approx(0.75)


def test_a_part_of_a_processor_beyond_whole_ones_brings_no_worker_and_below_one_is_slower() -> None:
    assert [processors(memory_mb) for memory_mb in (1769, 3000, 3538)] == [1, 1, 2]
    assert processors(884) == pytest.approx(0.5, rel=0.01)


def test_what_limits_it_is_named() -> None:
    assert make_plan(100_000, FIGURES, DEPLOYMENT).limited_by == CONCURRENCY
    assert make_plan(100_000, FIGURES, replace(DEPLOYMENT, concurrency=1000)).limited_by == STORAGE
    assert make_plan(100_000, FIGURES, replace(DEPLOYMENT, upload_per_second=10)).limited_by == UPLOAD


def test_a_million_photos_at_fifty_batches_at_once_take_about_forty_minutes() -> None:
    plan = make_plan(1_000_000, FIGURES, DEPLOYMENT)
    assert plan.photos_per_second == pytest.approx(400)
    assert plan.seconds == pytest.approx(1_000_000 / 400, rel=0.01)


def test_puts_are_the_largest_item_of_the_bill() -> None:
    plan = make_plan(1_000_000, FIGURES, DEPLOYMENT)
    name, _, dollars = make_bill(plan, DEPLOYMENT, PriceList())[0]
    assert name.startswith("S3 PUT")
    assert dollars == pytest.approx(25.0)


def test_keeping_the_originals_of_a_million_photos_costs_97_dollars_a_month() -> None:
    kept = {name: dollars for name, _, dollars in storage_bill(make_plan(1_000_000, FIGURES, PROD), PriceList())}
    assert kept["originals: keep"] == pytest.approx(96.6)
    assert kept["originals: glacier-after-N-days, then"] == pytest.approx(16.8)
    assert kept["originals: expire-after-N-days, then"] == 0


def test_what_leaves_aws_and_what_moves_to_another_class_is_paid_once() -> None:
    once = [dollars for _, _, dollars in once_bill(make_plan(1_000_000, FIGURES, PROD), PriceList())]
    assert once == [pytest.approx(20), pytest.approx(500 * 0.09)]


@pytest.mark.parametrize(("per_second", "hours"), [(inf, 1), (1000 / 5000, 2)])
def test_custom_metrics_are_billed_for_each_hour_that_has_begun(per_second: float, hours: int) -> None:
    plan = make_plan(1000, FIGURES, replace(DEPLOYMENT, upload_per_second=per_second))
    bill = {name: dollars for name, _, dollars in make_bill(plan, DEPLOYMENT, PriceList())}
    assert bill["CloudWatch custom metrics, by the hour"] == pytest.approx(5 * hours * 0.30 / 730)


def test_the_time_on_the_bill_of_reconcile_is_the_measured_one() -> None:
    seconds = make_plan(1_000_000, read_figures(), PROD).batch_seconds / PROD.batch_size
    assert pytest.approx(seconds, rel=0.1) == BILLED_SECONDS_PER_PHOTO


def test_keeping_the_outputs_is_not_on_the_bill_of_processing() -> None:
    plan = make_plan(1_000_000, FIGURES, DEPLOYMENT)
    bill = make_bill(plan, DEPLOYMENT, PriceList())
    document = make_document(plan, FIGURES, bill, PriceList())
    assert document["storage_dollars_per_month"] == pytest.approx(11.5)
    assert make_bill(plan, DEPLOYMENT, replace(PriceList(), s3_gb_month=0)) == bill
    assert document["total_dollars"] == pytest.approx(sum(dollars for _, _, dollars in bill))


def test_a_price_can_be_replaced_by_its_name() -> None:
    assert override(PriceList(), ["lambda-gb-second=5e-1", "s3_put=0"]) == replace(
        PriceList(), lambda_gb_second=0.5, s3_put=0
    )


@pytest.mark.parametrize("setting", ["lambda=1", "s3_put", "s3_put=", "s3_put=-1", "s3_put=nan", "s3_put=inf", ""])
def test_a_price_that_is_none_is_refused(setting: str) -> None:
    with pytest.raises(OperatorError):
        override(PriceList(), [setting])


def test_the_defaults_are_those_of_the_stage_prod() -> None:
    head = (REPOSITORY / "serverless.yml").read_text().partition("\nprovider:")[0]  # below are tags of AWS's own
    params = yaml.safe_load(head)["params"]
    prod = params["default"] | params["prod"]
    assert (PROD.memory_mb, PROD.disk_mb) == (prod["memoryMb"], prod["ephemeralStorageMb"])
    assert (PROD.batch_size, PROD.concurrency) == (prod["batchSize"], prod["concurrency"])
    assert PROD.renditions == len(prod["renditions"].split(","))
    assert PROD.roll_up_minutes == prod["rollUpMinutes"]
