"""What a run left in its folder, read for the report."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from simulator.errors import RunError
from simulator.report.numbers import plain
from simulator.report.tables import stressed
from simulator.results import store

Array = NDArray[np.float64]
Bands = dict[str, Array]  # month, q05, q25, q50, q75, q95, mean, each (months,)
TORNADO, STRESS = "tornado.json", "stress.json"
_DRAWN = ("npv", "breach_month", "idle_capital", "stranded_peak")  # and eps_fy<year>, delay_<site>


@dataclass(frozen=True)
class Run:
    """A run folder in memory: summaries as JSON, the paths kept, monthly quantiles, and how it all came about."""

    folder: Path
    summary: dict[str, Any]
    manifest: dict[str, Any]
    config: dict[str, Any]
    config_text: str
    sample: dict[str, Array]  # (paths,) by `world.<metric>` and `<plan>.<metric>`, undefined NaN; only what is drawn
    series: dict[str, Bands]  # by `world.<series>` and `<plan>.<series>`
    tornado: dict[str, Any] | None
    stress: dict[str, Any] | None

    @property
    def title(self) -> str:
        """The programme's, and the stress sets where it is not the base."""
        title = plain(self.config.get("title") or self.config.get("name") or self.folder.name, 100)
        return title + stressed(self.summary, ", ")

    @property
    def months(self) -> int:
        return int(self.config.get("months", 120))

    @property
    def start(self) -> str:
        return str(self.config.get("start", "2026-07"))

    @property
    def first_year(self) -> float:
        """Date of the programme's start in years: 2026.5 for July 2026."""
        year, month = (int(part) for part in self.start.split("-"))
        return year + (month - 1) / 12

    @property
    def plans(self) -> dict[str, str]:
        """Title by plan id."""
        tables = self.config.get("plans", {})
        return {plan: plain(tables.get(plan, {}).get("title") or plan, 40) for plan in self.summary["plans"]}

    @property
    def sites(self) -> dict[str, str]:
        """Title by site id, of the sites in the sample."""
        tables = {site.get("id"): site.get("title") for site in self.config.get("sites", [])}
        found = [name.removeprefix("world.delay_") for name in self.sample if name.startswith("world.delay_")]
        return {site: plain(tables.get(site) or site) for site in found if site != "mean"}

    def values(self, column: str) -> Array:
        """Defined values of a column of the sample; empty if there is none."""
        values = self.sample.get(column, np.empty(0))
        defined: Array = values[np.isfinite(values)]
        return defined


def read_run(folder: Path) -> Run:
    """Read a finished run; RunError says which part is missing, cut short or changed."""
    stored = store.open_run(folder)
    text = stored.config
    names = [name for name in pq.read_schema(folder / store.SAMPLE).names if _is_drawn(name)]
    return Run(
        folder=folder,
        summary=stored.summary,
        manifest=stored.manifest,
        config=tomllib.loads(text),
        config_text=text,
        sample={name: np.asarray(values, dtype=np.float64) for name, values in stored.sample(names).items()},
        series=_by_name(stored.series()) if store.SERIES in stored.manifest["files"] else {},
        tornado=_beside(folder / TORNADO, "bars"),
        stress=_beside(folder / STRESS, "sets"),
    )


def _is_drawn(name: str) -> bool:
    scope, _, metric = name.partition(".")
    return metric in _DRAWN or metric.startswith("eps_fy") or (scope == "world" and metric.startswith("delay_"))


def _by_name(columns: dict[str, NDArray[Any]]) -> dict[str, Bands]:
    """The long table of series, split by series and sorted by month."""
    names = columns.pop("series").astype(str)
    found = {}
    for name in np.unique(names):
        rows = np.flatnonzero(names == name)
        rows = rows[np.argsort(columns["month"][rows])]
        found[str(name)] = {key: np.asarray(values[rows], dtype=np.float64) for key, values in columns.items()}
    return found


def _beside(path: Path, held: str) -> dict[str, Any] | None:
    """What another verb left in the folder; `held` is a list that it must have."""
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise RunError(f"{path}: is not JSON ({error}); run the {path.stem} again") from None
    if not isinstance(content, dict) or not isinstance(content.get(held), list):
        raise RunError(f"{path}: given something else, wanted the {held} of a {path.stem}; run the {path.stem} again")
    return content
