"""Inputs of a function in a case file: numbers, lists, laws, earlier figures, keys of the config."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import BaseModel, TypeAdapter, ValidationError

from simulator.config import Config
from simulator.config.fields.numbers import AnyNumber, Sampled
from simulator.config.fields.ranges import Swing, Table, number
from simulator.config.fields.walk import key_names
from simulator.config.laws import build_law
from simulator.config.wording import nearest, quote
from simulator.drivers.laws import Law
from simulator.model import Model

__all__: list[str] = []  # used in this folder only

_SAMPLED: TypeAdapter[AnyNumber] = TypeAdapter(Sampled)
_WANTED = {
    float: "a number, the id of an earlier figure or a key of the config",
    Law: "a number or a distribution, or a key of the config",
}
_A_LIST = "a list of numbers, or a key of the config"


class InputReader:
    """Turns the values in a case file into arguments of functions.

    `values` are the earlier figures by id; errors are ValueError with a text `given .., wanted ..`.
    """

    def __init__(self, values: Mapping[str, float], config: Config | None, folder: Path) -> None:
        self.values = values
        self.config = config
        self.folder = folder

    def read(self, value: Any, kind: Any) -> Any:
        """Return the argument for a parameter annotated `kind`: float, a list of floats or a Law."""
        value = self._resolve(value)
        if kind is Law:
            return self._law(value)
        if kind is float:
            return self._number(value)
        if not isinstance(value, (list, tuple)) or not value:
            raise ValueError(f"given {quote(value)}, wanted {_A_LIST}")
        return [self._number(self._resolve(item)) for item in value]

    def _resolve(self, value: Any) -> Any:
        """Return the value of a text: an earlier figure or a key of the config; other values as they are."""
        if not isinstance(value, str):
            return value
        if "." in value:
            if self.config is None:
                raise ValueError(f"given {quote(value)}, wanted a config in the case to take it from")
            return _at_key(self.config, value)
        if value in self.values:
            return self.values[value]
        near = nearest(value, self.values) if self.values else "wanted the id of an earlier figure, and there is none"
        raise ValueError(f"given {quote(value)}, {near}")

    def _number(self, value: Any) -> float:
        if isinstance(value, Swing):
            return number(value)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            what = "a distribution" if isinstance(value, BaseModel) else quote(value)
            raise ValueError(f"given {what}, wanted {_WANTED[float]}")
        return float(value)

    def _law(self, value: Any) -> Law:
        try:
            return build_law(_SAMPLED.validate_python(value), self.folder)
        except ValidationError:
            raise ValueError(f"given {quote(value)}, wanted {_WANTED[Law]}") from None


def parameters(function: Callable[..., Any]) -> dict[str, tuple[Any, bool]]:
    """Return a function's parameters by name, each with its annotation and True if required; `model` is left out."""
    hints = get_type_hints(function)
    return {
        name: (hints[name], parameter.default is inspect.Parameter.empty)
        for name, parameter in inspect.signature(function).parameters.items()
        if hints[name] is not Model
    }


def takes_model(function: Callable[..., Any]) -> bool:
    """True if a function reads the frozen config of the case."""
    return Model in get_type_hints(function).values()


def _at_key(config: Config, key: str) -> Any:
    """Return the value at a key of a config, defaults filled in; of a list of tables, the list of its values."""
    node: Any = config
    for part in key.split("."):
        node = [_below(item, part) for item in node] if isinstance(node, tuple) else _below(node, part)
    return node


def _below(node: Any, part: str) -> Any:
    if isinstance(node, dict) and part in node:
        return node[part]
    if isinstance(node, Table) and part in type(node).model_fields:
        return getattr(node, part)
    keys = list(node) if isinstance(node, dict) else key_names(type(node)) if isinstance(node, Table) else []
    raise ValueError(f"given {quote(part)} in a key of the config, {nearest(part, keys)}")


def evaluate(function: Callable[..., Any], arguments: Mapping[str, Any]) -> float:
    """Return the value of a function; ValueError where it has none, or is not finite."""
    try:
        value = float(function(**arguments))
    except (ArithmeticError, ValueError, TypeError) as error:
        raise ValueError(f"given numbers for which {function.__name__} has no value ({_describe(error)})") from None
    if not math.isfinite(value):
        raise ValueError(f"given numbers for which {function.__name__} has no value (it is {value})")
    return value


def _describe(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
