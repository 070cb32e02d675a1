"""Find one's way in the schema: which table owns a key, and which keys are sampled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias, TypeGuard, get_args, get_origin

from simulator.config.fields.laws import LAWS, Column, NamedLaw, Percentiles
from simulator.config.fields.ranges import Range, Swing, Table

Spelling: TypeAlias = Swing | NamedLaw | Percentiles | Column
_SPELLINGS: dict[str, type[Table]] = {"<swing>": Swing, "<percentiles>": Percentiles, "<column>": Column}
_SPELLINGS |= dict(zip(LAWS, get_args(NamedLaw), strict=True))


def is_spelling(value: Any) -> TypeGuard[Spelling]:
    """Whether a table spells a number: a swing or a distribution."""
    return type(value) in _SPELLINGS.values()


def inner_table(annotation: Any) -> type[Table] | None:
    """The table inside a field's type, ignoring those that spell a number."""
    if isinstance(annotation, type) and issubclass(annotation, Table):
        return None if annotation in _SPELLINGS.values() else annotation
    return next((table for part in get_args(annotation) if (table := inner_table(part))), None)


def owner(root: type[Table], loc: tuple[str | int, ...]) -> type[Table]:
    """The table whose key is the last element of `loc`, a location as pydantic gives it."""
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
    """What the schema says where a key is absent; None where it says nothing."""
    table = owner(root, path)
    for name, field in table.model_fields.items():
        if path[-1] in (name, field.alias) and not field.is_required():
            return field.default
    return None


def key_names(table: type[Table]) -> list[str]:
    """Keys of a table as they are written."""
    return [field.alias or name for name, field in table.model_fields.items()]


def sampled_keys(table: type[Table]) -> Iterator[tuple[tuple[str, ...], Range]]:
    """Keys in a table, at any depth, that may be distributions, each with the range its support must keep."""
    for name, field in table.model_fields.items():
        inner = inner_table(field.annotation)
        if inner is not None:
            yield from (((name, *rest), limits) for rest, limits in sampled_keys(inner))
        elif _holds(field.annotation, Percentiles):
            yield (name,), next(mark for mark in field.metadata if isinstance(mark, Range))


def _holds(annotation: Any, wanted: type[Table]) -> bool:
    return annotation is wanted or any(_holds(part, wanted) for part in get_args(annotation))
