"""Events as a config writes them: `"npv < 0"`, or the name of a metric that is an event itself."""

from __future__ import annotations

import math
import re
from typing import Literal

from simulator.finance.metrics import plan_metrics
from simulator.results.columns import Event

_COMPARISON = re.compile(r"([a-z][a-z0-9_]*)\s*([<>])\s*([-+.0-9eE_]+)")
_EVENTS = {metric.name for metric in plan_metrics(()) if metric.kind == "event"}


def parse_event(text: str) -> Event | None:
    """The event that `text` means; None where it means none."""
    text = text.strip()
    if text in _EVENTS:
        return Event(text, ">", 0.5)
    match = _COMPARISON.fullmatch(text)
    if not match:
        return None
    try:
        threshold = float(match[3])
    except ValueError:
        return None
    sign: Literal["<", ">"] = "<" if match[2] == "<" else ">"
    return Event(match[1], sign, threshold) if math.isfinite(threshold) else None
