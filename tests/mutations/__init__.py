"""One-term mistakes in the kernel. Each must make some figure differ from the naive twin's.

A mutation replaces a short text that stands exactly once in the compiled sources, wherever that is: formulas may move
from file to file, and a formula that is rewritten needs its mutation rewritten (`find` says which).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

SIMULATOR = Path(__file__).parents[2] / "simulator"
SOURCES = sorted(
    [SIMULATOR / "kernel.py", *(SIMULATOR / "drivers").glob("*.py"), *(SIMULATOR / "finance").rglob("*.py")]
)
PATHS = 8


class Mutation(NamedTuple):
    """`old` becomes `new`, which breaks what `name` says; the twin must see it in the runs of `case`."""

    name: str
    old: str
    new: str
    case: str = "levers"


# Overrides of tests/configs/levers.toml.
_SOON = "notes[4].issue=20"  # inside a short horizon
CASES: dict[str, tuple[str, ...]] = {
    "levers": ("months=140",),  # two book swaps of the early sites, every refinancing, exits
    "world": ("months=61", _SOON, "drivers.funding.spread0=0.02"),
    "regimes": ("months=61", _SOON, "drivers.price.model=regime", "dependence.family=t", "drivers.price.shock=0.3"),
    "stress": (
        "months=61",
        _SOON,
        "drivers.price.shock=-0.7",
        "drivers.silicon.shock_loss=0.4",
        "drivers.silicon.shock_month=30",
        "drivers.grid.score_shift=1.5",
        "dependence.shift.price=0.5",
    ),
    "short": ("months=26", _SOON),  # sites delivered or in service after the horizon
    "dear": ("months=50", _SOON, "programme.operating_cost=12"),  # even new chips may not earn their keep
    "scarce": ("months=110", "drivers.price.market0=300"),  # what is let moves the price
    "fleeing": ("months=140", "drivers.price.longrun=3", "plans.chips.refresh=book"),  # rents below what the JV asks
    "fickle": (  # tenants of weeks, and contracts due in the month in which a site is left
        "months=110",
        "drivers.price.longrun=4",
        "plans.shells.jv.rate=0.2",
        "plans.shells.jv.renewal_years=2",
        "plans.shells.lease_excess.term=18",
        "plans.shells.lease_excess.default_rate=9",
    ),
    "lively": (  # ads follow compute at once and by a lot; a cloud's terms are longer than 64 months
        "months=140",
        "drivers.arpu.elasticity=1.5",
        "drivers.arpu.lag=1",
        "plans.rented.cloud.term=100",
    ),
    "pending": ("months=48", _SOON),  # one test: the watch after it does not end
    "swept": (  # sweeps begin, take part of the notes, go on over an issue, and end
        "months=110",
        "programme.base_cash_flow=9",
        "plans.swept.liquidity.floor=60",
        "plans.swept.covenants.cash=0",
        "plans.swept.covenants.dscr=0.9",
        "plans.swept.equity.limit=0.5",
    ),
    "poor": (  # the revolver is drawn, exhausted and repaid; covenants are breached, and breaches cured
        "months=84",
        "programme.base_cash_flow=4",
        "plan_defaults.liquidity.opening_cash=2",
        "plan_defaults.liquidity.floor=16",
        "plan_defaults.liquidity.revolver=4",
        "plan_defaults.covenants.dscr=0.6",
        "plan_defaults.covenants.leverage=0.2",
        "plan_defaults.covenants.cash=10",
    ),
}


def find(mutation: Mutation) -> Path:
    """The one source file in which the text of a mutation stands once."""
    counts = {path: path.read_text().count(mutation.old) for path in SOURCES}
    files = [path for path, count in counts.items() for _ in range(count)]
    if len(files) != 1:
        places = ", ".join(str(path.relative_to(SIMULATOR)) for path in files) or "nowhere"
        raise LookupError(f"{mutation.name}: wanted {mutation.old!r} once in the compiled sources, found it {places}")
    return files[0]
