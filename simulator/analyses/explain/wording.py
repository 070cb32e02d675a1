"""Sentences on a tail, with figures: what its worlds have in common."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.analyses.explain.inputs import InputColumn
from simulator.report.number_format import level_percent, number
from simulator.report.text_tables import interval, value
from simulator.risk.metric_spec import MeasureSpec, MetricSpec
from simulator.risk.tail_profile import DriverProfile

__all__: list[str] = []  # used in this folder only


def tail_words(spec: MetricSpec, measure: MeasureSpec) -> str:
    """`the worst 5 % of worlds by npv`, or `worlds with npv < 0`."""
    if spec.metric.kind == "event":
        return f"worlds with {spec.metric.name}"
    level = measure.level if measure.kind in ("var", "cvar") else 0.95
    return f"the worst {level_percent(level, rest=True)} of worlds by {spec.metric.name}"


def profile_sentence(entry: DriverProfile, column: InputColumn, words: str) -> str:
    """One driver in a sentence: how often it has the value that many worlds share, or where its median lies."""
    title = f"the {_lower(column.title)}"
    if entry.atom is not None and entry.atom_inside is not None and entry.atom_overall is not None:
        inside, overall = entry.atom_inside, entry.atom_overall
        if (inside.low or 0.0) > (overall.high or 1.0) or (inside.high or 1.0) < (overall.low or 0.0):
            return (
                f"In {words}, {title} is {number(entry.atom)} in {value(inside, 'event')} "
                f"({interval(inside, 'event')}), against {value(overall, 'event')} of all."
            )
    unit = f" {column.unit}" if column.unit and column.unit != "sd" else ""
    shift = entry.shift.value or 0.0
    sign = 1.0 if shift > 0.0 else -1.0
    low, high = sorted(sign * (bound or 0.0) for bound in (entry.shift.low, entry.shift.high))
    return (
        f"In {words}, {title} has a median of {number(entry.inside[1])}{unit}, against {number(entry.overall[1])} of "
        f"all: its mean is {_way(shift)} by {number(abs(shift), 2)} standard deviations ({number(low, 2)} to "
        f"{number(high, 2)})."
    )


def story_sentence(marks: Sequence[tuple[InputColumn, float, float]], beside: str) -> str:
    """The drivers that set a story apart, with their mean in it and `beside`, as `over all worlds`."""
    parts = []
    for column, inside, other in marks:
        unit = f" {column.unit}" if column.unit and column.unit != "sd" else ""
        way = _way(inside - other)
        parts.append(f"{_lower(column.title)} {way} (mean {number(inside)}{unit}, {number(other)} {beside})")
    text = "; ".join(parts)
    return text[:1].upper() + text[1:] + "."


def _way(shift: float) -> str:
    return "higher" if shift > 0.0 else "lower"


def _lower(title: str) -> str:
    """A title inside a sentence; one that begins with a short form stays."""
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]
