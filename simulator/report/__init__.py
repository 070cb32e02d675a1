"""Figures, tables and the HTML report of a run folder. Nothing here simulates: only the files of a run are read.

`build(run_folder)` writes report.html and figures/*.png; `tornado_figure(tornado)` and `stress_figure(stress)` draw
one result, `comparison_figures(comparison)` the charts of a comparison, `replay_figure(replay, path)` a path. They
import matplotlib only when called, so that the plain-text tables (`text_tables`, `comparison_text`, `replay_text`)
load fast.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["build", "comparison_figures", "replay_figure", "stress_figure", "tornado_figure"]


def build(run_folder: Path) -> Path:
    """Write report.html and figures/*.png into the run folder; returns the path of the report."""
    _load_matplotlib()
    from simulator.report.report_page import write_page

    return write_page(Path(run_folder))


def tornado_figure(tornado: Mapping[str, Any]) -> bytes:
    """The PNG of a tornado (as in tornado.json)."""
    _load_matplotlib()
    from simulator.report.canvas import drawing_style, png
    from simulator.report.tornado_chart import draw_tornado

    with drawing_style():
        return png(draw_tornado(tornado).figure)


def comparison_figures(comparison: Mapping[str, Any]) -> dict[str, bytes]:
    """The PNGs of a comparison (as in comparison.json) by slug."""
    _load_matplotlib()
    from simulator.report.canvas import drawing_style, png
    from simulator.report.comparison_charts import draw_comparison

    with drawing_style():
        return {picture.slug: png(picture.figure) for picture in draw_comparison(comparison)}


def stress_figure(stress: Mapping[str, Any]) -> bytes:
    """The PNG of a comparison of stress sets (as in stress.json)."""
    _load_matplotlib()
    from simulator.report.canvas import drawing_style, png
    from simulator.report.stress_chart import draw_stress

    with drawing_style():
        return png(draw_stress(stress).figure)


def replay_figure(replay: Mapping[str, Any], path: Mapping[str, Any]) -> bytes:
    """The PNG of one `path` of a `replay`, as simulator.replay returns them."""
    _load_matplotlib()
    from simulator.report.canvas import drawing_style, png
    from simulator.report.replay_chart import draw_replay

    with drawing_style():
        return png(draw_replay(replay, path).figure)


def _load_matplotlib() -> None:
    """Import matplotlib whatever MPLBACKEND says: a notebook's names a backend that may not be installed here.

    Figures are drawn with Agg. The variable stays as it is for other code of this process.
    """
    if "matplotlib" in sys.modules:
        return
    backend = os.environ.get("MPLBACKEND")
    os.environ["MPLBACKEND"] = "Agg"
    try:
        import matplotlib as mpl  # noqa: F401
    finally:
        if backend is None:
            del os.environ["MPLBACKEND"]
        else:
            os.environ["MPLBACKEND"] = backend
