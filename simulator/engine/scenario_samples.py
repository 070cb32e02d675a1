"""Figures of every path of a model: what a comparison of scenarios needs, and no more memory than that."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.engine import thread_pool
from simulator.engine.interrupt import Stop
from simulator.errors import Interrupted
from simulator.finance.plan import Plans
from simulator.model import Model


def figure(model: Model, row: int, seed: int, paths: int, stop: Stop) -> NDArray[np.float64]:
    """Row `row` of the figures of paths 0 .. paths - 1, (paths,), on this thread; Interrupted once a signal came."""
    one: NDArray[np.float64] = figures(model, (row,), seed, paths, stop)[0]
    return one


def figures(model: Model, rows: Sequence[int], seed: int, paths: int, stop: Stop) -> NDArray[np.float64]:
    """Several rows of the figures, (rows, paths), as `figure` does."""
    values = np.empty((len(rows), paths))
    slot = thread_pool.Slot(model, min(paths, thread_pool.TASK))
    for task in thread_pool.tasks(paths):
        if stop:
            raise Interrupted("stopped; nothing is kept.", stop.signum)
        values[:, task.first : task.first + task.paths] = slot.simulate(seed, task)[list(rows)]
    return values


def only_plan(model: Model, plan: int) -> Model:
    """The model with its plan number `plan` alone; worlds do not depend on plans."""
    every = model.plans
    first, last = every.tranche_from[plan], every.tranche_from[plan + 1]
    fields = {
        name: (array[first:last] if name.startswith("tranche_") else array[plan : plan + 1]).copy()
        for name, array in every._asdict().items()
    }
    fields["tranche_from"] = np.array([0, last - first], dtype=np.int64)
    fields["order"] = fields["notes_again"] = np.zeros(1, dtype=np.int64)
    return model._replace(plans=Plans(**fields))


def threaded_figures(
    model: Model, rows: list[int], seed: int, paths: int, threads: int, stop: Stop
) -> NDArray[np.float64]:
    """Some `rows` of the figures of paths 0 .. paths - 1, (rows, paths), on threads; Interrupted once a signal came."""
    values = np.empty((len(rows), paths))

    def take(first: int, out: NDArray[np.float64]) -> None:
        values[:, first : first + out.shape[1]] = out[rows]

    work = thread_pool.until(stop, thread_pool.tasks(paths))
    done = sum(task.paths for task in thread_pool.each_task(model, seed, work, threads, take))
    if done < paths:
        raise Interrupted("stopped; nothing is kept.", stop.signum)
    return values
