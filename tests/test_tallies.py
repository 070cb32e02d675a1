"""Tallies: the same bits for any order, merge or resume; moments, extremes, worst paths and events against NumPy."""

from __future__ import annotations

import hashlib
import itertools
import math
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.errors import RunError
from simulator.finance.metrics import Metric
from simulator.results.columns import Event, all_columns, pilot_centres, tally_columns
from simulator.results.tallies import Tallies
from simulator.results.tally_kernel import BLOCK

WORLD = (Metric("eps", "ratio", "", "low", False, "Elasticity"),)
PLAN = (
    Metric("npv", "amount", "USD bn", "low", False, "Value"),
    Metric("irr", "rate", "per year", "low", True, "Return"),
    Metric("dscr_min", "ratio", "", "low", True, "Cover"),
    Metric("depth", "amount", "USD bn", "high", False, "Shortfall"),
)
COLUMNS = all_columns(WORLD, PLAN, ["own", "lease"])
TALLIED = tally_columns(COLUMNS, ["npv", "dscr_min", "depth"])
EVENTS = (Event("npv", "<", 0.0), Event("dscr_min", "<", 1.2), Event("dscr_min", ">", 1.2), Event("depth", ">", 3.0))


def figures(paths, seed=1):
    """Figures (9, paths): normal values, undefined ones, an atom at 0."""
    rng = np.random.default_rng(seed)
    out = rng.normal(-60.0, 60.0, (len(COLUMNS), paths))
    for row in (3, 7):
        out[row] = np.where(rng.random(paths) < 0.2, np.nan, rng.normal(1.4, 0.4, paths))
    for row in (4, 8):
        out[row] = np.where(rng.random(paths) < 0.7, 0.0, rng.lognormal(1.0, 1.0, paths))
    return out


def fresh():
    return Tallies(TALLIED, pilot_centres(TALLIED, figures(256)), EVENTS)


def recorded(out, cuts=(), order=None):
    """Tallies of `out` recorded in the pieces between `cuts` (in blocks) in some order."""
    tallies = fresh()
    edges = [0, *(BLOCK * cut for cut in sorted(set(cuts))), out.shape[1]]
    pieces = [(a, b) for a, b in itertools.pairwise(edges) if a < b]
    for k in order or range(len(pieces)):
        a, b = pieces[k]
        tallies.record(a, np.ascontiguousarray(out[:, a:b]))
    return tallies


def digest(tallies):
    hasher = hashlib.sha256()
    tallies.digest_update(hasher)
    return hasher.hexdigest()


OUT = figures(10 * BLOCK + 77)
WHOLE = digest(recorded(OUT)) if not os.environ.get("NUMBA_DISABLE_JIT") else ""


@settings(max_examples=15)
@given(st.permutations(range(5)))
def test_any_order_of_tasks_gives_the_same_digest(order):
    assert digest(recorded(OUT, (2, 3, 5, 8), order)) == WHOLE


@settings(max_examples=15)
@given(st.sets(st.integers(1, 9), max_size=4), st.randoms(use_true_random=False))
def test_merged_parts_are_the_whole(cuts, random):
    edges = [0, *(BLOCK * cut for cut in sorted(cuts)), OUT.shape[1]]
    parts = []
    for a, b in itertools.pairwise(edges):
        parts.append(fresh())
        parts[-1].record(a, np.ascontiguousarray(OUT[:, a:b]))
    random.shuffle(parts)
    merged = fresh()
    for part in parts:
        merged.merge(part)
    assert merged.paths == OUT.shape[1]
    assert digest(merged) == WHOLE


def test_any_threads_give_the_same_digest():
    tallies, pieces = fresh(), [(k * BLOCK, OUT[:, k * BLOCK : (k + 1) * BLOCK].copy()) for k in range(11)]
    gate = threading.Barrier(4)

    def work(mine):
        gate.wait()
        for first, out in mine:
            tallies.record(first, out)

    threads = [threading.Thread(target=work, args=(pieces[k::4],)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert digest(tallies) == WHOLE


def test_plain_python_gives_the_same_digest():
    script = "from tests.test_tallies import digest, figures, recorded; print(digest(recorded(figures(300), (), None)))"
    plain = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert plain.stdout.strip() == digest(recorded(figures(300))), plain.stderr


def test_a_prefix_does_not_depend_on_what_follows():
    short = recorded(OUT[:, : 4 * BLOCK])
    longer = fresh()
    longer.from_arrays(short.to_arrays())
    assert digest(longer) == digest(short)
    longer.record(4 * BLOCK, np.ascontiguousarray(OUT[:, 4 * BLOCK :]))
    assert digest(longer) == WHOLE


def test_saved_state_is_small_and_comes_back(tmp_path):
    tallies = recorded(OUT)
    np.savez(tmp_path / "state.npz", **tallies.to_arrays())
    assert (tmp_path / "state.npz").stat().st_size < 4e6
    back = fresh()
    with np.load(tmp_path / "state.npz", allow_pickle=False) as arrays:
        back.from_arrays(arrays)
    assert back.paths == tallies.paths
    assert digest(back) == WHOLE


def test_digest_sees_a_single_changed_bit():
    other = OUT.copy()
    other[1, 4321] = np.nextafter(other[1, 4321], 0.0)
    other[1, 4322] += 1e-9
    assert digest(recorded(other)) != WHOLE


@pytest.mark.parametrize("column", TALLIED, ids=lambda column: column.name)
def test_moments_and_counts_agree_with_numpy(column):
    tally, x = recorded(OUT).column(column.name), OUT[column.row]
    x = x[~np.isnan(x)]
    assert (tally.n, tally.undefined) == (x.size, OUT.shape[1] - x.size)
    assert tally.moments.mean == pytest.approx(math.fsum(x) / x.size, rel=1e-13)
    assert tally.moments.sd == pytest.approx(np.std(x, ddof=1), rel=1e-12)
    assert tally.moments.stderr == pytest.approx(np.std(x, ddof=1) / math.sqrt(x.size), rel=1e-12)
    assert tally.bins.n.sum() == x.size


def test_a_mean_needs_no_luck_with_its_centre():
    x = np.random.default_rng(3).normal(1e6, 1e-3, (1, 5000))
    column = all_columns((), PLAN[:1], ["own"])
    tallies = Tallies(column, [0.0])
    tallies.record(0, x)
    assert tallies.column("own.npv").moments.mean == pytest.approx(x.mean(), rel=1e-15)


@pytest.mark.parametrize("name", ["own.npv", "lease.depth", "own.dscr_min"])
def test_worst_paths_and_extremes(name):
    column = next(column for column in TALLIED if column.name == name)
    x = OUT[column.row]
    loss = np.where(np.isnan(x), -np.inf, -x if column.metric.bad == "low" else x)
    expected = np.lexsort((np.arange(x.size), -loss))[:1000]
    tallies = recorded(OUT, (2, 3, 5, 8), [4, 2, 0, 3, 1])
    tally = tallies.column(name)
    assert tally.lowest is not None
    assert tally.highest is not None
    np.testing.assert_array_equal(tally.worst[1], expected)
    np.testing.assert_array_equal(tally.worst[0], x[expected])
    np.testing.assert_array_equal(tallies.worst_paths(name), np.sort(expected))
    assert tally.lowest == (np.nanmin(x), np.nanargmin(x))
    assert tally.highest == (np.nanmax(x), np.nanargmax(x))


def test_equal_values_rank_by_path():
    out = np.zeros((1, 4 * BLOCK))
    out[0, [7, 3000, 3001]] = 2.0
    tallies = Tallies(all_columns((), PLAN[3:], ["own"]), [0.0])
    for k in (3, 1, 2, 0):
        tallies.record(k * BLOCK, np.ascontiguousarray(out[:, k * BLOCK : (k + 1) * BLOCK]))
    tally = tallies.column("own.depth")
    np.testing.assert_array_equal(tally.worst[1], [7, 3000, 3001, *(k for k in range(998) if k != 7)])
    assert tally.lowest == (0.0, 0)


def test_events_are_strict_and_leave_undefined_out():
    x = np.array([[1.2, 1.1, np.nan, 1.3, 1.2000001]])
    tallies = Tallies(all_columns((), PLAN[2:3], ["own"]), [0.0], EVENTS[1:3])
    tallies.record(0, x)
    assert tallies.column("own.dscr_min").events == {"dscr_min < 1.2": 1, "dscr_min > 1.2": 2}
    assert tallies.column("own.dscr_min").n == 4


def test_events_count_for_every_plan_that_has_the_metric():
    tallies = recorded(OUT)
    for plan, row in (("own", 1), ("lease", 5)):
        assert tallies.column(f"{plan}.npv").events == {"npv < 0": (OUT[row] < 0).sum()}


def test_a_weight_counts_a_path_so_many_times():
    rng = np.random.default_rng(2)
    out, weights = figures(BLOCK), rng.integers(1, 4, BLOCK)
    weighted, repeated = fresh(), fresh()
    weighted.record(0, out, weights)
    repeated.record(0, np.repeat(out, weights, axis=1))
    for column in TALLIED:
        first, other = weighted.column(column.name), repeated.column(column.name)
        assert (first.n, first.undefined, first.events) == (other.n, other.undefined, other.events)
        for part in ("low", "high", "mean", "n"):
            np.testing.assert_array_equal(getattr(first.bins, part), getattr(other.bins, part))
        assert first.moments == pytest.approx(other.moments, rel=1e-12)


@pytest.mark.parametrize(
    ("row", "value", "message"),
    [
        (1, np.nan, r"path 2053: own\.npv is nan, wanted a finite number"),
        (3, np.inf, r"path 2053: own\.dscr_min is inf"),
        (8, -np.inf, r"path 2053: lease\.depth is -inf"),
        (0, 1e80, r"path 2053: world\.eps is 1e\+80"),
    ],
)
def test_a_number_that_cannot_be_stops_the_run_and_leaves_no_trace(row, value, message):
    tallies = recorded(OUT[:, : 2 * BLOCK])
    before = digest(tallies)
    out = figures(BLOCK)
    out[row, 5] = value
    with pytest.raises(RunError, match=message):
        tallies.record(2 * BLOCK, out)
    assert digest(tallies) == before


def test_what_is_not_tallied_may_be_anything():
    out = figures(BLOCK)
    out[2] = np.inf
    fresh().record(0, out)


def test_a_column_that_is_never_defined():
    tallies = Tallies(all_columns((), PLAN[2:3], ["own"]), [0.0])
    tallies.record(0, np.full((1, 300), np.nan))
    tally = tallies.column("own.dscr_min")
    assert (tally.n, tally.undefined, tally.lowest, tally.highest, tally.worst[1].size) == (0, 300, None, None, 0)
    assert math.isnan(tally.moments.mean)


def test_blocks_are_whole_but_for_the_last():
    tallies = fresh()
    with pytest.raises(ValueError, match="from 5, wanted whole blocks of 1024"):
        tallies.record(5, figures(BLOCK))
    tallies.record(BLOCK, figures(100))
    with pytest.raises(ValueError, match="wanted whole blocks"):
        tallies.record(2 * BLOCK, figures(100))
    with pytest.raises(ValueError, match="wanted whole blocks"):
        tallies.merge(recorded(OUT))


def test_other_columns_centres_or_events_do_not_mix():
    for other in (
        Tallies(TALLIED[:2], [0.0, 0.0]),
        Tallies(TALLIED, np.zeros(len(TALLIED)), EVENTS),
        Tallies(TALLIED, pilot_centres(TALLIED, figures(256)), EVENTS[:1]),
    ):
        with pytest.raises(ValueError, match="wanted the same"):
            fresh().merge(other)
        with pytest.raises(RunError, match="start the run afresh"):
            fresh().from_arrays(other.to_arrays())


def test_an_event_needs_its_column():
    with pytest.raises(ValueError, match="events on irr"):
        Tallies(TALLIED, np.zeros(len(TALLIED)), [Event("irr", "<", 0.08)])
    with pytest.raises(ValueError, match="given 1 centres"):
        Tallies(TALLIED, [0.0])


def test_centres_of_a_pilot():
    pilot = np.array([[1.0, 2.0, np.nan], [np.nan, np.nan, np.nan]])
    columns = all_columns((), PLAN[1:3], ["own"])
    np.testing.assert_array_equal(pilot_centres(columns, pilot), [1.5, 0.0])
