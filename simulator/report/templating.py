"""The templates of pages."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

__all__: list[str] = []  # used in this folder only


@cache
def environment() -> Environment:
    """The templates beside this file; whatever comes from a config is escaped."""
    loader = PackageLoader("simulator.report", "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
