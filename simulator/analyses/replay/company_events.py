"""What happened to a plan on a path: chips that wait or fall behind, swaps and exits, debt, liquidity, covenants."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from simulator.analyses.replay.covenant_tests import Tests
from simulator.analyses.replay.events import Event, many, money, percent, spells
from simulator.analyses.replay.months import held_vintages
from simulator.analyses.replay.replayed_path import Books, Floats, Path
from simulator.drivers.marginals import quantile
from simulator.finance import workspace as at
from simulator.finance.financing.debt import REFINANCED_MONTHS, SLACK
from simulator.finance.plan.notes import BULLET

_NAMES = {"dscr": "DSCR", "fccr": "FCCR", "leverage": "leverage", "cash": "cash"}


def events(path: Path, plan: str, sites: Sequence[str], seen: Tests) -> list[Event]:
    """All of them, by month; `sites` are the names of the model's sites, `seen` the plan's covenant tests."""
    found = [
        *chips(path, plan, sites),
        *leapfrogs(path, plan),
        *notes(path, plan),
        *liquidity(path, plan),
        *covenants(seen),
        *levers(path, plan),
        *marks(path, plan),
    ]
    return sorted(found, key=lambda event: event.month)


def chips(path: Path, plan: str, sites: Sequence[str]) -> Iterator[Event]:
    """Chips that are bought before there is power, refreshed, and sites that are left."""
    books, generation, months = path.plans[plan], path.world.monthly[at.GENERATION], path.model.months
    if path.model.plans.own_share[path.number(plan)] == 0.0:
        return
    for k, name in enumerate(sites):
        bought, service = books.vintages[k], min(books.service[k], months)
        if bought.size and bought[0] < service:
            wait = float(service - bought[0])
            rest = "" if books.service[k] < months else " and more"
            text = f"chips for {name} are delivered and wait {many(wait, 'month')}{rest} for power"
            yield Event(int(bought[0]), "idle", text, {"site": float(k), "months": wait})
        for before, now in zip(bought[:-1].astype(int), bought[1:].astype(int), strict=True):
            old, new = generation[before], generation[now]
            text = f"{name} is refreshed: generation {new:.0f} replaces generation {old:.0f}"
            values = {"site": float(k), "from": float(old), "to": float(new), "months": float(now - before)}
            yield Event(int(now), "refresh", f"{text} after {many(float(now - before), 'month')}", values)
        if books.left[k] < months:
            text = f"halls of {name} are handed back to the partner"
            yield Event(int(books.left[k]), "exit", text, {"site": float(k)})


def leapfrogs(path: Path, plan: str) -> Iterator[Event]:
    """What a new generation leaves behind of the plan's fleet."""
    generation, mw = path.world.monthly[at.GENERATION], path.model.grid.mw
    own = path.model.plans.own_share[path.number(plan)]
    for m in np.flatnonzero(np.diff(generation, prepend=0.0) > 0.0):
        fleet = held_vintages(path, plan, int(m))
        led = [k for k, u in fleet if generation[u] == (generation[m - 1] if m else 0.0)]
        serves, falls = own * sum(mw[k] for k, _ in fleet), own * sum(mw[k] for k in led)
        if falls > 0.0:
            text = f"generation {generation[m]:.0f} leaves behind {falls:,.0f} MW that had led, of {serves:,.0f} MW"
            yield Event(int(m), "leapfrog", f"{text} in service", {"mw": float(falls), "of": float(serves)})


def notes(path: Path, plan: str) -> Iterator[Event]:
    """Issues, refinancings and repayments of the plan's notes; prepayments under a sweep."""
    p, k, months, funding = path.model.plans, path.number(plan), path.model.months, path.world.funding
    tranches = p.notes.tranches
    issued: dict[int, list[tuple[float, float]]] = {}
    left = unswept(path.plans[plan])
    for t in range(p.notes.first_tranche[k], p.notes.end_tranche[k]):
        amount, m, maturity = float(tranches.amount[t]), int(tranches.issue[t]), int(tranches.maturity[t])
        if m >= months:
            continue
        rate = float(tranches.rate[t] + (funding[m] if tranches.floating[t] else 0.0))
        issued.setdefault(m, []).append((amount, rate))
        while tranches.refinance[t] and tranches.kind[t] == BULLET and maturity < months:
            before, rate = rate, float(tranches.refinance_margin[t] + funding[maturity + 1])
            stands = amount * float(left[maturity])
            text = f"notes of {money(stands)} refinanced at {percent(rate, 2)}, before {percent(before, 2)}"
            if stands > SLACK:
                yield Event(maturity, "refinancing", text, {"amount": stands, "rate": rate, "before": before})
            maturity += REFINANCED_MONTHS
        if maturity < months and left[max(maturity - 1, 0)] > SLACK:
            yield Event(maturity, "repayment", f"the last of notes of {money(amount)} is repaid", {"amount": amount})
    for m, of in issued.items():
        amount, rates = sum(one for one, _ in of), sorted({rate for _, rate in of})
        text = f"notes of {money(amount)} issued at {' to '.join(percent(rate, 2) for rate in (rates[0], rates[-1]))}"
        values = {"amount": amount, "low": rates[0], "high": rates[-1]}
        yield Event(m, "issue", text if len(rates) > 1 else text.partition(" to ")[0], values)
    yield from sweeps(path, plan)


def unswept(books: Books) -> Floats:
    """Share of the scheduled notes that no sweep has prepaid, by month."""
    scheduled, stands = books.schedule.balance, books.series["notes"]
    return np.divide(stands, scheduled, out=np.ones_like(stands), where=scheduled > 0.0)


def sweeps(path: Path, plan: str) -> Iterator[Event]:
    """Cash above the floor that prepays notes after a breach was left uncured."""
    share, scheduled = unswept(path.plans[plan]), path.plans[plan].schedule.balance
    for first, last in spells(np.diff(share, prepend=1.0) < -SLACK):
        amount = float((1.0 - share[last] / (share[first - 1] if first else 1.0)) * scheduled[first])
        over = many(float(last + 1 - first), "month")
        yield Event(first, "sweep", f"cash sweep prepays about {money(amount)} of notes in {over}", {"amount": amount})


def liquidity(path: Path, plan: str) -> Iterator[Event]:
    """Revolver, floor, shares."""
    p, k, s = path.model.plans, path.number(plan), path.plans[plan].series
    floor, limit = p.liquidity.floor[k], p.liquidity.revolver[k]
    for first, last in spells(s["revolver"] > SLACK):
        most, lasts = float(s["revolver"][first : last + 1].max()), float(last + 1 - first)
        text = f"cash reaches its floor of {money(floor)}: revolver drawn for {many(lasts, 'month')}"
        yield Event(first, "revolver", f"{text}, up to {money(most)}", {"peak": most, "months": lasts})
    for first, last in spells(s["revolver"] > limit - SLACK if limit > 0.0 else np.zeros(0, dtype=bool)):
        lasts = float(last + 1 - first)
        text = f"revolver is full ({money(limit)}) for {many(lasts, 'month')}"
        yield Event(first, "revolver_full", text, {"months": lasts})
    for first, last in spells(floor - s["cash"] > SLACK):
        depth, lasts = float(floor - s["cash"][first : last + 1].min()), float(last + 1 - first)
        text = f"liquidity shortfall: cash below the floor of {money(floor)} for {many(lasts, 'month')}"
        yield Event(first, "shortfall", f"{text}, by up to {money(depth)}", {"depth": depth, "months": lasts})
    for first, last in spells(s["equity"] > SLACK):
        amount = float(s["equity"][first : last + 1].sum())
        over = "" if first == last else f" over {many(float(last + 1 - first), 'month')}"
        yield Event(first, "equity", f"shares sold for {money(amount)}{over}", {"amount": amount})


def covenants(seen: Tests) -> Iterator[Event]:
    """Tests that fail after one that passed, with what they lacked; tests that pass again; cures by equity."""
    at_test = np.flatnonzero(np.isfinite(seen.ratios["leverage"]))
    for covenant in seen.covenants:
        name, failing = _NAMES[covenant.name], False
        for m in at_test:
            failed = bool(covenant.failed[m])
            if failed and not failing:
                later = at_test[at_test >= m]
                passes = later[~covenant.failed[later]]
                tests = int((later < passes[0]).sum() if passes.size else later.size)
                worst = float(np.nanmin(covenant.headroom[later[:tests]]))
                side = "over" if covenant.name == "leverage" else "under"
                now = covenant.threshold + (-1.0 if side == "over" else 1.0) * covenant.headroom[m]
                text = f"{name} {now:.2f} {side} {covenant.threshold:.2f}: fails {many(tests, 'test')}"
                values = {"value": float(now), "threshold": covenant.threshold, "tests": float(tests), "worst": worst}
                yield Event(int(m), "covenant", f"{text}, worst headroom {worst:.2f}", values)
            if failing and not failed:
                yield Event(int(m), "covenant_passed", f"{name} test passes again", {})
            failing = failed
    for m in np.flatnonzero(seen.injected > 0.0):
        amount = float(seen.injected[m])
        yield Event(int(m), "cure", f"equity of {money(amount)} cures the covenant test", {"amount": amount})


def levers(path: Path, plan: str) -> Iterator[Event]:
    """Sale of a pool, letting by choice, guarantee, penalty."""
    p, k, s, months = path.model.plans, path.number(plan), path.plans[plan].series, path.model.months
    if p.disposal.on[k]:
        yield _disposal(path, k)
    chosen = (
        path.plans[plan].ledger[at.CHOSEN]
        if p.internal_or_lease.on[k] or p.lease_excess.previous_generation[k]
        else np.zeros(months)
    )
    for first, last in spells(chosen > SLACK):
        most, lasts = float(p.own_share[k] * chosen[first : last + 1].max()), float(last + 1 - first)
        text = f"up to {most:,.0f} MW let beyond the spare, by choice, for {many(lasts, 'month')}"
        yield Event(first, "let", text, {"mw": most, "months": lasts})
    for m in np.flatnonzero(s["guarantee"] > SLACK):
        amount = float(s["guarantee"][m])
        yield Event(int(m), "guarantee", f"guarantee pays the partner {money(amount)}", {"amount": amount})
    if p.liquidity.penalty[k] > 0.0 and p.liquidity.penalty_month[k] < months:
        amount = float(p.liquidity.penalty[k])
        yield Event(
            int(p.liquidity.penalty_month[k]), "penalty", f"cash penalty of {money(amount)}", {"amount": amount}
        )


def _disposal(path: Path, k: int) -> Event:
    p, programme, marginals, z = path.model.plans, path.model.programme, path.model.marginals, path.z
    carrying = float(p.disposal.carrying[k])
    when = int(quantile(marginals, p.disposal.months_marginal[k], float(z[programme.z_when])))
    if not z[programme.z_close] < p.disposal.probability_threshold[k]:
        text = f"the pool of {money(carrying)} held for sale found no buyer and returns to use"
        return Event(int(p.disposal.months[k]), "disposal", text, {"sold": 0.0, "carrying": carrying})
    price = carrying * quantile(marginals, p.disposal.ratio_marginal[k], float(z[programme.z_ratio]))
    text = f"pool held for sale brings {money(price)}, carried at {money(carrying)}"
    return Event(when, "disposal", text, {"sold": price, "carrying": carrying})


def marks(path: Path, plan: str) -> Iterator[Event]:
    """Peak of funding, payback, lowest cash, worst month of stranded value."""
    s = path.plans[plan].series
    m = int(np.argmin(s["cumulative"]))
    if s["cumulative"][m] < 0.0:
        amount = -float(s["cumulative"][m])
        yield Event(m, "peak", f"funding need peaks at {money(amount)}", {"amount": amount})
        back = np.flatnonzero(s["cumulative"][m:] >= 0.0)
        if back.size:
            yield Event(m + int(back[0]), "payback", "the programme has paid back", {})
    m = int(np.argmin(s["cash"]))
    yield Event(m, "low", f"cash at its lowest: {money(float(s['cash'][m]))}", {"cash": float(s["cash"][m])})
    m = int(np.argmax(s["stranded"]))
    if s["stranded"][m] > SLACK:
        amount = float(s["stranded"][m])
        text = f"stranded value at its worst: {money(amount)} of chips' book value is gone"
        yield Event(m, "stranded", text, {"amount": amount})
