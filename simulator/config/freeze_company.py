"""Programme, company and plans of a config as the numbers that compiled code reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.config.builder import Builder
from simulator.config.calendar import fiscal_years, quarter_ends, years
from simulator.config.freeze_drivers import times
from simulator.config.schema import Config
from simulator.config.schema.plans import Plan
from simulator.config.schema.programme import Note, Site
from simulator.config.schema.ranges import number
from simulator.finance.notes import ladder as summary
from simulator.finance.plan import BOOK, COMMITTED, DEFERRED, ECONOMIC, NO_REFRESH, Plans
from simulator.finance.programme import Finance, Programme
from simulator.finance.training import TrainingRun

CHIPS = {"committed": COMMITTED, "deferred": DEFERRED}
REFRESH = {"none": NO_REFRESH, "book": BOOK, "economic": ECONOMIC}
PER_W = 1e-3  # USD per W is USD m per MW


def programme(config: Config, b: Builder) -> Programme:
    """Costs and lives."""
    p = config.programme
    cost, z_cost = b.sampled("programme.cost", p.cost_multiplier)
    operating_cost, z_operating_cost = b.sampled("programme.operating_cost", p.operating_cost)
    resale, z_resale = b.sampled("programme.resale", p.resale)
    return Programme(
        shell_per_mw=number(p.shell_cost) * PER_W,
        compute_per_mw=number(p.compute_cost) * PER_W,
        cost=cost,
        delivery=int(number(p.delivery_months)),
        operating_cost=operating_cost,
        idle_share=number(p.idle_share),
        behind_meter=number(config.drivers.grid.behind_meter_cost),
        growth=np.exp(number(p.cost_growth) * times(config.months)),
        compute_life=int(number(p.compute_life)),
        shell_life=int(number(p.shell_life)),
        work_delay=np.array([work_delay(site, config) for site in config.sites], dtype=np.int64),
        resale=resale,
        shell_price=number(p.shell_price),
        fee=number(p.cancellation_fee),
        z_cost=z_cost,
        z_operating_cost=z_operating_cost,
        z_resale=z_resale,
    )


def work_delay(site: Site, config: Config) -> int:
    """Months from service to work: training, of the site's own model where it names one, and deployment."""
    training = int(number(config.programme.training))
    if site.model is not None:
        given = site.model
        training = TrainingRun(**{key: number(getattr(given, key)) for key in type(given).model_fields}).months
    return training + int(number(config.programme.deployment))


def finance(config: Config) -> Finance:
    """The company's figures and its calendar."""
    p, t = config.programme, times(config.months)
    touched = fiscal_years(config.start, config.months)
    return Finance(
        tax=number(p.tax),
        discount=(1.0 + number(p.wacc)) ** -t,
        discount_unlevered=(1.0 + number(p.unlevered_cost)) ** -t,
        shares=number(p.shares),
        base_cash_flow=number(p.base_cash_flow) / 12.0,
        leverage_share=number(p.ebitda_share),
        fiscal_year=np.array(years(config.start, config.months), dtype=np.int64) - touched[0],
        fiscal_years=len(touched),
        test_months=test_months(config),
    )


def test_months(config: Config) -> NDArray[np.int64]:
    """Quarter-ends from the covenant lead after the last planned date on."""
    first = max(number(site.planned) for site in config.sites) + number(config.programme.covenant_lead)
    return np.array([m for m in quarter_ends(config.start, config.months) if m >= first], dtype=np.int64)


def plans(config: Config) -> Plans:
    """Levers and ladders."""
    every = list(config.plans.values())
    ladders = [ladder(plan, config.notes) for plan in every]
    flat = [note for notes in ladders for note in notes]
    summaries = [_summary(notes, config) for notes in ladders]
    return Plans(
        chips=_codes(CHIPS[plan.chips] for plan in every),
        refresh=_codes(REFRESH[plan.refresh] for plan in every),
        refit=_numbers(number(plan.refit) for plan in every),
        opening_cash=_numbers(number(plan.liquidity.opening_cash) for plan in every),
        other_debt=_numbers(number(plan.liquidity.other_debt) for plan in every),
        cash_floor=_numbers(number(plan.liquidity.floor) for plan in every),
        revolver=_numbers(number(plan.liquidity.revolver) for plan in every),
        revolver_margin=_numbers(number(plan.liquidity.revolver_margin) for plan in every),
        cash_rate=_numbers(number(plan.liquidity.cash_rate) for plan in every),
        penalty=_numbers(number(plan.liquidity.penalty) for plan in every),
        penalty_month=_codes(int(number(plan.liquidity.penalty_month)) for plan in every),
        covenant_dscr=_numbers(number(plan.covenants.dscr) for plan in every),
        covenant_fccr=_numbers(number(plan.covenants.fccr) for plan in every),
        covenant_leverage=_numbers(number(plan.covenants.leverage) for plan in every),
        covenant_cash=_numbers(number(plan.covenants.cash) for plan in every),
        note_coupon=_numbers(coupon for coupon, _, _ in summaries),
        note_duration=_numbers(duration for _, duration, _ in summaries),
        note_maturity=_numbers(maturity for _, _, maturity in summaries),
        tranche_from=np.cumsum([0, *map(len, ladders)], dtype=np.int64),
        tranche_amount=_numbers(amount for amount, _ in flat),
        tranche_issue=_codes(int(number(note.issue)) for _, note in flat),
        tranche_maturity=_codes(int(number(note.maturity)) for _, note in flat),
        tranche_rate=_numbers(_rate(note) for _, note in flat),
        tranche_floating=_codes(int(note.coupon is None) for _, note in flat),
        tranche_margin=_numbers(number(note.refinance_margin) for _, note in flat),
        tranche_term=_numbers(term(note) for _, note in flat),
        tranche_refinance=_codes(int(note.refinance) for _, note in flat),
        tranche_amortising=_codes(int(note.kind == "amortising") for _, note in flat),
    )


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


def _rate(note: Note) -> float:
    """The coupon, or the margin where there is none."""
    return number(note.margin or 0.0 if note.coupon is None else note.coupon)


def _summary(notes: Sequence[tuple[float, Note]], config: Config) -> tuple[float, float, float]:
    """Weighted coupon, duration and maturity at issue; what floats is taken at today's rate and spread."""
    today = number(config.drivers.funding.rate0) + number(config.drivers.funding.spread0)
    coupons = [_rate(note) + (today if note.coupon is None else 0.0) for _, note in notes]
    return summary([amount for amount, _ in notes], coupons, [term(note) for _, note in notes])


def _codes(values: Iterable[int]) -> NDArray[np.int64]:
    return np.array(list(values), dtype=np.int64)


def _numbers(values: Iterable[float]) -> NDArray[np.float64]:
    return np.array(list(values), dtype=np.float64)
