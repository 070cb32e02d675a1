"""The smallest change of a single number of a plan that halves the probability of an event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.config import Config, Frozen
from simulator.config.fields.ranges import number
from simulator.errors import ConfigError

__all__: list[str] = []  # used in this folder only

_STEPS = 6  # of bisection: the change to within a sixtieth of the range looked at
# Key of a plan, and how far it is moved either way: to a value, or by a share of what it is.
_KEYS: dict[str, tuple[float | None, float | None]] = {
    "own_share": (0.0, 1.0),
    "liquidity.opening_cash": (None, None),
    "liquidity.revolver": (None, None),
    "covenants.dscr": (None, None),
    "covenants.fccr": (None, None),
    "covenants.leverage": (None, None),
    "jv.share": (0.05, 0.95),
    "jv.guarantee": (0.0, 1.0),
    "lease_excess.occupancy": (0.0, 1.0),
    "lease_excess.contract_share": (0.0, 1.0),
    "equity.limit": (None, None),
}
_REACH = 2.0  # times itself, the furthest that a number without bounds is moved

Probability = Callable[[Frozen], float]


def find_lever_changes(frozen: Frozen, plan: str, base: float, probability: Probability) -> list[dict[str, Any]]:
    """Return, for each number of the plan that is in use, the change that halves the probability, the smallest first.

    `base` is the probability as it is. A number whose change does not halve it within its range is listed without one.
    """
    changes = []
    for key, bounds in _KEYS.items():
        now = _value(frozen.config, plan, key)
        if now is None:
            continue
        full = f"plans.{plan}.{key}"
        ends = [end for end in _ends(now, bounds) if end != now]
        far = {end: _at(frozen, full, end, probability) for end in ends}
        if all(left is None or left == base for left in far.values()):
            continue  # the event does not depend on it
        halving = [
            _search(frozen, full, now, end, base, probability) for end, left in far.items() if _halves(left, base)
        ]
        value, left = min(halving, key=lambda entry: abs(entry[0] - now), default=(None, None))
        relative = None if value is None else abs(value - now) / _size(now, bounds)
        changes.append({"key": full, "now": now, "value": value, "relative": relative, "probability": left})
    return sorted(changes, key=lambda change: (change["relative"] is None, change["relative"] or 0.0, change["key"]))


def _value(config: Config, plan: str, key: str) -> float | None:
    """Return the number of a plan; None where its lever is off or has no such key."""
    node: Any = config.plans[plan]
    for part in key.split("."):
        if getattr(node, "on", True) is False or not hasattr(node, part):
            return None
        node = getattr(node, part)
    try:
        value = number(node)
    except (TypeError, AttributeError):
        return None
    return float(value)


def _ends(now: float, bounds: tuple[float | None, float | None]) -> tuple[float, float]:
    low, high = bounds
    return 0.0 if low is None else low, _REACH * now if high is None else high


def _size(now: float, bounds: tuple[float | None, float | None]) -> float:
    low, high = _ends(now, bounds)
    return abs(high - low) or 1.0


def _at(frozen: Frozen, key: str, value: float, probability: Probability) -> float | None:
    """Return the probability with a number changed; None where the config does not allow it."""
    try:
        return probability(frozen.with_input(key, value))
    except ConfigError:
        return None


def _search(
    frozen: Frozen, key: str, now: float, end: float, base: float, probability: Probability
) -> tuple[float, float]:
    """Return the value nearest to `now` at which the probability is at most half, as it is at `end`; and what it is."""
    near, left = now, 0.0
    for step in range(_STEPS + 1):
        middle = end if step == 0 else (near + end) / 2.0
        share = _at(frozen, key, middle, probability)
        if share is not None and _halves(share, base):
            end, left = middle, share
        else:
            near = middle
    return end, left


def _halves(share: float | None, base: float) -> bool:
    return share is not None and share <= base / 2.0
