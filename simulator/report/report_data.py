"""The data that a report draws: the summary, the first paths, monthly bands, and the results of other verbs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import RunError
from simulator.file_access import read_json
from simulator.report.number_format import distinct_titles, plain
from simulator.report.text_tables import stress_suffix
from simulator.results import store
from simulator.results.store import Run
from simulator.risk.summary import RunSummary, read_summary

__all__ = ["EXPLAIN", "REVERSE", "read_explanations"]


Array = NDArray[np.float64]
Bands = dict[str, Array]  # month, q05, q25, q50, q75, q95, mean, each (months,)
_BANDS = ("q05", "q25", "q50", "q75", "q95", "mean")
_TORNADO, _STRESS, EXPLAIN, REVERSE = "tornado.json", "stress.json", "explain.json", "reverse.json"
_DRAWN = ("npv", "breach_month", "idle_capital", "stranded_peak")  # and eps_fy<year>, delay_<site>


@dataclass(frozen=True)
class ReportData:
    """A run in memory: its summary, the sample, monthly quantiles, config and manifest."""

    folder: Path
    run: Run  # the open folder, for what is not read here
    summary: RunSummary
    manifest: dict[str, Any]
    config: dict[str, Any]
    config_text: str
    sample: dict[str, Array]  # (paths,) by `world.<metric>` and `<plan>.<metric>`, undefined NaN; only what is drawn
    series: dict[str, Bands]  # by `world.<series>` and `<plan>.<series>`
    tornado: dict[str, Any] | None
    stress: dict[str, Any] | None
    explanations: list[Any]
    reverse: dict[str, Any] | None

    @property
    def title(self) -> str:
        """The programme's, and the stress sets where it is not the base."""
        title = plain(self.config.get("title") or self.config.get("name") or self.folder.name, 100)
        return title + stress_suffix(self.summary.stress, ", ")

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
        """Title by plan id, each another one."""
        tables = self.config.get("plans", {})
        return distinct_titles({plan: tables.get(plan, {}).get("title") for plan in self.summary.plans})

    @property
    def sites(self) -> dict[str, str]:
        """Title by site id, each another one, of the sites in the sample."""
        tables = {site.get("id"): site.get("title") for site in self.config.get("sites", [])}
        ids = [name.removeprefix("world.delay_") for name in self.sample if name.startswith("world.delay_")]
        return distinct_titles({site: tables.get(site) for site in ids if site != "mean"}, 60)

    def values(self, column: str) -> Array:
        """Defined values of a column of the sample; empty if there is none."""
        values = self.sample.get(column, np.empty(0))
        defined: Array = values[np.isfinite(values)]
        return defined


def read_report_data(folder: Path) -> ReportData:
    """Read a finished run; RunError says which part is missing, cut short or changed."""
    run = store.open_run(folder)
    text = run.config
    names = [name for name in run.sample_names if _is_drawn(name)]
    return ReportData(
        folder=folder,
        run=run,
        summary=read_summary(run),
        manifest=run.manifest,
        config=run.config_tree,
        config_text=text,
        sample={name: np.asarray(values, dtype=np.float64) for name, values in run.sample(names).items()},
        series=_by_name(run.series(), folder / store.SERIES) if store.SERIES in run.manifest["files"] else {},
        tornado=_read_result(folder / _TORNADO, "bars"),
        stress=_read_result(folder / _STRESS, "sets"),
        explanations=read_explanations(folder),
        reverse=_read_result(folder / REVERSE, "scenarios"),
    )


def read_explanations(folder: Path) -> list[Any]:
    """The explanations kept in a run folder; none if there are none."""
    content = _read_result(folder / EXPLAIN, "explanations")
    return [] if content is None else list(content["explanations"])


def _is_drawn(name: str) -> bool:
    scope, _, metric = name.partition(".")
    return metric in _DRAWN or metric.startswith("eps_fy") or (scope == "world" and metric.startswith("delay_"))


def _by_name(columns: dict[str, NDArray[Any]], file: Path) -> dict[str, Bands]:
    """The long table of series, split by series and sorted by month."""
    if missing := [name for name in _BANDS if name not in columns]:
        raise RunError(f"{file}: has no column {', '.join(missing)}, wanted one; run the config again")
    names = columns.pop("series").astype(str)
    bands = {}
    for name in np.unique(names):
        rows = np.flatnonzero(names == name)
        rows = rows[np.argsort(columns["month"][rows])]
        bands[str(name)] = {key: np.asarray(values[rows], dtype=np.float64) for key, values in columns.items()}
    return bands


def _read_result(path: Path, key: str) -> dict[str, Any] | None:
    """The JSON that another verb wrote into the folder, with its list `key`; None if there is none."""
    if not path.is_file():
        return None
    try:
        content = read_json(path)
    except RunError as error:
        raise RunError(f"{error}; run the {path.stem} again") from None
    if not isinstance(content.get(key), list):
        raise RunError(f"{path}: given something else, wanted the {key} of a {path.stem}; run the {path.stem} again")
    return content
