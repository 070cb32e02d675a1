"""A run folder made up for the tests of the report: the layout of a real one, with numbers drawn by NumPy."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from simulator.finance.metrics import Metric, plan_metrics, world_metrics

PATHS, MONTHS = 4000, 120
SITES = {"prometheus": "Prometheus, remaining halls", "hyperion_a": "Hyperion A", "el_paso": "El Paso"}
_SERIES = {"price": (40, 12), "ads": (17, 35), "value": (1, 0.1), "funding": (0.054, 0.054)}
_PLAN_SERIES = {"cumulative": (0, -120), "cash": (80, 40), "idle": (0, 30), "breached": (0, 0.4)}


def write_run(folder: Path, plans: Mapping[str, str], title: str = "Flagship", tornado: bool = True) -> Path:
    """Write summary, sample, series, manifest, config and tornado; `plans` are titles by id."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    world, plan = world_metrics(list(SITES)), plan_metrics(range(2026, 2037))
    columns = {f"world.{metric.name}": _draw(rng, metric) for metric in world}
    columns |= {f"{name}.{metric.name}": _draw(rng, metric) for name in plans for metric in plan}
    sample = pd.DataFrame({"path": np.arange(PATHS), **columns})
    sample.to_parquet(folder / "sample.parquet")
    _series(rng, list(plans)).to_parquet(folder / "series.parquet")
    owners = {name: {m.name: entry(m, columns[f"{name}.{m.name}"]) for m in plan} for name in plans}
    summary = {
        "digest": "d" * 64,
        "paths": PATHS,
        "seed": 7,
        "sampler": "philox",
        "stop": {"rule": "paths", "asked": PATHS, "reached": PATHS},
        "resumed_at": [],
        "world": {m.name: entry(m, columns[f"world.{m.name}"]) for m in world},
        "plans": owners,
        "timing": {"simulate_s": 1.0, "paths_per_s": 4000.0},
    }
    (folder / "summary.json").write_text(json.dumps(summary))
    (folder / "manifest.json").write_text(
        json.dumps({"version": "0.1.0", "versions": {"numpy": "2.0"}, "streams": [1] * 40})
    )
    (folder / "config.toml").write_text(_config(title, plans))
    if tornado:
        (folder / "tornado.json").write_text(json.dumps(TORNADO))
    return folder


TORNADO: dict[str, Any] = {
    "metric": "npv",
    "measure": "cvar95",
    "plan": "own",
    "base": 139.0,
    "unit": "USD bn",
    "bars": [
        {
            "input": name,
            "low": 0.1 * i,
            "high": 0.5 * i,
            "delta_low": -30.0 / i,
            "delta_high": 26.0 / i,
            "stderr_low": 0.8,
            "stderr_high": 0.9,
        }
        for i, name in enumerate(
            ("drivers.arpu.elasticity", "drivers.price.spot0", "programme.cost_multiplier", "drivers.grid.queue"), 1
        )
    ],
}


def _draw(rng: np.random.Generator, metric: Metric) -> Any:
    if metric.kind == "event":
        values = (rng.random(PATHS) < 0.3).astype(float)
    elif metric.kind == "month":
        values = np.where(rng.random(PATHS) < 0.4, rng.integers(47, MONTHS, PATHS), MONTHS).astype(float)
    elif metric.name == "npv":
        values = rng.normal(-65, 60, PATHS)
    elif metric.name.startswith("delay"):
        values = np.maximum(rng.normal(3, 9, PATHS), 0)
    elif metric.name.startswith("eps_"):
        values = rng.normal(-3, 1, PATHS)
    else:
        values = rng.lognormal(1, 0.5, PATHS)
    return np.where(rng.random(PATHS) < 0.1, np.nan, values) if metric.undefined else values


def entry(metric: Metric, values: Any) -> dict[str, Any]:
    """One metric of summary.json, in the manner of a run."""
    values = values[np.isfinite(values)]
    stderr = float(values.std() / np.sqrt(values.size))

    def fig(value: float, width: float) -> dict[str, Any]:
        return {"value": float(value), "low": float(value - width), "high": float(value + width)}

    result: dict[str, Any] = {
        "unit": metric.unit,
        "kind": metric.kind,
        "bad": metric.bad,
        "title": metric.title,
        "undefined": 0.1 if metric.undefined else 0.0,
        "mean": float(values.mean()),
        "stderr": stderr,
        "quantiles": {str(q): fig(float(np.quantile(values, q)), 2 * stderr) for q in (0.05, 0.5, 0.95)},
        "var": {},
        "cvar": {},
        "probability": {},
    }
    if metric.kind == "amount":
        loss = np.sort(-values if metric.bad == "low" else values)
        result["var"] = {
            "0.95": fig(loss[int(0.95 * loss.size)], 2 * stderr),
            "0.99": fig(loss[int(0.99 * loss.size)], stderr),
        }
        tail = {"value": None, "low": None, "high": None, "note": "40 paths in the tail, 50 are needed"}
        result["cvar"] = {"0.95": fig(loss[int(0.95 * loss.size) :].mean(), 2 * stderr), "0.99": tail}
    if metric.name == "npv":
        result["probability"] = {"npv < 0": fig(float((values < 0).mean()), 0.01)}
    return result


def _series(rng: np.random.Generator, plans: Sequence[str]) -> pd.DataFrame:
    found = {f"world.{name}": ends for name, ends in _SERIES.items()}
    found |= {f"{plan}.{name}": ends for plan in plans for name, ends in _PLAN_SERIES.items()}
    tables = []
    for name, (first, last) in found.items():
        middle = np.linspace(first, last, MONTHS)
        width = 0.3 * abs(middle).max() * np.sqrt(np.arange(1, MONTHS + 1) / MONTHS)
        shares = dict(zip(("q05", "q25", "q50", "q75", "q95"), (-1, -0.4, 0, 0.5, 1.6), strict=True))
        columns = {share: middle + z * width for share, z in shares.items()}
        tables.append(
            pd.DataFrame({"series": name, "month": np.arange(MONTHS), **columns, "mean": middle + 0.1 * width})
        )
    return pd.concat(tables, ignore_index=True)


def _config(title: str, plans: Mapping[str, str]) -> str:
    lines = [
        "schema = 1",
        f"title = {json.dumps(title, ensure_ascii=False)}",
        'start = "2026-07"',
        f"months = {MONTHS}",
    ]
    lines += [
        f"[[sites]]\nid = {json.dumps(site)}\ntitle = {json.dumps(name, ensure_ascii=False)}"
        for site, name in SITES.items()
    ]
    lines += [f"[plans.{plan}]\ntitle = {json.dumps(name, ensure_ascii=False)}" for plan, name in plans.items()]
    return "\n".join(lines) + "\n"
