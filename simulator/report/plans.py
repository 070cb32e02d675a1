"""The plans of a run side by side: what the section on their comparison shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.report.detail import Table, Words, show, typeset
from simulator.report.headline import Cell, figure
from simulator.report.numbers import percent
from simulator.report.run import Run
from simulator.report.tables import interval, value
from simulator.results.store import open_run
from simulator.risk import contenders, sensitivity

_INDENT = "\N{EM SPACE}"
_NONE = Words("\N{EN DASH}", "", "")
_ORDERS = (("first", "first order"), ("second", "second order"))

Row = tuple[str | Words, ...]


def compared(run: Run) -> dict[str, Any] | None:
    """Each plan's npv against that of the first plan; None where there is nothing to compare."""
    stored = open_run(run.folder)
    names = [metric.name for metric in contenders.metrics(stored)]
    if len(run.plans) < 2 or "npv" not in names or not all(f"{plan}.npv" in run.sample for plan in run.plans):
        return None
    asked = sensitivity.target("npv", None, (), contenders.metrics(stored))
    return contenders.compare([stored], asked, every=False)


def paired_table(run: Run, found: Mapping[str, Any]) -> Table:
    """Differences to the first plan, wins, dominance and regret: measures down, plans across."""
    first = run.plans[found["plans"][0]]
    pairs = {pair["plan"]: pair for pair in found["pairs"]}
    columns = [pairs.get(plan) for plan in found["plans"]]
    unit = f", {found['unit']}" if found["unit"] else ""
    rows: list[Row] = [(f"NPV{unit}, less that of {first}",)]
    for name, kind, path in _measures(found["pairs"][0]):
        rows.append((_INDENT + name, *(_NONE if pair is None else show(_at(pair, path), kind) for pair in columns)))
    if any(pair["ties"] for pair in found["pairs"]):
        rows.append((_INDENT + "the same on", *(_NONE if pair is None else _share(pair["ties"]) for pair in columns)))
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


def _measures(pair: Mapping[str, Any]) -> list[tuple[str, str, tuple[str, ...]]]:
    """Name, kind and place of each figure of a pair."""
    found: list[tuple[str, str, tuple[str, ...]]] = [("mean", "amount", ("mean",))]
    for share in pair["quantiles"]:
        name = "median" if float(share) == 0.5 else f"{percent(float(share), 0)} quantile"
        found.append((name, "amount", ("quantiles", share)))
    for measure, name in (("var", "VaR"), ("cvar", "CVaR")):
        found += [(f"{name} {percent(float(level), 0)}", "amount", (measure, level)) for level in pair[measure]]
    return [*found, ("better on", "event", ("beats",))]


def _at(pair: Mapping[str, Any], path: tuple[str, ...]) -> Cell:
    entry: Any = pair
    for key in path:
        entry = entry[key]
    return figure(entry)


def _share(share: float | None) -> Words:
    return Words(typeset(percent(share)), "", "")


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
