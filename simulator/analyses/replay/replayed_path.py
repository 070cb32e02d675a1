"""One path, simulated again from the frozen model with everything that the kernel knows of it.

A block of a single lane holds one path's world when the kernel returns, and the books of the plan that was valued
last; so each plan is valued once more alone. Neither changes a bit: worlds do not depend on plans, nor bits on lanes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator import kernel
from simulator.engine.scenario_samples import only_plan
from simulator.engine.thread_pool import BlockSimulator, Task
from simulator.finance.financing.debt import Schedule
from simulator.finance.series import series_names
from simulator.finance.workspace import World
from simulator.model import Model

Floats = NDArray[np.float64]


class Books(NamedTuple):
    """A plan on one path. Months are rows of no lanes; money is USD bn, capacity MW."""

    series: dict[str, Floats]  # the trace: (months,) by name
    works: Floats  # (WORKS, months) per unit of ownership
    ledger: Floats  # (LEDGER, months)
    service: Floats  # (sites,) month in which a site enters service; beyond the horizon: it does not
    left: Floats  # (sites,) month of an exit; the horizon: none
    vintages: list[Floats]  # by site, months in which its vintages were bought
    schedule: Schedule  # of notes, before any sweep
    end_value: float  # after tax, at the horizon


class Path(NamedTuple):
    """A path: its figures in the order of the run's columns, its scores, its world and what each plan did."""

    path: int
    model: Model
    figures: Floats  # (figures,)
    z: Floats  # (rows,)
    world: World  # arrays without their lanes
    series: dict[str, Floats]  # the world's trace: (months,) by name
    plans: dict[str, Books]

    def number(self, plan: str) -> int:
        """The place of a plan among the model's."""
        return list(self.plans).index(plan)


def draw(model: Model, plans: Sequence[str], seed: int, path: int) -> Path:
    """Simulate path number `path` once more; `plans` are the ids of the model's plans. Same bits as in the run."""
    block_simulator = BlockSimulator(model, 1, lanes=1)
    figures = block_simulator.simulate(seed, Task(path, 1))[:, 0].copy()
    books = {plan: _valued(only_plan(model, k), plan, seed, path) for k, plan in enumerate(plans)}
    world = World(*(np.ascontiguousarray(array[..., 0]) for array in block_simulator.work.world))
    series = next(iter(books.values()))[0]
    own = {plan: found for plan, (_, found) in books.items()}
    return Path(path, model, figures, block_simulator.work.z[:, 0].copy(), world, series, own)


def _valued(model: Model, plan: str, seed: int, path: int) -> tuple[dict[str, Floats], Books]:
    """The world's series and the books of the only plan of a model."""
    block_simulator = BlockSimulator(model, 1, lanes=1)
    trace = np.empty((kernel.series_count(model), model.months, 1))
    block_simulator.simulate(seed, Task(path, 1), trace)
    series: dict[str, dict[str, Floats]] = {"world": {}, plan: {}}
    for name, row in zip(series_names((plan,)), trace[:, :, 0], strict=True):
        scope, _, short = name.partition(".")
        series[scope][short] = row.copy()
    b = block_simulator.work.books
    lives, months = b.lives, model.months
    ends = [int(np.argmax(row >= months)) for row in lives.vintages[:, :, 0]]  # each row ends with the horizon
    return series["world"], Books(
        series[plan],
        b.works[:, :, 0].copy(),
        b.ledger[:, :, 0].copy(),
        lives.start[:, 0] - model.programme.work_delay,
        lives.left[:, 0].copy(),
        [row[:end].copy() for row, end in zip(lives.vintages[:, :, 0], ends, strict=True)],
        Schedule(*b.fixed.schedule[0].copy()),
        float(b.end_value[0]),
    )
