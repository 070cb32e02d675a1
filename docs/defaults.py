"""Write docs/defaults.md from the schema, so that the page cannot say something else than the code: `make docs`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from simulator.config.schema import Config, Note, Plan, Site

PAGE = Path(__file__).parent / "defaults.md"
HEAD = """# Every key of a config

Written by `make docs` from the schema. A key that is left out has its default; *required* keys have none. Money is
nominal USD bn unless said, capacity MW of IT load, dates months from `start`, rates per year. "Judgement" marks a
prior: a number without a measurement behind it. [model.md](model.md) says how numbers and laws are written,
[evidence.md](evidence.md) what the sources are.
"""


def page() -> str:
    """The text of docs/defaults.md."""
    lines = [HEAD]
    for name, model, default in _tables():
        rows = list(_rows(model, default))
        if rows:
            lines += [
                f"## {name}\n",
                _first_line(model),
                "",
                "| key | default | meaning, unit, source |",
                "|---|---|---|",
            ]
            lines += [*rows, ""]
    return "\n".join(lines)


def _tables() -> Iterator[tuple[str, type[BaseModel], BaseModel | None]]:
    yield "Top level", Config, None
    for key, field in Config.model_fields.items():
        if isinstance(field.default, BaseModel):
            yield from _below(f"[{key}]", field.default)
    yield from _with_parts("[[sites]]", Site)
    yield "[[notes]]", Note, None
    yield "[plans.<id>], with every key of [plan_defaults]", Plan, None


def _below(name: str, default: BaseModel) -> Iterator[tuple[str, type[BaseModel], BaseModel | None]]:
    yield name, type(default), default
    for key in type(default).model_fields:
        value = getattr(default, key)
        if isinstance(value, BaseModel) and not _is_number(value):
            yield from _below(f"{name[:-1]}.{key}]", value)


def _with_parts(name: str, model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel], BaseModel | None]]:
    yield name, model, None
    for key, field in model.model_fields.items():
        parts = [part for part in getattr(field.annotation, "__args__", ()) if isinstance(part, type)]
        for part in parts:
            if issubclass(part, BaseModel):
                yield f"{name[:-2]}.{key}]]".replace("]]", "]").replace("[[", "["), part, None


def _rows(model: type[BaseModel], default: BaseModel | None) -> Iterator[str]:
    for key, field in model.model_fields.items():
        value = getattr(default, key) if default is not None else field.get_default()
        if isinstance(value, BaseModel) and not _is_number(value):
            continue
        if model is Plan and key != "title":
            continue
        if isinstance(value, dict) or (key in {"sites", "plans", "notes"} and model is Config):
            continue
        yield f"| `{field.alias or key}` | {_default(field, value)} | {(field.description or '').replace('|', '/')} |"


def _default(field: FieldInfo, value: Any) -> str:
    if field.is_required() and value is PydanticUndefined:
        return "*required*"
    return "" if value is None or value == "" else f"`{_written(value)}`"


def _written(value: Any) -> str:
    """A value as a config would have it."""
    if isinstance(value, BaseModel):
        dumped = value.model_dump(exclude_none=True, exclude_defaults=False)
        idle = {"zero": 0.0} | ({"low": 0.0, "high": 1.0} if dumped.get("law") == "beta" else {})
        kept = {key: dumped[key] for key in sorted(dumped, key=_place) if dumped[key] != idle.get(key)}
        return "{ " + ", ".join(f"{key} = {_written(part)}" for key, part in kept.items()) + " }"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.7g}"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_written, value)) + "]"
    return str(value)


def _place(key: str) -> int:
    """`law` first, truncation and the atom last; the others stay in the order of the schema."""
    return {"law": -1, "high": 1, "zero": 2}.get(key, 0)


def _is_number(value: BaseModel) -> bool:
    """Laws, percentiles, columns and swings are written as one number."""
    return bool({"law", "p10", "csv", "value"} & set(type(value).model_fields))


def _first_line(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().splitlines()[0]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
