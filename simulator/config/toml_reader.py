"""Read TOML files of bounded size: text, then values with the line of each key.

Bytes, depth, keys and digits are counted in one pass over the text, before anything is parsed: what a parser or a check
does with them may take far longer than linear time.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simulator.config.locate import KeyPath, key_lines
from simulator.errors import ConfigError
from simulator.file_access import open_regular

__all__ = ["parse", "read_text", "refuse_size"]

_MOST_BYTES = 2**19  # the flagship has 2**14
_MOST_DEPTH = 32  # of tables and lists in each other, and of the parts of a dotted key
_MOST_KEYS = 20_000  # keys and values: the largest config that the schema allows has some 15,000
_MOST_DIGITS = 1000  # of a number or a key: a float64 in full has 767
_PYTHON_KEY = re.compile(r"\(((?:'[^']*',? ?)+)\)")  # a path of keys as Python writes it
_TOKEN = re.compile(
    r'"""(?:[^\\]|\\.)*?(?:"{3,5}|\Z)'
    r"|'''.*?(?:'{3,5}|\Z)"
    r'|"(?:[^"\\\n]|\\.)*"?'
    r"|'[^'\n]*'?"
    r"|#[^\n]*"
    r"|(?P<bare>[^\s\"'#=,.\[\]{}]+)"
    r"|(?P<mark>[=,.\[\]{}\n])",
    re.DOTALL,
)


def read_text(path: Path, what: str = "a config") -> str:
    """Return the text of a file that is `what`; ConfigError if it cannot be read, is no text or is too large."""
    try:
        with open_regular(path) as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        whole, cause = os.path.realpath(path), error.strerror or str(error)
        cause += f"; looked for {whole}" if whole != str(path) else ""
        raise ConfigError([f"{path}: given a path that cannot be read ({cause}), wanted a file"]) from None
    except ValueError:  # a path with a zero byte
        raise ConfigError([f"{str(path)!r}: given a path that cannot exist, wanted a file"]) from None
    if len(data) > _MOST_BYTES:
        raise ConfigError([f"{path}:1: given more than {_MOST_BYTES:,} bytes, wanted {what} of at most as many"])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError([f"{path}:{line}: given bytes that are not UTF-8, wanted a text file"]) from None
    if not text.strip():
        hint = " (simulator init writes one)" if what == "a config" else ""
        raise ConfigError([f"{path}:1: given an empty file, wanted {what}{hint}"])
    for at, mistake in _excesses(text):
        raise ConfigError([f"{path}:{text.count(chr(10), 0, at) + 1}: {mistake}"])
    return text


def parse(text: str, name: str) -> tuple[dict[str, Any], dict[KeyPath, int]]:
    """Return values and lines of a TOML text; ConfigError with its line if it is none."""
    try:
        return tomllib.loads(text), key_lines(text)
    except ValueError as error:  # TOMLDecodeError, or a date that does not exist
        place = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", str(error))
        line = place[1] if place and place[1] else text.count("\n") + 1 if place else 1
        said = str(error)[: place.start()] if place else str(error)
        said = "a key given twice" if said == "Cannot overwrite a value" else said[:1].lower() + said[1:]
        said = _PYTHON_KEY.sub(lambda key: ".".join(part.strip(" '\"") for part in key[1].split(",") if part), said)
        raise ConfigError([f"{name}:{line}: not valid TOML: {said}"]) from None


def refuse_size(text: str) -> None:
    """Raise ValueError `given .., wanted ..` if a TOML text is too deep or has too many keys or digits."""
    for _, mistake in _excesses(text):
        raise ValueError(mistake)


def _excesses(text: str) -> Iterator[tuple[int, str]]:
    """Yield the places at which a TOML text exceeds a bound, with the mistake in words."""
    depth = parts = keys = 0
    for token in _TOKEN.finditer(text):
        mark = token["mark"]
        if mark is None:
            bare = token["bare"]
            if bare is not None and len(bare) > _MOST_DIGITS:
                what = f"a number of {len(bare):,} digits" if bare[0] in "+-0123456789" else f"{len(bare):,} characters"
                yield token.start(), f"given {what}, wanted at most {_MOST_DIGITS:,}"
            continue
        if mark == ".":
            parts += 1
        elif mark != "\n" or not depth:
            parts = 0
        if mark in "[{":
            depth += 1
        elif mark in "]}":
            depth = max(depth - 1, 0)
        if max(depth, parts) > _MOST_DEPTH:
            yield token.start(), f"given tables nested too deeply, wanted at most {_MOST_DEPTH} in each other"
        keys += mark in "=,[{"
        if keys > _MOST_KEYS:
            yield token.start(), f"given more than {_MOST_KEYS:,} keys and values, wanted at most as many"
