"""What changed between two runs: config, code, data, numbers of the model, and results.

Where two runs share their random numbers (seed, sampler, streams), their paths are the same worlds, and the differences
of figures are taken path by path, as `simulator compare A B` does, with the interval of a paired difference.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from simulator.config.schema import TALLY
from simulator.engine.continuity import differences
from simulator.errors import ConfigError
from simulator.results import store
from simulator.results.store import Run, RunFolder
from simulator.risk import comparison_inputs
from simulator.risk.metric_spec import parse_event, parse_metric
from simulator.risk.paired_comparison import ComparisonTerms, pair_differences
from simulator.risk.summarise import LEVELS
from simulator.risk.summary import MetricSummary, read_summary

_CODE = ("code_sha256", "commit", "tallies")
_DRAWS = ("seed", "sampler", "rng")
_MOST = 200  # leaves of the model that are named


def diff(a: Run, b: Run) -> dict[str, Any]:
    """What `simulator runs diff A B --json` prints: differences are B less A. Broken files are a RunError."""
    for run in (a, b):
        run.verify()
    both = a.finished and b.finished
    apart = _apart(a, b) if both else None
    same = both and a.manifest["digest"] == b.manifest["digest"]
    return {
        "a": _about(a),
        "b": _about(b),
        "same": same,
        "config": [
            {"key": key, "a": old, "b": new}
            for key, old, new in differences(tomllib.loads(a.config), tomllib.loads(b.config))
        ],
        "code": list(_changed(a.manifest, b.manifest, _CODE)) + _tables(a, b, "versions"),
        "data": _data(a, b),
        "model": _model(a, b),
        "draws": list(_changed(a.manifest, b.manifest, _DRAWS)) + _streams(a, b),
        "machine": _tables(a, b, "machine"),
        "plans": _plans(a, b) if both else None,
        "paired": both and apart is None,
        "unpaired_because": apart,
        "results": _results(a, b, apart is None and not same) if both else None,
    }


def _about(run: Run) -> dict[str, Any]:
    manifest = run.manifest
    told = {key: manifest.get(key) for key in ("name", "stress", "seed", "started", "ended", "digest", "config_hash")}
    state = manifest.get("state", {})
    summary = run.summary if run.finished else {}
    return {
        "run": str(run.path),
        **told,
        "finished": run.finished,
        "paths": summary.get("paths", state.get("paths")),
        "stop": summary.get("stop"),
    }


def _changed(a: Mapping[str, Any], b: Mapping[str, Any], keys: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    for key in keys:
        if a.get(key) != b.get(key):
            yield {"key": key, "a": a.get(key), "b": b.get(key)}


def _tables(a: Run, b: Run, name: str) -> list[dict[str, Any]]:
    found = differences(a.manifest.get(name, {}), b.manifest.get(name, {}), name)
    return [{"key": key, "a": old, "b": new} for key, old, new in found]


def _streams(a: Run, b: Run) -> list[dict[str, Any]]:
    """Quantities that both draw, from other streams."""
    one, other = a.manifest.get("streams", {}), b.manifest.get("streams", {})
    return [
        {"key": f"streams.{name}", "a": one[name], "b": other[name]}
        for name in one
        if name in other and one[name] != other[name]
    ]


def _data(a: Run, b: Run) -> dict[str, Any]:
    """CSV columns that are not the same; what is not known of runs by older versions is said."""
    one, other = a.manifest.get("data"), b.manifest.get("data")
    if one is None or other is None:
        return {"known": False, "changed": []}
    found = [{"key": key, "a": one.get(key), "b": other.get(key)} for key in {**one, **other}]
    return {"known": True, "changed": [item for item in found if item["a"] != item["b"]]}


def _model(a: Run, b: Run) -> dict[str, Any]:
    """Leaves of the frozen model that differ, with the largest relative difference where they have the same shape."""
    if a.manifest.get("model_sha256") == b.manifest.get("model_sha256"):
        return {"same": True, "changed": [], "more": 0}
    one, other = (RunFolder(run.path).read_npz(store.MODEL) for run in (a, b))
    found: list[dict[str, Any]] = []
    for name in {**one, **other}:
        x, y = one.get(name), other.get(name)
        if x is None or y is None or x.shape != y.shape:
            shapes = [None if z is None else list(z.shape) for z in (x, y)]
            found.append({"key": name, "a": shapes[0], "b": shapes[1], "relative": None})
        elif not np.array_equal(x, y, equal_nan=True):
            size = np.maximum(np.abs(x), np.abs(y)).astype(float)
            with np.errstate(invalid="ignore", divide="ignore"):
                gap = np.abs(np.asarray(y, dtype=float) - x) / size
            largest = float(np.nanmax(gap)) if np.isfinite(gap).any() else math.inf
            found.append({"key": name, "relative": largest if math.isfinite(largest) else None})
    return {"same": False, "changed": found[:_MOST], "more": max(0, len(found) - _MOST)}


def _plans(a: Run, b: Run) -> dict[str, list[str]]:
    one, other = list(read_summary(a).plans), list(read_summary(b).plans)
    return {
        "both": [plan for plan in one if plan in other],
        "only_a": [plan for plan in one if plan not in other],
        "only_b": [plan for plan in other if plan not in one],
    }


def _apart(a: Run, b: Run) -> str | None:
    """Why the paths of two runs are not the same worlds; None if they are."""
    try:
        comparison_inputs.refuse_unpaired(a, b)
    except ConfigError as error:
        return "; ".join(text.removeprefix(f"{b.path}: ") for text in error.mistakes)
    moved = _streams(a, b)
    return f"{len(moved)} quantities are drawn from other streams" if moved else None


def _results(a: Run, b: Run, paired: bool) -> list[dict[str, Any]]:
    """Every tallied figure of every plan that both runs have."""
    summary_a, summary_b = read_summary(a), read_summary(b)
    tallied_b = _tallied(b)
    names = [name for name in _tallied(a) if name in tallied_b]
    pairs = _Pairs(a, b) if paired else None
    results = []
    for plan in summary_a.plans:
        for name in names if plan in summary_b.plans else ():
            x, y = summary_a.plans[plan].get(name), summary_b.plans[plan].get(name)
            if x and y:
                entries = _metric_entries(plan, name, x, y, pairs)
                results += [{"plan": plan, "metric": name, **entry} for name, entry in entries]
    return results


def _tallied(run: Run) -> tuple[str, ...]:
    return tuple(tomllib.loads(run.config).get("metrics", {}).get("tally", TALLY))


def _metric_entries(
    plan: str, name: str, x: MetricSummary, y: MetricSummary, pairs: _Pairs | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """One metric in both runs, and each event that both count of it."""
    head = {"title": x.title, "unit": x.unit, "kind": x.kind}
    yield name, head | _sides(measures_dict(x), measures_dict(y), pairs, plan, name)
    for event, figure in x.probability.items():
        other = y.probability.get(event)
        if other is not None and parse_event(event) is not None:
            head = {"title": f"P({event})", "unit": "", "kind": "event"}
            sides = {"probability": figure.to_dict()}, {"probability": other.to_dict()}
            yield event, head | _sides(*sides, pairs, plan, event)


def _sides(a: dict[str, Any], b: dict[str, Any], pairs: _Pairs | None, plan: str, name: str) -> dict[str, Any]:
    return {"a": a, "b": b, "same": a == b, "difference": pairs and pairs.difference(plan, name)}


def measures_dict(metric: MetricSummary) -> dict[str, Any]:
    """The measures of one metric, each with its interval, as JSON; a probability for an event."""
    if metric.kind == "event":
        return {"probability": next((figure.to_dict() for figure in metric.probability.values()), None)}
    figures = metric.to_dict()
    return {"mean": metric.mean_figure().to_dict(), **{key: figures[key] for key in ("quantiles", "var", "cvar")}}


class _Pairs:
    """B less A, path by path, on the paths that both runs kept."""

    def __init__(self, a: Run, b: Run) -> None:
        self._runs = (a, b)
        self._metrics = [comparison_inputs.summarised_metrics(run) for run in self._runs]
        self._levels = tuple(tomllib.loads(a.config).get("metrics", {}).get("levels", LEVELS))

    def difference(self, plan: str, name: str) -> dict[str, Any] | None:
        """Of one figure or event of a plan; None where it is not the same thing in both."""
        spec, other = (parse_metric(name, (), metrics) for metrics in self._metrics)
        if spec.metric._replace(undefined=False) != other.metric._replace(undefined=False):
            return None
        sides = [comparison_inputs.Side(tag, k, plan) for k, tag in enumerate("ab")]
        values = comparison_inputs.sample_values(self._runs, sides, spec)
        differences = pair_differences("b", "a", values["b"], values["a"], ComparisonTerms(spec.metric, self._levels))
        return {key: differences[key] for key in ("n", "mean", "quantiles", "var", "cvar", "beats", "ties")}
