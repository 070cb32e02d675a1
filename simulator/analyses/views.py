"""Views: a stored run re-weighted so that something one believes about its worlds holds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.analyses.explain.inputs import draw_inputs, input_columns
from simulator.analyses.replay.selection import OpenedRun, describe_run, find_changes, open_for_replay
from simulator.errors import ConfigError
from simulator.event_log import StageListener, stage_reporter
from simulator.results.columns import Column
from simulator.results.store import open_run
from simulator.risk.entropy_pooling import PooledWeights, pool, weighted_cvar, weighted_mean
from simulator.risk.estimates import measure_values
from simulator.risk.metric_spec import MeasureSpec

__all__ = ["views"]

LEAST_PATHS = 300  # effective paths below which no figure is given
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_VIEW = re.compile(rf"(mean|median|q(\d\d(?:\.\d+)?))\s+([a-z]\w*\.\w+)\s*(=|\*|\+|-)\s*({_NUMBER})")
_PROBABILITY = re.compile(rf"P\(\s*([a-z]\w*\.\w+)\s*(<|>)\s*({_NUMBER})\s*\)\s*=\s*({_NUMBER})\s*(%?)")
_WANTED = (
    "wanted `mean COLUMN = X`, `median COLUMN = X`, `q90 COLUMN = X` (or * X, + X, - X of what it is) or "
    "`P(COLUMN < X) = P`, as `mean world.price_m36 * 0.8`"
)

Floats = NDArray[np.float64]


class _View(NamedTuple):
    """One view: a column of paths whose mean has to be the target; and the figure it is about, before and wanted."""

    text: str
    values: Floats
    target: float
    before: float
    wanted: float


def views(
    run: str | Path,
    texts: Sequence[str],
    *,
    accept_changes: bool = False,
    say: StageListener | None = None,
) -> dict[str, Any]:
    """Return the figures of every plan of a run under views on its worlds, beside those without.

    A view is `mean world.delay_mean = 48`, `median world.price_m36 * 0.8`, `q95 world.price_mean + 2` or
    `P(world.eps < 0.01) = 30 %`; its column is any of the sample or an input (factor.price, input.cost_multiplier, ..).
    ConfigError where a view cannot be read or held, or leaves fewer than 300 effective paths.
    """
    opened = open_for_replay(run, accept_changes)
    open_run(opened.run.path)
    if not texts:
        raise ConfigError([f"--view: given none, {_WANTED}"])
    changes = find_changes(opened, accept_changes)
    stage_reporter(say)("re-weighting the sample")
    read = _reader(opened)
    mistakes: list[str] = []
    held = [view for text in texts if (view := _read_view(text, read, mistakes)) is not None]
    if mistakes:
        raise ConfigError(mistakes)
    pooled = pool(np.stack([view.values for view in held]), np.array([view.target for view in held]))
    if pooled is None:
        raise ConfigError(
            [f"--view: {', '.join(texts)}: no weights of the sample's paths make it hold; it lies outside of what they "
             "hold, or two views contradict each other"]
        )  # fmt: skip
    if pooled.effective_paths < LEAST_PATHS:
        raise ConfigError(
            [f"--view: {', '.join(texts)}: leaves {pooled.effective_paths:,.0f} effective paths of "
             f"{pooled.weights.size:,}, wanted at least {LEAST_PATHS}; simulate it instead (--set, --stress)"]
        )  # fmt: skip
    return {
        **describe_run(opened),
        "views": [
            {"view": view.text, "before": view.before, "wanted": view.wanted, "error": _miss(view, pooled)}
            for view in held
        ],
        "sample": int(pooled.weights.size),
        "effective_paths": pooled.effective_paths,
        "relative_entropy": pooled.relative_entropy,
        "plans": {plan: _figures(opened, plan, pooled) for plan in opened.names.plans},
        "changes": changes,
    }


def _reader(opened: OpenedRun) -> Any:
    """A function from the name of a column to its values on the sample; ConfigError if there is none."""
    names = [column.name for column in opened.job.columns]
    streams = opened.streams
    inputs = [column.name for column in input_columns(opened.job.model, streams)]
    drawn: dict[str, Floats] = {}

    def read(name: str) -> Floats:
        if name in names:
            return np.asarray(opened.run.sample([name])[name], dtype=np.float64)
        if name not in inputs:
            import difflib

            near = difflib.get_close_matches(name, [*names, *inputs], 1)
            raise ConfigError([f"given {name}, " + (f"did you mean {near[0]}?" if near else "no such column")])
        if not drawn:
            paths = opened.run.sample(["path"])["path"].size
            drawn.update(draw_inputs(opened.job.model, streams, opened.job.seed, paths))
        return drawn[name]

    return read


def _read_view(text: str, read: Any, mistakes: list[str]) -> _View | None:
    """The view of a text; None after adding what is wrong with it to `mistakes`."""
    moment, probability = _VIEW.fullmatch(text.strip()), _PROBABILITY.fullmatch(text.strip())
    if moment is None and probability is None:
        mistakes.append(f"--view: given {text}, {_WANTED}")
        return None
    try:
        values = read(moment[3] if moment is not None else probability[1] if probability is not None else "")
    except ConfigError as error:
        mistakes.extend(f"--view: {text}: {line}" for line in error.mistakes)
        return None
    undefined = int(np.isnan(values).sum())
    if undefined:
        mistakes.append(f"--view: {text}: is undefined on {undefined:,} of {values.size:,} paths")
        return None
    if moment is not None:
        return _moment_view(text, moment, values)
    assert probability is not None
    happens = values < float(probability[3]) if probability[2] == "<" else values > float(probability[3])
    target = float(probability[4]) / (100.0 if probability[5] else 1.0)
    if not 0.0 < target < 1.0:
        mistakes.append(f"--view: {text}: given {probability[4]}{probability[5]}, wanted a probability between 0 and 1")
        return None
    column = happens.astype(np.float64)
    return _View(text, column, target, float(column.mean()), target)


def _moment_view(text: str, match: re.Match[str], values: Floats) -> _View:
    """The view of a mean, or of a quantile: the share of paths at or below a value."""
    if match[1] == "mean":
        before = float(values.mean())
        wanted = _change(before, match[4], float(match[5]))
        return _View(text, values, wanted, before, wanted)
    share = 0.5 if match[1] == "median" else float(match[2]) / 100.0
    before = float(np.quantile(values, share, method="inverted_cdf"))
    edge = _change(before, match[4], float(match[5]))
    return _View(text, (values <= edge).astype(np.float64), share, before, edge)


def _change(before: float, sign: str, number: float) -> float:
    return {"=": number, "*": before * number, "+": before + number, "-": before - number}[sign]


def _miss(view: _View, pooled: PooledWeights) -> float:
    """By how much the weights miss the target of a view, in standard deviations of its column."""
    return abs(float(pooled.weights @ view.values) - view.target) / float(view.values.std())


def _figures(opened: OpenedRun, plan: str, pooled: PooledWeights) -> list[dict[str, Any]]:
    """Figures of a plan with and without the views: npv's mean and CVaR, and the probabilities of its events."""
    figures = []
    for column in opened.job.columns:
        if column.scope != plan or not (column.metric.name == "npv" or column.metric.kind == "event"):
            continue
        values = np.asarray(opened.run.sample([column.name])[column.name], dtype=np.float64)
        if np.isnan(values).any():
            continue
        if column.metric.kind == "event":
            figures.append(_entry(column, values, "probability", column.metric.kind, pooled))
            continue
        figures.append(_entry(column, values, "mean", "amount", pooled))
        figures.append(_entry(column, values, "cvar95", "amount", pooled))
        below = (values < 0.0).astype(np.float64)
        figures.append(
            {
                "metric": "npv < 0",
                "measure": "probability",
                "kind": "event",
                "unit": "",
                "before": weighted_mean(below, _equal(pooled)).to_dict(),
                "after": weighted_mean(below, pooled).to_dict(),
            }
        )
    return figures


def _entry(column: Column, values: Floats, measure: str, kind: str, pooled: PooledWeights) -> dict[str, Any]:
    spec = MeasureSpec("cvar", 0.95) if measure == "cvar95" else MeasureSpec(measure)
    sign = -1.0 if column.metric.bad == "low" else 1.0
    after = weighted_cvar(sign * values, 0.95, pooled) if measure == "cvar95" else weighted_mean(values, pooled)
    return {
        "metric": column.metric.name,
        "measure": measure,
        "kind": kind,
        "unit": column.metric.unit,
        "before": measure_values(values, column.metric, spec).figure.to_dict(),
        "after": after.to_dict(),
    }


def _equal(pooled: PooledWeights) -> PooledWeights:
    """Equal weights, under no view."""
    return PooledWeights(np.full(pooled.weights.size, 1.0 / pooled.weights.size), np.zeros_like(pooled.centred))
