"""Figures, tables and the HTML report of a run folder. Nothing here simulates: it draws what the run left.

`build(run_folder)` writes report.html and figures/*.png; `tornado_figure(tornado)` and `stress_figure(stress)` draw
one result, `comparison_figures(comparison)` the charts of a comparison, `replay_figure(found, one)` a path. They import
matplotlib only when called, so that the plain-text tables (`simulator.report.tables`, `versus`, `replay`) stay light.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["build", "comparison_figures", "replay_figure", "stress_figure", "tornado_figure"]


def build(run_folder: Path) -> Path:
    """Write report.html and figures/*.png into the run folder; returns the path of the report."""
    from simulator.report.page import write_page

    return write_page(Path(run_folder))


def tornado_figure(tornado: Mapping[str, Any]) -> bytes:
    """The PNG of a tornado (as in tornado.json)."""
    from simulator.report.canvas import png, style
    from simulator.report.tornado import draw

    with style():
        return png(draw(tornado).figure)


def comparison_figures(comparison: Mapping[str, Any]) -> dict[str, bytes]:
    """The PNGs of a comparison (as in comparison.json) by slug."""
    from simulator.report.canvas import png, style
    from simulator.report.comparison import pictures

    with style():
        return {picture.slug: png(picture.figure) for picture in pictures(comparison)}


def stress_figure(stress: Mapping[str, Any]) -> bytes:
    """The PNG of a comparison of stress sets (as in stress.json)."""
    from simulator.report.canvas import png, style
    from simulator.report.stress import draw

    with style():
        return png(draw(stress).figure)


def replay_figure(found: Mapping[str, Any], one: Mapping[str, Any]) -> bytes:
    """The PNG of a path `one` of those that simulator.replay `found`."""
    from simulator.report.canvas import png, style
    from simulator.report.replay_chart import draw

    with style():
        return png(draw(found, one).figure)
