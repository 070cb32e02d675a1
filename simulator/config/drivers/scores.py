"""Weights, thresholds and event lists of standard scores, as drivers and plans freeze them."""

from __future__ import annotations

import math

from simulator.config.builder import event_slots
from simulator.drivers import laws

__all__: list[str] = []  # used in this folder only

LEAST_RATE = 1e-12  # events a year; a smaller rate counts as 0


def factor_weights(share: float) -> tuple[float, float]:
    """Weights of the systematic factor and of the quantity's own score; their squares are `share` and 1 - `share`."""
    return math.sqrt(share), math.sqrt(1.0 - share)


def score_threshold(probability: float) -> float:
    """Phi^-1(probability): an event of this probability happens where its score is below."""
    if probability <= 0.0:
        return -math.inf
    return math.inf if probability >= 1.0 else float(laws.named("normal", mean=0.0, sd=1.0).ppf(probability))


def poisson_events(rate: float, years: float) -> tuple[int, laws.Law]:
    """Slots of a list of events that come at `rate` a year, and the law of their gaps; rate 0: no slots."""
    if rate < LEAST_RATE:
        return 0, laws.constant(1.0 / LEAST_RATE)
    gap = laws.named("exponential", mean=1.0 / rate)
    return event_slots(gap, years), gap
