"""Converts NumPy arrays to Arrow tables and back, through their buffers.

`pyarrow.array` and `to_numpy` import pandas, half a second to a second of every start; buffers do not. The bytes of a
Parquet file are the same either way.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from simulator.errors import RunError
from simulator.file_access import open_regular

__all__: list[str] = []  # used in this folder only


def to_table(columns: Mapping[str, NDArray[Any]]) -> pa.Table:
    """Return arrays of equal length (float64, int64 or strings) as an Arrow table; NaN becomes null."""
    return pa.Table.from_arrays([_to_arrow(array) for array in columns.values()], names=list(columns))


def to_numpy(column: pa.ChunkedArray) -> NDArray[Any]:
    """Return a column of numbers without missing chunks as a NumPy array; null becomes NaN."""
    if column.type not in (pa.float64(), pa.int64()):
        strings: NDArray[Any] = column.to_numpy()
        return strings
    parts = [_chunk_to_numpy(chunk) for chunk in column.chunks]
    return parts[0] if len(parts) == 1 else np.concatenate(parts) if parts else np.empty(0)


@contextmanager
def open_table(path: Path, kinds: Mapping[str, pa.DataType]) -> Iterator[pq.ParquetFile]:
    """Open a table of a run; RunError where the file is no table, has no rows, or lacks a column of `kinds`.

    Every other column holds numbers (float64). An error while the block reads is one of the file, too.
    """
    try:
        with open_regular(path) as file:  # pyarrow itself would read a path that begins with ~ elsewhere
            table = pq.ParquetFile(file)
            _check_columns(path, table.schema_arrow, kinds)
            if table.metadata.num_rows < 1:
                raise RunError(f"{path}: given a table without rows, wanted at least one; run the config again")
            yield table
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = str(error).partition("\n")[0]
        raise RunError(f"{path}: is no table that a run wrote ({reason}); run the config again") from error


def read_columns(table: pq.ParquetFile, names: Collection[str] | None = None) -> dict[str, NDArray[Any]]:
    """Return columns of an open table by name, all if None; undefined numbers as NaN."""
    columns = table.read(columns=None if names is None else list(names))
    return {name: to_numpy(columns[name]) for name in columns.column_names}


def _check_columns(path: Path, schema: pa.Schema, kinds: Mapping[str, pa.DataType]) -> None:
    """Raise RunError unless a table has the columns that its kind of table has, once each and of their types."""
    for name in kinds:
        if name not in schema.names:
            raise RunError(f"{path}: has no column {name}, wanted one; run the config again")
    for field in schema:
        wanted = kinds.get(field.name, pa.float64())
        if field.type != wanted:
            raise RunError(f"{path}: column {field.name}: given {field.type}, wanted {wanted}; run the config again")
    if len(set(schema.names)) < len(schema.names):
        raise RunError(f"{path}: given two columns of one name, wanted one; run the config again")


def _to_arrow(array: NDArray[Any]) -> pa.Array:
    if array.dtype == object:
        return _strings(array)
    values = np.ascontiguousarray(array)
    if values.dtype == np.int64:
        return pa.Array.from_buffers(pa.int64(), values.size, [None, pa.py_buffer(values)], null_count=0)
    if values.dtype != np.float64:
        raise TypeError(f"given an array of {values.dtype}, wanted float64, int64 or strings")
    missing = np.isnan(values)
    nulls = int(np.count_nonzero(missing))
    valid = pa.py_buffer(np.packbits(~missing, bitorder="little")) if nulls else None
    return pa.Array.from_buffers(pa.float64(), values.size, [valid, pa.py_buffer(values)], null_count=nulls)


def _strings(array: NDArray[Any]) -> pa.Array:
    texts = [str(text).encode() for text in array]
    offsets = np.zeros(len(texts) + 1, dtype=np.int32)
    np.cumsum([len(text) for text in texts], out=offsets[1:])
    return pa.StringArray.from_buffers(len(texts), pa.py_buffer(offsets), pa.py_buffer(b"".join(texts)))


def _chunk_to_numpy(chunk: pa.Array) -> NDArray[Any]:
    valid, data = chunk.buffers()
    kind = np.int64 if chunk.type == pa.int64() else np.float64
    if data is None:
        return np.empty(0, dtype=kind)
    values = np.frombuffer(data, dtype=kind, count=chunk.offset + len(chunk))[chunk.offset :]
    if not chunk.null_count:
        return values
    bits = np.unpackbits(np.frombuffer(valid, dtype=np.uint8), count=chunk.offset + len(chunk), bitorder="little")
    return np.where(bits[chunk.offset :] == 1, values, np.nan)
