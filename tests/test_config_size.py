"""Hostile size: a config that is too large is refused by name before it is parsed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from simulator.config import load
from simulator.config.run_list import is_list, read_list
from simulator.config.stress_files import find_sets
from simulator.config.toml_reader import read_text
from simulator.errors import ConfigError
from simulator.validation import read_case
from tests.config_case import ONE_SITE, PLAN, mistakes
from tests.smoke import FLAGSHIP

BASE = ONE_SITE + PLAN
SECOND = 1.0

TOO_LARGE = {
    "headers": (
        "".join(f"[a{i}]\n" for i in range(50_000)),
        "20001: given more than 20,000 keys and values, wanted at",
    ),
    "keys": ("".join(f"a{i} = 1\n" for i in range(21_000)), "20001: given more than 20,000 keys and values, wanted at"),
    "items": ("a = [" + "1," * 30_000 + "]", "1: given more than 20,000 keys and values, wanted at most as many"),
    "dotted key": (".".join("a" * 30_000) + " = 1", "1: given tables nested too deeply, wanted at most 32 in each"),
    "dotted header": ("\n[" + ".".join("a" * 30_000) + "]", "2: given tables nested too deeply, wanted at most 32 in"),
    "lists": ("a = " + "[" * 900 + "]" * 900, "1: given tables nested too deeply, wanted at most 32 in each other"),
    "integer": ("months = " + "9" * 5000, "1: given a number of 5,000 digits, wanted at most 1,000"),
    "fraction": ("months = 1." + "9" * 5000, "1: given a number of 5,000 digits, wanted at most 1,000"),
    "long key": ("a" * 5000 + " = 1", "1: given 5,000 characters, wanted at most 1,000"),
    "bytes": ("#" + "x" * 2**19, "1: given more than 524,288 bytes, wanted "),
}


@pytest.mark.parametrize("kind", TOO_LARGE)
def test_what_is_too_large_is_refused_before_it_is_parsed(tmp_path, kind):
    text, says = TOO_LARGE[kind]
    start = time.perf_counter()
    (said,) = mistakes(tmp_path, f"{text}\n{BASE}")
    assert said.startswith(f"my.toml:{says}")
    assert time.perf_counter() - start < SECOND


MANY = {
    "unknown keys": ("".join(f"spot{i} = 1\n" for i in range(18_000)) + BASE, 18_000),
    "unknown tables": (BASE + "".join(f"[a{i}]\n" for i in range(18_000)), 18_000),
    "notes": (BASE + "[[notes]]\n" * 4000, 8000),  # amount and maturity are absent
    "plans": (ONE_SITE + "".join(f"[plans.p{i}]\nx = 1\n" for i in range(6000)), 6000),
    "defaults": (
        ONE_SITE + "[plan_defaults]\n" + "".join(f"x{i} = 1\n" for i in range(9000)) + "[plans.a]\n[plans.b]\n",
        9000,
    ),
    "tally": ("metrics.tally = [" + "'npv'," * 19_000 + "]\n" + BASE, 1),
}


@pytest.mark.parametrize("kind", MANY)
def test_thousands_of_mistakes_are_told_in_a_second(tmp_path, kind):
    text, least = MANY[kind]
    start = time.perf_counter()
    lines = mistakes(tmp_path, text)
    assert time.perf_counter() - start < 2 * SECOND
    assert len(lines) <= 201
    if least > 200:
        assert f"my.toml:1: given {least - 200:,} more mistakes than are listed, wanted none" in lines


def test_a_config_with_all_that_the_schema_allows_is_not_too_large(tmp_path):
    site = ONE_SITE + "queue = { law = 'lognormal', median = 36, sigma = 0.4, high = 90 }\n"
    levers = FLAGSHIP.read_text().partition("[plan_defaults]")[2].partition("[plans.own]")[0]
    text = site * 200 + "".join(f"[plan_defaults]{levers}".replace("plan_defaults", f"plans.p{i}") for i in range(50))
    path = tmp_path / "my.toml"
    path.write_text(text)
    assert read_text(path) == text


@pytest.mark.parametrize("override", [".".join("a" * 30_000) + "=1", "months=" + "9" * 5000, "months=" + "[" * 900])
def test_a_change_on_the_command_line_has_the_same_bounds(tmp_path, override):
    start = time.perf_counter()
    (said,) = mistakes(tmp_path, BASE, override)
    assert time.perf_counter() - start < SECOND
    assert said.startswith("--set ")
    assert "wanted at most" in said
    assert len(said) < 400


READERS = {
    "config": load,
    "list": read_list,
    "stress set": lambda path: find_sets([str(path)]),
    "case": read_case,
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_only_a_regular_file_is_opened(tmp_path, reader, kind):
    path = tmp_path / "it.toml"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()
    with pytest.raises(ConfigError) as caught:
        READERS[reader](path)
    why = "Is a directory" if kind == "folder" else f"it is a {kind}, not a regular file"
    why += "; looked for /dev/zero" if kind == "device" else ""
    assert caught.value.mistakes[0].endswith(f"given a path that cannot be read ({why}), wanted a file")
    assert not is_list(path)


@pytest.mark.parametrize("reader", READERS)
def test_every_kind_of_file_has_the_bounds(tmp_path, reader):
    path = Path(tmp_path / "it.toml")
    path.write_text("".join(f"[a{i}]\n" for i in range(50_000)))
    with pytest.raises(ConfigError, match="more than 20,000 keys and values"):
        READERS[reader](path)
