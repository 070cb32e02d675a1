"""What a case file gives a function: numbers, lists, laws, results of earlier figures, keys of the config."""

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
from simulator.config.laws import law_of
from simulator.config.wording import nearest, show
from simulator.drivers.laws import Law
from simulator.model import Model

_SAMPLED: TypeAdapter[AnyNumber] = TypeAdapter(Sampled)
WANTED = {
    float: "a number, the id of an earlier figure or a key of the config",
    Law: "a number or a distribution, or a key of the config",
}
A_LIST = "a list of numbers, or a key of the config"


class Giver:
    """Turns what a file gives into what functions take.

    `values` are the earlier figures by id; errors are ValueError with a text `given .., wanted ..`.
    """

    def __init__(self, values: Mapping[str, float], config: Config | None, folder: Path) -> None:
        self.values = values
        self.config = config
        self.folder = folder

    def give(self, given: Any, kind: Any) -> Any:
        """The value of a parameter annotated `kind`: float, a list of floats or a Law."""
        found = self._found(given)
        if kind is Law:
            return self._law(found)
        if kind is float:
            return self._number(found)
        if not isinstance(found, (list, tuple)) or not found:
            raise ValueError(f"given {show(found)}, wanted {A_LIST}")
        return [self._number(self._found(item)) for item in found]

    def _found(self, given: Any) -> Any:
        """What text stands for."""
        if not isinstance(given, str):
            return given
        if "." in given:
            if self.config is None:
                raise ValueError(f"given {show(given)}, wanted a config in the case to take it from")
            return at_key(self.config, given)
        if given in self.values:
            return self.values[given]
        near = nearest(given, self.values) if self.values else "wanted the id of an earlier figure, and there is none"
        raise ValueError(f"given {show(given)}, {near}")

    def _number(self, found: Any) -> float:
        if isinstance(found, Swing):
            return number(found)
        if isinstance(found, bool) or not isinstance(found, (int, float)):
            what = "a distribution" if isinstance(found, BaseModel) else show(found)
            raise ValueError(f"given {what}, wanted {WANTED[float]}")
        return float(found)

    def _law(self, found: Any) -> Law:
        try:
            return law_of(_SAMPLED.validate_python(found), self.folder)
        except ValidationError:
            raise ValueError(f"given {show(found)}, wanted {WANTED[Law]}") from None


def parameters(function: Callable[..., Any]) -> dict[str, tuple[Any, bool]]:
    """Names of a function's parameters, each with its annotation and whether it must be given; `model` is left out."""
    hints = get_type_hints(function)
    return {
        name: (hints[name], one.default is inspect.Parameter.empty)
        for name, one in inspect.signature(function).parameters.items()
        if hints[name] is not Model
    }


def takes_model(function: Callable[..., Any]) -> bool:
    """Whether a function reads the frozen config of the case."""
    return Model in get_type_hints(function).values()


def at_key(config: Config, key: str) -> Any:
    """What stands at a key of a config, defaults filled in; of a list of tables, the list of it."""
    node: Any = config
    for part in key.split("."):
        node = [_below(item, part) for item in node] if isinstance(node, tuple) else _below(node, part)
    return node


def _below(node: Any, part: str) -> Any:
    if isinstance(node, dict) and part in node:
        return node[part]
    if isinstance(node, Table) and part in type(node).model_fields:
        return getattr(node, part)
    known = list(node) if isinstance(node, dict) else key_names(type(node)) if isinstance(node, Table) else []
    raise ValueError(f"given {show(part)} in a key of the config, {nearest(part, known)}")


def finite(function: Callable[..., Any], given: Mapping[str, Any]) -> float:
    """What the function says; ValueError where it says nothing, or no number."""
    try:
        value = float(function(**given))
    except (ArithmeticError, ValueError, TypeError) as error:
        raise ValueError(f"given numbers for which {function.__name__} has no value ({_why(error)})") from None
    if not math.isfinite(value):
        raise ValueError(f"given numbers for which {function.__name__} has no value (it is {value})")
    return value


def _why(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
