"""Columns of numbers in CSV files, read strictly.

A file is UTF-8, or UTF-16 with a byte order mark. Cells are separated by commas, semicolons or tabs, whichever the
header has; a header with several kinds is refused. Numbers have a decimal point, or, where cells are not separated by
commas, a decimal comma throughout the column. What could be read in two ways is refused: every row has as many cells as
the header, and no number has thousands separators.
"""

from __future__ import annotations

import codecs
import csv
import io
import math
import os
import re
import statistics
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from simulator.config.kept_columns import read_kept_column, split_place
from simulator.config.wording import count_noun, nearest, quote
from simulator.file_access import open_regular

__all__: list[str] = []  # used in this folder only

_LARGEST = 64 * 2**20  # bytes of a CSV file
_MOST_COLUMNS = 10_000
_SHOWN = 3  # bad cells named
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
_ENCODINGS = {  # by byte order mark; the first that fits, so UTF-32 before UTF-16
    codecs.BOM_UTF8: ("utf-8-sig", "UTF-8 with a byte order mark"),
    codecs.BOM_UTF32_LE: (None, "UTF-32"),
    codecs.BOM_UTF32_BE: (None, "UTF-32"),
    codecs.BOM_UTF16_LE: ("utf-16", "UTF-16"),
    codecs.BOM_UTF16_BE: ("utf-16", "UTF-16"),
}
_POINT = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,4})?", re.ASCII)
_COMMA = re.compile(r"[-+]?(\d+,?\d*|,\d+)([eE][-+]?\d{1,4})?", re.ASCII)
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}([.,]\d{3})+", re.ASCII)  # 1,234 may be 1.234 or 1234


class Column(NamedTuple):
    """The numbers of a column, and the dialect of its file in words."""

    numbers: tuple[float, ...]
    dialect: str


def read_column(folder: Path, name: str, column: str) -> tuple[float, ...]:
    """Return one column of a CSV file; ValueError names the mistake, and the rows that hold no number.

    `folder` is the config's, or the file in which a run keeps the columns that it read.
    """
    return _read_file(folder, name, column).numbers


def describe_column(folder: Path, name: str, column: str) -> str:
    """Return rows, range and median of a column of a CSV file, and the dialect in which it was read."""
    numbers, dialect = _read_file(folder, name, column)
    middle = statistics.median(numbers)
    rows = count_noun(len(numbers), "row")
    return f"{rows}, {min(numbers):.6g} to {max(numbers):.6g}, median {middle:.6g}; {dialect}"


def _read_file(folder: Path, name: str, column: str) -> Column:
    folder, kept = split_place(folder)
    if kept is not None and (numbers := read_kept_column(kept, name, column)) is not None:
        return Column(numbers, "as the run kept them")
    try:
        with open_regular(folder / name) as file:
            status = os.fstat(file.fileno())
        if status.st_size > _LARGEST:
            raise ValueError(f"given {quote(name)} of {status.st_size:,} bytes, wanted at most {_LARGEST:,}")
        return _read(folder / name, name, column, status.st_mtime_ns, status.st_size)
    except OSError as error:
        cause, place = error.strerror or error, os.path.realpath(folder / name)
        raise ValueError(f"given {quote(name)}, wanted a CSV file ({cause}; looked for {place})") from None
    except csv.Error as error:
        raise ValueError(f"given {quote(name)}, wanted a CSV file ({error})") from None


@lru_cache(maxsize=64)
def _read(path: Path, name: str, column: str, changed: int, size: int) -> Column:
    """Read a column; cached by the file's time stamp, so that a tornado reads a file once."""
    with open_regular(path) as file:
        text, encoding = _decode(file.read(_LARGEST + 1), name)
    separator = _find_separator(text, name)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    header = [title.strip() for title in next(rows, [])]
    if not any(header) or len(header) > _MOST_COLUMNS:
        raise ValueError(f"given a header of {len(header):,} titles in {quote(name)}, wanted 1 to {_MOST_COLUMNS:,}")
    if column not in header:
        raise ValueError(f"given {quote(column)}, {nearest(column, header)}")
    if header.count(column) > 1:
        raise ValueError(f"given {quote(column)}, which {header.count(column)} columns of {quote(name)} are called")
    cells = [(row, line[header.index(column)].strip()) for row, line in _full_rows(rows, len(header), name)]
    if not cells:
        raise ValueError(f"given an empty column {quote(column)} of {quote(name)}, wanted at least one number")
    comma = _has_decimal_commas([cell for _, cell in cells], separator, name)
    numbers = _parse_numbers(cells, name, comma)
    dialect = f"{encoding}, cells separated by {_SEPARATORS[separator]}" if len(header) > 1 else encoding
    return Column(numbers, f"{dialect}, decimal commas" if comma else dialect)


def _decode(data: bytes, name: str) -> tuple[str, str]:
    """Return the text of a file and its encoding in words."""
    marks = ((codec, words) for mark, (codec, words) in _ENCODINGS.items() if data.startswith(mark))
    codec, words = next(marks, ("utf-8", "UTF-8"))
    if codec is None:
        raise ValueError(f"given {quote(name)} in {words}, wanted a CSV file in UTF-8")
    try:
        text = data.decode(codec)
    except UnicodeDecodeError as error:
        raise ValueError(f"given {quote(name)}, wanted a CSV file in UTF-8 ({error})") from None
    if "\0" in text:
        raise ValueError(f"given {quote(name)} in UTF-16 without a byte order mark, or no text, wanted UTF-8")
    return text, words


def _find_separator(text: str, name: str) -> str:
    """Return what separates the cells of the header; a comma if nothing does."""
    header = re.split(r"[\r\n]", text, maxsplit=1)[0]
    if re.fullmatch(r'"?sep=.?"?', header.strip(), re.IGNORECASE):
        raise ValueError(f"given {quote(header.strip())} as the first row of {quote(name)}, wanted the header")
    bare = re.sub(r'"(?:[^"]|"")*"', "", header)
    kinds = [separator for separator in _SEPARATORS if separator in bare]
    if len(kinds) > 1:
        both = " and ".join(_SEPARATORS[kind] for kind in kinds)
        raise ValueError(
            f"given {both} in the header of {quote(name)}, wanted one kind, and titles with others in quotes"
        )
    return kinds[0] if kinds else ","


def _full_rows(rows: Iterator[list[str]], width: int, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield row number (the header is row 1) and cells; blank rows are skipped, shorter and longer ones refused."""
    for row, cells in enumerate(rows, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != width:
            why = ": a decimal comma or thousands separator makes more" if len(cells) > width else ""
            counts = f"{count_noun(len(cells), 'cell')} in row {row} of {quote(name)}, wanted {width} as in its header"
            raise ValueError(f"given {counts}{why}")
        yield row, cells


def _has_decimal_commas(cells: Sequence[str], separator: str, name: str) -> bool:
    """Return True if the numbers of a column have decimal commas, False if points; ValueError if it may be either."""
    if separator == ",":
        return False
    for mark, form in ((",", _COMMA), (".", _POINT)):
        marked = [cell for cell in cells if mark in cell]
        if not marked or not all(form.fullmatch(cell) for cell in cells):
            continue
        if (mark == "," or separator == ";") and all(_THOUSANDS.fullmatch(cell) for cell in marked):
            readings = f"{marked[0].replace(mark, '.')} or {marked[0].replace(mark, '')}"
            raise ValueError(
                f"given {quote(marked[0])} in {quote(name)}, which may be {readings}, "
                "wanted a column with other decimals too, or without any"
            )
        return mark == ","
    return False


def _parse_numbers(cells: Sequence[tuple[int, str]], name: str, comma: bool) -> tuple[float, ...]:
    """Return the cells (row, text) as numbers; ValueError names those that are none."""
    form = _COMMA if comma else _POINT
    numbers = [float(cell.replace(",", ".")) if form.fullmatch(cell) else math.nan for _, cell in cells]
    bad = [f"{quote(cell)} in row {row}" for (row, cell), x in zip(cells, numbers, strict=True) if not math.isfinite(x)]
    if not bad:
        return tuple(numbers)
    more = f" and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
    mixed = any("," in cell for _, cell in cells if not form.fullmatch(cell))
    wanted = "numbers such as 1234.5, without decimal commas or thousands separators" if mixed else "numbers"
    raise ValueError(f"given {', '.join(bad[:_SHOWN])}{more} of {quote(name)}, wanted {wanted}")
