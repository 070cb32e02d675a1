"""The columns of CSV files that a run keeps in its folder, so that a copy of the folder is all that a run needs.

They are kept under the names that the config calls them by: its text, its hash and its random streams stay the same.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from simulator.errors import RunError
from simulator.file_access import read_json

__all__: list[str] = []  # used in this folder only

_KEPT, _CONFIG, _MANIFEST = "columns.json", "config.toml", "manifest.json"  # in a run folder
_FORMAT = "capex-simulator columns 1"


def data_place(config: Path) -> Path:
    """Return the place of a config's CSV files: its folder, or beside the config of a run the file of its columns."""
    kept = config.parent / _KEPT
    is_of_run = config.name == _CONFIG and (config.parent / _MANIFEST).is_file()
    return kept if is_of_run and kept.is_file() else config.parent


def split_place(place: Path) -> tuple[Path, Path | None]:
    """Return the folder of a place of CSV files, and the file of kept columns if there is one."""
    return (place.parent, place) if place.name == _KEPT and place.is_file() else (place, None)


def columns_json(columns: Mapping[tuple[str, str], Sequence[float]]) -> dict[str, Any]:
    """Return the contents of columns.json: numbers by file and column; empty if there are none."""
    files: dict[str, dict[str, list[float]]] = {}
    for (name, column), numbers in columns.items():
        files.setdefault(name, {})[column] = list(numbers)
    return {"format": _FORMAT, "columns": files} if files else {}


def read_kept_column(file: Path, name: str, column: str) -> tuple[float, ...] | None:
    """Return the numbers of a column that a run kept; None if it kept none of this name.

    ValueError if the file is damaged.
    """
    status = file.stat()
    try:
        body = _read(file, status.st_mtime_ns, status.st_size)
    except RunError as error:
        raise ValueError(f"given {column} of {name}, wanted the file with which a run keeps it ({error})") from None
    if body.get("format") != _FORMAT:
        raise ValueError(f"given {column} of {name}, wanted {file} in the format {_FORMAT}")
    numbers: Any = body.get("columns")
    for key in (name, column):
        if not isinstance(numbers, dict) or key not in numbers:
            return None
        numbers = numbers[key]
    if not isinstance(numbers, list) or not numbers or not all(map(_is_finite, numbers)):
        raise ValueError(f"given {column} of {name}, wanted numbers in {file}")
    return tuple(map(float, numbers))


@lru_cache(maxsize=4)
def _read(file: Path, changed: int, size: int) -> dict[str, Any]:
    return read_json(file)


def _is_finite(number: Any) -> bool:
    return isinstance(number, (int, float)) and not isinstance(number, bool) and math.isfinite(number)
