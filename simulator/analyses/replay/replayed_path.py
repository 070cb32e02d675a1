"""Simulate one path again from the frozen model and keep its world and each plan's months.

A block of a single lane holds one path's world when the kernel returns, and the months of the plan that was valued
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
from simulator.finance.plan.notes import NoteSchedule
from simulator.finance.series import series_names
from simulator.finance.workspace import World
from simulator.model import Model

__all__: list[str] = []  # used in this folder only

FloatArray = NDArray[np.float64]


class PlanReplay(NamedTuple):
    """A plan on one path. Arrays have no lanes; money is USD bn, capacity MW."""

    series: dict[str, FloatArray]  # the trace: (months,) by name
    site_flows: FloatArray  # (SITE_FLOW_PLANES, months) per unit of ownership
    ledger: FloatArray  # (LEDGER_PLANES, months)
    service_month: FloatArray  # (sites,) in which a site enters service; beyond the horizon: it does not
    exit_month: FloatArray  # (sites,) in which a site is handed back; the horizon: none
    vintages: list[FloatArray]  # by site, months in which its vintages were bought
    schedule: NoteSchedule  # of notes, before any sweep
    end_value: float  # after tax, at the horizon


class ReplayedPath(NamedTuple):
    """A path: its figures in the order of the run's columns, its scores, its world and each plan's months."""

    path: int
    model: Model
    figures: FloatArray  # (figures,)
    z: FloatArray  # (rows,)
    world: World  # arrays without their lanes
    series: dict[str, FloatArray]  # the world's trace: (months,) by name
    plans: dict[str, PlanReplay]

    def plan_index(self, plan: str) -> int:
        """Return the index of a plan among the model's."""
        return list(self.plans).index(plan)


def replay_path(model: Model, plans: Sequence[str], seed: int, path: int) -> ReplayedPath:
    """Simulate path number `path` again, to the same bits; `plans` are the ids of the model's plans."""
    block_simulator = BlockSimulator(model, 1, lanes=1)
    figures = block_simulator.simulate(seed, Task(path, 1))[:, 0].copy()
    replays = {plan: _replay_plan(only_plan(model, k), plan, seed, path) for k, plan in enumerate(plans)}
    world = World(*(np.ascontiguousarray(array[..., 0]) for array in block_simulator.work.world))
    world_series = next(iter(replays.values()))[0]
    by_plan = {plan: months for plan, (_, months) in replays.items()}
    return ReplayedPath(path, model, figures, block_simulator.work.z[:, 0].copy(), world, world_series, by_plan)


def _replay_plan(model: Model, plan: str, seed: int, path: int) -> tuple[dict[str, FloatArray], PlanReplay]:
    """Return the world's series and the months of the only plan of a model."""
    block_simulator = BlockSimulator(model, 1, lanes=1)
    trace = np.empty((kernel.series_count(model), model.months, 1))
    block_simulator.simulate(seed, Task(path, 1), trace)
    series: dict[str, dict[str, FloatArray]] = {"world": {}, plan: {}}
    for name, row in zip(series_names((plan,)), trace[:, :, 0], strict=True):
        scope, _, short = name.partition(".")
        series[scope][short] = row.copy()
    workspace = block_simulator.work.plan
    history, months = workspace.history, model.months
    counts = [int(np.argmax(row >= months)) for row in history.purchases[:, :, 0]]  # each row ends with the horizon
    return series["world"], PlanReplay(
        series[plan],
        workspace.flows[:, :, 0].copy(),
        workspace.ledger[:, :, 0].copy(),
        history.work_start[:, 0] - model.programme.work_delay,
        history.exit[:, 0].copy(),
        [row[:count].copy() for row, count in zip(history.purchases[:, :, 0], counts, strict=True)],
        NoteSchedule(*workspace.tables.schedule[0].copy()),
        float(workspace.end_value[0]),
    )
