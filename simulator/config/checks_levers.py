"""Checks of levers against each other: a plan that contradicts itself is refused, and so is a forgotten switch.

What a plan's own table says is meant for it; what it inherits from `plan_defaults` may wait for plans that use it.
"""

from __future__ import annotations

from collections.abc import Iterator

from simulator.config.fields.walk import inner_table
from simulator.config.levers import CHOSEN
from simulator.config.locate import KeyPath
from simulator.config.mistakes import Mistake
from simulator.config.partial_config import Known
from simulator.config.schema import Plan
from simulator.config.wording import nearest, show

SWITCHED = tuple(
    name
    for name, field in Plan.model_fields.items()
    if (table := inner_table(field.annotation)) is not None and "on" in table.model_fields
)
OWNED = ("jv", "lease_excess", "internal_or_lease")  # levers on what the plan owns


def levers(known: Known) -> Iterator[Mistake]:
    """Every plan is consistent."""
    for plan in known.get("plans") or {}:
        here: KeyPath = ("plans", plan)
        for check in (_switches, _ownership, _venture, _shares, _debt, _disposal):
            yield from check(known, here)


def shock(known: Known) -> Iterator[Mistake]:
    """A certain paradigm shift comes within the horizon."""
    here: KeyPath = ("drivers", "silicon", "shock_month")
    loss, month = known.number(*here[:2], "shock_loss"), known.number(*here)
    months = known.number("months")
    if loss and month is not None and months is not None and month > months:
        yield Mistake(here, f"given {show(month)}, wanted at most months ({show(months)})")


def _is_on(known: Known, plan: KeyPath, lever: str) -> bool:
    return known.get(*plan, lever, "on") is True


def _switches(known: Known, plan: KeyPath) -> Iterator[Mistake]:
    """Keys of a lever stand in a plan that uses it; who writes `on = false` beside them knows that it does not."""
    for lever in SWITCHED:
        written = known.written(*plan, lever)
        if not isinstance(written, dict) or _is_on(known, plan, lever) or (*plan, lever) in known.bad:
            continue
        kept = CHOSEN if lever == "lease_excess" and _is_on(known, plan, "internal_or_lease") else ()
        for key in written:
            idle = "on" not in written or (key == "previous_generation" and written[key] is True)
            if key != "on" and key not in kept and idle:
                text = f"given {show(written[key])} in a plan without {lever}, wanted on = true beside it"
                yield Mistake((*plan, lever, key), text)
    term = known.written(*plan, "cloud", "term")
    if term is not None and known.number(*plan, "own_share") == 1.0:
        text = f"given {_shown(known, *plan, 'cloud', 'term')} in a plan that rents nothing, wanted own_share below 1"
        yield Mistake((*plan, "cloud", "term"), text)
    cures = known.written(*plan, "covenants", "cures") is not None and known.number(*plan, "covenants", "cures")
    if cures and known.get(*plan, "equity", "on") is False:
        text = f"given {show(cures)}, wanted equity.on = true: only injected equity cures"
        yield Mistake((*plan, "covenants", "cures"), text)


def _ownership(known: Known, plan: KeyPath) -> Iterator[Mistake]:
    """Who owns nothing has nothing to share or to let."""
    on = [lever for lever in OWNED if _is_on(known, plan, lever)]
    if on and known.number(*plan, "own_share") == 0.0:
        need = "needs" if len(on) == 1 else "need"
        text = f"given 0, wanted a number above 0: {' and '.join(on)} {need} what the plan owns"
        yield Mistake((*plan, "own_share"), text)


def _venture(known: Known, plan: KeyPath) -> Iterator[Mistake]:
    """A JV takes a share of sites that exist, on a lease that can be renewed."""
    yield from _sites(known, (*plan, "jv", "sites"))
    if not _is_on(known, plan, "jv"):
        return
    if known.number(*plan, "jv", "share") == 0.0:
        yield Mistake((*plan, "jv", "share"), "given 0, wanted a number above 0, or on = false")
    lease, renewal = (known.number(*plan, "jv", key) for key in ("lease_years", "renewal_years"))
    if lease is not None and renewal is not None and renewal > lease:
        text = f"given {show(renewal)}, wanted at most lease_years ({show(lease)})"
        yield Mistake((*plan, "jv", "renewal_years"), text)
    months = known.number("months")
    if lease is not None and months is not None and 12.0 * lease < months:
        text = f"given {show(lease)}, wanted a lease that outlasts the horizon of {show(months)} months"
        yield Mistake((*plan, "jv", "lease_years"), text)


def _sites(known: Known, here: KeyPath) -> Iterator[Mistake]:
    ids = _ids(known)
    given = known.get(*here) or ()
    for i, site in enumerate(given):
        if isinstance(site, str) and ids and site not in ids:
            yield Mistake((*here, i), f"unknown site {show(site)}, {nearest(site, ids)}")
        elif site in given[:i]:
            yield Mistake((*here, i), f"given {show(site)} again, wanted each site once")


def _shares(known: Known, plan: KeyPath) -> Iterator[Mistake]:
    """What is let by choice and what is spare and let are not more than all."""
    share, use = known.number(*plan, "internal_or_lease", "share"), known.number("programme", "internal_use")
    both = _is_on(known, plan, "internal_or_lease") and _is_on(known, plan, "lease_excess")
    if both and share is not None and use is not None and share > use:
        text = f"given {show(share)}, wanted at most programme.internal_use ({show(use)}): lease_excess lets the rest"
        yield Mistake((*plan, "internal_or_lease", "share"), text)


def _debt(known: Known, plan: KeyPath) -> Iterator[Mistake]:
    """A plan without notes has no debt service to cover and no notes to prepay."""
    notes = known.get(*plan, "notes")
    if notes is None or known.get("notes") is None or (notes is not False and known.count("notes")):
        return
    wanted = "wanted notes in the plan" if notes is False else "wanted [[notes]] in the config"
    here: KeyPath = (*plan, "covenants")
    if known.written(*here, "dscr") is not None and known.number(*here, "dscr"):
        yield Mistake((*here, "dscr"), f"given {_shown(known, *here, 'dscr')} on absent debt, {wanted}, or 0")
    if known.written(*here, "consequence") == "sweep":
        yield Mistake((*here, "consequence"), f'given "sweep" on absent debt, {wanted}, or "default"')


def _disposal(known: Known, plan: KeyPath) -> Iterator[Mistake]:
    """A pool stands on a site that the JV does not take, and is sold within the horizon."""
    here: KeyPath = (*plan, "disposal")
    if not _is_on(known, plan, "disposal"):
        return
    within, months = known.number(*here, "months"), known.number("months")
    if within is not None and months is not None and within > months:
        yield Mistake((*here, "months"), f"given {show(within)}, wanted at most months ({show(months)})")
    site, ids = known.get(*here, "site"), _ids(known)
    if not isinstance(site, str) or not site:
        return
    if ids and site not in ids:
        yield Mistake((*here, "site"), f"unknown site {show(site)}, {nearest(site, ids)}")
    elif _is_on(known, plan, "jv") and site in (known.get(*plan, "jv", "sites") or ids):
        yield Mistake((*here, "site"), f"given {show(site)}, wanted a site that the JV does not take")


def _ids(known: Known) -> list[str]:
    """Ids of the sites; none where one of them is not known, so that nothing is said about it twice."""
    ids = [known.get("sites", i, "id") for i in range(known.count("sites"))]
    return [] if not all(isinstance(site, str) for site in ids) else ids


def _shown(known: Known, *path: str | int) -> str:
    return show(known.number(*path))
