"""What the levers of plans mean together: who lets, for which terms contracts are priced, which sites behave alike."""

from __future__ import annotations

from typing import TypeAlias

from simulator.config.fields.ranges import number
from simulator.config.schema import Config, Plan

__all__: list[str] = []  # used in this folder only

RAREST = 1e-12  # defaults a year: rarer ones happen in no world there will ever be
Behaviour: TypeAlias = tuple[object, ...]
CHOSEN = ("occupancy", "cost_ratio", "own_supply")  # keys of lease_excess that internal_or_lease reads as well


def months_of(years: float) -> int:
    """Whole months of a number of years."""
    return round(12.0 * years)


def let(plan: Plan, config: Config) -> float:
    """MW let per MW working: the spare share at its occupancy; 0 where the plan lets none of it."""
    lease = plan.lease_excess
    return (1.0 - number(config.programme.internal_use)) * number(lease.occupancy) if lease.on else 0.0


def let_term(plan: Plan, config: Config) -> int:
    """Months of a let contract; 0 where the plan lets nothing."""
    return int(number(plan.lease_excess.term)) if let(plan, config) > 0.0 else 0


def cloud_term(plan: Plan) -> int:
    """Months of a rented term; 0 where the plan rents nothing."""
    return int(number(plan.cloud.term)) if number(plan.own_share) < 1.0 else 0


def tenors(config: Config) -> list[int]:
    """Months for which a contract price is needed, ascending."""
    terms = {term for plan in config.plans.values() for term in (let_term(plan, config), cloud_term(plan))}
    return sorted(terms - {0})


def may_default(plan: Plan, config: Config) -> bool:
    """Whether a plan has tenants under contract that may default."""
    lease = plan.lease_excess
    return let(plan, config) > 0.0 and number(lease.contract_share) > 0.0 and number(lease.default_rate) >= RAREST


def has_market(plan: Plan) -> bool:
    """Whether what a plan lets lowers the price that it fetches."""
    return plan.lease_excess.own_supply and (plan.lease_excess.on or plan.internal_or_lease.on)


def jv_sites(plan: Plan, config: Config) -> list[int]:
    """Whether the JV takes each site, 0 or 1."""
    taken = plan.jv.sites or tuple(site.id for site in config.sites)
    return [int(plan.jv.on and site.id in taken) for site in config.sites]


def variants(config: Config) -> list[int]:
    """Number of each plan's physical variant, by first appearance: plans whose sites behave alike share one.

    A plan that lets nothing has no contract term of its own, so that it fits any variant that is alike otherwise.
    """
    behaviours: list[Behaviour] = []
    terms: list[int] = []
    variants = []
    for plan in config.plans.values():
        behaviour, term = _behaviour(plan, config), let_term(plan, config)
        alike = (n for n, other in enumerate(behaviours) if other == behaviour)
        variant = next((n for n in alike if term == 0 or terms[n] in (0, term)), len(behaviours))
        if variant == len(behaviours):
            behaviours.append(behaviour)
            terms.append(0)
        terms[variant] = max(terms[variant], term)
        variants.append(variant)
    return variants


def _behaviour(plan: Plan, config: Config) -> Behaviour:
    """What decides when and at what cost a plan's sites are built, renewed and left."""
    jv = plan.jv
    keys = (jv.share, jv.rate, jv.lease_years, jv.renewal_years, jv.guarantee, jv.exit_block)
    venture = (*map(number, keys), jv.assets, *jv_sites(plan, config)) if jv.on else ()
    return (plan.chips, plan.refresh, number(plan.refit), venture)


def reads(plan: Plan, key: str) -> bool:
    """Whether a plan reads a number of its levers, named as in `lease_excess.term`; what is no lever is always read."""
    lever, _, name = key.partition(".")
    if lever == "cloud":
        return number(plan.own_share) < 1.0
    if key == "covenants.cures":
        return plan.equity.on
    if lever == "lease_excess" and plan.internal_or_lease.on and name in CHOSEN:
        return True
    return getattr(getattr(plan, lever, None), "on", True)
