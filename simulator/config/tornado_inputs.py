"""The inputs that a tornado swings, and the ends between which it swings them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from simulator.config.fields.laws import Column
from simulator.config.fields.ranges import Swing, Table, number
from simulator.config.fields.walk import Spelling, is_spelling
from simulator.config.laws import build_law, is_fixed
from simulator.config.levers import leased_share, lowers_lease_price, reads_key
from simulator.config.locate import has
from simulator.config.schema import Config, Plan
from simulator.config.schema.programme import Site

__all__: list[str] = []  # used in this folder only

_LAW = r" \((number or )?law\)"
_MARKET = ("drivers.price.market0", "drivers.price.market_growth")  # read by plans whose leasing weighs on the price
_USE = "programme.internal_use"  # read by plans that let what is spare, or rent from a cloud


class Input(NamedTuple):
    """One input. `--set key=low` shows one end of its bar."""

    key: str  # as in --set
    label: str  # for charts
    base: float  # the number itself, or the median of the law
    low: float
    high: float
    how: Literal["p10-p90", "low-high"]  # a law's percentiles, or the swing that the config gives


def tornado_inputs(config: Config, plan: str | None = None) -> tuple[Input, ...]:
    """Return every number that is sampled or has a swing, in config order; inherited levers appear once.

    Numbers of levers that no plan switches on are left out; with the id of a `plan`, those that it does not read.
    """
    plans = config.plans if plan is None else {plan: config.plans[plan]}
    titles = {f"sites.{site.id}": site.title or site.id for site in config.sites}
    titles |= {f"plans.{name}": plan.title or name for name, plan in config.plans.items()}
    inputs = (
        _input(key, _label(key, description, titles), number, config._folder)
        for key, description, number in _numbers(config, config)
        if _is_read(key, plans, config)
    )
    return tuple(item for item in inputs if item is not None and item.low < item.high)


def columns_of(config: Config) -> list[Column]:
    """Return the CSV columns that a config reads."""
    return [column for _, column in keyed_columns(config)]


def keyed_columns(config: Config) -> list[tuple[str, Column]]:
    """Return the CSV columns that a config reads, each with its key."""
    return [(key, number) for key, _, number in _numbers(config, config) if isinstance(number, Column)]


def _is_read(key: str, plans: Mapping[str, Plan], config: Config) -> bool:
    """True if one of the plans reads a number, its own or inherited."""
    if key in _MARKET:
        return any(lowers_lease_price(plan) for plan in plans.values())
    if key == _USE:
        return any(leased_share(plan, config) > 0.0 or number(plan.own_share) < 1.0 for plan in plans.values())
    group, _, lever = key.partition(".")
    if group == "plan_defaults":
        return any(reads_key(plan, lever) and not _has_own(config, name, lever) for name, plan in plans.items())
    if group == "plans":
        name, _, lever = lever.partition(".")
        return name in plans and reads_key(plans[name], lever)
    return True


def _input(key: str, label: str, number: Spelling, folder: Path) -> Input | None:
    if isinstance(number, Swing):
        return Input(key, label, number.value, number.low, number.high, "low-high")
    law = build_law(number, folder)
    if is_fixed(law):
        return None
    low, base, high = (float(law.ppf(p)) for p in (0.1, 0.5, 0.9))
    return Input(key, label, base, low, high, "p10-p90")


def _numbers(table: Table, config: Config, key: str = "") -> Iterator[tuple[str, str, Spelling]]:
    """Yield key, description and value of the numbers in a table that are more than a plain number."""
    for name, field in type(table).model_fields.items():
        inner = f"{key}.{name}".removeprefix(".")
        for item_key, item in _items(inner, getattr(table, name)):
            if is_spelling(item):
                if _is_own(config, item_key):
                    yield item_key, field.description or name, item
            elif isinstance(item, Table):
                yield from _numbers(item, config, item_key)


def _items(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield a value, or the items of a list or of the plans, with their keys."""
    if isinstance(value, tuple):
        for i, item in enumerate(value):
            yield f"{key}.{item.id}" if isinstance(item, Site) else f"{key}[{i}]", item
    elif isinstance(value, dict):
        yield from ((f"{key}.{name}", item) for name, item in value.items())
    else:
        yield key, value


def _is_own(config: Config, key: str) -> bool:
    """True unless a plan inherits the number, which then belongs to `plan_defaults`."""
    if not key.startswith("plans.") or not config._tree:
        return True
    name, _, rest = key.removeprefix("plans.").partition(".")
    return _has_own(config, name, rest)


def _has_own(config: Config, plan: str, key: str) -> bool:
    """True if a plan's own table holds a key."""
    node: Any = config._tree
    for part in ("plans", plan, *key.split(".")):
        if not has(node, part):
            return False
        node = node[part]
    return True


def _label(key: str, description: str, titles: Mapping[str, str]) -> str:
    """Return the site, plan or table of a number, and the part of its description that names it and its unit."""
    parts = key.split(".")
    place = titles.get(".".join(parts[:2])) or parts[-2].replace("_", " ")
    item = re.search(r"\[\d+\]$", key)
    return f"{place}: {re.sub(_LAW, '', description.split(';')[0])}{' ' + item[0] if item else ''}"
