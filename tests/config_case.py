"""A small config for tests, and ways to spoil it."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.config import Config, load
from simulator.errors import ConfigError

SITE = """
[[sites]]
id = "{id}"
region = "ohio"
mw = 100
start = {start}
requested = -20
planned = {planned}
"""
ONE_SITE = SITE.format(id="one", start=-3, planned=18)
PLAN = "[plans.own]\n"
NOTE = "[[notes]]\namount = 3\ncoupon = 0.05\nmaturity = 52\n"


def read(folder: Path, text: str, *overrides: str) -> Config:
    """The config of a text, written to `my.toml` in a folder."""
    path = folder / "my.toml"
    path.write_text(text, encoding="utf-8")
    return load(path, overrides)


def mistakes(folder: Path, text: str, *overrides: str) -> list[str]:
    """The mistakes of a text, without the name of the folder."""
    with pytest.raises(ConfigError) as caught:
        read(folder, text, *overrides)
    return [line.replace(f"{folder}/", "") for line in caught.value.mistakes]


def mistake(folder: Path, text: str, *overrides: str) -> str:
    """The only mistake of a text."""
    lines = mistakes(folder, text, *overrides)
    assert len(lines) == 1, lines
    return lines[0]
