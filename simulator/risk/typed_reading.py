"""Checks that objects read from a file hold the types that their fields declare."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

__all__: list[str] = []  # used in this folder only

_Check = Callable[[Any], str | None]  # returns the key of the first mistyped value inside one, empty for itself
_PLAIN: dict[Any, tuple[type, ...]] = {
    float: (float, int),
    int: (int,),
    str: (str,),
    bool: (bool,),
    type(None): (type(None),),
}


@cache
def type_check(hint: Any) -> _Check:
    """Return the check of a declared type: the key of the first value inside that is of another; None if there is none.

    Known are plain types, unions, literals, mappings, tuples of one type, dataclasses and NamedTuples.
    """
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return lambda value: None
    if hint in _PLAIN:
        kinds = _PLAIN[hint]  # type() and not isinstance: True is no number
        return lambda value: None if type(value) in kinds else ""
    if origin is Literal:
        return lambda value: None if value in arguments else ""
    if origin in (Union, UnionType):
        return _check_union([type_check(option) for option in arguments])
    if isinstance(origin, type) and issubclass(origin, tuple):
        return _check_items(type_check(arguments[0]))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _check_mapping(type_check(arguments[0]), type_check(arguments[1]))
    names = [field.name for field in fields(hint)] if is_dataclass(hint) else list(hint._fields)
    hints = get_type_hints(hint)
    return _check_fields(hint, {name: type_check(hints[name]) for name in names})


def _check_union(checks: list[_Check]) -> _Check:
    return lambda value: None if any(check(value) is None for check in checks) else ""


def _check_items(check: _Check) -> _Check:
    def find(value: Any) -> str | None:
        if not isinstance(value, tuple):
            return ""
        keys = ((i, check(item)) for i, item in enumerate(value))
        return next((f"[{i}]{key}" for i, key in keys if key is not None), None)

    return find


def _check_mapping(check_name: _Check, check: _Check) -> _Check:
    def find(value: Any) -> str | None:
        if not isinstance(value, Mapping) or any(check_name(name) is not None for name in value):
            return ""
        keys = ((name, check(item)) for name, item in value.items())
        return next((f".{name}{key}" for name, key in keys if key is not None), None)

    return find


def _check_fields(kind: type, checks: Mapping[str, _Check]) -> _Check:
    def find(value: Any) -> str | None:
        if not isinstance(value, kind):
            return ""
        keys = ((name, check(getattr(value, name))) for name, check in checks.items())
        return next((f".{name}{key}" for name, key in keys if key is not None), None)

    return find
