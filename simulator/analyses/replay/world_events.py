"""What happened in the world of a path: generations, paradigm shifts, prices, power.

Events are read off the world's own series; those of the price are what its equation leaves unexplained.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from simulator.analyses.replay.events import Event, many, percent
from simulator.analyses.replay.replayed_path import Floats, Path
from simulator.drivers.marginals import quantile
from simulator.drivers.price import REGIME
from simulator.finance import workspace as at

REGIMES = ("glut", "normal", "shortage")
_ROUNDING = 1e-9  # of ln price: what is less is no jump


def events(path: Path, sites: Sequence[str]) -> list[Event]:
    """All of them, by month; `sites` are the names of the model's sites."""
    found = [*generations(path), *shifts(path), *prices(path), *power(path, sites), *extremes(path)]
    return sorted(found, key=lambda event: event.month)


def _shift_shares(path: Path) -> Floats:
    """Share of their work that older chips lose to paradigm shifts, by month."""
    work = path.world.monthly[at.WORK]
    kept = work / np.concatenate([[1.0], work[:-1]]) * math.exp(path.model.silicon.wear / 12.0)
    return np.where(kept < 1.0 - _ROUNDING, 1.0 - kept, 0.0)


def generations(path: Path) -> Iterator[Event]:
    """New generations, and what they bring over the one that led."""
    p, monthly = path.model.silicon, path.world.monthly
    value = monthly[at.VALUE]
    worth = value / np.concatenate([[1.0], value[:-1]]) * math.exp(p.wear / 12.0) / (1.0 - _shift_shares(path))
    count = monthly[at.GENERATION]
    efficiency = monthly[at.EFFICIENCY]
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


def shifts(path: Path) -> Iterator[Event]:
    """Paradigm shifts."""
    for m, share in enumerate(_shift_shares(path)):
        if share > 0.0:
            text = f"paradigm shift: older chips lose {percent(share)} of what they are worth and can do"
            yield Event(m, "shift", text, {"loss": float(share)})


def prices(path: Path) -> Iterator[Event]:
    """Turns of the regime, or jumps of the price."""
    p, price = path.model.price, path.world.monthly[at.PRICE]
    noise = path.z[path.model.arpu.noise_row :][: price.size]
    shocks = p.sd * (p.arpu_correlation * noise + p.arpu_correlation_residual * path.z[p.noise_row :][: price.size])
    load = math.exp(p.factor_level * path.world.factors[3])
    if p.model == REGIME:
        yield from _turns(path, shocks, load)
        return
    longrun = quantile(path.model.marginals, p.longrun_marginal, float(path.z[p.longrun_row])) * load
    y = np.log(price / longrun)
    start = math.log(p.spot0 / longrun) + p.shock
    jumps = y - p.phi * np.concatenate([[start], y[:-1]]) - shocks
    for m in np.flatnonzero(np.abs(jumps) > _ROUNDING):
        jump, before = math.expm1(jumps[m]), float(price[m - 1] if m else p.spot0)
        way = "rises" if jump > 0.0 else "falls"
        text = f"compute price {way} by {percent(abs(jump))} in a jump: {price[m]:.1f} USD/W-year, before {before:.1f}"
        yield Event(int(m), "price", text, {"jump": jump, "price": float(price[m]), "before": before})


def _turns(path: Path, shocks: Floats, scale: float) -> Iterator[Event]:
    """Changes of the price's regime."""
    p, price = path.model.price, path.world.monthly[at.PRICE]
    u, state = p.shock, p.regime_start
    for m in range(price.size):
        u = u * p.phi + shocks[m]
        now = int(np.argmin(np.abs(np.log(price[m] / (p.regime_levels * scale)) - u)))
        if now != state:
            level = float(p.regime_levels[now] * scale)
            text = f"price regime turns from {REGIMES[state]} to {REGIMES[now]}: level {level:.1f} USD/W-year"
            yield Event(m, "price", text, {"from": state, "to": now, "level": level, "price": float(price[m])})
        state = now


def power(path: Path, sites: Sequence[str]) -> Iterator[Event]:
    """When each site gets power, against its plan."""
    grid, where = path.model.grid, path.world.sites
    for k, name in enumerate(sites):
        energised, planned = float(where[at.ENERGISED, k]), float(grid.planned[k])
        late, month = max(energised - planned, 0.0), max(math.ceil(energised) - 1, 0)
        behind = " from behind the meter" if where[at.BEHIND, k] else ""
        when = f"{many(round(late), 'month')} late" if late >= 0.5 else "on time"
        text = f"power at {name} ({grid.mw[k]:,.0f} MW){behind}, {when}"
        if month >= path.model.months:
            text = (
                f"{name} ({grid.mw[k]:,.0f} MW) has no power by the horizon; it comes {many(round(late), 'month')} late"
            )
        values = {"site": float(k), "mw": float(grid.mw[k]), "energised": energised, "late": late}
        yield Event(month, "power", text, values | {"behind_meter": float(where[at.BEHIND, k])})


def extremes(path: Path) -> Iterator[Event]:
    """Lowest price and highest cost of funding."""
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
