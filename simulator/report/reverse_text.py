"""The text of a reverse stress test, as `simulator reverse` prints it, about 80 columns wide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from simulator.report.number_format import number, percent, plain
from simulator.report.text_tables import interval, value, wrapped
from simulator.risk.intervals import Figure

__all__ = ["reverse_text"]

_SHOWN = 6  # drivers of the likely point


def reverse_text(result: Mapping[str, Any]) -> str:
    """The event, its most likely point, scenarios, box, triggers and levers."""
    lines = wrapped(
        f"REVERSE STRESS: {plain(result['event'])}, plan {plain(result['plan'], 30)}: {_share(result['probability'])} "
        f"of {result['of']:,} paths of the sample. Intervals are of 95 %."
    )
    for part in (_point, _scenarios, _box, _triggers, _levers):
        lines += ["", *part(result)]
    for change in result["changes"]:
        lines += ["", *wrapped(f"Not as when the run was made: {change}")]
    return "\n".join(lines) + "\n"


def _share(entry: Mapping[str, Any]) -> str:
    figure = Figure.from_dict(entry)
    return f"{value(figure, 'event')} ({interval(figure, 'event')})"


def _point(result: Mapping[str, Any]) -> Iterator[str]:
    point = result["point"]
    if point["distance"] is None:
        yield from wrapped(
            f"Most likely point: within {point['beyond']:g} standard deviations of the drivers that can be held there "
            "is none at which the event is as likely as not."
        )
        return
    yield from wrapped(
        f"Most likely point at which it is as likely as not: {number(point['distance'], 2)} standard deviations from "
        f"the centre. Simulated there on {point['paths']:,} fresh worlds: {_share(point['probability'])}."
    )
    yield f"  {'driver':<44}{'there':>10}{'median':>10}{'sd':>8}"
    for entry in point["drivers"][:_SHOWN]:
        cells = number(entry["value"]), number(entry["median"]), number(entry["score"], 2)
        yield f"  {plain(entry['title'], 42):<44}{cells[0]:>10}{cells[1]:>10}{cells[2]:>8}"


def _scenarios(result: Mapping[str, Any]) -> Iterator[str]:
    scenarios = result["scenarios"]
    yield "Scenarios" if len(scenarios) > 1 else "Scenarios: its worlds are of one kind"
    for scenario in scenarios:
        text = f"{_share(scenario['probability'])}, as path {scenario['representative']}: {scenario['sentence']}"
        yield from (f"  {line}" for line in wrapped(text, 76))


def _box(result: Mapping[str, Any]) -> Iterator[str]:
    box = result["box"]
    if box is None:
        yield "Box: no range of a driver makes it more frequent"
        return
    yield from wrapped(
        f"Box: {_share(box['density'])} of its worlds have the event, against {_share(box['frequency'])} of all; it "
        f"holds {_share(box['coverage'])} of the event's worlds, counted on worlds that did not shape it"
    )
    for bound in box["bounds"]:
        low, high = bound["low"], bound["high"]
        ends = f"at least {number(low)}" if high is None else f"at most {number(high)}"
        if low is not None and high is not None:
            ends = f"{number(low)} to {number(high)}"
        unit = f" {bound['unit']}" if bound["unit"] else ""
        yield f"  {plain(bound['title'], 48):<50}{ends}{unit}"


def _triggers(result: Mapping[str, Any]) -> Iterator[str]:
    triggers = result["triggers"]
    if not triggers:
        yield "Triggers: the event comes too early, or too seldom, for one twelve months before"
        return
    yield from wrapped("What could have been watched at least twelve months before, on worlds that did not choose it")
    for trigger in triggers[:: max(len(triggers) // 4, 1)][-4:]:
        side = "at most" if trigger["below"] else "above"
        text = (
            f"{trigger['date']}: {trigger['title']} {side} {number(trigger['threshold'])}: {_share(trigger['hits'])} "
            f"of the event's worlds, {_share(trigger['false_alarms'])} of the others"
        )
        yield from (f"  {line}" for line in wrapped(text, 76))


def _levers(result: Mapping[str, Any]) -> Iterator[str]:
    changes, base = result["levers"]["changes"], result["levers"]["base"]
    yield from wrapped(
        f"Smallest change of one number of the plan that halves it (from {percent(base)} of {result['simulated']:,} "
        "paths)"
    )
    for change in changes:
        if change["value"] is None:
            yield f"  {change['key']:<44}{number(change['now']):>10}   not within its range"
            continue
        now, then = number(change["now"]), number(change["value"])
        yield f"  {change['key']:<44}{now:>10} -> {then:<10}{percent(change['probability'])}"
    if not changes:
        yield "  none of its numbers moves it"
