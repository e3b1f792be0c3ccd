"""The estimates of cost agree with each other."""

from datetime import timedelta

import pytest

from scripts.aws.prices import MONTH, PRICES, idle_cost, usage_cost
from scripts.capacity.bill import make_bill
from scripts.capacity.plan import PROD, make_plan, read_figures


def test_measured_usage_costs_what_the_capacity_plan_says() -> None:
    plan = make_plan(100_000, read_figures(), PROD)
    bill = {name: dollars for name, _, dollars in make_bill(plan, PROD, PRICES)}
    left_out = bill["CloudWatch Logs"] + bill["SNS e-mails"] + bill["Lambda, ephemeral storage"]
    used = usage_cost(
        photos=plan.photos,
        outputs=PROD.renditions + 1,
        gb_seconds=plan.lambda_seconds * PROD.memory_mb / 1024,
        invocations=plan.invocations,
    )
    assert used == pytest.approx(sum(bill.values()) - left_out, rel=0.01)


def test_an_idle_stage_costs_what_the_page_about_costs_says() -> None:
    assert idle_cost(MONTH, alarm_metrics=14) == pytest.approx(2.80)
    assert idle_cost(timedelta(0), alarm_metrics=14) == 0
