"""A tree of plain values as TOML text: how a config that was changed on the command line is kept with its run."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def toml(tree: Mapping[str, Any]) -> str:
    """`tree` as TOML: plain values first, then a section for each table and each item of a list of tables."""
    return "\n".join(_section(tree, ())).strip() + "\n"


def _section(tree: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    plain = {key: value for key, value in tree.items() if not _is_section(value, path)}
    lines = [f"{_key(key)} = {_value(value)}" for key, value in plain.items()]
    for key in (key for key in tree if key not in plain):
        value, name = tree[key], ".".join(map(_key, (*path, key)))
        if isinstance(value, Mapping):
            inside = _section(value, (*path, key))
            lines += inside if inside and not inside[0] else ["", f"[{name}]", *inside]
        else:
            for item in value:
                lines += ["", f"[[{name}]]", *_section(item, (*path, key, ""))]
    return lines


def _is_section(value: Any, path: tuple[str, ...]) -> bool:
    """Tables at the top two levels, and lists of tables, get a heading of their own; deeper ones stay inline."""
    if isinstance(value, Mapping):
        return len(path) < 2
    return not path and isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else json.dumps(key, ensure_ascii=False)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return value.isoformat() if hasattr(value, "isoformat") else repr(value)
