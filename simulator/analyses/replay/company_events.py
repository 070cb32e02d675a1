"""Events of a plan on a path: chips that wait or fall behind, swaps and exits, debt, liquidity, covenants."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from simulator.analyses.replay.covenant_tests import CovenantTests
from simulator.analyses.replay.events import Event, find_spells, percent, plural, usd_bn
from simulator.analyses.replay.months import vintages_in_service
from simulator.analyses.replay.replayed_path import FloatArray, PlanReplay, ReplayedPath
from simulator.drivers.marginals import quantile
from simulator.finance import workspace as at
from simulator.finance.financing.debt import REFINANCED_MONTHS
from simulator.finance.plan.notes import BULLET
from simulator.finance.tolerances import MONEY_TOLERANCE_USD_BN

__all__: list[str] = []  # used in this folder only

_NAMES = {"dscr": "DSCR", "fccr": "FCCR", "leverage": "leverage", "cash": "cash"}


def find_plan_events(path: ReplayedPath, plan: str, sites: Sequence[str], tests: CovenantTests) -> list[Event]:
    """List all events by month; `sites` are the titles of the model's sites, `tests` the plan's covenant tests."""
    events = [
        *_find_chip_events(path, plan, sites),
        *_find_leapfrogs(path, plan),
        *find_note_events(path, plan),
        *_find_liquidity_events(path, plan),
        *find_covenant_events(tests),
        *_find_lever_events(path, plan),
        *_find_extremes(path, plan),
    ]
    return sorted(events, key=lambda event: event.month)


def _find_chip_events(path: ReplayedPath, plan: str, sites: Sequence[str]) -> Iterator[Event]:
    """Yield chips bought before there is power, refreshes, and sites handed back."""
    replay, generation, months = path.plans[plan], path.world.monthly[at.GENERATION], path.model.months
    if path.model.plans.own_share[path.plan_index(plan)] == 0.0:
        return
    for k, name in enumerate(sites):
        bought, service = replay.vintages[k], min(replay.service_month[k], months)
        if bought.size and bought[0] < service:
            wait = float(service - bought[0])
            rest = "" if replay.service_month[k] < months else " and more"
            text = f"chips for {name} are delivered and wait {plural(wait, 'month')}{rest} for power"
            yield Event(int(bought[0]), "idle", text, {"site": float(k), "months": wait})
        for before, now in zip(bought[:-1].astype(int), bought[1:].astype(int), strict=True):
            old, new = generation[before], generation[now]
            text = f"{name} is refreshed: generation {new:.0f} replaces generation {old:.0f}"
            values = {"site": float(k), "from": float(old), "to": float(new), "months": float(now - before)}
            yield Event(int(now), "refresh", f"{text} after {plural(float(now - before), 'month')}", values)
        if replay.exit_month[k] < months:
            text = f"halls of {name} are handed back to the partner"
            yield Event(int(replay.exit_month[k]), "exit", text, {"site": float(k)})


def _find_leapfrogs(path: ReplayedPath, plan: str) -> Iterator[Event]:
    """Yield the MW of the plan's fleet that a new generation makes obsolete."""
    generation, mw = path.world.monthly[at.GENERATION], path.model.grid.mw
    own_share = path.model.plans.own_share[path.plan_index(plan)]
    for m in np.flatnonzero(np.diff(generation, prepend=0.0) > 0.0):
        fleet = vintages_in_service(path, plan, int(m))
        leading = [k for k, u in fleet if generation[u] == (generation[m - 1] if m else 0.0)]
        in_service, obsolete = own_share * sum(mw[k] for k, _ in fleet), own_share * sum(mw[k] for k in leading)
        if obsolete > 0.0:
            text = (
                f"generation {generation[m]:.0f} leaves behind {obsolete:,.0f} MW that had led, of {in_service:,.0f} MW"
            )
            yield Event(int(m), "leapfrog", f"{text} in service", {"mw": float(obsolete), "of": float(in_service)})


def find_note_events(path: ReplayedPath, plan: str) -> Iterator[Event]:
    """Yield issues, refinancings and repayments of the plan's notes, and prepayments under a sweep."""
    p, k, months, funding = path.model.plans, path.plan_index(plan), path.model.months, path.world.funding
    tranches = p.notes.tranches
    issued: dict[int, list[tuple[float, float]]] = {}
    unprepaid = _unprepaid_share(path.plans[plan])
    for t in range(p.notes.first_tranche[k], p.notes.end_tranche[k]):
        amount, m, maturity = float(tranches.amount[t]), int(tranches.issue[t]), int(tranches.maturity[t])
        if m >= months:
            continue
        rate = float(tranches.rate[t] + (funding[m] if tranches.floating[t] else 0.0))
        issued.setdefault(m, []).append((amount, rate))
        while tranches.refinance[t] and tranches.kind[t] == BULLET and maturity < months:
            before, rate = rate, float(tranches.refinance_margin[t] + funding[maturity + 1])
            outstanding = amount * float(unprepaid[maturity])
            text = f"notes of {usd_bn(outstanding)} refinanced at {percent(rate, 2)}, before {percent(before, 2)}"
            if outstanding > MONEY_TOLERANCE_USD_BN:
                yield Event(maturity, "refinancing", text, {"amount": outstanding, "rate": rate, "before": before})
            maturity += REFINANCED_MONTHS
        if maturity < months and unprepaid[max(maturity - 1, 0)] > MONEY_TOLERANCE_USD_BN:
            yield Event(maturity, "repayment", f"the last of notes of {usd_bn(amount)} is repaid", {"amount": amount})
    for m, issues in issued.items():
        amount, rates = sum(amount for amount, _ in issues), sorted({rate for _, rate in issues})
        text = f"notes of {usd_bn(amount)} issued at {' to '.join(percent(rate, 2) for rate in (rates[0], rates[-1]))}"
        values = {"amount": amount, "low": rates[0], "high": rates[-1]}
        yield Event(m, "issue", text if len(rates) > 1 else text.partition(" to ")[0], values)
    yield from _find_sweeps(path, plan)


def _unprepaid_share(replay: PlanReplay) -> FloatArray:
    """Return the share of the scheduled notes that no sweep has prepaid, by month."""
    scheduled, outstanding = replay.schedule.balance, replay.series["notes"]
    return np.divide(outstanding, scheduled, out=np.ones_like(outstanding), where=scheduled > 0.0)


def _find_sweeps(path: ReplayedPath, plan: str) -> Iterator[Event]:
    """Yield stretches in which cash above the floor prepays notes after an uncured breach."""
    share, scheduled = _unprepaid_share(path.plans[plan]), path.plans[plan].schedule.balance
    for first, last in find_spells(np.diff(share, prepend=1.0) < -MONEY_TOLERANCE_USD_BN):
        amount = float((1.0 - share[last] / (share[first - 1] if first else 1.0)) * scheduled[first])
        over = plural(float(last + 1 - first), "month")
        yield Event(first, "sweep", f"cash sweep prepays about {usd_bn(amount)} of notes in {over}", {"amount": amount})


def _find_liquidity_events(path: ReplayedPath, plan: str) -> Iterator[Event]:
    """Yield draws of the revolver, shortfalls below the cash floor, and sales of shares."""
    p, k, s = path.model.plans, path.plan_index(plan), path.plans[plan].series
    floor, limit = p.liquidity.floor[k], p.liquidity.revolver[k]
    for first, last in find_spells(s["revolver"] > MONEY_TOLERANCE_USD_BN):
        most, lasts = float(s["revolver"][first : last + 1].max()), float(last + 1 - first)
        text = f"cash reaches its floor of {usd_bn(floor)}: revolver drawn for {plural(lasts, 'month')}"
        yield Event(first, "revolver", f"{text}, up to {usd_bn(most)}", {"peak": most, "months": lasts})
    for first, last in find_spells(
        s["revolver"] > limit - MONEY_TOLERANCE_USD_BN if limit > 0.0 else np.zeros(0, dtype=bool)
    ):
        lasts = float(last + 1 - first)
        text = f"revolver is full ({usd_bn(limit)}) for {plural(lasts, 'month')}"
        yield Event(first, "revolver_full", text, {"months": lasts})
    for first, last in find_spells(floor - s["cash"] > MONEY_TOLERANCE_USD_BN):
        depth, lasts = float(floor - s["cash"][first : last + 1].min()), float(last + 1 - first)
        text = f"liquidity shortfall: cash below the floor of {usd_bn(floor)} for {plural(lasts, 'month')}"
        yield Event(first, "shortfall", f"{text}, by up to {usd_bn(depth)}", {"depth": depth, "months": lasts})
    for first, last in find_spells(s["equity"] > MONEY_TOLERANCE_USD_BN):
        amount = float(s["equity"][first : last + 1].sum())
        over = "" if first == last else f" over {plural(float(last + 1 - first), 'month')}"
        yield Event(first, "equity", f"shares sold for {usd_bn(amount)}{over}", {"amount": amount})


def find_covenant_events(tests: CovenantTests) -> Iterator[Event]:
    """Yield tests that fail after one that passed, tests that pass again, and cures by equity."""
    at_test = np.flatnonzero(np.isfinite(tests.ratios["leverage"]))
    for covenant in tests.covenants:
        name, failing = _NAMES[covenant.name], False
        for m in at_test:
            failed = bool(covenant.failed[m])
            if failed and not failing:
                later = at_test[at_test >= m]
                passes = later[~covenant.failed[later]]
                count = int((later < passes[0]).sum() if passes.size else later.size)
                worst = float(np.nanmin(covenant.headroom[later[:count]]))
                side = "over" if covenant.name == "leverage" else "under"
                now = covenant.threshold + (-1.0 if side == "over" else 1.0) * covenant.headroom[m]
                text = f"{name} {now:.2f} {side} {covenant.threshold:.2f}: fails {plural(count, 'test')}"
                values = {"value": float(now), "threshold": covenant.threshold, "tests": float(count), "worst": worst}
                yield Event(int(m), "covenant", f"{text}, worst headroom {worst:.2f}", values)
            if failing and not failed:
                yield Event(int(m), "covenant_passed", f"{name} test passes again", {})
            failing = failed
    for m in np.flatnonzero(tests.cure_equity > 0.0):
        amount = float(tests.cure_equity[m])
        yield Event(int(m), "cure", f"equity of {usd_bn(amount)} cures the covenant test", {"amount": amount})


def _find_lever_events(path: ReplayedPath, plan: str) -> Iterator[Event]:
    """Yield the sale of a pool, leasing by choice, payments under a guarantee, and a penalty."""
    p, k, s, months = path.model.plans, path.plan_index(plan), path.plans[plan].series, path.model.months
    if p.disposal.on[k]:
        yield _describe_disposal(path, k)
    chosen = (
        path.plans[plan].ledger[at.OPTION_MW]
        if p.internal_or_lease.on[k] or p.lease_excess.previous_generation[k]
        else np.zeros(months)
    )
    for first, last in find_spells(chosen > MONEY_TOLERANCE_USD_BN):
        most, lasts = float(p.own_share[k] * chosen[first : last + 1].max()), float(last + 1 - first)
        text = f"up to {most:,.0f} MW let beyond the spare, by choice, for {plural(lasts, 'month')}"
        yield Event(first, "let", text, {"mw": most, "months": lasts})
    for m in np.flatnonzero(s["guarantee"] > MONEY_TOLERANCE_USD_BN):
        amount = float(s["guarantee"][m])
        yield Event(int(m), "guarantee", f"guarantee pays the partner {usd_bn(amount)}", {"amount": amount})
    if p.liquidity.penalty[k] > 0.0 and p.liquidity.penalty_month[k] < months:
        amount = float(p.liquidity.penalty[k])
        yield Event(
            int(p.liquidity.penalty_month[k]), "penalty", f"cash penalty of {usd_bn(amount)}", {"amount": amount}
        )


def _describe_disposal(path: ReplayedPath, k: int) -> Event:
    """Return the end of a plan's pool held for sale: sold, or returned to use."""
    p, programme, marginals, z = path.model.plans, path.model.programme, path.model.marginals, path.z
    carrying = float(p.disposal.carrying[k])
    when = int(quantile(marginals, p.disposal.months_marginal[k], float(z[programme.disposal_months_row])))
    if not z[programme.disposal_probability_row] < p.disposal.probability_threshold[k]:
        text = f"the pool of {usd_bn(carrying)} held for sale found no buyer and returns to use"
        return Event(int(p.disposal.months[k]), "disposal", text, {"sold": 0.0, "carrying": carrying})
    price = carrying * quantile(marginals, p.disposal.ratio_marginal[k], float(z[programme.disposal_ratio_row]))
    text = f"pool held for sale brings {usd_bn(price)}, carried at {usd_bn(carrying)}"
    return Event(when, "disposal", text, {"sold": price, "carrying": carrying})


def _find_extremes(path: ReplayedPath, plan: str) -> Iterator[Event]:
    """Yield the peak of funding, payback, lowest cash and the worst month of stranded value."""
    s = path.plans[plan].series
    m = int(np.argmin(s["cumulative"]))
    if s["cumulative"][m] < 0.0:
        amount = -float(s["cumulative"][m])
        yield Event(m, "peak", f"funding need peaks at {usd_bn(amount)}", {"amount": amount})
        back = np.flatnonzero(s["cumulative"][m:] >= 0.0)
        if back.size:
            yield Event(m + int(back[0]), "payback", "the programme has paid back", {})
    m = int(np.argmin(s["cash"]))
    yield Event(m, "low", f"cash at its lowest: {usd_bn(float(s['cash'][m]))}", {"cash": float(s["cash"][m])})
    m = int(np.argmax(s["stranded"]))
    if s["stranded"][m] > MONEY_TOLERANCE_USD_BN:
        amount = float(s["stranded"][m])
        text = f"stranded value at its worst: {usd_bn(amount)} of chips' book value is gone"
        yield Event(m, "stranded", text, {"amount": amount})
