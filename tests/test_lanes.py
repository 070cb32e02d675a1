"""Loops over lanes: rows that are promised not to overlap, planes that readers leave zero, counts without a branch."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

from simulator import kernel
from simulator.config import freeze, load
from simulator.finance import workspace as at
from simulator.finance.operations.early_terminations import LIST_LENGTH
from simulator.finance.operations.leasing import is_all_zero
from simulator.finance.operations.tenant_default import months_paid
from simulator.numerics import linking
from simulator.numerics.jit import disjoint, inner, njit
from tests import fresh

LEVERS = Path(__file__).parent / "configs" / "levers.toml"
DEFERRED = "plan_defaults.chips=deferred"
UNTRACED = np.empty((0, 0, 0))


def _add(a: np.ndarray, b: np.ndarray, c: np.ndarray, out: np.ndarray, more: np.ndarray) -> None:
    for lane in range(out.size):
        out[lane] = a[lane] * b[lane] + c[lane]
        more[lane] += out[lane]


def machine_independent_code(kind: Callable[[Any], Any]) -> str:
    """Optimised LLVM code of a caller of `_add`, compiled by one of the project's decorators."""
    add = kind(_add)

    @numba.njit(error_model="numpy")
    def call(rows: np.ndarray) -> None:
        add(rows[0], rows[1], rows[2], rows[3], rows[4])

    rows = np.arange(5.0 * 128).reshape(5, 128)
    wanted = rows.copy()
    wanted[3] = rows[0] * rows[1] + rows[2]
    wanted[4] += wanted[3]
    call(rows)
    np.testing.assert_array_equal(rows, wanted)
    (code,) = call.inspect_llvm().values()
    return str(code)


def test_rows_promised_not_to_overlap_are_not_compared() -> None:
    assert "vector.memcheck" in machine_independent_code(inner)
    promised = machine_independent_code(disjoint)
    assert "vector.memcheck" not in promised
    assert "vector.body" in promised


@pytest.mark.parametrize("kind", [inner, disjoint])
def test_vectors_of_a_loop_are_interleaved(kind: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    together = machine_independent_code(kind).count("fmul <")
    monkeypatch.setattr(linking, "INTERLEAVE", 1)
    alone = machine_independent_code(kind).count("fmul <")
    assert alone > 0
    assert together >= 4 * alone  # and what is left of a row


def test_rows_promised_not_to_overlap_do_not(tmp_path: Path) -> None:
    counted = json.loads(fresh.python("tests.overlaps", NUMBA_DISABLE_JIT="1", XDG_CACHE_HOME=str(tmp_path)).stdout)
    assert counted["clashes"] == {}
    assert len(counted["calls"]) >= 15
    assert all(counted["calls"].values()), counted["calls"]


@pytest.mark.parametrize("overrides", [(), (DEFERRED,)], ids=["as it is", "deferred"])
def test_a_trace_leaves_nothing_behind(overrides: tuple[str, ...]) -> None:
    model = freeze(load(LEVERS, overrides)).model
    used, fresh = kernel.allocate_workspace(model), kernel.allocate_workspace(model)
    count = 2 * kernel.LANES + 5
    after, alone = (np.empty((kernel.figure_count(model), count)) for _ in range(2))
    trace = np.empty((kernel.series_count(model), model.months, count))
    assert kernel.simulate(model, 2, np.arange(count), used, after, trace) == kernel.DONE
    assert kernel.simulate(model, 1, np.arange(count), used, after, UNTRACED) == kernel.DONE
    assert kernel.simulate(model, 1, np.arange(count), fresh, alone, UNTRACED) == kernel.DONE
    assert after.tobytes() == alone.tobytes()
    for work in (used, fresh):
        assert not work.plan.flows[at.FIRST_SELF_CLEARING : at.FIRST_JV].any()
        changes = work.plan.terminations
        assert not any(plane.any() for plane in (changes.number, changes.lost_rent, changes.spot_mw))


def test_changes_that_do_not_fit_a_list_come_to_the_same_bits() -> None:
    model = freeze(load(LEVERS, ("months=140", "drivers.price.longrun=3"))).model
    outputs, listed = [], []
    for room in (LIST_LENGTH, 3, 1):
        work = kernel.allocate_workspace(model)
        changes = work.plan.terminations._replace(listed=np.zeros((model.months, room, 3)))
        out = np.empty((kernel.figure_count(model), 2 * kernel.LANES))
        tight = work._replace(plan=work.plan._replace(terminations=changes))
        assert kernel.simulate(model, 1, np.arange(out.shape[1]), tight, out, UNTRACED) == kernel.DONE
        outputs.append(out.tobytes())
        listed.append(changes.listed)
    assert listed[0][:, 3].any(axis=1).sum() > 20  # months in which four changes or more do not fit into three
    assert not listed[0][:, -1].any()  # while the usual room is never full
    assert outputs[0] == outputs[1] == outputs[2]


@njit
def _paid(survival: np.ndarray, scores: np.ndarray, out: np.ndarray) -> None:
    for k in range(scores.size):
        out[k] = months_paid(survival, scores[k])


def test_months_paid_are_counted_as_searched() -> None:
    random = np.random.default_rng(1)
    for months in (1, 7, 8, 36, 600):
        survival = np.sort(random.normal(size=months))
        scores = np.concatenate([random.normal(size=200), survival, [-9.0, 9.0]])
        counted = np.empty(scores.size, np.int64)
        _paid(survival, scores, counted)
        np.testing.assert_array_equal(counted, np.searchsorted(survival, scores, side="right"))


@njit
def _nothing(row: np.ndarray) -> bool:
    return is_all_zero(row)


def test_a_row_with_anything_in_it_is_not_nothing() -> None:
    row = np.zeros(37)
    assert _nothing(row)
    for value in (1e-300, -1.0, np.nan, np.inf):
        row[36] = value
        assert not _nothing(row)
    row[36] = -0.0
    assert _nothing(row)
