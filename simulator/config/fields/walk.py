"""Walk the schema: the table that owns a key, and the keys that are sampled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias, TypeGuard, get_args, get_origin

from simulator.config.fields.laws import LAWS, Column, NamedLaw, Percentiles
from simulator.config.fields.ranges import Range, Swing, Table

__all__ = ["key_names"]

Spelling: TypeAlias = Swing | NamedLaw | Percentiles | Column
_SPELLINGS: dict[str, type[Table]] = {"<swing>": Swing, "<percentiles>": Percentiles, "<column>": Column}
_SPELLINGS |= dict(zip(LAWS, get_args(NamedLaw), strict=True))


def is_spelling(value: Any) -> TypeGuard[Spelling]:
    """True if a table is a number: a swing or a distribution."""
    return type(value) in _SPELLINGS.values()


def inner_table(annotation: Any) -> type[Table] | None:
    """Return the table inside a field's type, leaving out those that are numbers."""
    if isinstance(annotation, type) and issubclass(annotation, Table):
        return None if annotation in _SPELLINGS.values() else annotation
    return next((table for part in get_args(annotation) if (table := inner_table(part))), None)


def owner_table(root: type[Table], loc: tuple[str | int, ...]) -> type[Table]:
    """Return the table whose key is the last element of `loc`, a location of pydantic."""
    table, named = root, False
    for key in loc[:-1]:
        if named:  # an id that the user chose, which may look like a key
            named = False
            continue
        if key in _SPELLINGS:
            table = _SPELLINGS[str(key)]
        for name, field in table.model_fields.items():
            if key in (name, field.alias):
                table = inner_table(field.annotation) or table
                named = get_origin(field.annotation) is dict
                break
    return table


def default_at(root: type[Table], path: tuple[str | int, ...]) -> Any:
    """Return the default of a key; None where it has none."""
    table = owner_table(root, path)
    for name, field in table.model_fields.items():
        if path[-1] in (name, field.alias) and not field.is_required():
            return field.default
    return None


def key_names(table: type[Table]) -> list[str]:
    """Return the keys of a table as they are written."""
    return [field.alias or name for name, field in table.model_fields.items()]


def sampled_keys(table: type[Table]) -> Iterator[tuple[tuple[str, ...], Range]]:
    """Yield the keys in a table, at any depth, that may be distributions, with the range of their support."""
    for name, field in table.model_fields.items():
        inner = inner_table(field.annotation)
        if inner is not None:
            yield from (((name, *rest), limits) for rest, limits in sampled_keys(inner))
        elif _holds(field.annotation, Percentiles):
            yield (name,), next(mark for mark in field.metadata if isinstance(mark, Range))


def _holds(annotation: Any, wanted: type[Table]) -> bool:
    return annotation is wanted or any(_holds(part, wanted) for part in get_args(annotation))
