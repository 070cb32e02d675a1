"""Monthly series that a trace keeps of a path, for fan charts, replay and the tests of accounting identities."""

from __future__ import annotations

WORLD_SERIES = ("price", "p12", "ads", "value", "funding", "efficiency")
PLAN_SERIES = (
    "cash_flow",
    "cumulative",
    "ebitda",
    "cash",
    "revolver",
    "notes",
    "interest",
    "cfads",
    "work",
    "in_service",
    "book",
    "asset_value",
    "idle",
    "stranded",
    "breached",
    "capex",
    "sale",
    "partner",
    "rent",
    "guarantee",
    "cloud",
    "lease",
    "equity",
    "profit",
    "owed",
    "drawn_interest",
)


def series_names(plans: tuple[str, ...]) -> tuple[str, ...]:
    """Row names of a trace: `world.price`, ..., `<plan>.cash`, ..."""
    own = tuple(f"world.{name}" for name in WORLD_SERIES)
    return own + tuple(f"{plan}.{name}" for plan in plans for name in PLAN_SERIES)
