"""The configs that ship with the package."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

DEFAULT = "hyperscaler"


def _folder() -> Traversable:
    return resources.files("simulator.config") / "templates"


def names() -> list[str]:
    """Names of the templates."""
    return sorted(item.name.removesuffix(".toml") for item in _folder().iterdir() if item.name.endswith(".toml"))


def default() -> str:
    """The template that is taken where none is named."""
    return DEFAULT if DEFAULT in names() else names()[0]


def text(name: str) -> str:
    """The text of a template."""
    return (_folder() / f"{name}.toml").read_text("utf-8")


@contextmanager
def path(name: str) -> Iterator[Path]:
    """A template as a file."""
    with resources.as_file(_folder() / f"{name}.toml") as file:
        yield file
