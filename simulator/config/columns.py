"""Columns of numbers in CSV files."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from simulator.config.kept_columns import read_kept_column, split_place
from simulator.config.wording import nearest, quote

__all__: list[str] = []  # used in this folder only

_LARGEST = 64 * 2**20  # bytes of a CSV file
_SHOWN = 3  # bad cells named


def read_column(folder: Path, name: str, column: str) -> tuple[float, ...]:
    """Return one column of a CSV file; ValueError names the mistake, and the rows that hold no number.

    `folder` is the config's, or the file in which a run keeps the columns that it read.
    """
    folder, kept = split_place(folder)
    if kept is not None and (numbers := read_kept_column(kept, name, column)) is not None:
        return numbers
    try:
        status = (folder / name).stat()
        if not (S_ISREG(status.st_mode) or S_ISDIR(status.st_mode)):
            raise ValueError(f"given {quote(name)}, wanted a CSV file (it is a device or a pipe)")
        return _read(folder / name, name, column, status.st_mtime_ns, status.st_size)
    except OSError as error:
        cause, place = error.strerror or error, os.path.realpath(folder / name)
        raise ValueError(f"given {quote(name)}, wanted a CSV file ({cause}; looked for {place})") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"given {quote(name)}, wanted a CSV file in UTF-8 ({error})") from None


@lru_cache(maxsize=64)
def _read(path: Path, name: str, column: str, changed: int, size: int) -> tuple[float, ...]:
    """Read a column; cached by the file's time stamp, so that a tornado reads a file once."""
    if size > _LARGEST:
        raise ValueError(f"given {quote(name)} of {size} bytes, wanted at most {_LARGEST}")
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.reader(file, strict=True)
        header = [title.strip() for title in next(rows, [])]
        if column not in header:
            raise ValueError(f"given {quote(column)}, {nearest(column, header)}")
        cells = list(_cells(rows, header.index(column)))
    bad = [f"{quote(cell)} in row {row}" for row, cell in cells if not _is_finite(cell)]
    if bad:
        more = f" and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
        raise ValueError(f"given {', '.join(bad[:_SHOWN])}{more} of {quote(name)}, wanted numbers")
    if not cells:
        raise ValueError(f"given an empty column {quote(column)} of {quote(name)}, wanted at least one number")
    return tuple(float(cell) for _, cell in cells)


def _cells(rows: Iterator[list[str]], at: int) -> Iterator[tuple[int, str]]:
    """Yield row number (the header is row 1) and cell; blank lines are skipped."""
    for row, cells in enumerate(rows, start=2):
        if any(cell.strip() for cell in cells):
            yield row, cells[at].strip() if at < len(cells) else ""


def _is_finite(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False
