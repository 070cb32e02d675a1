"""The templates that `simulator init` writes."""

from __future__ import annotations

from simulator.resources import names, path, text

__all__ = ["DEFAULT", "default", "names", "path", "text"]

DEFAULT = "hyperscaler"


def default() -> str:
    """The template that is taken where none is named."""
    return DEFAULT if DEFAULT in names() else names()[0]
