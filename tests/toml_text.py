"""A small TOML writer, for documents made at random."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterator
from typing import Any

Path = tuple[str | int, ...]


def to_toml(tree: dict[str, Any]) -> str:
    """Tables become sections, lists of tables arrays of them, what lies deeper is written inline."""
    plain = [(key, value) for key, value in tree.items() if not _is_section(value)]
    text = "".join(f"{_key(key)} = {_value(value)}\n" for key, value in plain)
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            text += f"[{_key(key)}]\n" + "".join(f"{_key(k)} = {_value(v)} # {k!r}\n" for k, v in value.items())
        elif _is_section(value):
            for item in value:
                text += f"[[{_key(key)}]]\n" + "".join(f"{_key(k)} = {_value(v)}\n" for k, v in item.items())
    return text


def paths_of(node: Any, path: Path = ()) -> Iterator[Path]:
    """Every key path of a tree."""
    items: Any = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from paths_of(value, (*path, key))


def _is_section(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(item, dict) for item in value)
    return isinstance(value, dict) and bool(value)


def _key(key: str) -> str:
    return key if key.isascii() and key.replace("_", "a").replace("-", "a").isalnum() else _text(key)


def _text(text: str) -> str:
    return json.dumps(text).replace("\x7f", "\\u007f") if text.isascii() else _wide(text)


def _wide(text: str) -> str:
    return '"' + "".join(f"\\U{ord(c):08x}" if ord(c) > 126 or c in '"\\' or ord(c) < 32 else c for c in text) + '"'


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", # [\n ".join(map(_value, value)) + "\n]"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value)
    return value.isoformat() if isinstance(value, dt.date) else repr(value)
