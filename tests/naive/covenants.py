"""Covenants at test months: ratios, breaches, equity cures, the watch after a breach and the sweep."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.naive.marginals import Array

SLACK = 1e-9  # USD bn, of events
NO_EARNINGS = 999.0  # leverage where earnings are not positive
WATCH = 2  # tests that must pass after a breach

Rows = dict[str, list[Array]]


def trailing(series: Any, m: int) -> Array:
    """Sum over the twelve months that end with m; months from 0 on are rows."""
    return sum(series[k] for k in range(max(0, m - 11), m + 1))


def ratio(top: Array, bottom: Array) -> Array:
    """Cover; NaN where nothing is owed."""
    owed = bottom > SLACK
    return np.where(owed, top / np.where(owed, bottom, 1.0), np.nan)


class Covenants:
    """The results of the tests so far, on every path."""

    def __init__(self, model: Any, plan: int, like: Array) -> None:
        plans = model.plans
        self.plans, self.plan, self.never = plans, plan, float(model.months)
        self.base_share = model.finance.ebitda_share
        self.with_notes = bool(plans.notes.on[plan])
        self.dscr: list[Array] = []
        self.dscr_reserve: list[Array] = []
        self.fccr: list[Array] = []
        self.icr: list[Array] = []
        self.leverage: list[Array] = []
        self.cures = np.full(like.shape, int(plans.covenants.cures[plan]))
        self.first = np.full(like.shape, self.never)  # month of the first breach
        self.cured = np.full_like(like, np.nan)  # whether it was cured
        self.watch = np.zeros(like.shape, dtype=int)  # tests still to pass
        self.of_first = np.zeros(like.shape, dtype=bool)  # the watch is that of the first breach
        self.uncured = np.zeros(like.shape, dtype=bool)
        self.passes = np.zeros(like.shape, dtype=int)  # in a row
        self.sweeping = np.zeros(like.shape, dtype=bool)

    def test(self, m: int, rows: Rows, now: dict[str, Array], room: Array) -> Array:
        """Test month m; returns the equity injected to cure.

        `rows` are the months so far, `now` has the balances before the test, `room` is what shares may still bring.
        """
        fails, need = self._examine(m, rows, now)
        cures = fails & (self.cures > 0) & (need <= room)
        hard = fails & ~cures
        fresh = fails & (self.first == self.never)
        self.first = np.where(fresh, float(m), self.first)
        self.cured = np.where(fresh, cures.astype(float), self.cured)
        self.cures = self.cures - cures
        self._watch(hard)
        self.of_first |= fresh & hard
        return np.where(cures, need, 0.0)

    def _watch(self, hard: Array) -> None:
        """Follow the tests after a breach."""
        pending = self.watch > 0
        self.uncured |= pending & hard
        self.passes = np.where(hard, 0, self.passes + 1)
        if self.plans.covenants.sweep[self.plan]:
            self.sweeping = (self.sweeping | (pending & hard)) & (self.passes < WATCH)
        left = np.where(pending & ~hard, self.watch - 1, self.watch)
        expired = pending & (left == 0)
        self.cured = np.where(expired & self.of_first, 1.0, self.cured)
        self.of_first &= pending & ~hard & ~expired
        self.watch = np.where(hard, WATCH, left)

    def _examine(self, m: int, rows: Rows, now: dict[str, Array]) -> tuple[Array, Array]:
        """True on paths where a test fails, and the equity that would cure it (infinite where none would)."""
        plans, plan = self.plans, self.plan
        interest, cfads, ebitda = (trailing(rows[name], m) for name in ("interest", "cfads", "ebitda"))
        service = interest + now["bullet_service"] + trailing(rows["amortised"], m)
        fixed = trailing(rows["rent"], m) + trailing(rows["cloud"], m)
        earnings = self.base_share * trailing(rows["ads"], m) + ebitda
        net = plans.liquidity.other_debt[plan] + now["notes"] + now["revolver"] + rows["owed"][m] - now["cash"]
        level = np.where(earnings > 0.0, net / np.where(earnings > 0.0, earnings, 1.0), NO_EARNINGS)
        self.dscr.append(ratio(cfads, service))
        self.dscr_reserve.append(ratio(cfads - rows["reserve"][m], service))
        self.fccr.append(ratio(cfads + fixed, service + fixed))
        self.icr.append(ratio(ebitda - trailing(rows["rent"], m), interest))
        self.leverage.append(level)
        fails = np.zeros(level.shape, dtype=bool)
        need = np.full(level.shape, -np.inf)
        least = float(plans.covenants.dscr[plan])
        if least:
            fails |= self.dscr[-1] < least  # nothing owed: not tested
            need = np.where(service > SLACK, np.maximum(need, least * service - cfads), need)
        least = float(plans.covenants.fccr[plan])
        if least and not self.with_notes:
            fails |= self.fccr[-1] < least
            gap = least * (service + fixed) - (cfads + fixed)
            need = np.where(service + fixed > SLACK, np.maximum(need, gap), need)
        most = float(plans.covenants.leverage[plan])
        if most:
            fails |= level > most
            need = np.where(earnings > 0.0, np.maximum(need, net - most * earnings), np.inf)
        least = float(plans.covenants.cash[plan])
        if least:
            fails |= now["cash"] < least - SLACK
            need = np.maximum(need, least - now["cash"])
        return fails, need
