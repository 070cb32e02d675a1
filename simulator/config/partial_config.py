"""A view of a config while parts of it are wrong: values as written, else defaults, and None where a key is bad.

Checks across keys read a config through this view, so that they find their mistakes although other keys have theirs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from simulator.config.fields.numbers import AnyNumber, Sampled
from simulator.config.fields.ranges import Swing
from simulator.config.fields.walk import default_at
from simulator.config.locate import KeyPath, has
from simulator.config.schema import Config

__all__: list[str] = []  # used in this folder only

_SAMPLED: TypeAdapter[AnyNumber] = TypeAdapter(Sampled)


class PartialConfig:
    """`tree` is the config with plans completed, `bad` the paths of wrong keys, `written` the tree as written."""

    def __init__(self, tree: Mapping[str, Any], bad: Iterable[KeyPath], written: Mapping[str, Any]) -> None:
        self.tree = tree
        self.bad = set(bad)
        self._written = written

    def get(self, *path: str | int) -> Any:
        """Return the value at a path, its default, or None."""
        if any(path[:n] in self.bad for n in range(1, len(path) + 1)):
            return None
        node: Any = self.tree
        for n, key in enumerate(path):
            if has(node, key):
                node = node[key]
            else:
                return default_at(Config, path) if isinstance(node, dict) or n == 0 else None
        return node

    def written(self, *path: str | int) -> Any:
        """Return the value written at a path itself, neither inherited nor a default; None where there is none."""
        node: Any = self._written
        for key in path:
            if not has(node, key):
                return None
            node = node[key]
        return node

    def number(self, *path: str | int) -> float | None:
        """Return the plain number at a path."""
        value = self._whole(path)
        if isinstance(value, dict):
            value = value.get("value")
        if isinstance(value, Swing):
            value = value.value
        return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None

    def sampled(self, *path: str | int) -> AnyNumber | None:
        """Return the number or distribution at a path."""
        value = self._whole(path)
        try:
            return None if value is None else _SAMPLED.validate_python(value)
        except ValidationError:
            return None

    def count(self, *path: str | int) -> int:
        """Return the number of items of a list."""
        value = self.get(*path)
        return len(value) if isinstance(value, (list, tuple)) else 0

    def _whole(self, path: KeyPath) -> Any:
        """Return the value at a path unless a part of it is bad."""
        return None if any(bad[: len(path)] == path for bad in self.bad) else self.get(*path)
