"""Medians with their spread, and ratios that survive a machine whose speed drifts."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Several measurements of one thing.

    Attributes:
        median: half of them are below, half above.
        low: the smallest.
        high: the largest.
    """

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Median, smallest and largest of at least one value."""
    return Spread(median=statistics.median(values), low=min(values), high=max(values))


def paired_ratio(values: Sequence[float], others: Sequence[float]) -> Spread:
    """The ratio round by round: what slows a whole round down, slows both.

    Args:
        values: one per round.
        others: one per round, above zero.
    """
    return spread([value / other for value, other in zip(values, others, strict=True)])
