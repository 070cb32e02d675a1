"""The drivers of the sampled paths: summaries of each world, and the inputs that it was drawn with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.analyses.explain.inputs import InputColumn, draw_inputs, input_columns
from simulator.analyses.replay.selection import OpenedRun
from simulator.results.columns import WORLD

__all__: list[str] = []  # used among analyses only


Floats = NDArray[np.float64]


def driver_columns(opened: OpenedRun, paths: int) -> tuple[dict[str, InputColumn], dict[str, Floats]]:
    """The world's summaries and the inputs of the sampled paths, by name, and their values (paths,)."""
    world = [
        InputColumn(column.name, column.metric.title, column.metric.unit, _group_of(column.metric.name))
        for column in opened.job.columns
        if column.scope == WORLD
    ]
    model, seed, streams = opened.job.model, opened.job.seed, opened.streams
    values = {**opened.run.sample([column.name for column in world]), **draw_inputs(model, streams, seed, paths)}
    columns = {column.name: column for column in (*world, *input_columns(model, streams))}
    return columns, {name: np.asarray(values[name], dtype=np.float64) for name in columns}


def _group_of(metric: str) -> str:
    """The group of drivers that a summary of the world belongs to."""
    beginnings = {
        "generations": "silicon", "paradigm": "silicon", "delay": "grid", "latest": "grid", "eps": "elasticity",
        "price": "price", "funding": "funding",
    }  # fmt: skip
    return beginnings[metric.split("_")[0]]
