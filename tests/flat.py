"""One plan in a world without surprises, by the kernel or by its naive twin: what a hand can check.

`flat` adds sites and the levers of the plan `it` to tests/configs/levers_flat.toml. A site is planned for the end of
month 2 (index 2), built in months 0 to 2, in service in month 2 and at work from month 8 on.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from simulator import kernel
from simulator.config.freeze import Frozen, freeze
from simulator.finance.series import series_names
from simulator.sampling.sampler import fill
from tests import naive
from tests.config_case import read

TEXT = (Path(__file__).parent / "configs" / "levers_flat.toml").read_text(encoding="utf-8")
SITE = '\n[[sites]]\nid = "{id}"\nregion = "ohio"\nmw = {mw}\nstart = {start}\nrequested = 0\nplanned = {planned}\n'
SEED = 5
SERVICE, WORK = 2, 8  # months of the default site
SAME = {"work": "W", "in_service": "mw_in_service"}  # series that the twin calls otherwise


def site(name: str = "one", mw: float = 100, start: int = 0, planned: int = 3) -> str:
    """TOML of a site; within a year it is in service as planned."""
    return SITE.format(id=name, mw=mw, start=start, planned=planned)


def frozen(levers: str, *overrides: str, sites: str = "") -> Frozen:
    """The frozen model of plan `it` with the levers given as TOML below `[plans.it]`."""
    with tempfile.TemporaryDirectory() as folder:
        text = TEXT + (sites or site()) + "\n[plans.it]\n" + levers
        return freeze(read(Path(folder), text, *overrides))


def run(engine: str, frozen_model: Frozen, paths: int = 1) -> SimpleNamespace:
    """Figures (paths,) and series (months, paths) of plan `it`; for a single path floats and (months,).

    `world` has the figures of the world.
    """
    world, figures, series = (_twin if engine == "twin" else _kernel)(frozen_model, paths)
    if paths == 1:
        world, figures = ({name: float(row[0]) for name, row in rows.items()} for rows in (world, figures))
        series = {name: rows[:, 0] for name, rows in series.items()}
    clash = {f"{name}_by_month" if name in figures else name: rows for name, rows in series.items()}
    return SimpleNamespace(world=SimpleNamespace(**world), **figures, **clash)


Answer = tuple[dict[str, Any], dict[str, Any], dict[str, Any]]


def _kernel(frozen_model: Frozen, paths: int) -> Answer:
    model = frozen_model.model
    out = np.empty((kernel.figure_count(model), paths))
    trace = np.empty((kernel.series_count(model), model.months, paths))
    assert kernel.simulate(model, SEED, np.arange(paths), kernel.allocate_workspace(model), out, trace) == kernel.DONE
    world = {metric.name: out[i] for i, metric in enumerate(frozen_model.world)}
    figures = {metric.name: out[len(world) + i] for i, metric in enumerate(frozen_model.plan)}
    rows = {name.partition(".")[2]: trace[i] for i, name in enumerate(series_names(frozen_model.plans))}
    return world, figures, rows


def _twin(frozen_model: Frozen, paths: int) -> Answer:
    model = frozen_model.model
    z = np.empty((model.draws.rows, paths))
    fill(model.draws, SEED, np.arange(paths), z)
    years = [int(m.name.removeprefix("eps_fy")) for m in frozen_model.plan if m.name.startswith("eps_fy")]
    answer = naive.simulate(model, z, frozen_model.sites, years)
    series = answer["series"] | answer["plan_series"][0]
    return answer["world"], answer["plans"][0], series | {ours: series[twin] for ours, twin in SAME.items()}
