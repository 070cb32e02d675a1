"""Plans of a config as the numbers that compiled code reads: one entry a plan, an absent lever neutral."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.config.builder import Builder
from simulator.config.calendar import years_at_month_ends
from simulator.config.drivers.scores import score_threshold
from simulator.config.fields.numbers import AnyNumber
from simulator.config.fields.ranges import Swing, number
from simulator.config.levers import cloud_term, jv_sites, let, let_term, may_default, months_of, tenors, variants
from simulator.config.schema import Config, Note, Plan
from simulator.drivers import laws
from simulator.drivers.laws import Law
from simulator.finance.financing.note_ladder import ladder as summary
from simulator.finance.plan import BOOK, COMMITTED, DEFERRED, ECONOMIC, NO_REFRESH, Plans

CHIPS = {"committed": COMMITTED, "deferred": DEFERRED}
REFRESH = {"none": NO_REFRESH, "book": BOOK, "economic": ECONOMIC}
NEVER = -1  # marginal or row of what does not happen
CERTAIN = 1e9  # a standard score that none exceeds

Arrays = dict[str, NDArray[Any]]


def plans(config: Config, b: Builder) -> Plans:
    """Levers and ladders."""
    arrays = {
        **_spending(config),
        **_money(config),
        **_ladders(config),
        **_letting(config, b),
        **_venture(config),
        **_disposal(config, b),
    }
    return Plans(**arrays, **_turns(arrays))


def lever_scores(config: Config, b: Builder) -> tuple[NDArray[np.int64], int, int, int]:
    """First rows of the scores that levers take: default by site, close, when and ratio; NEVER where no plan asks."""
    every = config.plans.values()
    terms = [let_term(plan, config) for plan in every if may_default(plan, config)]
    most = max((-(-config.months // term) for term in terms), default=0)
    default = [b.scores(f"plans.default.{site.id}", most) if most else NEVER for site in config.sites]
    ratios = [plan.disposal.ratio for plan in every if plan.disposal.on]
    rows = (NEVER, NEVER, NEVER)
    if ratios:
        close, when = (b.scores(f"plans.disposal.{name}", 1) for name in ("close", "when"))
        rows = (close, when, b.scores("plans.disposal.ratio", 1, *ratios))
    return np.array(default, dtype=np.int64), *rows


def ladder(plan: Plan, notes: Sequence[Note]) -> list[tuple[float, Note]]:
    """The notes that a plan issues, with their amounts."""
    if plan.notes is False:
        return []
    total = sum(number(note.amount) for note in notes)
    scale = 1.0 if plan.notes is True else number(plan.notes) / total
    return [(scale * number(note.amount), note) for note in notes]


def term(note: Note) -> float:
    """Years from issue to maturity."""
    return (number(note.maturity) - number(note.issue)) / 12.0 if note.term is None else number(note.term)


def _spending(config: Config) -> Arrays:
    """What is owned, when it is paid and renewed, and which plans are alike in that."""
    every = list(config.plans.values())
    works = _codes(variants(config))
    let_terms = _codes(let_term(plan, config) for plan in every)
    return {
        "chips": _codes(CHIPS[plan.chips] for plan in every),
        "refresh": _codes(REFRESH[plan.refresh] for plan in every),
        "refit": _numbers(plan.refit for plan in every),
        "own": _numbers(plan.own_share for plan in every),
        "works": works,
        "works_term": _codes(let_terms[works == variant].max() for variant in works),
        "cloud_term": _codes(int(number(plan.cloud.term)) for plan in every),
        "cloud_tenor": _tenors(config, (cloud_term(plan) for plan in every)),
    }


def _money(config: Config) -> Arrays:
    """Liquidity, covenants and equity."""
    every = list(config.plans.values())
    liquidity, covenants = [plan.liquidity for plan in every], [plan.covenants for plan in every]
    equity = [plan.equity for plan in every]
    cures = [int(number(plan.covenants.cures)) if plan.equity.on else 0 for plan in every]
    return {
        "opening_cash": _numbers(group.opening_cash for group in liquidity),
        "other_debt": _numbers(group.other_debt for group in liquidity),
        "cash_floor": _numbers(group.floor for group in liquidity),
        "revolver": _numbers(group.revolver for group in liquidity),
        "revolver_margin": _numbers(group.revolver_margin for group in liquidity),
        "cash_rate": _numbers(group.cash_rate for group in liquidity),
        "penalty": _numbers(group.penalty for group in liquidity),
        "penalty_month": _codes(int(number(group.penalty_month)) for group in liquidity),
        "covenant_dscr": _numbers(group.dscr for group in covenants),
        "covenant_fccr": _numbers(group.fccr for group in covenants),
        "covenant_leverage": _numbers(group.leverage for group in covenants),
        "covenant_cash": _numbers(group.cash for group in covenants),
        "cures": _codes(cures),
        "sweep": _codes(int(group.consequence == "sweep") for group in covenants),
        "equity_limit": _numbers(group.limit if group.on else 0.0 for group in equity),
        "equity_price": _numbers(number(group.price) * (1.0 - number(group.discount)) for group in equity),
        "base_eps": _numbers(group.base_eps if group.on else 0.0 for group in equity),
    }


def _ladders(config: Config) -> Arrays:
    """Tranches of all plans behind one another, and what they are at issue."""
    ladders = [ladder(plan, config.notes) for plan in config.plans.values()]
    flat = [note for notes in ladders for note in notes]
    summaries = [_summary(notes, config) for notes in ladders]
    return {
        "note_coupon": _numbers(coupon for coupon, _, _ in summaries),
        "note_duration": _numbers(duration for _, duration, _ in summaries),
        "note_maturity": _numbers(maturity for _, _, maturity in summaries),
        "tranche_from": np.cumsum([0, *map(len, ladders)], dtype=np.int64),
        "tranche_amount": _numbers(amount for amount, _ in flat),
        "tranche_issue": _codes(int(number(note.issue)) for _, note in flat),
        "tranche_maturity": _codes(int(number(note.maturity)) for _, note in flat),
        "tranche_rate": _numbers(_rate(note) for _, note in flat),
        "tranche_floating": _codes(int(note.coupon is None) for _, note in flat),
        "tranche_margin": _numbers(note.refinance_margin for _, note in flat),
        "tranche_term": _numbers(term(note) for _, note in flat),
        "tranche_refinance": _codes(int(note.refinance) for _, note in flat),
        "tranche_amortising": _codes(int(note.kind == "amortising") for _, note in flat),
    }


def _turns(arrays: Arrays) -> Arrays:
    """The order in which plans are valued, and which of them bear the interest of the plan before.

    Plans of a variant stand together, so that its sites are built once; like notes stand behind one another where they
    can. What a sweep prepays changes the interest: it is not passed on.
    """
    works, first, sweep = arrays["works"].tolist(), arrays["tranche_from"], arrays["sweep"]
    fields = [name for name in arrays if name.startswith("tranche_") and name != "tranche_from"]
    bears = [
        (k if sweep[k] else -1, *(tuple(arrays[name][first[k] : first[k + 1]]) for name in fields))
        for k in range(len(works))
    ]
    order: list[int] = []
    left = list(dict.fromkeys(works))
    while left:
        last = bears[order[-1]] if order else None
        at_once = [works[k] for k in range(len(works)) if works[k] in left and bears[k] == last]
        left.remove(variant := (at_once or left)[0])
        later = [bears[k] for k in range(len(works)) if works[k] in left]
        members = [k for k in range(len(works)) if works[k] == variant]
        order += sorted(members, key=lambda k: (bears[k] != last, bears[k] in later, bears.index(bears[k])))
    again = {k for before, k in pairwise(order) if bears[k] == bears[before]}
    return {"order": _codes(order), "notes_again": _codes(int(k in again) for k in range(len(works)))}


def _letting(config: Config, b: Builder) -> Arrays:
    """What is let, by contract, at spot and by choice."""
    every = list(config.plans.values())
    groups = [plan.lease_excess for plan in every]
    choices = [plan.internal_or_lease for plan in every]
    default = _marginals(
        b,
        (laws.named("exponential", mean=1.0 / number(plan.lease_excess.default_rate)) if may_default(plan, config)
         else None for plan in every),
    )  # fmt: skip
    return {
        "let": _numbers(let(plan, config) for plan in every),
        "occupancy": _numbers(group.occupancy for group in groups),
        "contract": _numbers(group.contract_share if group.on else 0.0 for group in groups),
        "let_term": _codes(let_term(plan, config) for plan in every),
        "let_tenor": _tenors(config, (let_term(plan, config) for plan in every)),
        "default": default,
        "let_cost": _numbers(group.cost_ratio for group in groups),
        "crowding": _numbers(group.crowding for group in groups),
        "own_supply": _codes(int(group.own_supply) for group in groups),
        "previous": _codes(int(group.on and group.previous_generation) for group in groups),
        "option": _numbers(choice.share if choice.on else 0.0 for choice in choices),
    }


def _venture(config: Config) -> Arrays:
    """The JV. Its discount factors are those of a rate after tax: what it is owed is deductible."""
    every = list(config.plans.values())
    ventures = [plan.jv for plan in every]
    keep, t = 1.0 - number(config.programme.tax), years_at_month_ends(config.months)
    rates = [number(jv.rate) * keep if jv.on else 0.0 for jv in ventures]
    return {
        "jv_share": _numbers(jv.share if jv.on else 0.0 for jv in ventures),
        "jv_rate": _numbers(jv.rate for jv in ventures),
        "jv_lease": _codes(months_of(number(jv.lease_years)) for jv in ventures),
        "jv_renewal": _codes(months_of(number(jv.renewal_years)) for jv in ventures),
        "jv_guarantee": _numbers(jv.guarantee for jv in ventures),
        "jv_chips": _codes(int(jv.on and jv.assets == "all") for jv in ventures),
        "jv_block": _codes(int(number(jv.exit_block)) for jv in ventures),
        "jv_sites": np.array([jv_sites(plan, config) for plan in every], dtype=np.int64),
        "jv_discount": np.array([(1.0 + rate) ** -t for rate in rates]),
    }


def _disposal(config: Config, b: Builder) -> Arrays:
    """The pool held for sale."""
    groups = [plan.disposal for plan in config.plans.values()]
    within = [laws.named("uniform", low=0.0, high=number(group.months)) for group in groups]
    return {
        "disposal": _numbers(group.carrying if group.on else 0.0 for group in groups),
        "disposal_z": np.clip([score_threshold(number(group.probability)) for group in groups], -CERTAIN, CERTAIN),
        "disposal_when": _marginals(b, (law if g.on else None for law, g in zip(within, groups, strict=True))),
        "disposal_ratio": _marginals(b, (group.ratio if group.on else None for group in groups)),
        "disposal_end": _codes(int(number(group.months)) for group in groups),
    }


def _rate(note: Note) -> float:
    """The coupon, or the margin where there is none."""
    return number(note.margin or 0.0 if note.coupon is None else note.coupon)


def _summary(notes: Sequence[tuple[float, Note]], config: Config) -> tuple[float, float, float]:
    """Weighted coupon, duration and maturity at issue; what floats is taken at today's rate and spread."""
    today = number(config.drivers.funding.rate0) + number(config.drivers.funding.spread0)
    coupons = [_rate(note) + (today if note.coupon is None else 0.0) for _, note in notes]
    return summary([amount for amount, _ in notes], coupons, [term(note) for _, note in notes])


def _marginals(b: Builder, given: Iterable[Law | AnyNumber | None]) -> NDArray[np.int64]:
    """Indices of marginals; NEVER for None."""
    return _codes(NEVER if law is None else b.marginal(law) for law in given)


def _tenors(config: Config, terms: Iterable[int]) -> NDArray[np.int64]:
    """Places of terms among the tenors; 0 for none."""
    known = tenors(config)
    return _codes(known.index(months) if months else 0 for months in terms)


def _codes(values: Iterable[int]) -> NDArray[np.int64]:
    return np.array(list(values), dtype=np.int64)


def _numbers(values: Iterable[float | Swing]) -> NDArray[np.float64]:
    return np.array([number(value) for value in values], dtype=np.float64)
