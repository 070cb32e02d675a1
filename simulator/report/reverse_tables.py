"""The section of a report on a reverse stress test: its sentences and tables, on one page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.report.number_format import number, percent, plain
from simulator.report.page_tables import Cell, Table, figure_cell, typeset
from simulator.report.text_tables import interval, value
from simulator.risk.intervals import Figure

__all__: list[str] = []  # used in this folder only

_SHOWN = 8  # drivers of the likely point


def reverse_sentences(result: Mapping[str, Any]) -> list[str]:
    """The likely point and the box, each in a sentence."""
    point, box = result["point"], result["box"]
    sentences = [f"It happens in {_share(result['probability'])} of the worlds."]
    if point["distance"] is None:
        sentences.append(f"Within {point['beyond']:g} standard deviations no point makes it as likely as not.")
    else:
        sentences.append(
            f"The most likely point at which it is as likely as not lies {number(point['distance'], 2)} standard "
            f"deviations from the centre; simulated there, it happens in {_share(point['probability'])} of the worlds."
        )
    if box is not None:
        ranges = "; ".join(_bound(bound) for bound in box["bounds"])
        sentences.append(
            f"A box in the space of drivers holds {_share(box['coverage'])} of its worlds, and "
            f"{_share(box['density'])} of the box's worlds have it: {ranges}."
        )
    return sentences


def reverse_tables(result: Mapping[str, Any]) -> list[Table]:
    """The likely point, scenarios, triggers and changes of the plan."""
    tables = [_point_table(result), _scenario_table(result), _trigger_table(result), _lever_table(result)]
    return [table for table in tables if table.rows]


def _share(entry: Mapping[str, Any]) -> str:
    figure = Figure.from_dict(entry)
    return typeset(f"{value(figure, 'event')} ({interval(figure, 'event')})")


def _bound(bound: Mapping[str, Any]) -> str:
    low, high = bound["low"], bound["high"]
    ends = f"at least {number(low)}" if high is None else f"at most {number(high)}"
    if low is not None and high is not None:
        ends = f"{number(low)} to {number(high)}"
    return f"{plain(bound['title'])} {ends.replace('-', chr(0x2212))} {bound['unit']}".strip()


def _point_table(result: Mapping[str, Any]) -> Table:
    rows: list[tuple[str | Cell, ...]] = [
        (
            entry["title"],
            typeset(number(entry["value"])),
            typeset(number(entry["median"])),
            typeset(number(entry["score"], 2)),
        )
        for entry in result["point"]["drivers"][:_SHOWN]
    ]
    return Table(
        "The most likely point at which it is as likely as not",
        ("driver", "there", "median", "standard deviations"),
        rows,
    )


def _scenario_table(result: Mapping[str, Any]) -> Table:
    rows: list[tuple[str | Cell, ...]] = [
        (
            typeset(scenario["sentence"]),
            figure_cell(Figure.from_dict(scenario["probability"]), "event"),
            str(scenario["representative"]),
        )
        for scenario in result["scenarios"]
    ]
    return Table("Scenarios that end in it, and a path to replay", ("scenario", "probability", "path"), rows)


def _trigger_table(result: Mapping[str, Any]) -> Table:
    rows: list[tuple[str | Cell, ...]] = [
        (
            f"{trigger['date']}: {trigger['title']} {'at most' if trigger['below'] else 'above'} "
            f"{number(trigger['threshold'])}",
            figure_cell(Figure.from_dict(trigger["hits"]), "event"),
            figure_cell(Figure.from_dict(trigger["false_alarms"]), "event"),
        )
        for trigger in result["triggers"]
    ]
    return Table(
        "The best trigger at each month, at least twelve months before, counted on worlds that did not choose it",
        ("seen", "of its worlds", "of the others"),
        rows,
    )


def _lever_table(result: Mapping[str, Any]) -> Table:
    rows: list[tuple[str | Cell, ...]] = []
    for change in result["levers"]["changes"]:
        halved = change["value"] is not None
        rows.append(
            (
                change["key"],
                number(change["now"]),
                number(change["value"]) if halved else "not within its range",
                percent(change["probability"]) if halved else "",
            )
        )
    return Table(
        f"The smallest change of one number of the plan that halves it, from {percent(result['levers']['base'])} of "
        f"{result['simulated']:,} paths",
        ("number", "now", "changed to", "probability"),
        rows,
    )
