"""Checks of levers against each other: a plan that contradicts itself is refused, and so is a forgotten switch.

What a plan's own table says is meant for it; what it inherits from `plan_defaults` may wait for plans that use it.
"""

from __future__ import annotations

from collections.abc import Iterator

from simulator.config.fields.walk import inner_table
from simulator.config.levers import SHARED_LEASE_KEYS
from simulator.config.locate import KeyPath
from simulator.config.mistakes import Mistake
from simulator.config.partial_config import PartialConfig
from simulator.config.schema import Plan
from simulator.config.wording import nearest, quote

__all__: list[str] = []  # used in this folder only

_SWITCHED = tuple(
    name
    for name, field in Plan.model_fields.items()
    if (table := inner_table(field.annotation)) is not None and "on" in table.model_fields
)
_OWNED = ("jv", "lease_excess", "internal_or_lease")  # levers on what the plan owns


def check_levers(partial: PartialConfig) -> Iterator[Mistake]:
    """Check every plan against itself."""
    for plan in partial.get("plans") or {}:
        here: KeyPath = ("plans", plan)
        for check in (_check_switches, _check_ownership, _check_jv, _check_shares, _check_debt, _check_disposal):
            yield from check(partial, here)


def check_shock(partial: PartialConfig) -> Iterator[Mistake]:
    """Check that a certain paradigm shift comes within the horizon."""
    here: KeyPath = ("drivers", "silicon", "shock_month")
    loss, month = partial.number(*here[:2], "shock_loss"), partial.number(*here)
    months = partial.number("months")
    if loss and month is not None and months is not None and month > months:
        yield Mistake(here, f"given {quote(month)}, wanted at most months ({quote(months)})")


def _is_on(partial: PartialConfig, plan: KeyPath, lever: str) -> bool:
    return partial.get(*plan, lever, "on") is True


def _check_switches(partial: PartialConfig, plan: KeyPath) -> Iterator[Mistake]:
    """Check that a plan that writes keys of a lever also switches it; `on = false` beside them is an answer."""
    for lever in _SWITCHED:
        written = partial.written(*plan, lever)
        if not isinstance(written, dict) or _is_on(partial, plan, lever) or (*plan, lever) in partial.bad:
            continue
        kept = SHARED_LEASE_KEYS if lever == "lease_excess" and _is_on(partial, plan, "internal_or_lease") else ()
        for key in written:
            idle = "on" not in written or (key == "previous_generation" and written[key] is True)
            if key != "on" and key not in kept and idle:
                text = f"given {quote(written[key])} in a plan without {lever}, wanted on = true beside it"
                yield Mistake((*plan, lever, key), text)
    term = partial.written(*plan, "cloud", "term")
    if term is not None and partial.number(*plan, "own_share") == 1.0:
        months = _quote_number(partial, *plan, "cloud", "term")
        text = f"given {months} in a plan that rents nothing, wanted own_share below 1"
        yield Mistake((*plan, "cloud", "term"), text)
    cures = partial.written(*plan, "covenants", "cures") is not None and partial.number(*plan, "covenants", "cures")
    if cures and partial.get(*plan, "equity", "on") is False:
        text = f"given {quote(cures)}, wanted equity.on = true: only injected equity cures"
        yield Mistake((*plan, "covenants", "cures"), text)


def _check_ownership(partial: PartialConfig, plan: KeyPath) -> Iterator[Mistake]:
    """Check that a plan with levers on owned sites owns a share of them."""
    on = [lever for lever in _OWNED if _is_on(partial, plan, lever)]
    if on and partial.number(*plan, "own_share") == 0.0:
        need = "needs" if len(on) == 1 else "need"
        text = f"given 0, wanted a number above 0: {' and '.join(on)} {need} what the plan owns"
        yield Mistake((*plan, "own_share"), text)


def _check_jv(partial: PartialConfig, plan: KeyPath) -> Iterator[Mistake]:
    """Check that a JV takes a share of sites that exist, on a lease that can be renewed."""
    yield from _check_sites(partial, (*plan, "jv", "sites"))
    if not _is_on(partial, plan, "jv"):
        return
    if partial.number(*plan, "jv", "share") == 0.0:
        yield Mistake((*plan, "jv", "share"), "given 0, wanted a number above 0, or on = false")
    lease, renewal = (partial.number(*plan, "jv", key) for key in ("lease_years", "renewal_years"))
    if lease is not None and renewal is not None and renewal > lease:
        text = f"given {quote(renewal)}, wanted at most lease_years ({quote(lease)})"
        yield Mistake((*plan, "jv", "renewal_years"), text)
    months = partial.number("months")
    if lease is not None and months is not None and 12.0 * lease < months:
        text = f"given {quote(lease)}, wanted a lease that outlasts the horizon of {quote(months)} months"
        yield Mistake((*plan, "jv", "lease_years"), text)


def _check_sites(partial: PartialConfig, here: KeyPath) -> Iterator[Mistake]:
    ids = _ids(partial)
    sites = partial.get(*here) or ()
    for i, site in enumerate(sites):
        if isinstance(site, str) and ids and site not in ids:
            yield Mistake((*here, i), f"unknown site {quote(site)}, {nearest(site, ids)}")
        elif site in sites[:i]:
            yield Mistake((*here, i), f"given {quote(site)} again, wanted each site once")


def _check_shares(partial: PartialConfig, plan: KeyPath) -> Iterator[Mistake]:
    """Check that capacity leased by choice and spare capacity leased add up to at most all."""
    share, use = partial.number(*plan, "internal_or_lease", "share"), partial.number("programme", "internal_use")
    both = _is_on(partial, plan, "internal_or_lease") and _is_on(partial, plan, "lease_excess")
    if both and share is not None and use is not None and share > use:
        text = f"given {quote(share)}, wanted at most programme.internal_use ({quote(use)}): lease_excess lets the rest"
        yield Mistake((*plan, "internal_or_lease", "share"), text)


def _check_debt(partial: PartialConfig, plan: KeyPath) -> Iterator[Mistake]:
    """Check that a plan without notes sets no covenant on debt service and no sweep."""
    notes = partial.get(*plan, "notes")
    if notes is None or partial.get("notes") is None or (notes is not False and partial.count("notes")):
        return
    wanted = "wanted notes in the plan" if notes is False else "wanted [[notes]] in the config"
    here: KeyPath = (*plan, "covenants")
    if partial.written(*here, "dscr") is not None and partial.number(*here, "dscr"):
        yield Mistake((*here, "dscr"), f"given {_quote_number(partial, *here, 'dscr')} on absent debt, {wanted}, or 0")
    if partial.written(*here, "consequence") == "sweep":
        yield Mistake((*here, "consequence"), f'given "sweep" on absent debt, {wanted}, or "default"')


def _check_disposal(partial: PartialConfig, plan: KeyPath) -> Iterator[Mistake]:
    """Check that a pool for sale is on a site that the JV does not take, and is sold within the horizon."""
    here: KeyPath = (*plan, "disposal")
    if not _is_on(partial, plan, "disposal"):
        return
    within, months = partial.number(*here, "months"), partial.number("months")
    if within is not None and months is not None and within > months:
        yield Mistake((*here, "months"), f"given {quote(within)}, wanted at most months ({quote(months)})")
    site, ids = partial.get(*here, "site"), _ids(partial)
    if not isinstance(site, str) or not site:
        return
    if ids and site not in ids:
        yield Mistake((*here, "site"), f"unknown site {quote(site)}, {nearest(site, ids)}")
    elif _is_on(partial, plan, "jv") and site in (partial.get(*plan, "jv", "sites") or ids):
        yield Mistake((*here, "site"), f"given {quote(site)}, wanted a site that the JV does not take")


def _ids(partial: PartialConfig) -> list[str]:
    """Return the ids of the sites; none if one of them is wrong, which is reported elsewhere."""
    ids = [partial.get("sites", i, "id") for i in range(partial.count("sites"))]
    return [] if not all(isinstance(site, str) for site in ids) else ids


def _quote_number(partial: PartialConfig, *path: str | int) -> str:
    return quote(partial.number(*path))
