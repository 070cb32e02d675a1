"""What a run left in its folder, read for the report."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from simulator.errors import RunError
from simulator.report.numbers import plain

_DRAWN = ("npv", "breach_month", "idle_capital", "stranded_peak")  # and eps_fy<year>, delay_<site>


@dataclass(frozen=True)
class Run:
    """A run folder in memory: summaries as JSON, the paths kept, monthly quantiles, and how it all came about."""

    folder: Path
    summary: dict[str, Any]
    manifest: dict[str, Any]
    config: dict[str, Any]
    config_text: str
    sample: pd.DataFrame  # paths by `world.<metric>` and `<plan>.<metric>`; only what is drawn
    series: pd.DataFrame  # (series, month) by q05, q25, q50, q75, q95, mean
    tornado: dict[str, Any] | None

    @property
    def title(self) -> str:
        return plain(self.config.get("title") or self.config.get("name") or self.folder.name, 100)

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
        names = [str(name) for name in self.sample]
        found = [name.removeprefix("world.delay_") for name in names if name.startswith("world.delay_")]
        return {site: plain(tables.get(site) or site) for site in found if site != "mean"}

    def values(self, column: str) -> NDArray[np.float64]:
        """Defined values of a column of the sample; empty if there is none."""
        if column not in self.sample:
            return np.empty(0)
        values: NDArray[np.float64] = self.sample[column].to_numpy(dtype=np.float64, na_value=np.nan)
        defined: NDArray[np.float64] = values[np.isfinite(values)]
        return defined

    def monthly(self, name: str) -> pd.DataFrame | None:
        """Quantiles of a series by month, or None if it was not traced."""
        rows = self.series[self.series["series"] == name].sort_values("month")
        return None if rows.empty else rows


def read_run(folder: Path) -> Run:
    """Read a run folder; says which part is missing."""
    if not (folder / "summary.json").is_file():
        raise RunError(f"{folder}: holds no finished run (no summary.json)")
    text = (folder / "config.toml").read_text() if (folder / "config.toml").is_file() else ""
    return Run(
        folder=folder,
        summary=_json(folder / "summary.json") or {},
        manifest=_json(folder / "manifest.json") or {},
        config=tomllib.loads(text),
        config_text=text,
        sample=_sample(folder / "sample.parquet"),
        series=_series(folder / "series.parquet"),
        tornado=_json(folder / "tornado.json"),
    )


def _json(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text())
    except ValueError as error:
        raise RunError(f"{path}: is not JSON ({error})") from None
    if not isinstance(content, dict):
        raise RunError(f"{path}: given a {type(content).__name__}, wanted an object")
    return content


def _sample(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise RunError(f"{path}: is missing, the report draws its distributions from it")
    return _table(path, _is_drawn)


def _is_drawn(name: str) -> bool:
    owner, _, metric = name.partition(".")
    return metric in _DRAWN or metric.startswith("eps_fy") or (owner == "world" and metric.startswith("delay_"))


def _table(path: Path, wanted: Callable[[str], bool]) -> pd.DataFrame:
    try:
        return pd.read_parquet(path, columns=[name for name in pq.read_schema(path).names if wanted(name)])
    except (OSError, ValueError) as error:
        raise RunError(f"{path}: cannot be read ({error})") from None


def _series(path: Path) -> pd.DataFrame:
    return _table(path, lambda _: True) if path.is_file() else pd.DataFrame({"series": [], "month": []})
