"""summary.json is read and written byte for byte, as the version wrote it that made tests/golden/summary.json.

The golden file is the smoke programme at 20,000 paths under version 0.27, cut to two plans and eight metrics.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from simulator import pipeline
from simulator.risk.comparison_summary import ComparisonSummary
from simulator.risk.convergence_rows import ConvergenceWarning
from simulator.risk.figures import probability
from simulator.risk.intervals import NO_FIGURE, Figure
from simulator.risk.summary import PrecisionSummary, RunSummary, StopSummary
from tests.smoke import SMOKE

GOLDEN = Path(__file__).parent / "golden" / "summary.json"


def written(summary):
    return json.dumps(summary.to_dict(), indent=1, allow_nan=False, ensure_ascii=False) + "\n"


@pytest.fixture(scope="module")
def body():
    return json.loads(GOLDEN.read_text())


def test_the_golden_file_is_read_and_written_byte_for_byte(body):
    summary = RunSummary.from_dict(body)
    assert written(summary) == GOLDEN.read_text()
    assert summary.plans["own"]["npv"].var[0.95].to_dict() == body["plans"]["own"]["npv"]["var"]["0.95"]
    assert summary.scope("world")["eps"].mean == body["world"]["eps"]["mean"]
    assert summary.scope("nobody") == {}


def test_what_a_stopped_and_warned_run_says_survives_as_well(body):
    target = "own.npv.mean:1%"
    stop = StopSummary(
        "precision", [target], [target], (PrecisionSummary(target, target, True, Figure(1.0, 0.9, 1.1)),)
    )
    warning = ConvergenceWarning("own", "npv", "mean", "few", "its interval rests on 4 paths")
    summary = replace(RunSummary.from_dict(body), stop=stop, warnings=(warning,), comparison=None)
    assert RunSummary.from_dict(json.loads(written(summary))) == summary


def test_a_fresh_run_has_the_golden_figures(body, tmp_path):
    """The digest to the bit; measures to 1e-9, since powers and quantile functions differ by machine in the last."""
    fresh = pipeline.run(SMOKE, tmp_path / "run", paths=20_000, draw=False).summary
    assert fresh["digest"] == body["digest"]

    def same(expected, actual, where):
        if isinstance(expected, dict):
            for key, value in expected.items():
                same(value, actual[key], f"{where}.{key}")
        elif isinstance(expected, float):
            assert actual == pytest.approx(expected, rel=1e-9, abs=1e-12), where
        else:
            assert actual == expected, where

    for key in ("world", "plans", "comparison"):
        same(body[key], fresh[key], key)
    rows = {(row["plan"], row["measure"], row["paths"]): row for row in fresh["convergence"] if row["metric"] == "npv"}
    for row in body["convergence"]:
        same(row, rows[row["plan"], row["measure"], row["paths"]], "convergence")


def test_a_summary_of_an_older_version_is_read(body):
    """Without what came later: sd, extremes, stress, comparison, convergence, warnings, memory; ties as a share."""
    old = json.loads(json.dumps(body))
    for key in ("stress", "comparison", "convergence", "warnings", "resumed_at"):
        del old[key]
    old["timing"] = {"simulate_s": 1.0, "paths_per_s": 2.0}
    for name in ("sd", "lowest", "highest"):
        del old["plans"]["own"]["npv"][name]
    summary = RunSummary.from_dict(old)
    assert (summary.comparison, summary.warnings, summary.convergence, summary.stress) == (None, (), (), ())
    assert summary.plans["own"]["npv"].sd == NO_FIGURE
    difference = body["comparison"]["differences"]["jv"]["npv"]
    ties = ComparisonSummary.from_dict(
        {"first": "own", "differences": {"jv": {"npv": {**difference, "ties": 0.25}}}, "regret": {}}
    )
    assert ties is not None
    assert ties.differences["jv"]["npv"].ties == probability(difference["n"] // 4, difference["n"])
