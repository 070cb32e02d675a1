"""Warnings about a config that is valid and looks wrong: what a risk engineer would ask about before a run.

Each is a line `file:line: key.path: given .., ..`. They stop nothing. The delay of a site is judged in closed form.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from simulator.config.fields.numbers import AnyNumber
from simulator.config.fields.ranges import number
from simulator.config.fields.walk import default_at, sampled_keys
from simulator.config.laws import build_law, condition_on_elapsed, is_fixed
from simulator.config.locate import KeyPath, has
from simulator.config.mistakes import Mistake
from simulator.config.schema import Config
from simulator.config.schema.programme import Site
from simulator.config.wording import count_noun, quote
from simulator.drivers.laws import Law

__all__ = ["find_doubts"]

_LEAST_MW, _MOST_MW = 5.0, 20_000.0  # of a site: 10 GW is the largest that was announced, in 2025
_FACTOR = 10.0  # between a number and its default
_PRICES = (  # plain numbers whose unit is easily mistaken
    ("drivers", "price", "spot0"),
    ("programme", "shell_cost"),
    ("programme", "compute_cost"),
    ("programme", "shell_price"),
)
_REFERENCE_CAPEX = 3499.0 * (11.74 + 26.14) / 1000.0  # USD bn: MW of the flagship by USD per W
_FRACTION = 0.1  # of it: a smaller programme hardly belongs to the flagship's company
_MOST_MARGIN = 0.07  # of a WACC over the 10-year rate: more looks like a whole rate
_MOST_DEBT = 2.0  # notes over what the sites cost
_BALANCE = (  # the company's own figures: where they are written, or else where they are inherited from
    ("programme", "base_cash_flow"),
    ("plan_defaults", "liquidity", "opening_cash"),
    ("plan_defaults", "liquidity", "other_debt"),
    ("plan_defaults", "liquidity", "revolver"),
    ("drivers", "arpu", "revenue0"),
)


def find_doubts(config: Config) -> list[str]:
    """Return the warnings about a config, in the order of its lines."""
    rules = (
        _doubt_sites, _doubt_horizon, _doubt_service, _doubt_laws, _doubt_wacc, _doubt_notes, _doubt_balance_sheet,
    )  # fmt: skip
    placed = [config._source.locate(doubt) for rule in rules for doubt in rule(config)]
    return [text for _, text in sorted(placed, key=lambda place: place[0])]


def _doubt_sites(config: Config) -> Iterator[Mistake]:
    """Doubt sites of another unit, or dates in another order."""
    for i, site in enumerate(config.sites):
        mw, planned, requested = number(site.mw), number(site.planned), number(site.requested)
        here: KeyPath = ("sites", i)
        if mw < _LEAST_MW:
            yield Mistake((*here, "mw"), f"given {quote(mw)} MW, which looks like GW: mw is in megawatts of IT load")
        if mw > _MOST_MW:
            yield Mistake((*here, "mw"), f"given {quote(mw)} MW, more than any site: mw is in megawatts of IT load")
        if planned >= config.months:
            text = f"given {quote(planned)}, beyond the horizon (months = {config.months}): the site earns nothing"
            yield Mistake((*here, "planned"), text)
        if requested >= planned:
            text = f"given {quote(requested)}, not before planned ({quote(planned)}): power is requested years ahead"
            yield Mistake((*here, "requested"), text)


def _doubt_horizon(config: Config) -> Iterator[Mistake]:
    """Doubt a horizon in which sites are not built, by the median of their construction time."""
    late = [site.id for site in config.sites if _within(config, site) and _built_month(config, site) >= config.months]
    if late:
        sites = f"{count_noun(len(late), 'site')} ({', '.join(late[:3])}{', ..' if len(late) > 3 else ''})"
        yield Mistake(("months",), f"given {config.months}, shorter than the build: {sites} will be under construction")


def _doubt_service(config: Config) -> Iterator[Mistake]:
    """Doubt sites that are not in service within the horizon on more than half of the paths."""
    for i, site in enumerate(config.sites):
        if not _within(config, site) or _built_month(config, site) >= config.months:
            continue
        never = 1.0 - _service_probability(config, site)
        if never > 0.5:
            path: KeyPath = ("sites", i) if site.queue is None else ("sites", i, "queue")
            yield Mistake(
                path, f"{quote(site.id)} has no power within {config.months} months on {100.0 * never:.0f} % of paths"
            )


def _doubt_laws(config: Config) -> Iterator[Mistake]:
    """Doubt sampled numbers and prices whose mean is ten times their default, or a tenth of it."""
    keys = [keys for keys, _ in sampled_keys(Config) if keys[0] not in ("sites", "plans")]
    for path in (*keys, *_PRICES):
        if _is_written(config, path):
            yield from _doubt_mean(config, path, _value_at(config, path), default_at(Config, path))
    for i, site in enumerate(config.sites):
        for key in ("queue", "build"):
            if (value := getattr(site, key)) is not None:
                yield from _doubt_mean(config, ("sites", i, key), value, default_at(Config, ("drivers", "grid", key)))


def _doubt_mean(config: Config, path: KeyPath, value: AnyNumber, default: AnyNumber) -> Iterator[Mistake]:
    law, usual = build_law(value, config._folder), build_law(default, config._folder)
    mean, around_zero = float(law.mean), float(usual.sd) > 3.0 * abs(float(usual.mean))
    scale = float(usual.sd) if around_zero else abs(float(usual.mean))
    small = 0.0 < abs(mean) * _FACTOR <= scale and not around_zero
    if scale and abs(mean) >= _FACTOR * scale:
        times = f"{abs(mean) / scale:,.0f} times"
    elif small:
        times = f"1/{abs(float(usual.mean) / mean):,.0f} of"
    else:
        return
    shown = f"{mean:.4g}" if is_fixed(law) else f"a mean of {mean:.4g}"
    yield Mistake(path, f"given {shown}, {times} the default ({float(usual.mean):.4g}): check its unit")


def _doubt_wacc(config: Config) -> Iterator[Mistake]:
    """Doubt a WACC that is added to the 10-year rate and looks like a whole rate."""
    wacc = number(config.programme.wacc)
    if config.programme.wacc_basis == "over_rate" and wacc > _MOST_MARGIN:
        rate = wacc + number(config.drivers.funding.rate_mean)
        text = (
            f'given {quote(wacc)} over the 10-year rate, {100.0 * rate:.1f} % in all: with "over_rate" it is a margin'
        )
        yield Mistake(("programme", "wacc"), text)


def _doubt_notes(config: Config) -> Iterator[Mistake]:
    """Doubt a ladder of notes that borrows a multiple of what the sites cost."""
    borrowed, cost = sum(number(note.amount) for note in config.notes), _capex(config)
    if borrowed > _MOST_DEBT * cost:
        text = f"given USD {borrowed:,.4g} bn in all, while the sites cost about {cost:,.4g}: amounts are in USD bn"
        yield Mistake(("notes",), text)


def _doubt_balance_sheet(config: Config) -> Iterator[Mistake]:
    """Doubt the reference company's own figures, inherited by a programme that is a fraction of the reference."""
    cost = _capex(config)
    inherited = [path for path in _BALANCE if not _is_written(config, path)]
    if cost < _FRACTION * _REFERENCE_CAPEX and inherited:
        figures = ", ".join(f"{path[-1]} {_default_number(path):g}" for path in inherited)
        yield Mistake(
            ("programme",) if ("programme", "base_cash_flow") in inherited else ("plan_defaults", "liquidity"),
            f"{figures} (USD bn) are inherited from the reference company, which builds for {_REFERENCE_CAPEX:,.0f}, "
            f"while these sites cost about {cost:,.2g}: write them, or start from simulator init --template spv",
        )


def _within(config: Config, site: Site) -> bool:
    """Return True if a site is planned within the horizon."""
    return number(site.planned) < config.months


def _built_month(config: Config, site: Site) -> float:
    """Return the median month in which construction of a site ends; of a site with a date, its planned month."""
    if _is_near_term(config, site):
        return number(site.planned)
    return number(site.start) + float(_duration(config, site, "build").ppf(0.5))


def _service_probability(config: Config, site: Site) -> float:
    """Return P(E < months): E = planned + slip near term, else the later of construction and power, independent."""
    horizon = np.array([float(config.months)])
    grid = config.drivers.grid
    if _is_near_term(config, site):
        return float(build_law(grid.slip, config._folder).cdf(horizon - number(site.planned))[0])
    shift = number(grid.score_shift) + np.sqrt(number(grid.national_share)) * number(config.dependence.shift.grid)
    queue, instead = _duration(config, site, "queue"), build_law(grid.behind_meter, config._folder)

    def shifted_cdf(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(ndtr(ndtri(np.asarray(queue.cdf(x))) - shift))

    requested, fail = number(site.requested), number(grid.fail_probability)
    power = (1.0 - fail) * shifted_cdf(horizon - requested) + fail * instead.cdf(horizon - max(requested, 0.0))
    built = _duration(config, site, "build").cdf(horizon - number(site.start))
    return float((power * built)[0])


def _duration(config: Config, site: Site, key: str) -> Law:
    """Return the law of a site's queue or construction time, given what has passed of it by month 0."""
    own, since = getattr(site, key), site.requested if key == "queue" else site.start
    law = build_law(getattr(config.drivers.grid, key) if own is None else own, config._folder)
    return condition_on_elapsed(law, -number(since))


def _is_near_term(config: Config, site: Site) -> bool:
    return number(site.planned) <= number(config.drivers.grid.near_term)


def _capex(config: Config) -> float:
    """Return what the sites cost before the multiplier, USD bn."""
    per_watt = number(config.programme.shell_cost) + number(config.programme.compute_cost)
    return sum(number(site.mw) for site in config.sites) * per_watt / 1000.0


def _is_written(config: Config, path: KeyPath) -> bool:
    """Return True if a key is written; one of `plan_defaults` also if every plan has its own."""
    if _has_path(config._tree, path):
        return True
    plans = config._tree.get("plans", {})
    return path[0] == "plan_defaults" and all(_has_path(plan, path[1:]) for plan in plans.values())


def _has_path(node: Any, path: KeyPath) -> bool:
    for key in path:
        if not has(node, key):
            return False
        node = node[key]
    return True


def _value_at(config: Config, path: KeyPath) -> Any:
    node: Any = config
    for key in path:
        node = getattr(node, str(key))
    return node


def _default_number(path: KeyPath) -> float:
    return number(default_at(Config, path))
