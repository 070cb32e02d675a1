"""Arrow tables made from buffers are those that pyarrow itself makes, to the byte of a Parquet file."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from simulator.results.arrow_tables import to_numpy, to_table


def written(table):
    file = io.BytesIO()
    pq.write_table(table, file, compression="zstd", use_dictionary=False, row_group_size=700)
    return file.getvalue()


@pytest.mark.parametrize("rows", [0, 1, 7, 8, 9, 2500])
def test_tables_have_the_bytes_that_pyarrow_gives(seed, rows):
    rng = np.random.default_rng(seed)
    gaps = rng.normal(size=rows)
    gaps[rng.random(rows) < 0.2] = np.nan
    columns = {
        "path": np.arange(rows),
        "full": rng.normal(size=(rows, 3))[:, 1],
        "gaps": gaps,
        "none": np.full(rows, np.nan),
        "series": np.array(["world.price", "Zürich", ""] * rows, dtype=object)[:rows],
    }
    table = to_table(columns)
    theirs = pa.table({name: pa.array(array, from_pandas=True) for name, array in columns.items()})
    data = written(table)
    assert table.schema == theirs.schema or rows == 0
    assert rows == 0 or data == written(theirs)
    read = pq.read_table(io.BytesIO(data))
    for name, array in columns.items():
        np.testing.assert_array_equal(to_numpy(read[name]), array, err_msg=name)
        np.testing.assert_array_equal(to_numpy(read[name][rows // 3 :]), array[rows // 3 :], err_msg=name)


def test_other_kinds_of_arrays_are_refused():
    with pytest.raises(TypeError, match="given an array of float32, wanted float64, int64 or strings"):
        to_table({"x": np.zeros(3, dtype=np.float32)})
