"""A run folder made up for the tests of the report: the layout of a real one, with numbers drawn by NumPy."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from simulator.finance.metrics import Metric, plan_metrics, world_metrics
from simulator.results import store
from simulator.results.store import RunFolder
from simulator.risk.distribution import distribution_of_sample
from simulator.risk.summarise import metric_summary
from simulator.risk.summary import CONVENTIONS

PATHS, MONTHS = 4000, 120
SITES = {"prometheus": "Prometheus, remaining halls", "hyperion_a": "Hyperion A", "el_paso": "El Paso"}
_SERIES = {"price": (40, 12), "ads": (17, 35), "value": (1, 0.1), "funding": (0.054, 0.054)}
_PLAN_SERIES = {
    "cumulative": (0, -120),
    "cash": (80, 40),
    "idle": (0, 30),
    "breached": (0, 0.4),
    "notes": (30, 30),
    "revolver": (0, 10),
    "asset_value": (5, 60),
    "lease": (0, 0.4),
    "interest": (0.13, 0.13),
}


def write_run(path: Path, plans: Mapping[str, str], title: str = "Flagship", tornado: bool = True) -> Path:
    """Write a run as a simulation would; `plans` are titles by id."""
    rng = np.random.default_rng(1)
    world, plan = world_metrics(list(SITES)), plan_metrics(range(2026, 2037))
    columns = {f"world.{metric.name}": _draw(rng, metric) for metric in world}
    columns |= {f"{name}.{metric.name}": _draw(rng, metric) for name in plans for metric in plan}
    folder = RunFolder.create(path)
    folder.write(store.CONFIG, _config(title, plans))
    folder.write_table(store.SAMPLE, {"path": np.arange(PATHS), **columns})
    folder.write_table(store.SERIES, _series(list(plans)))
    summary = {
        "digest": "d" * 64,
        "paths": PATHS,
        "seed": 7,
        "sampler": "philox",
        "stop": {"rule": "paths", "asked": PATHS, "reached": PATHS},
        "resumed_at": [],
        "confidence": 0.95,
        "conventions": list(CONVENTIONS),
        "world": {m.name: _entry(m, columns[f"world.{m.name}"]) for m in world},
        "plans": {name: {m.name: _entry(m, columns[f"{name}.{m.name}"]) for m in plan} for name in plans},
        "timing": {"simulate_s": 1.0, "paths_per_s": 4000.0},
    }
    folder.write_json(store.SUMMARY, summary)
    if tornado:
        folder.write_json("tornado.json", TORNADO)
    folder.write_manifest(
        {"name": "flagship", "versions": {"numpy": "2.0"}, "streams": dict.fromkeys(map(str, range(40)), 1)}
    )
    return path


TORNADO: dict[str, Any] = {
    "metric": "npv",
    "measure": "cvar95",
    "plan": "own",
    "paths": 20_000,
    "kind": "amount",
    "base": {"value": 139.0, "low": 138.2, "high": 139.8},
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
            "interval_low": [-30.0 / i - 1.6, -30.0 / i + 1.6],
            "interval_high": [26.0 / i - 1.8, 26.0 / i + 1.8],
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


def _entry(metric: Metric, values: Any) -> dict[str, Any]:
    """One metric of summary.json, made as a run makes it."""
    distribution = distribution_of_sample(metric, values)
    if metric.name == "npv":
        distribution = replace(distribution, events={"npv < 0": int((values < 0).sum())})
    return metric_summary(distribution, MONTHS, (0.95, 0.99), (0.05, 0.5, 0.95)).to_dict()


def _series(plans: Sequence[str]) -> dict[str, Any]:
    levels_by_series = {f"world.{name}": levels for name, levels in _SERIES.items()}
    levels_by_series |= {f"{plan}.{name}": levels for plan in plans for name, levels in _PLAN_SERIES.items()}
    middle = np.concatenate([np.linspace(first, last, MONTHS) for first, last in levels_by_series.values()])
    months = np.tile(np.arange(MONTHS), len(levels_by_series))
    width = 0.3 * np.abs(middle) * np.sqrt((months + 1) / MONTHS)
    bands = {"q05": -1, "q25": -0.4, "q50": 0, "q75": 0.5, "q95": 1.6, "mean": 0.1}
    names = np.repeat(np.array(list(levels_by_series), dtype=object), MONTHS)
    return {"series": names, "month": months, **{band: middle + z * width for band, z in bands.items()}}


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
