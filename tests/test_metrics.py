"""Figures as they are documented: each has a row in docs/metrics.md that says which side of it is bad."""

from __future__ import annotations

import re

from simulator.finance import metrics as metric
from simulator.finance.metrics import plan_metrics, world_metrics
from tests.smoke import ROOT


def documented():
    """The bad side of every figure, by name."""
    sides = {}
    for line in (ROOT / "docs/metrics.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) < 5 or not re.fullmatch(r"(low|high)(, (low|high))*", cells[3]):
            continue
        names, bad = cells[1].split(", "), cells[3].split(", ")
        sides |= dict(zip(names, bad if len(bad) > 1 else bad * len(names), strict=True))
    return sides


def test_every_figure_is_documented_with_its_bad_side():
    sides = documented()
    figures = (*world_metrics(("<site>",)), *plan_metrics((0,)))
    declared = {figure.name.replace("eps_fy0", "eps_fy<year>"): figure.bad for figure in figures}
    assert {name.replace("\\", ""): bad for name, bad in sides.items()} == declared


def test_rows_are_named_in_the_order_of_the_tables():
    for figures in (world_metrics(()), plan_metrics(())):
        assert [getattr(metric, figure.name.upper()) for figure in figures] == list(range(len(figures)))
    assert len(plan_metrics(())) == metric.PLAN


def test_what_comes_too_early_is_bad():
    bad = {figure.name: figure.bad for figure in plan_metrics(())}
    assert (bad["breach_month"], bad["payback"]) == ("low", "high")
