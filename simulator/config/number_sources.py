"""Sources of the numbers that a config does not hold: CSV columns as they were read, and inherited defaults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic.fields import FieldInfo

from simulator.config.columns import describe_column
from simulator.config.fields.ranges import Table
from simulator.config.fields.walk import inner_table, is_spelling
from simulator.config.levers import reads_key
from simulator.config.locate import has
from simulator.config.schema import Config, Levers
from simulator.config.tornado_inputs import keyed_columns

__all__ = ["describe_columns", "inherited_defaults"]

_TABLES = ("drivers", "dependence", "programme")
_SINGLE = ("start", "months")
_LEAVES = ("correlation", "levels", "stays")  # tables that are one figure to a reader
_SCENARIO = "for scenarios"  # keys that are 0 unless a stress set changes them


class _Default(NamedTuple):
    """One key that the config leaves out."""

    key: str
    value: str
    description: str  # meaning, unit and source


def describe_columns(config: Config) -> list[dict[str, str]]:
    """Return the CSV columns that a config reads: key, file, column, and rows, range, median and dialect in words."""
    return [
        {"key": key, "csv": c.csv, "column": c.column, "read": describe_column(config._folder, c.csv, c.column)}
        for key, c in keyed_columns(config)
    ]


def inherited_defaults(config: Config) -> list[_Default]:
    """Return the keys that a config leaves out and that one of its plans reads, in the order of the schema."""
    tree = config._tree
    single = (
        _Default(key, _text(getattr(config, key)), Config.model_fields[key].description or "")
        for key in _SINGLE
        if key not in tree
    )
    world = (item for key in _TABLES for item in _below(getattr(config, key), tree.get(key, {}), key))
    return [*single, *(item for item in world if _is_used(config, item)), *_inherited_levers(config)]


def _below(table: Table, written: Any, key: str) -> Iterator[_Default]:
    """Yield the keys of a table, at any depth, that are not written."""
    for name, field in type(table).model_fields.items():
        value, inside = getattr(table, name), f"{key}.{name}"
        below = written[name] if has(written, name) else {}
        if isinstance(value, Table) and not is_spelling(value) and name not in _LEAVES:
            yield from _below(value, below, inside)
        elif not has(written, name) and _SCENARIO not in (field.description or ""):
            yield _Default(inside, _text(value), field.description or "")


def _is_used(config: Config, item: _Default) -> bool:
    """Return False for keys of the price model and of the copula that are not chosen, and for scenario shifts."""
    regime = config.drivers.price.model == "regime"
    jump = ("spot0", "longrun", "kappa", "sigma", "jump_rate", "jump_size")
    if item.key.startswith("drivers.price.regime"):
        return regime
    if item.key.startswith("drivers.price.") and item.key.rpartition(".")[2] in jump:
        return not regime
    if item.key == "dependence.nu":
        return config.dependence.family == "t"
    return item.key != "drivers.silicon.shock_month" and not item.key.startswith("dependence.shift")


def _inherited_levers(config: Config) -> Iterator[_Default]:
    """Yield the keys of levers that a plan reads and finds neither in its table nor in `plan_defaults`."""
    defaults, plans = config._tree.get("plan_defaults", {}), config._tree.get("plans", {})
    for name, field in Levers.model_fields.items():
        for key, value, inner in _lever_keys(name, field):
            readers = [plan for id_, plan in config.plans.items() if not _holds(plans.get(id_), key)]
            if key.endswith(".on") or _holds(defaults, key) or not any(reads_key(plan, key) for plan in readers):
                continue
            yield _Default(f"plan_defaults.{key}", _text(value), inner.description or "")


def _lever_keys(name: str, field: FieldInfo) -> Iterator[tuple[str, Any, FieldInfo]]:
    table = inner_table(field.annotation)
    if table is None:
        yield name, field.default, field
        return
    for key, inner in table.model_fields.items():
        yield f"{name}.{key}", inner.default, inner


def _holds(node: Any, key: str) -> bool:
    for part in key.split("."):
        if not has(node, part):
            return False
        node = node[part]
    return True


def _text(value: Any) -> str:
    """Return a value as a config would have it."""
    if isinstance(value, Table):
        idle = {"zero": 0.0, "low": 0.0, "high": 1.0} if getattr(value, "law", "") == "beta" else {"zero": 0.0}
        dumped: Mapping[str, Any] = value.model_dump(exclude_none=True)
        kept = {key: part for key, part in dumped.items() if part != (0.0 if not is_spelling(value) else idle.get(key))}
        first = {"law": dumped["law"]} if "law" in dumped else {}
        return "{ " + ", ".join(f"{key} = {_text(part)}" for key, part in {**first, **kept}.items()) + " }"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, str):
        return f'"{value}"'
    return "[" + ", ".join(map(_text, value)) + "]" if isinstance(value, tuple) else str(value)
