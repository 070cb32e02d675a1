"""Events of the world of a path: generations, paradigm shifts, prices, power.

Events are read off the world's series and its events by month, which a trace keeps.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np

from simulator.analyses.replay.events import Event, percent, plural
from simulator.analyses.replay.replayed_path import ReplayedPath
from simulator.drivers.price import REGIME, REGIMES
from simulator.finance import workspace as at

__all__: list[str] = []  # used in this folder only


def find_world_events(path: ReplayedPath, sites: Sequence[str]) -> list[Event]:
    """List all events by month; `sites` are the titles of the model's sites."""
    groups = (_find_generations(path), _find_shifts(path), find_price_events(path))
    events = itertools.chain(*groups, _find_power(path, sites), _find_extremes(path))
    return sorted(events, key=lambda event: event.month)


def _find_generations(path: ReplayedPath) -> Iterator[Event]:
    """Yield new generations, and their gains over the one that led."""
    p, monthly = path.model.silicon, path.world.monthly
    worth = path.series["generation_worth"]
    count, efficiency = monthly[at.GENERATION], monthly[at.EFFICIENCY]
    for m in np.flatnonzero(np.diff(count, prepend=0.0) > 0.0):
        before, last = int(count[m - 1]) if m else 0, int(count[m])
        per_watt = float(efficiency[m] / (efficiency[m - 1] if m else 1.0))
        values = {"generation": float(last), "arrived": float(last - before), "per_watt": per_watt}
        gains = [f"{per_watt:.2f}x performance per watt"]
        if p.beta > 0.0:
            values["per_usd"] = float(worth[m]) ** (-1.0 / p.beta)
            gains.append(f"{values['per_usd']:.2f}x per USD")
        values["older_worth"] = float(worth[m])
        who = f"generation {last} enters" if last - before == 1 else f"generations {before + 1} to {last} enter"
        text = f"{who}, leap-frogs generation {before}: {', '.join(gains)}; older chips keep"
        yield Event(int(m), "generation", f"{text} {percent(values['older_worth'])} of their worth", values)


def _find_shifts(path: ReplayedPath) -> Iterator[Event]:
    """Yield paradigm shifts."""
    loss = path.series["paradigm_loss"]
    for m in np.flatnonzero(loss > 0.0):
        text = f"paradigm shift: older chips lose {percent(loss[m])} of what they are worth and can do"
        yield Event(int(m), "shift", text, {"loss": float(loss[m])})


def find_price_events(path: ReplayedPath) -> Iterator[Event]:
    """Yield jumps of the price, or turns of its regime."""
    yield from _find_turns(path) if path.model.price.model == REGIME else _find_jumps(path)


def _find_jumps(path: ReplayedPath) -> Iterator[Event]:
    price, jumps = path.series["price"], path.series["jump"]
    for m in np.flatnonzero(jumps):
        jump, before = math.expm1(jumps[m]), float(price[m - 1] if m else path.model.price.spot0)
        way = "rises" if jump > 0.0 else "falls"
        text = f"compute price {way} by {percent(abs(jump))} in a jump: {price[m]:.1f} USD/W-year, before {before:.1f}"
        yield Event(int(m), "price", text, {"jump": jump, "price": float(price[m]), "before": before})


def _find_turns(path: ReplayedPath) -> Iterator[Event]:
    p, price = path.model.price, path.series["price"]
    regime = path.series["regime"].astype(int)
    scale = math.exp(p.factor_level * path.world.factors[3])
    for m in np.flatnonzero(np.diff(regime, prepend=p.regime_start)):
        before, now = int(regime[m - 1]) if m else p.regime_start, int(regime[m])
        level = float(p.regime_levels[now] * scale)
        text = f"price regime turns from {REGIMES[before]} to {REGIMES[now]}: level {level:.1f} USD/W-year"
        yield Event(int(m), "price", text, {"from": before, "to": now, "level": level, "price": float(price[m])})


def _find_power(path: ReplayedPath, sites: Sequence[str]) -> Iterator[Event]:
    """Yield the month in which each site gets power, against its plan."""
    grid, dates = path.model.grid, path.world.sites
    for k, name in enumerate(sites):
        energised, planned = float(dates[at.ENERGISED, k]), float(grid.planned[k])
        late, month = max(energised - planned, 0.0), max(math.ceil(energised) - 1, 0)
        behind = " from behind the meter" if dates[at.BEHIND_METER, k] else ""
        when = f"{plural(round(late), 'month')} late" if late >= 0.5 else "on time"
        text = f"power at {name} ({grid.mw[k]:,.0f} MW){behind}, {when}"
        if month >= path.model.months:
            delay = plural(round(late), "month")
            text = f"{name} ({grid.mw[k]:,.0f} MW) has no power by the horizon; it comes {delay} late"
        values = {"site": float(k), "mw": float(grid.mw[k]), "energised": energised, "late": late}
        yield Event(month, "power", text, values | {"behind_meter": float(dates[at.BEHIND_METER, k])})


def _find_extremes(path: ReplayedPath) -> Iterator[Event]:
    """Yield the lowest price and the highest cost of funding."""
    price, funding = path.world.monthly[at.PRICE], path.world.funding[1:]
    m = int(np.argmin(price))
    yield Event(m, "extreme", f"compute price at its lowest: {price[m]:.1f} USD/W-year", {"price": float(price[m])})
    m = int(np.argmax(funding))
    yield Event(
        m,
        "extreme",
        f"funding cost at its highest: {percent(float(funding[m]), 2)} a year",
        {"funding": float(funding[m])},
    )
