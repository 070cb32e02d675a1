"""The run folder: whole files or none, refusals in plain words, samples in path order."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import threading
import time
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import simulator
from simulator.errors import ConfigError, RunError
from simulator.results import digest, provenance, sample, store, tree
from simulator.results.columns import all_columns
from simulator.results.sample import SampleWriter, write_tail
from simulator.results.store import RunFolder, open_run
from tests.faults import faults
from tests.test_tallies import PLAN, WORLD, figures

COLUMNS = all_columns(WORLD, PLAN, ["own", "lease"])


class Inner(NamedTuple):
    rate: float
    rows: NDArray[np.int64]


class Outer(NamedTuple):
    months: int
    inner: Inner
    table: NDArray[np.float64]


MODEL = Outer(120, Inner(0.085, np.array([1, 2, 3])), np.array([[1.0, np.inf], [0.5, -0.0]]))


def a_run(path):
    """A small finished run folder."""
    folder = RunFolder.create(path)
    folder.write(store.CONFIG, "schema = 1\n")
    folder.write_npz(store.MODEL, tree.flatten(MODEL))
    with SampleWriter(folder, COLUMNS) as writer:
        writer.record(0, figures(300))
        writer.close()
    folder.write_table(
        store.SERIES,
        {
            "series": np.array(["own.cash"] * 2, dtype=object),
            "month": np.arange(2),
            "q50": np.array([1.0, np.nan]),
        },
    )
    folder.write_json(store.SUMMARY, {"paths": 300})
    folder.write_manifest({"seed": 1})
    return folder


def test_a_run_reads_back_as_it_was_written(tmp_path):
    a_run(tmp_path / "run")
    run = open_run(tmp_path / "run")
    assert run.manifest["seed"] == 1
    assert run.summary == {"paths": 300}
    assert run.config == "schema = 1\n"
    sample = run.sample()
    assert list(sample) == ["path", *(column.name for column in COLUMNS)]
    np.testing.assert_array_equal(sample["path"], np.arange(300))
    for column in COLUMNS:
        np.testing.assert_array_equal(sample[column.name], figures(300)[column.row])
    assert list(run.sample(["own.npv"])) == ["own.npv"]
    assert run.series()["series"].tolist() == ["own.cash"] * 2
    assert np.isnan(run.series()["q50"][1])
    assert not list((tmp_path / "run").glob(".*"))


def test_undefined_is_null_in_files(tmp_path):
    a_run(tmp_path / "run")
    table = pq.read_table(tmp_path / "run" / store.SAMPLE)
    assert table["own.dscr_min"].null_count == np.isnan(figures(300)[3]).sum() > 0
    assert table["own.npv"].null_count == 0


def test_the_model_comes_back_bit_by_bit(tmp_path):
    a_run(tmp_path / "run")
    model = open_run(tmp_path / "run").model(Outer)
    assert tree.tree_hash(model) == tree.tree_hash(MODEL)
    assert (type(model.months), type(model.inner.rate)) == (int, float)
    assert model.table.flags.writeable
    assert model.table.flags.c_contiguous
    assert np.signbit(model.table[1, 1])
    assert tree.tree_hash(MODEL._replace(months=119)) != tree.tree_hash(MODEL)


def test_a_model_of_another_version_is_refused():
    arrays = tree.flatten(MODEL)
    del arrays["inner.rate"]
    with pytest.raises(RunError, match=r"no inner\.rate: it was written by another version"):
        tree.rebuild(Outer, arrays)
    with pytest.raises(TypeError, match="table: given <U1, wanted float64"):
        tree.flatten(MODEL._replace(table=np.array(["a"])))


def test_a_folder_that_holds_a_run_is_refused(tmp_path):
    a_run(tmp_path / "run")
    with pytest.raises(ConfigError, match=r"holds a run .manifest\.json., wanted a new folder"):
        RunFolder.create(tmp_path / "run")
    RunFolder.create(tmp_path / "other")
    (tmp_path / "other" / "notes.txt").touch()
    RunFolder.create(tmp_path / "other")


def test_a_folder_has_one_writer(tmp_path):
    first, other = (RunFolder.create(tmp_path / "run") for _ in range(2))
    with first.alone(), pytest.raises(ConfigError, match="which another run is writing to"), other.alone():
        pass
    with other.alone():  # free again
        other.write(store.SUMMARY, "{}")
    with pytest.raises(ConfigError, match=r"holds an unfinished run .summary\.json."), first.alone():
        pass


def test_reopening_drops_what_a_crash_left(tmp_path):
    a_run(tmp_path / "run")
    (tmp_path / "run" / f".{store.SAMPLE}.part").write_bytes(b"half")
    RunFolder.reopen(tmp_path / "run").write(store.REPORT, "<p>")
    assert not list((tmp_path / "run").glob(".*"))
    open_run(tmp_path / "run")  # a report is no part of the checksums
    with pytest.raises(RunError, match="no such run folder"):
        RunFolder.reopen(tmp_path / "nothing")


def test_reading_refuses_what_is_no_whole_run(tmp_path):
    with pytest.raises(RunError, match=r"wanted one with manifest\.json"):
        open_run(tmp_path)
    path = tmp_path / "run"
    a_run(path)
    manifest = (path / store.MANIFEST).read_text()
    for text, message in (
        (manifest[:-20], "not JSON any more"),
        ("[]", "something else, wanted a JSON object"),
        (json.dumps({**json.loads(manifest), "format": "x"}), "manifest of something else"),
        (manifest.replace('"seed": 1', '"seed": 2'), "its checksum differs"),
    ):
        (path / store.MANIFEST).write_text(text)
        with pytest.raises(RunError, match=message):
            open_run(path)


@pytest.mark.parametrize("name", [store.SAMPLE, store.MODEL, store.SUMMARY])
def test_a_cut_or_changed_file_is_noticed(tmp_path, name):
    a_run(tmp_path / "run")
    file = tmp_path / "run" / name
    data = file.read_bytes()
    read = {store.SAMPLE: lambda run: run.sample(), store.MODEL: lambda run: run.model(Outer)}.get(
        name, lambda run: run.summary
    )
    file.write_bytes(data[:-1])
    with pytest.raises(RunError, match=f"{name}: missing or cut short"):
        open_run(tmp_path / "run")
    file.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    run = open_run(tmp_path / "run")
    with pytest.raises(RunError, match=f"{name}: was changed after the run wrote it"):
        read(run)
    with pytest.raises(RunError, match="this run has no such file"):
        run.tail()
    with pytest.raises(RunError, match=r"nothing\.npz: missing, cut short or changed"):
        RunFolder(tmp_path / "run").read_npz("nothing.npz")


def test_an_unknown_column_is_named(tmp_path):
    a_run(tmp_path / "run")
    with pytest.raises(RunError, match=r"given column own\.nvp"):
        open_run(tmp_path / "run").sample(["own.nvp"])


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_when_the_disk_fails_the_old_file_stays(tmp_path, monkeypatch, call):
    folder = a_run(tmp_path / "run")

    def full(*_args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, full)
        with pytest.raises(RunError, match=r"summary\.json: could not be written .No space left"):
            folder.write_json(store.SUMMARY, {"paths": 1})
    assert open_run(tmp_path / "run").summary == {"paths": 300}
    assert not list((tmp_path / "run").glob(".*"))


def test_no_nan_gets_into_json(tmp_path):
    folder = RunFolder.create(tmp_path / "run")
    with pytest.raises(ValueError, match="not JSON compliant"):
        folder.write_json(store.SUMMARY, {"mean": float("nan")})
    assert not list((tmp_path / "run").iterdir())


def test_files_may_be_removed_and_lie_in_folders(tmp_path):
    folder = RunFolder.create(tmp_path / "run")
    folder.write(f"{store.FIGURES}/npv.png", b"png")
    folder.remove(f"{store.FIGURES}/npv.png")
    folder.remove("never-there")
    assert not list((tmp_path / "run" / store.FIGURES).iterdir())


OUT = figures(700)
CUTS = [(0, 256), (256, 300), (300, 512), (512, 700)]


@settings(max_examples=10)
@given(st.permutations(CUTS))
def test_a_sample_is_in_path_order_whatever_the_order_of_tasks(tmp_path_factory, order):
    path = tmp_path_factory.mktemp("sample")
    with SampleWriter(RunFolder.create(path), COLUMNS, limit=600) as writer:
        for a, b in order:
            writer.record(a, np.ascontiguousarray(OUT[:, a:b]))
        stored_hash = writer.close()
    assert stored_hash == digest.rows_hash([column.name for column in COLUMNS], OUT[:, :600])
    table = pq.read_table(path / store.SAMPLE)
    np.testing.assert_array_equal(table["path"].to_numpy(), np.arange(600))
    np.testing.assert_array_equal(table["lease.npv"].to_numpy(), OUT[5, :600])


def test_threads_may_record_a_sample_together(tmp_path):
    with SampleWriter(RunFolder.create(tmp_path), COLUMNS) as writer:
        pieces = [(k, np.ascontiguousarray(OUT[:, k : k + 10])) for k in range(0, 700, 10)]

        def work(mine):
            for piece in mine:
                writer.record(*piece)

        threads = [threading.Thread(target=work, args=(pieces[k::5],)) for k in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert writer.close() == digest.rows_hash([column.name for column in COLUMNS], OUT)
        assert writer.paths == 700


@pytest.mark.parametrize(
    ("ends", "groups"),
    [
        ([200, 400, 700], [100] * 7),
        ([170, 340, 510, 700], [170, 170, 170, 190]),
        ([30, 450, 700], [100, 100, 100, 150, 100, 150]),
    ],
)
def test_row_groups_are_small(ends, groups, tmp_path, monkeypatch):
    monkeypatch.setattr(sample, "GROUP", 100)
    with SampleWriter(RunFolder.create(tmp_path), COLUMNS) as writer:
        for begin, end in zip([0, *ends], ends, strict=False):
            writer.record(begin, OUT[:, begin:end])
        assert writer.close() == digest.rows_hash([column.name for column in COLUMNS], OUT)
    meta = pq.ParquetFile(tmp_path / store.SAMPLE).metadata
    assert [meta.row_group(k).num_rows for k in range(meta.num_row_groups)] == groups


def test_records_do_not_pile_up_while_one_is_written(tmp_path, monkeypatch):
    go, begun = threading.Event(), threading.Event()
    write = SampleWriter._write

    def slow(self):
        begun.set()
        assert go.wait(20)
        write(self)

    monkeypatch.setattr(sample, "GROUP", 10)
    monkeypatch.setattr(SampleWriter, "_write", slow)
    with SampleWriter(RunFolder.create(tmp_path), COLUMNS, limit=70) as writer:
        threads = [threading.Thread(target=writer.record, args=(k, OUT[:, k : k + 10])) for k in range(0, 70, 10)]
        threads[0].start()
        assert begun.wait(20)
        for thread in threads[1:]:
            thread.start()
        gone = (sum(not thread.is_alive() for thread in threads) for _ in range(2_000) if not time.sleep(0.01))
        assert next(filter(None, gone)) == sample.AHEAD
        threads[0].join(0.3)  # time for more to leave their rows, were they let
        assert next(gone) == sample.AHEAD
        go.set()
        for thread in threads:
            thread.join(20)
        assert writer.close() == digest.rows_hash([column.name for column in COLUMNS], OUT[:, :70])


def test_a_sample_with_a_gap_is_a_mistake_and_leaves_no_file(tmp_path):
    def incomplete():
        with SampleWriter(RunFolder.create(tmp_path), COLUMNS) as writer:
            writer.record(300, np.ascontiguousarray(OUT[:, 300:]))
            writer.close()

    with pytest.raises(ValueError, match="given paths from 300, wanted those from 0 first"):
        incomplete()
    assert not list(tmp_path.iterdir())


def test_a_sample_that_does_not_fit_says_so_and_leaves_no_file(tmp_path):
    folder = RunFolder.create(tmp_path)

    def write():
        with SampleWriter(folder, COLUMNS) as writer:
            writer.record(0, OUT)
            writer.close()

    with pytest.raises(RunError, match=r"sample\.parquet: could not be written .No space left"), faults(room=1000):
        write()
    assert not list(tmp_path.iterdir())


def test_the_tail_holds_the_rows_of_its_paths_in_order(tmp_path):
    folder = a_run(tmp_path / "run")
    paths = np.array([40, 7, 299])
    write_tail(folder, COLUMNS, paths, figures(300)[:, paths])
    folder.write_manifest({})
    tail = open_run(tmp_path / "run").tail()
    np.testing.assert_array_equal(tail["path"], [7, 40, 299])
    np.testing.assert_array_equal(tail["own.npv"], figures(300)[1, [7, 40, 299]])


def test_where_a_result_comes_from():
    moment = datetime(2026, 7, 1, 12, 30, 5, 900, tzinfo=UTC)
    started = provenance.describe(
        name="flagship",
        config="schema = 1\n",
        model="m",
        canary="c",
        seed=7,
        sampler="philox",
        rng="philox4x32-10",
        streams={"dependence": 1},
        threads=2,
        started=moment,
    )
    body = provenance.finished(started, paths=10, digest="d", ended=moment)
    json.dumps(body, allow_nan=False)
    assert body["config_sha256"] == hashlib.sha256(b"schema = 1\n").hexdigest()
    assert (body["started"], body["paths"], body["digest"]) == ("2026-07-01T12:30:05Z", 10, "d")
    assert set(body["versions"]) == {"simulator", "python", "numpy", "numba", "llvmlite", "scipy", "pyarrow"}
    assert body["machine"]["cpu"]
    assert len(body["code_sha256"]) == 64


def test_provenance_copes_with_little(monkeypatch, tmp_path):
    monkeypatch.setattr(simulator, "__file__", str(tmp_path / "simulator" / "__init__.py"))
    assert provenance.commit() is None
    (tmp_path / ".git").mkdir()
    assert provenance.commit() is None
    monkeypatch.setattr(provenance, "Path", lambda _: tmp_path / "none")
    assert provenance.cpu()
