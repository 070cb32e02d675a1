"""The lists "Add a driver", "Add a lever" and "Add a metric" of AGENTS.md, followed: a run of the copy shows each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.additions import DRIVER, LEVER, METRIC, ROOT, Step, copy_with, python

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
PATHS = 16
TWIN = """
import sys, numpy as np
from simulator import kernel
from simulator.config import freeze, load
from simulator.sampling.sampler import fill
from tests import naive
name, *overrides = sys.argv[1:]
with np.errstate(all="ignore"):
    frozen = freeze(load("configs/smoke.toml", ["months=30", *overrides]))
    model, paths = frozen.model, np.arange(8)
    out, z = np.empty((kernel.figure_count(model), 8)), np.empty((model.draws.rows, 8))
    kernel.simulate(model, 3, paths, kernel.allocate_workspace(model, 8), out, np.empty((0, 0, 0)))
    fill(model.draws, 3, paths, z)
    row = len(frozen.world) + [figure.name for figure in frozen.plan].index(name)
    np.testing.assert_allclose(out[row], naive.simulate(model, z)["plans"][0][name], rtol=1e-9)
"""


def summary(folder: Path, name: str, *overrides: str) -> dict[str, Any]:
    """The summary of a run of the smoke config in a copy."""
    settings = [argument for override in ("months=30", *overrides) for argument in ("--set", override)]
    command = ["run", "configs/smoke.toml", "--paths", str(PATHS), "--out", f"runs/{name}", "--no-report", *settings]
    python(folder, "-m", "simulator", *command)
    return dict(json.loads((folder / "runs" / name / "summary.json").read_text()))


def test_a_metric_is_added_in_few_places(tmp_path: Path) -> None:
    folder = copy_with(METRIC, tmp_path)
    plan = summary(folder, "metric")["plans"]["own"]
    assert plan["closing_cash"]["mean"] >= plan["min_cash"]["mean"]
    python(folder, "-c", TWIN, "closing_cash")
    python(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_metrics.py")


def test_a_lever_is_added_in_few_places(tmp_path: Path) -> None:
    folder = copy_with(LEVER, tmp_path)
    without = summary(folder, "without")["plans"]["own"]["min_cash"]["mean"]
    paid = summary(folder, "paid", "plans.own.dividend.on=true", "plans.own.dividend.amount=0.2")
    assert paid["plans"]["own"]["min_cash"]["mean"] < without - 0.1
    python(folder, "-c", TWIN, "min_cash", "plans.own.dividend.on=true", "plans.own.dividend.amount=0.2")


def test_a_key_of_a_driver_is_added_in_few_places(tmp_path: Path) -> None:
    folder = copy_with(DRIVER, tmp_path)
    without, dearer = (summary(folder, name, f"drivers.funding.spread_premium={name}") for name in ("0.0", "0.01"))
    means = [run["world"]["funding_mean"]["mean"] for run in (without, dearer)]
    assert means[1] - means[0] == pytest.approx(0.01)
    python(folder, "-c", TWIN, "min_cash", "drivers.funding.spread_premium=0.01")
    python(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_config_schema.py", "-k", "schema or key")


@pytest.mark.parametrize(
    ("title", "steps"), [("Add a driver", DRIVER), ("Add a lever", LEVER), ("Add a metric", METRIC)]
)
def test_the_list_names_every_file(title: str, steps: tuple[Step, ...]) -> None:
    section = (ROOT / "AGENTS.md").read_text(encoding="utf-8").partition(f"## {title}\n")[2].partition("\n## ")[0]
    places = [line for line in section.splitlines() if line[:2] in {f"{n}." for n in range(1, 10)}]
    assert 0 < len(places) <= 6
    for step in steps:
        listed = step.path.replace("dividend.py", "<lever>.py").replace("drivers/funding.py", "drivers/<driver>.py")
        assert f"`{listed}`" in section, listed
