"""Converts NumPy arrays to Arrow tables and back, through their buffers.

`pyarrow.array` and `to_numpy` import pandas, half a second to a second of every start; buffers do not. The bytes of a
Parquet file are the same either way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

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
