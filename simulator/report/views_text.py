"""The text of a run under views, as `simulator views` prints it, at most 80 columns wide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.report.number_format import number, plain
from simulator.report.text_tables import interval, measure_name, value, wrapped
from simulator.risk.intervals import Figure

__all__ = ["views_text"]


def views_text(result: Mapping[str, Any]) -> str:
    """The views, how far the sample is bent to hold them, and every plan's figures with and without."""
    lines = wrapped(
        f"UNDER VIEWS: {result['sample']:,} paths of the sample, re-weighted as little as the views allow; effective "
        f"paths {result['effective_paths']:,.0f}, relative entropy {number(result['relative_entropy'], 3)}."
    )
    for view in result["views"]:
        lines += wrapped(f"  {view['view']} ({number(view['before'])} before, {number(view['wanted'])} now)")
    for plan, figures in result["plans"].items():
        lines += ["", f"{'Plan ' + plain(plan, 24):<30}{'without':>10}{'with':>10}   95 % interval"]
        for entry in figures:
            before, after = Figure.from_dict(entry["before"]), Figure.from_dict(entry["after"])
            name = (
                f"P({entry['metric']})" if entry["kind"] == "event" else measure_name(entry["measure"], entry["metric"])
            )
            cells = f"{value(before, entry['kind']):>10}{value(after, entry['kind']):>10}"
            lines.append(f"  {plain(name, 27):<28}{cells}   {interval(after, entry['kind'])}")
    for change in result["changes"]:
        lines += ["", *wrapped(f"Not as when the run was made: {change}")]
    return "\n".join(lines) + "\n"
