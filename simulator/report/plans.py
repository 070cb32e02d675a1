"""The plans of a run side by side: what the section on their comparison shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from simulator.report.detail import Table, Words, show, typeset
from simulator.report.headline import Cell, figure
from simulator.report.numbers import percent
from simulator.report.run import Run
from simulator.report.tables import interval, value
from simulator.results.store import open_run
from simulator.risk import comparison_inputs, intervals, measures, sensitivity
from simulator.risk.compare import verdict

_INDENT = "\N{EM SPACE}"
_NONE = Words("\N{EN DASH}", "", "")
_ORDERS = (("first", "first order"), ("second", "second order"))

Row = tuple[str | Words, ...]


def compared(run: Run) -> dict[str, Any] | None:
    """Each plan's npv against that of the first plan; None where there is nothing to compare."""
    stored = open_run(run.folder)
    names = [metric.name for metric in comparison_inputs.metrics(stored)]
    if len(run.plans) < 2 or "npv" not in names or not all(f"{plan}.npv" in run.sample for plan in run.plans):
        return None
    asked = sensitivity.target("npv", None, (), comparison_inputs.metrics(stored))
    return comparison_inputs.compare([stored], asked, every=False)


def tail_ranking(run: Run) -> str:
    """Plans by CVaR of npv at the first level, least first, and which neighbours are not told apart; or nothing."""
    entries = {plan: run.summary["plans"][plan].get("npv", {}).get("cvar", {}) for plan in run.plans}
    level = next(iter(sorted(next(iter(entries.values()), {}))), None)
    cells = {plan: figure(of.get(level)) for plan, of in entries.items()}
    values = {plan: cell.value for plan, cell in cells.items() if cell.value is not None}
    if level is None or len(values) < max(len(cells), 2):
        return ""
    order = sorted(values, key=lambda plan: values[plan])
    said = [f"{run.plans[plan]} {value(cells[plan], 'amount')} ({interval(cells[plan], 'amount')})" for plan in order]
    pairs = [
        f"{run.plans[a]} and {run.plans[b]}" for a, b in pairwise(order) if not _told_apart(run, a, b, float(level))
    ]
    beyond = percent(1 - float(level), 0)
    words = (
        f"Tail risk, least first (CVaR {percent(float(level), 0)} of NPV: mean loss in the worst {beyond} of worlds, "
    )
    words += f"USD bn): {'; '.join(said)}."
    words += " Below 0 is a gain." if min(values.values()) < 0.0 else ""
    notes = sorted({cell.note for cell in cells.values() if cell.note})
    return typeset(
        words + "".join(f" Not told apart: {pair}." for pair in pairs) + "".join(f" Note: {n}." for n in notes)
    )


def _told_apart(run: Run, one: str, other: str, level: float) -> bool:
    """Whether the paired interval of the difference in CVaR leaves 0 out, on the paths kept."""
    of = measures.paired_cvar(run.sample[f"{other}.npv"], run.sample[f"{one}.npv"], level, "low")
    low, high = intervals.about(of.value, of.stderr, len(run.sample[f"{one}.npv"]))
    return not low <= 0.0 <= high


def paired_table(run: Run, found: Mapping[str, Any]) -> Table:
    """Differences to the first plan, wins, dominance and regret: measures down, plans across."""
    first = run.plans[found["plans"][0]]
    pairs = {pair["plan"]: pair for pair in found["pairs"]}
    columns = [pairs.get(plan) for plan in found["plans"]]
    unit = f", {found['unit']}" if found["unit"] else ""
    rows: list[Row] = [(f"NPV{unit}, less that of {first}",)]
    for name, kind, path in _measures(found["pairs"]):
        rows.append((_INDENT + name, *(_NONE if pair is None else show(_at(pair, path), kind) for pair in columns)))
    for part, name, bad in (("mean", "mean", str(found["bad"])), ("cvar", "CVaR", "high")):
        said = [_NONE if pair is None else Words(_verdict(pair[part], bad), "", "") for pair in columns]
        rows.append((f"{_INDENT}{name}, told by its interval", *said))
    rows.append((f"Stochastic dominance over {first}, tolerance {found['tolerance']:g}{unit.replace(',', '')}",))
    for order, name in _ORDERS:
        rows.append((_INDENT + name, *(_NONE if pair is None else _dominance(pair, order) for pair in columns)))
    if found["regret"]:
        rows.append((f"Regret: what the best plan of each world has beyond this one{unit}",))
        entries = [found["regret"][plan] for plan in found["plans"]]
        rows.append((_INDENT + "mean", *(show(figure(entry), "amount") for entry in entries)))
        tails = [figure(entry["quantiles"].get("0.95")) for entry in entries]
        rows.append((_INDENT + "95 % quantile", *(show(cell, "amount") for cell in tails)))
        rows.append((_INDENT + "none better on", *(show(figure(entry["best"]), "event") for entry in entries)))
    if found["frontier"]:
        standings = [found["frontier"]["plans"][plan]["standing"] for plan in found["plans"]]
        rows.append(("Mean against CVaR", *(Words(standing, "", "") for standing in standings)))
    caption = "Plans compared path by path, with 95 % intervals"
    return Table(caption, ("", *(run.plans[plan] for plan in found["plans"])), rows)


def _measures(pairs: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, tuple[str, ...]]]:
    """Name, kind and place of each figure of a pair."""
    pair = pairs[0]
    found: list[tuple[str, str, tuple[str, ...]]] = [("mean", "amount", ("mean",))]
    for share in pair["quantiles"]:
        name = "median" if float(share) == 0.5 else f"{percent(float(share), 0)} quantile"
        found.append((name, "amount", ("quantiles", share)))
    for measure, name in (("var", "VaR"), ("cvar", "CVaR")):
        found += [(f"{name} {percent(float(level), 0)}", "amount", (measure, level)) for level in pair[measure]]
    tied = [("the same on", "event", ("ties",))] if any(one["ties"]["value"] for one in pairs) else []
    return [*found, ("better on", "event", ("beats",)), *tied]


def _at(pair: Mapping[str, Any], path: tuple[str, ...]) -> Cell:
    entry: Any = pair
    for key in path:
        entry = entry[key]
    return figure(entry)


def _verdict(part: Mapping[str, Any], bad: str) -> str:
    """What the interval of the mean, or of CVaR at the first level, says."""
    of = part if "value" in part else next(iter(part.values()), None)
    return _NONE.value if of is None else verdict(of, bad)


def _dominance(pair: Mapping[str, Any], order: str) -> Words:
    """The verdict, and below it how far the first plan is ahead at most."""
    of = pair["dominance"].get(order)
    if of is None:
        return _NONE
    over = of["over"]
    cell = Cell(over["violation"], over["low"], over["high"])
    behind = f"behind {value(cell, 'amount')} ({interval(cell, 'amount')})"
    said = "the same" if over["violation"] == of["under"]["violation"] == 0 else over["verdict"]
    return Words(said, typeset(behind), "")
