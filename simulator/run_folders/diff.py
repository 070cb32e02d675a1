"""Compare two runs: config, code, data, numbers of the model, and results.

Where two runs share their random numbers (seed, sampler, streams), their paths are the same worlds, and the differences
of figures are taken path by path, as `simulator compare A B` does, with the interval of a paired difference.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from simulator.config.schema import TALLY
from simulator.engine.continuity import differences
from simulator.errors import ConfigError
from simulator.results import store
from simulator.results.store import Run, RunFolder
from simulator.risk import comparison_inputs
from simulator.risk.metric_spec import Calendar, parse_event, parse_metric
from simulator.risk.paired_comparison import ComparisonTerms, pair_differences
from simulator.risk.summarise import LEVELS
from simulator.risk.summary import MetricSummary, read_summary

_CODE = ("code_sha256", "commit", "tallies")
_DRAWS = ("seed", "sampler", "rng")
_MOST = 200  # leaves of the model that are named


def diff_runs(a: Run, b: Run) -> dict[str, Any]:
    """Return what `simulator runs diff A B --json` prints; differences are B less A. Broken files are a RunError."""
    for run in (a, b):
        run.verify()
    both = a.finished and b.finished
    obstacle = _find_obstacle(a, b) if both else None
    same = both and a.manifest["digest"] == b.manifest["digest"]
    return {
        "a": _describe(a),
        "b": _describe(b),
        "same": same,
        "config": [{"key": key, "a": old, "b": new} for key, old, new in differences(a.config_tree, b.config_tree)],
        "code": list(_changed_keys(a.manifest, b.manifest, _CODE)) + _changed_tables(a, b, "versions"),
        "data": _changed_data(a, b),
        "model": _changed_model(a, b),
        "draws": list(_changed_keys(a.manifest, b.manifest, _DRAWS)) + _changed_streams(a, b),
        "machine": _changed_tables(a, b, "machine"),
        "plans": _match_plans(a, b) if both else None,
        "paired": both and obstacle is None,
        "unpaired_because": obstacle,
        "results": _compare_results(a, b, obstacle is None and not same) if both else None,
    }


def _describe(run: Run) -> dict[str, Any]:
    manifest = run.manifest
    copied = {key: manifest.get(key) for key in ("name", "stress", "seed", "started", "ended", "digest", "config_hash")}
    state = manifest.get("state", {})
    summary = run.summary if run.finished else {}
    return {
        "run": str(run.path),
        **copied,
        "finished": run.finished,
        "paths": summary.get("paths", state.get("paths")),
        "stop": summary.get("stop"),
    }


def _changed_keys(a: Mapping[str, Any], b: Mapping[str, Any], keys: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    for key in keys:
        if a.get(key) != b.get(key):
            yield {"key": key, "a": a.get(key), "b": b.get(key)}


def _changed_tables(a: Run, b: Run, name: str) -> list[dict[str, Any]]:
    changes = differences(a.manifest.get(name, {}), b.manifest.get(name, {}), name)
    return [{"key": key, "a": old, "b": new} for key, old, new in changes]


def _changed_streams(a: Run, b: Run) -> list[dict[str, Any]]:
    """List the quantities that both draw, but from different streams."""
    streams_a, streams_b = a.manifest.get("streams", {}), b.manifest.get("streams", {})
    return [
        {"key": f"streams.{name}", "a": streams_a[name], "b": streams_b[name]}
        for name in streams_a
        if name in streams_b and streams_a[name] != streams_b[name]
    ]


def _changed_data(a: Run, b: Run) -> dict[str, Any]:
    """Return the CSV columns that differ; runs by older versions did not record them."""
    data_a, data_b = a.manifest.get("data"), b.manifest.get("data")
    if data_a is None or data_b is None:
        return {"known": False, "changed": []}
    columns = [{"key": key, "a": data_a.get(key), "b": data_b.get(key)} for key in {**data_a, **data_b}]
    return {"known": True, "changed": [item for item in columns if item["a"] != item["b"]]}


def _changed_model(a: Run, b: Run) -> dict[str, Any]:
    """Return the differing leaves of the frozen model, with their largest relative difference where shapes agree."""
    if a.manifest.get("model_sha256") == b.manifest.get("model_sha256"):
        return {"same": True, "changed": [], "more": 0}
    arrays_a, arrays_b = (RunFolder(run.path).read_npz(store.MODEL) for run in (a, b))
    leaves: list[dict[str, Any]] = []
    for name in {**arrays_a, **arrays_b}:
        x, y = arrays_a.get(name), arrays_b.get(name)
        if x is None or y is None or x.shape != y.shape:
            shapes = [None if z is None else list(z.shape) for z in (x, y)]
            leaves.append({"key": name, "a": shapes[0], "b": shapes[1], "relative": None})
        elif not np.array_equal(x, y, equal_nan=True):
            size = np.maximum(np.abs(x), np.abs(y)).astype(float)
            with np.errstate(invalid="ignore", divide="ignore"):
                gap = np.abs(np.asarray(y, dtype=float) - x) / size
            largest = float(np.nanmax(gap)) if np.isfinite(gap).any() else math.inf
            leaves.append({"key": name, "relative": largest if math.isfinite(largest) else None})
    return {"same": False, "changed": leaves[:_MOST], "more": max(0, len(leaves) - _MOST)}


def _match_plans(a: Run, b: Run) -> dict[str, list[str]]:
    plans_a, plans_b = list(read_summary(a).plans), list(read_summary(b).plans)
    return {
        "both": [plan for plan in plans_a if plan in plans_b],
        "only_a": [plan for plan in plans_a if plan not in plans_b],
        "only_b": [plan for plan in plans_b if plan not in plans_a],
    }


def _find_obstacle(a: Run, b: Run) -> str | None:
    """Return why the paths of two runs are not the same worlds; None if they are."""
    try:
        comparison_inputs.refuse_unpaired(a, b)
    except ConfigError as error:
        return "; ".join(text.removeprefix(f"{b.path}: ") for text in error.mistakes)
    moved = _changed_streams(a, b)
    return f"{len(moved)} quantities are drawn from other streams" if moved else None


def _compare_results(a: Run, b: Run, paired: bool) -> list[dict[str, Any]]:
    """Compare every tallied figure of every plan that both runs have."""
    summary_a, summary_b = read_summary(a), read_summary(b)
    tallied_b = _tallied_metrics(b)
    names = [name for name in _tallied_metrics(a) if name in tallied_b]
    pairs = _Pairs(a, b) if paired else None
    results = []
    for plan in summary_a.plans:
        for name in names if plan in summary_b.plans else ():
            x, y = summary_a.plans[plan].get(name), summary_b.plans[plan].get(name)
            if x and y:
                entries = _metric_entries(plan, name, x, y, pairs)
                results += [{"plan": plan, "metric": name, **entry} for name, entry in entries]
    return results


def _tallied_metrics(run: Run) -> tuple[str, ...]:
    return tuple(run.config_tree.get("metrics", {}).get("tally", TALLY))


def _metric_entries(
    plan: str, name: str, x: MetricSummary, y: MetricSummary, pairs: _Pairs | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield one metric in both runs, and each event that both count of it."""
    head = {"title": x.title, "unit": x.unit, "kind": x.kind}
    yield name, head | _sides(measures_dict(x), measures_dict(y), pairs, plan, name)
    for event, figure in x.probability.items():
        other = y.probability.get(event)
        if other is not None and x.kind != "event" and parse_event(event, Calendar()) is not None:
            head = {"title": f"P({event})", "unit": "", "kind": "event"}
            sides = {"probability": figure.to_dict()}, {"probability": other.to_dict()}
            yield event, head | _sides(*sides, pairs, plan, event)


def _sides(a: dict[str, Any], b: dict[str, Any], pairs: _Pairs | None, plan: str, name: str) -> dict[str, Any]:
    return {"a": a, "b": b, "same": a == b, "difference": pairs and pairs.difference(plan, name)}


def measures_dict(metric: MetricSummary) -> dict[str, Any]:
    """Return the measures of one metric, each with its interval, as JSON; a probability for an event."""
    if metric.kind == "event":
        return {"probability": next((figure.to_dict() for figure in metric.probability.values()), None)}
    figures = metric.to_dict()
    return {"mean": metric.mean_figure().to_dict(), **{key: figures[key] for key in ("quantiles", "var", "cvar")}}


class _Pairs:
    """Differences B less A, path by path, on the paths that both runs stored."""

    def __init__(self, a: Run, b: Run) -> None:
        self._runs = (a, b)
        self._metrics = [comparison_inputs.summarised_metrics(run) for run in self._runs]
        self._calendars = [comparison_inputs.run_calendar(run) for run in self._runs]
        self._levels = tuple(a.config_tree.get("metrics", {}).get("levels", LEVELS))

    def difference(self, plan: str, name: str) -> dict[str, Any] | None:
        """Return the difference of one figure or event of a plan; None where its definition differs."""
        spec, other = (
            parse_metric(name, (), metrics, calendar)
            for metrics, calendar in zip(self._metrics, self._calendars, strict=True)
        )
        if spec.metric._replace(undefined=False) != other.metric._replace(undefined=False):
            return None
        sides = [comparison_inputs.Side(tag, k, plan) for k, tag in enumerate("ab")]
        values = comparison_inputs.sample_values(self._runs, sides, spec)
        differences = pair_differences("b", "a", values["b"], values["a"], ComparisonTerms(spec.metric, self._levels))
        return {key: differences[key] for key in ("n", "mean", "quantiles", "var", "cvar", "beats", "ties")}
