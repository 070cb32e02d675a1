"""Mistakes of a config in words: the key, the value given and the value wanted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from simulator.config.fields.laws import LAWS
from simulator.config.fields.numbers import FOLDER, SLUG
from simulator.config.fields.ranges import Table
from simulator.config.fields.walk import key_names, owner_table, sampled_keys
from simulator.config.locate import KeyPath, has
from simulator.config.schema import Config
from simulator.config.schema.plans import AMOUNT
from simulator.config.wording import nearest, quote

__all__ = ["MOST_MISTAKES", "Mistake", "explain_all"]

MOST_MISTAKES = 200  # in words: a suggestion for an unknown key takes a millisecond

_PATTERNS = {
    SLUG: "an id of at most 40 small letters, digits and _ that begins with a letter",
    FOLDER: "the name of a folder, of letters, digits and _ . -, without a path",
}
_WANTED = {
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a whole number of at most 19 digits",
    "bool_type": "true or false",
    "string_type": "text in quotes",
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}


class Mistake(NamedTuple):
    """One mistake: its key and its description."""

    path: KeyPath
    text: str


def report_mistakes(mistakes: Sequence[str]) -> str:
    """Return every mistake on a line, then their number, as the command line prints them."""
    noun = "error" if len(mistakes) == 1 else "errors"
    return "\n".join([*mistakes, f"{len(mistakes)} {noun}, nothing was run."])


def explain_all(error: ValidationError, tree: Any, root: type[Table] = Config) -> list[Mistake]:
    """Return the errors of a `tree` validated as a `root` in words: the first 200, and the number of others.

    A list that counts as too short only because its items are wrong is no mistake of its own.
    """
    errors = error.errors(include_url=False)
    every = [_explain_either(item, tree, root) for item in errors[:MOST_MISTAKES]]
    mistakes = [mistake for mistake in every if not _follows(mistake, every)]
    if hidden := len(errors) - len(every):
        mistakes.append(Mistake((), f"given {hidden:,} more mistakes than are listed, wanted none"))
    return mistakes


def _follows(mistake: Mistake, mistakes: Iterable[Mistake]) -> bool:
    """True if a list counts as too short only because its items are wrong."""
    n = len(mistake.path)
    inside = any(len(other.path) > n and other.path[:n] == mistake.path for other in mistakes)
    return inside and "wanted at least" in mistake.text


def _explain_either(error: ErrorDetails, tree: Any, root: type[Table]) -> Mistake:
    mistake = _explain(error, tree, root)
    if AMOUNT in error["loc"]:  # of a key that may be a switch as well
        return Mistake(mistake.path, mistake.text.replace("wanted ", "wanted true, false or ", 1))
    return mistake


def _explain(error: ErrorDetails, tree: Any, root: type[Table]) -> Mistake:
    path = _key_path(error["loc"], tree)
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "mistake":
        return Mistake(path, context["text"])
    if kind == "extra_forbidden":
        return Mistake(path, f"unknown key, {nearest(str(path[-1]), key_names(owner_table(root, error['loc'])))}")
    if kind == "missing":
        field = owner_table(root, error["loc"]).model_fields.get(str(path[-1]))
        return Mistake(path, f"given nothing, wanted {(field and field.description) or 'a number'}")
    if kind == "union_tag_invalid":
        return Mistake(path, _wrong_form(value, context))
    if error["loc"][-1] == "[key]":
        value = error["loc"][-2]
    return Mistake(path, f"given {_size(kind, value)}, wanted {_wanted(kind, context, error['msg'])}")


def sampled_key_names() -> list[str]:
    """Return the keys that may be distributions; those of plans under `plan_defaults`."""
    return [".".join(key) for key, _ in sampled_keys(Config) if key[0] != "plans"]


def _wanted(kind: str, context: dict[str, Any], message: str) -> str:
    if kind in _WANTED:
        return _WANTED[kind]
    if kind == "literal_error":
        return str(context["expected"]).replace("'", '"')
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(context["pattern"], 'a month like "2026-07"')
    if kind in ("too_short", "string_too_short"):
        return f"at least {context.get('min_length', 1)}"
    if kind in ("too_long", "string_too_long"):
        return f"at most {context.get('max_length')}"
    return message[:1].lower() + message[1:]


def _size(kind: str, value: Any) -> str:
    """Return the value in words; of a list or text of the wrong length, its length."""
    if kind in ("too_short", "too_long"):
        return f"{len(value)} {'item' if len(value) == 1 else 'items'}"
    return f"{len(value)} characters" if kind.startswith("string_too") else quote(value)


def _wrong_form(value: Any, context: dict[str, Any]) -> str:
    if context["tag"] == "<law refused>":
        keys = ", ".join(sampled_key_names())
        return f"given a distribution, wanted a number or {{value, low, high}}: sampled are only {keys}"
    if context["tag"] == "<unknown>":
        return f"given {quote(value)}, wanted a number or {{value, low, high}}"
    law = value.get("law") if isinstance(value, Mapping) else value
    return f"given law = {quote(law)}, {nearest(str(law), LAWS)}"


def _key_path(loc: tuple[str | int, ...], tree: Any) -> KeyPath:
    """Return the keys that a user wrote: pydantic's location without the tags of its unions."""
    path: KeyPath = ()
    node = tree
    for before, key in zip(("", *loc), loc, strict=False):
        if has(node, key):
            node = node[key]
        elif before == "<law>" or key == "[key]" or str(key).startswith("<"):
            continue
        path = (*path, key)
    return path
