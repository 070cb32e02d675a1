"""Plans of a config as the numbers that compiled code reads: one entry a plan, an absent lever neutral."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

from simulator.config.builder import Builder
from simulator.config.calendar import years_at_month_ends
from simulator.config.drivers.scores import score_threshold
from simulator.config.fields.numbers import AnyNumber
from simulator.config.fields.ranges import Swing, number
from simulator.config.levers import (
    cloud_term,
    contract_tenors,
    has_defaulting_tenants,
    jv_site_flags,
    lease_term,
    leased_share,
    variant_numbers,
    whole_months,
)
from simulator.config.schema import Config, Note, Plan
from simulator.drivers import laws
from simulator.drivers.laws import Law
from simulator.finance.financing.note_ladder import ladder as ladder_means
from simulator.finance.plan.cloud import Cloud
from simulator.finance.plan.covenants import Covenants
from simulator.finance.plan.disposal import Disposal
from simulator.finance.plan.equity import Equity
from simulator.finance.plan.jv import ALL, SHELL_ONLY, Jv
from simulator.finance.plan.leases import InternalOrLease, LeaseExcess
from simulator.finance.plan.lever import Floats, Ints
from simulator.finance.plan.liquidity import Liquidity
from simulator.finance.plan.notes import AMORTISING, BULLET, Notes, Tranches
from simulator.finance.plan.plans import Plans
from simulator.finance.plan.variant import BOOK, COMMITTED, DEFERRED, ECONOMIC, NO_REFRESH, Variant

__all__: list[str] = []  # used in this folder only

CHIPS = {"committed": COMMITTED, "deferred": DEFERRED}
REFRESH = {"none": NO_REFRESH, "book": BOOK, "economic": ECONOMIC}
ASSETS = {"shell": SHELL_ONLY, "all": ALL}
KINDS = {"bullet": BULLET, "amortising": AMORTISING}
NO_MARGINAL = -1  # index of the marginal of what does not happen
NO_ROW = -1  # row of scores that no plan reads
CERTAIN_SCORE = 1e9  # a standard score that none exceeds


def freeze_plans(config: Config, b: Builder) -> Plans:
    """The levers of all plans. Marginals are laid out lever by lever, in the order below."""
    order, interest_shared = _valuation_order(config)
    return Plans(
        order=order,
        own_share=_floats(plan.own_share for plan in config.plans.values()),
        variant=_variant(config),
        notes=_notes(config, interest_shared),
        liquidity=_liquidity(config),
        covenants=_covenants(config),
        cloud=_cloud(config),
        jv=_jv(config),
        lease_excess=_lease_excess(config, b),
        internal_or_lease=_internal_or_lease(config),
        disposal=_disposal(config, b),
        equity=_equity(config),
    )


def lever_scores(config: Config, b: Builder) -> tuple[Ints, tuple[int, int, int]]:
    """First rows of the scores that levers take: default by site, close, when and ratio; NO_ROW where no plan does."""
    every = config.plans.values()
    terms = [lease_term(plan, config) for plan in every if has_defaulting_tenants(plan, config)]
    most = max((-(-config.months // term) for term in terms), default=0)
    default = [b.add_scores(f"plans.default.{site.id}", most) if most else NO_ROW for site in config.sites]
    ratios = [plan.disposal.ratio for plan in every if plan.disposal.on]
    rows = (NO_ROW, NO_ROW, NO_ROW)
    if ratios:
        close, when = (b.add_scores(f"plans.disposal.{name}", 1) for name in ("close", "when"))
        rows = (close, when, b.add_scores("plans.disposal.ratio", 1, *ratios))
    return np.array(default, dtype=np.int64), rows


def _scaled_ladder(plan: Plan, notes: Sequence[Note]) -> list[tuple[float, Note]]:
    """The notes that a plan issues, with their amounts."""
    if plan.notes is False:
        return []
    total = sum(number(note.amount) for note in notes)
    scale = 1.0 if plan.notes is True else number(plan.notes) / total
    return [(scale * number(note.amount), note) for note in notes]


def _note_term(note: Note) -> float:
    """Years from issue to maturity."""
    return (number(note.maturity) - number(note.issue)) / 12.0 if note.term is None else number(note.term)


def _variant(config: Config) -> Variant[Floats, Ints]:
    """The rules by which sites are built and renewed, and the plans that share them."""
    every = list(config.plans.values())
    number_of = _ints(variant_numbers(config))
    terms = _ints(lease_term(plan, config) for plan in every)
    return Variant(
        number=number_of,
        chips=_ints(CHIPS[plan.chips] for plan in every),
        refresh=_ints(REFRESH[plan.refresh] for plan in every),
        refit=_floats(plan.refit for plan in every),
        lease_term=_ints(terms[number_of == variant].max() for variant in number_of),
    )


def _liquidity(config: Config) -> Liquidity[Floats, Ints]:
    groups = [plan.liquidity for plan in config.plans.values()]
    return Liquidity(
        opening_cash=_floats(group.opening_cash for group in groups),
        other_debt=_floats(group.other_debt for group in groups),
        floor=_floats(group.floor for group in groups),
        revolver=_floats(group.revolver for group in groups),
        revolver_margin=_floats(group.revolver_margin for group in groups),
        cash_rate=_floats(group.cash_rate for group in groups),
        penalty=_floats(group.penalty for group in groups),
        penalty_month=_ints(int(number(group.penalty_month)) for group in groups),
    )


def _covenants(config: Config) -> Covenants[Floats, Ints]:
    every = list(config.plans.values())
    groups = [plan.covenants for plan in every]
    return Covenants(
        dscr=_floats(group.dscr for group in groups),
        fccr=_floats(0.0 if _scaled_ladder(plan, config.notes) else plan.covenants.fccr for plan in every),
        leverage=_floats(group.leverage for group in groups),
        cash=_floats(group.cash for group in groups),
        cures=_ints(int(number(plan.covenants.cures)) if plan.equity.on else 0 for plan in every),
        sweep=_ints(group.consequence == "sweep" for group in groups),
    )


def _equity(config: Config) -> Equity[Floats, Ints]:
    groups = [plan.equity for plan in config.plans.values()]
    limit = _floats(group.limit if group.on else 0.0 for group in groups)
    return Equity(
        on=_ints(limit > 0.0),
        limit=limit,
        price_net=_floats(number(group.price) * (1.0 - number(group.discount)) for group in groups),
        base_eps=_floats(group.base_eps if group.on else 0.0 for group in groups),
    )


def _cloud(config: Config) -> Cloud[Ints]:
    every = list(config.plans.values())
    return Cloud(
        on=_ints(number(plan.own_share) < 1.0 for plan in every),
        term=_ints(int(number(plan.cloud.term)) for plan in every),
        term_tenor=_tenors(config, (cloud_term(plan) for plan in every)),
    )


def _notes(config: Config, interest_shared: Ints) -> Notes[Floats, Ints]:
    """Tranches of all plans behind one another, and their means at issue."""
    ladders = [_scaled_ladder(plan, config.notes) for plan in config.plans.values()]
    means = [_ladder_means(notes, config) for notes in ladders]
    ends = np.cumsum([0, *map(len, ladders)], dtype=np.int64)
    return Notes(
        on=_ints(len(notes) > 0 for notes in ladders),
        coupon_mean=_floats(coupon for coupon, _, _ in means),
        duration=_floats(duration for _, duration, _ in means),
        term_mean=_floats(years for _, _, years in means),
        interest_shared=interest_shared,
        first_tranche=ends[:-1].copy(),
        end_tranche=ends[1:].copy(),
        tranches=_tranches([note for notes in ladders for note in notes]),
    )


def _tranches(notes: Sequence[tuple[float, Note]]) -> Tranches:
    """Notes with their amounts as arrays."""
    return Tranches(
        amount=_floats(amount for amount, _ in notes),
        issue=_ints(int(number(note.issue)) for _, note in notes),
        maturity=_ints(int(number(note.maturity)) for _, note in notes),
        rate=_floats(_rate(note) for _, note in notes),
        floating=_ints(note.coupon is None for _, note in notes),
        refinance_margin=_floats(note.refinance_margin for _, note in notes),
        term=_floats(_note_term(note) for _, note in notes),
        refinance=_ints(note.refinance for _, note in notes),
        kind=_ints(KINDS[note.kind] for _, note in notes),
    )


def _valuation_order(config: Config) -> tuple[Ints, Ints]:
    """The order in which plans are valued, and 1 for those that bear the interest of the plan before.

    Plans of a variant stand together, so that its sites are built once; like notes stand behind one another where they
    can. What a sweep prepays changes the interest: it is not passed on.
    """
    number_of = variant_numbers(config)
    interest = [
        (k if plan.covenants.consequence == "sweep" else -1, _tranche_rows(_scaled_ladder(plan, config.notes)))
        for k, plan in enumerate(config.plans.values())
    ]
    order: list[int] = []
    variants_left = list(dict.fromkeys(number_of))
    while variants_left:
        last = interest[order[-1]] if order else None
        like_last = [n for k, n in enumerate(number_of) if n in variants_left and interest[k] == last]
        variants_left.remove(variant := (like_last or variants_left)[0])
        later = [interest[k] for k, n in enumerate(number_of) if n in variants_left]
        members = [k for k, n in enumerate(number_of) if n == variant]
        order += sorted(members, key=lambda k: (interest[k] != last, interest[k] in later, interest.index(interest[k])))
    shared = {k for before, k in pairwise(order) if interest[k] == interest[before]}
    return _ints(order), _ints(k in shared for k in range(len(number_of)))


def _tranche_rows(notes: Sequence[tuple[float, Note]]) -> tuple[tuple[float, ...], ...]:
    """The tranches of a ladder as tuples: ladders with the same rows bear the same interest."""
    return tuple(zip(*(array.tolist() for array in _tranches(notes)), strict=True))


def _lease_excess(config: Config, b: Builder) -> LeaseExcess[Floats, Ints]:
    every = list(config.plans.values())
    groups = [plan.lease_excess for plan in every]
    leased = _floats(leased_share(plan, config) for plan in every)
    years_to_default = (
        laws.named("exponential", mean=1.0 / number(plan.lease_excess.default_rate))
        if has_defaulting_tenants(plan, config)
        else None
        for plan in every
    )
    return LeaseExcess(
        on=_ints(leased > 0.0),
        leased_share=leased,
        occupancy=_floats(group.occupancy for group in groups),
        contract_share=_floats(group.contract_share if group.on else 0.0 for group in groups),
        term=_ints(lease_term(plan, config) for plan in every),
        term_tenor=_tenors(config, (lease_term(plan, config) for plan in every)),
        default_rate_marginal=_marginals(b, years_to_default),
        cost_ratio=_floats(group.cost_ratio for group in groups),
        crowding=_floats(group.crowding for group in groups),
        own_supply=_ints(group.own_supply for group in groups),
        previous_generation=_ints(group.on and group.previous_generation for group in groups),
    )


def _internal_or_lease(config: Config) -> InternalOrLease[Floats, Ints]:
    groups = [plan.internal_or_lease for plan in config.plans.values()]
    share = _floats(group.share if group.on else 0.0 for group in groups)
    return InternalOrLease(on=_ints(share > 0.0), share=share)


def _jv(config: Config) -> Jv[Floats, Ints]:
    """The joint venture. Its `discount` is at a rate after tax, since what the venture is owed is deductible."""
    every = list(config.plans.values())
    groups = [plan.jv for plan in every]
    share = _floats(jv.share if jv.on else 0.0 for jv in groups)
    after_tax, years = 1.0 - number(config.programme.tax), years_at_month_ends(config.months)
    rates_after_tax = [number(jv.rate) * after_tax if jv.on else 0.0 for jv in groups]
    return Jv(
        on=_ints(share > 0.0),
        share=share,
        rate=_floats(jv.rate for jv in groups),
        lease_months=_ints(whole_months(number(jv.lease_years)) for jv in groups),
        renewal_months=_ints(whole_months(number(jv.renewal_years)) for jv in groups),
        guarantee=_floats(jv.guarantee for jv in groups),
        assets=_ints(ASSETS[jv.assets] if jv.on else SHELL_ONLY for jv in groups),
        exit_block=_ints(int(number(jv.exit_block)) for jv in groups),
        sites=np.array([jv_site_flags(plan, config) for plan in every], dtype=np.int64),
        discount=np.array([(1.0 + rate) ** -years for rate in rates_after_tax]),
    )


def _disposal(config: Config, b: Builder) -> Disposal[Floats, Ints]:
    """The pool held for sale."""
    groups = [plan.disposal for plan in config.plans.values()]
    carrying = _floats(group.carrying if group.on else 0.0 for group in groups)
    thresholds = [score_threshold(number(group.probability)) for group in groups]
    within = [laws.named("uniform", low=0.0, high=number(group.months)) for group in groups]
    return Disposal(
        on=_ints(carrying > 0.0),
        carrying=carrying,
        probability_threshold=np.clip(thresholds, -CERTAIN_SCORE, CERTAIN_SCORE),
        months=_ints(int(number(group.months)) for group in groups),
        months_marginal=_marginals(b, (law if g.on else None for law, g in zip(within, groups, strict=True))),
        ratio_marginal=_marginals(b, (group.ratio if group.on else None for group in groups)),
    )


def _rate(note: Note) -> float:
    """The coupon, or the margin where there is none."""
    return number(note.margin or 0.0 if note.coupon is None else note.coupon)


def _ladder_means(notes: Sequence[tuple[float, Note]], config: Config) -> tuple[float, float, float]:
    """Weighted coupon, duration and maturity at issue; what floats is taken at today's rate and spread."""
    today = number(config.drivers.funding.rate0) + number(config.drivers.funding.spread0)
    coupons = [_rate(note) + (today if note.coupon is None else 0.0) for _, note in notes]
    return ladder_means([amount for amount, _ in notes], coupons, [_note_term(note) for _, note in notes])


def _marginals(b: Builder, sampled: Iterable[Law | AnyNumber | None]) -> Ints:
    """Indices of marginals; NO_MARGINAL for None."""
    return _ints(NO_MARGINAL if law is None else b.add_marginal(law) for law in sampled)


def _tenors(config: Config, terms: Iterable[int]) -> Ints:
    """Places of terms among the tenors; 0 for none."""
    places = contract_tenors(config)
    return _ints(places.index(months) if months else 0 for months in terms)


def _ints(values: Iterable[int]) -> Ints:
    return np.array(list(values), dtype=np.int64)


def _floats(values: Iterable[float | Swing]) -> Floats:
    return np.array([number(value) for value in values], dtype=np.float64)
