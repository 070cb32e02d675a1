"""The configs that ship with the package: templates to start from, and cases that check headline figures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

TEMPLATES = ""  # folders below the templates
CASES = "validation"


def _folder(kind: str) -> Traversable:
    folder = resources.files("simulator") / "config" / "templates"
    return folder / kind if kind else folder


def names(kind: str = TEMPLATES) -> list[str]:
    """Names of the files of a kind, in alphabetical order."""
    return sorted(item.name.removesuffix(".toml") for item in _folder(kind).iterdir() if item.name.endswith(".toml"))


def text(name: str, kind: str = TEMPLATES) -> str:
    """The text of a file."""
    return (_folder(kind) / f"{name}.toml").read_text("utf-8")


@contextmanager
def path(name: str, kind: str = TEMPLATES) -> Iterator[Path]:
    """A template or case as a file."""
    with resources.as_file(_folder(kind) / f"{name}.toml") as file:
        yield file
