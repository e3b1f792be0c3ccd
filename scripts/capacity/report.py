"""A plan and its bill, for people and for machines."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from scripts.capacity.costs import CostLine, storage_per_month, total
from scripts.capacity.plan import Figures, Plan
from scripts.capacity.price_list import PriceList
from scripts.cli.output import Report, Table
from scripts.cli.units import human_duration

_GB = 1e9


def report(plan: Plan, figures: Figures, lines: list[CostLine], price_list: PriceList) -> Report:
    """For people."""
    duration = human_duration(timedelta(seconds=plan.seconds))
    return [
        f"{plan.photos:,} photos take {duration}: {plan.photos_per_second:,.0f} a second once concurrency has grown to "
        f"{plan.environments:,} batches at once. What limits it is {plan.limited_by}.",
        f"They cost ${total(lines):,.2f}, ${_per_thousand(plan, lines):.4f} for a thousand photos.",
        Table(
            ("item", "quantity", "dollars"),
            [(line.what, line.quantity, f"{line.dollars:,.2f}") for line in lines],
        ),
        f"Keeping the outputs ({plan.bytes_out / _GB:,.0f} GB) costs "
        f"${storage_per_month(plan, price_list):,.2f} a month.",
        f"Measured: {figures.cpu_ms:.0f} ms of work a photo, {figures.waiting_ms:.0f} ms of waiting a batch, "
        f"{figures.init_ms:.0f} ms to start. If Lambda's vCPU is slower than that machine's, say so with --slowdown.",
    ]


def document(plan: Plan, figures: Figures, lines: list[CostLine], price_list: PriceList) -> dict[str, Any]:
    """For machines."""
    return {
        "plan": asdict(plan),
        "figures": asdict(figures),
        "cost_dollars": {line.what: line.dollars for line in lines},
        "total_dollars": total(lines),
        "dollars_per_thousand_photos": _per_thousand(plan, lines),
        "storage_dollars_per_month": storage_per_month(plan, price_list),
    }


def _per_thousand(plan: Plan, lines: list[CostLine]) -> float:
    return total(lines) / plan.photos * 1000
