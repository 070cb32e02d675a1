"""Monthly series that a trace keeps of a path, for fan charts, replay and the tests of accounting identities.

A series is one line here, in the order of its rows, and one line in `finance/valuation/trace.py` that writes
`trace[WORLD_ROWS.name]` or `trace[PLAN_ROWS.name]`; no row is numbered by hand.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["EVENT_SERIES", "PLAN_ROWS", "PLAN_SERIES", "WORLD_SERIES", "fan_rows", "series_names"]


class WorldSeries(NamedTuple):
    """Row of each series of a world, from the first row of a trace on."""

    price: int  # compute price, USD per W-year
    p12: int  # its trailing mean over twelve months
    ads: int  # ad revenue of the month before the programme, USD bn
    value: int  # value index of compute
    funding: int  # r + s at the month's end, per year
    efficiency: int  # work per MW of a vintage bought in the month
    jump: int  # sum of the month's jumps of ln price, each decayed to the month's end; 0 under model regime
    regime: int  # 0 glut, 1 normal, 2 shortage, at the month's end; -1 under model jump
    paradigm_loss: int  # share of their value and work that older chips lose to the month's paradigm shifts
    generation_worth: int  # share of their value that older chips keep beside the month's new generations; 1: none came


class PlanSeries(NamedTuple):
    """Row of each series of a plan, from the plan's first row on; USD bn unless said."""

    cash_flow: int  # of the project, unlevered, after tax
    cumulative: int  # its sum so far
    ebitda: int  # before rent to a JV
    cash: int
    revolver: int  # drawn
    notes: int  # outstanding
    interest: int  # paid on notes
    cfads: int
    work: int  # W, MW-equivalents
    in_service: int  # MW
    book: int  # invested capital
    asset_value: int  # economic value of compute
    idle: int  # capital finished but not in service
    stranded: int
    breached: int  # 1 from the first covenant breach on
    capex: int
    sale: int  # proceeds of assets sold
    partner: int  # paid in by the JV's partner
    rent: int  # paid to it
    guarantee: int  # paid to it
    cloud: int  # cost of rented capacity
    lease: int  # income of leased capacity
    equity: int  # shares sold
    profit: int  # after tax, without income on cash
    owed: int  # present value of committed rent and cloud, at covenant tests
    drawn_interest: int  # on the revolver


WORLD_SERIES = WorldSeries._fields
EVENT_SERIES = ("jump", "regime", "paradigm_loss", "generation_worth")  # of a world: for replay, not for fan charts
PLAN_SERIES = PlanSeries._fields
WORLD_ROWS = WorldSeries(*range(len(WORLD_SERIES)))
PLAN_ROWS = PlanSeries(*range(len(PLAN_SERIES)))


def series_names(plans: tuple[str, ...]) -> tuple[str, ...]:
    """Row names of a trace: `world.price`, ..., `<plan>.cash`, ..."""
    world = tuple(f"world.{name}" for name in WORLD_SERIES)
    return world + tuple(f"{plan}.{name}" for plan in plans for name in PLAN_SERIES)


def fan_rows(plans: tuple[str, ...]) -> tuple[int, ...]:
    """Rows of a trace that fan charts are made of: all but the world's events."""
    events = {WORLD_SERIES.index(name) for name in EVENT_SERIES}
    return tuple(row for row in range(len(series_names(plans))) if row not in events)
