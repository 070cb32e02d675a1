"""The notes of a plan."""

from __future__ import annotations

from typing import Generic, NamedTuple

from simulator.finance.plan.lever import Floats, Ints, Real, Whole
from simulator.numerics.jit import inline

__all__ = ["AMORTISING", "BULLET", "NoteSchedule", "Notes", "Tranches"]

BULLET, AMORTISING = range(2)


class Tranches(NamedTuple):
    """Notes, arrays of one entry a tranche: those of all plans behind one another, or those of one plan."""

    amount: Floats  # USD bn
    issue: Ints  # month of issue
    maturity: Ints  # month of repayment (may lie beyond the horizon)
    rate: Floats  # coupon, or margin over r + s where floating
    floating: Ints  # 1: the rate is fixed at issue as opening r + s + margin
    refinance_margin: Floats  # over r + s
    term: Floats  # years from issue to maturity
    refinance: Ints  # 1: a 10-year bullet replaces it at maturity
    kind: Ints  # BULLET, or AMORTISING: equal monthly principal from issue to maturity


class Notes(NamedTuple, Generic[Real, Whole]):
    """The ladder of notes; zeros without notes."""

    on: Whole  # 1: the plan issues notes
    coupon_mean: Real  # weighted coupon
    duration: Real  # Macaulay duration at issue, years
    term_mean: Real  # weighted term at issue, years
    interest_shared: Whole  # 1: the plan valued before this one bears the same interest
    first_tranche: Whole
    end_tranche: Whole  # one past the last
    tranches: Tranches


class NoteSchedule(NamedTuple):
    """The notes of a plan by month, the same in every lane and before any sweep: arrays (months,), USD bn."""

    balance: Floats  # closing balance of notes
    issued: Floats  # cash from issues
    repaid: Floats  # principal repaid from cash
    amortised: Floats  # that of amortising notes alone
    fixed: Floats  # interest at fixed coupons
    bullets: Floats  # sum of principal / term over bullets outstanding at the close, a year
    shield: Floats  # interest at fixed coupons, each discounted at its own
    due: Floats  # principal of a year's service: bullets, and amortisation of the last twelve months


SCHEDULE_ROWS = len(NoteSchedule._fields)


@inline
def schedule_from_rows(rows: Floats) -> NoteSchedule:
    """Return the schedule that is kept in `rows` (SCHEDULE_ROWS, months)."""
    return NoteSchedule(rows[0], rows[1], rows[2], rows[3], rows[4], rows[5], rows[6], rows[7])


@inline
def slice_tranches(every: Tranches, first: int, end: int) -> Tranches:
    """Return the tranches number first .. end - 1."""
    return Tranches(
        every.amount[first:end], every.issue[first:end], every.maturity[first:end], every.rate[first:end],
        every.floating[first:end], every.refinance_margin[first:end], every.term[first:end],
        every.refinance[first:end], every.kind[first:end],
    )  # fmt: skip


@inline
def select_notes(levers: Notes[Floats, Ints], k: int) -> Notes[float, int]:
    """The notes of plan number `k`."""
    first, end = levers.first_tranche[k], levers.end_tranche[k]
    return Notes(
        levers.on[k] == 1, levers.coupon_mean[k], levers.duration[k], levers.term_mean[k],
        levers.interest_shared[k] == 1, first, end, slice_tranches(levers.tranches, first, end),
    )  # fmt: skip
