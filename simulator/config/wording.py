"""Values and suggestions in words, for messages."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Iterable, Mapping
from typing import Any


def quote(value: Any) -> str:
    """Return a value as TOML would write it, cut short; tables and lists by their kind."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _escape_controls(json.dumps(value if len(value) <= 60 else value[:57] + "...", ensure_ascii=False))
    if isinstance(value, Mapping):
        return "a table" if value else "an empty table"
    if isinstance(value, (list, tuple)):
        return "a list" if value else "an empty list"
    if isinstance(value, int) and abs(value) >= 10**20:
        return "a whole number of more than 20 digits"
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:.12g}"
    return str(value)


def _escape_controls(text: str) -> str:
    """Return a text with escapes for what moves a cursor, changes a colour or turns the direction of writing."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def nearest(word: str, choices: Iterable[str]) -> str:
    """Return `did you mean sigma?`, or all choices where none is near."""
    choices = list(choices)
    turned = "_".join(reversed(word.split("_")))
    near = [turned] if turned in choices else difflib.get_close_matches(word[:60], choices, 1)
    return _escape_controls(f"did you mean {near[0]}?" if near else f"wanted one of {', '.join(choices)}")


def count_noun(count: int, noun: str) -> str:
    """Return `1 path`, `2 paths`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
