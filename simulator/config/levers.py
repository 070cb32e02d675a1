"""Levers in combination: who leases, which contract terms are priced, whose sites behave alike, what is read."""

from __future__ import annotations

from typing import TypeAlias

from simulator.config.fields.ranges import number
from simulator.config.schema import Config, Plan

__all__: list[str] = []  # used in this folder only

_MIN_DEFAULT_RATE = 1e-12  # a year; rarer defaults count as none
_Behaviour: TypeAlias = tuple[object, ...]
SHARED_LEASE_KEYS = ("occupancy", "cost_ratio", "own_supply")  # of lease_excess, read by internal_or_lease as well


def whole_months(years: float) -> int:
    """Return the whole months of a number of years."""
    return round(12.0 * years)


def leased_share(plan: Plan, config: Config) -> float:
    """Return the MW leased per MW working: the spare share at its occupancy; 0 where the plan leases none of it."""
    lease = plan.lease_excess
    return (1.0 - number(config.programme.internal_use)) * number(lease.occupancy) if lease.on else 0.0


def lease_term(plan: Plan, config: Config) -> int:
    """Return the months of a lease contract; 0 where the plan leases nothing."""
    return int(number(plan.lease_excess.term)) if leased_share(plan, config) > 0.0 else 0


def cloud_term(plan: Plan) -> int:
    """Return the months of a rented term; 0 where the plan rents nothing."""
    return int(number(plan.cloud.term)) if number(plan.own_share) < 1.0 else 0


def contract_tenors(config: Config) -> list[int]:
    """Return the terms for which a contract price is needed, months, ascending."""
    terms = {term for plan in config.plans.values() for term in (lease_term(plan, config), cloud_term(plan))}
    return sorted(terms - {0})


def has_defaulting_tenants(plan: Plan, config: Config) -> bool:
    """True if a plan has tenants under contract that may default."""
    lease = plan.lease_excess
    return (
        leased_share(plan, config) > 0.0
        and number(lease.contract_share) > 0.0
        and number(lease.default_rate) >= _MIN_DEFAULT_RATE
    )


def lowers_lease_price(plan: Plan) -> bool:
    """True if what a plan leases lowers the price that it fetches."""
    return plan.lease_excess.own_supply and (plan.lease_excess.on or plan.internal_or_lease.on)


def jv_site_flags(plan: Plan, config: Config) -> list[int]:
    """Return 1 for every site that the JV takes, else 0."""
    taken = plan.jv.sites or tuple(site.id for site in config.sites)
    return [int(plan.jv.on and site.id in taken) for site in config.sites]


def variant_numbers(config: Config) -> list[int]:
    """Return the number of each plan's physical variant, by first appearance: plans whose sites behave alike share one.

    A plan that leases nothing has no contract term of its own, so that it fits any variant that is alike otherwise.
    """
    behaviours: list[_Behaviour] = []
    terms: list[int] = []
    numbers = []
    for plan in config.plans.values():
        behaviour, term = _behaviour(plan, config), lease_term(plan, config)
        alike = (n for n, other in enumerate(behaviours) if other == behaviour)
        variant = next((n for n in alike if term == 0 or terms[n] in (0, term)), len(behaviours))
        if variant == len(behaviours):
            behaviours.append(behaviour)
            terms.append(0)
        terms[variant] = max(terms[variant], term)
        numbers.append(variant)
    return numbers


def _behaviour(plan: Plan, config: Config) -> _Behaviour:
    """Return what decides when and at what cost a plan's sites are built, renewed and left."""
    jv = plan.jv
    keys = (jv.share, jv.rate, jv.lease_years, jv.renewal_years, jv.guarantee, jv.exit_block)
    venture = (*map(number, keys), jv.assets, *jv_site_flags(plan, config)) if jv.on else ()
    return (plan.chips, plan.refresh, number(plan.refit), venture)


def reads_key(plan: Plan, key: str) -> bool:
    """True if a plan reads a number of its levers, named as in `lease_excess.term`; what is no lever is always read."""
    lever, _, name = key.partition(".")
    if lever == "cloud":
        return number(plan.own_share) < 1.0
    if key == "covenants.cures":
        return plan.equity.on
    if lever == "lease_excess" and plan.internal_or_lease.on and name in SHARED_LEASE_KEYS:
        return True
    return getattr(getattr(plan, lever, None), "on", True)
