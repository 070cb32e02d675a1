"""Simulates chosen figures of every path of a model: the samples that a comparison of scenarios needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.engine import thread_pool
from simulator.engine.interrupt import Stop
from simulator.errors import Interrupted
from simulator.finance.plan.notes import Tranches
from simulator.model import Model
from simulator.results.sizes import TASK_PATHS


def figure(model: Model, row: int, seed: int, paths: int, stop: Stop) -> NDArray[np.float64]:
    """Return row `row` of the figures of paths 0 .. paths - 1, (paths,), on this thread; Interrupted after a signal."""
    values: NDArray[np.float64] = figures(model, (row,), seed, paths, stop)[0]
    return values


def figures(model: Model, rows: Sequence[int], seed: int, paths: int, stop: Stop) -> NDArray[np.float64]:
    """Return several rows of the figures, (rows, paths); see `figure`."""
    values = np.empty((len(rows), paths))
    block_simulator = thread_pool.BlockSimulator(model, min(paths, TASK_PATHS))
    for task in thread_pool.split_tasks(paths):
        if stop:
            raise Interrupted("stopped; nothing is kept.", stop.signum)
        values[:, task.first : task.first + task.paths] = block_simulator.simulate(seed, task)[list(rows)]
    return values


def only_plan(model: Model, plan: int) -> Model:
    """Return the model with its plan number `plan` alone; worlds do not depend on plans."""
    notes = model.plans.notes
    first, end = int(notes.first_tranche[plan]), int(notes.end_tranche[plan])
    tranches = Tranches._make(values[first:end].copy() for values in notes.tranches)
    plans = _select(model.plans, plan)
    zero = np.zeros(1, dtype=np.int64)  # the one plan is valued first and after no other
    notes = plans.notes._replace(
        interest_shared=zero.copy(), first_tranche=zero.copy(), end_tranche=zero + (end - first), tranches=tranches
    )
    return model._replace(plans=plans._replace(order=zero, notes=notes))


def _select(tree: Any, plan: int) -> Any:
    """Return entry `plan` of every array of a tree of NamedTuples, as an array of one entry."""
    if isinstance(tree, tuple):
        return type(tree)(*(_select(leaf, plan) for leaf in tree))
    return tree[plan : plan + 1].copy()


def threaded_figures(
    model: Model, rows: list[int], seed: int, paths: int, threads: int, stop: Stop
) -> NDArray[np.float64]:
    """Return `rows` of the figures of paths 0 .. paths - 1, (rows, paths), on threads; Interrupted after a signal."""
    values = np.empty((len(rows), paths))

    def record(first: int, out: NDArray[np.float64]) -> None:
        values[:, first : first + out.shape[1]] = out[rows]

    tasks = thread_pool.until_signal(stop, thread_pool.split_tasks(paths))
    done = sum(task.paths for task in thread_pool.simulate_tasks(model, seed, tasks, threads, record))
    if done < paths:
        raise Interrupted("stopped; nothing is kept.", stop.signum)
    return values
