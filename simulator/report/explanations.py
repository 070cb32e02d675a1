"""Sentences on results that look wrong and are right, for the place where they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from simulator.report.number_format import plain
from simulator.risk.intervals import Figure

__all__: list[str] = []  # used in this folder only


_RATES = "drivers.funding."
_QUEUE = ("drivers.grid.", "dependence.shift.grid")
_FIXED_WACC = (
    "npv discounts at programme.wacc, a fixed number: rates and spreads do not move it, but they move what the plans "
    "pay (apv, dscr_min, icr_min, min_cash). With programme.wacc_basis = "
    '"over_rate" it is a margin over the expected 10-year rate, and moves with it.'
)
_DEFERRED = (
    "A longer queue puts off spending as well as income: a plan that loses does so later and, discounted, loses less."
)


def explain_stress(stress: Mapping[str, Any]) -> list[str]:
    """Sentences on a table of stress: sets of rates that leave npv as it is, queues that lower a loss."""
    if stress["metric"] != "npv":
        return []
    sentences, sets = [], [entry for entry in stress["sets"] if "left_out" not in entry]
    still = [entry["name"] for entry in sets if _changes_only(entry, _RATES) and not any(_moves(entry))]
    if still:
        sentences.append(f"{_names(still)}: {_FIXED_WACC}")
    tail = str(stress["measure"]).startswith(("var", "cvar"))
    milder = [entry["name"] for entry in sets if _changes_queue(entry) and tail and any(_milder(entry))]
    if milder:
        sentences.append(f"{_names(milder)}: {_DEFERRED}")
    return sentences


def explain_tornado(tornado: Mapping[str, Any]) -> list[str]:
    """Sentences on a tornado: inputs of rates that leave npv as it is."""
    keys = ("delta_low", "delta_high", "stderr_low", "stderr_high")
    bars = [bar for bar in tornado["bars"] if "left_out" not in bar]
    rates = [bar for bar in bars if str(bar["input"]).startswith(_RATES)]
    idle = any(all(bar[key] == 0 for key in keys) for bar in rates)
    return [_FIXED_WACC] if idle and tornado["metric"] == "npv" else []


def _changes_only(entry: Mapping[str, Any], start: str) -> bool:
    keys = _changed_keys(entry)
    return bool(keys) and all(key.startswith(start) for key in keys)


def _changes_queue(entry: Mapping[str, Any]) -> bool:
    return any(key.startswith(_QUEUE) for key in _changed_keys(entry))


def _changed_keys(entry: Mapping[str, Any]) -> list[str]:
    """The keys that a stress set changes."""
    return [str(change["key"]) for change in entry.get("changes", ())]


def _moves(entry: Mapping[str, Any]) -> Iterable[bool]:
    for under in entry["plans"].values():
        change = Figure.from_dict(under.get("change"))
        yield any(part != 0.0 for part in (change.value, change.low, change.high))


def _milder(entry: Mapping[str, Any]) -> Iterable[bool]:
    """True for each plan whose loss surely falls."""
    for under in entry["plans"].values():
        change = Figure.from_dict(under.get("change"))
        yield change.high is not None and change.high < 0.0


def _names(names: Iterable[str]) -> str:
    return ", ".join(plain(name, 40) for name in names)
