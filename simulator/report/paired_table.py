"""The table and the sentences of the section that compares the plans of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from simulator.report.number_format import level_percent
from simulator.report.page_tables import Cell, Table, figure_cell, typeset
from simulator.report.report_data import ReportData
from simulator.report.text_tables import interval, shared_digits, value
from simulator.risk import comparison_inputs, intervals
from simulator.risk import measures as risk_measures
from simulator.risk.intervals import NO_FIGURE, Figure
from simulator.risk.metric_spec import parse_metric
from simulator.risk.paired_comparison import difference_verdict

__all__: list[str] = []  # used in this folder only


_INDENT = "\N{EM SPACE}"
_NONE = Cell("\N{EN DASH}", "", "")
_ORDERS = (("first", "first order"), ("second", "second order"))

_Row = tuple[str | Cell, ...]


def compare_with_first(run: ReportData) -> dict[str, Any] | None:
    """Each plan's npv compared with that of the first plan; None where there is nothing to compare."""
    metrics = comparison_inputs.summarised_metrics(run.run)
    if (
        len(run.plans) < 2
        or "npv" not in [metric.name for metric in metrics]
        or not all(f"{plan}.npv" in run.sample for plan in run.plans)
    ):
        return None
    return comparison_inputs.compare_runs([run.run], parse_metric("npv", (), metrics), every=False)


def tail_ranking(run: ReportData) -> str:
    """Plans by CVaR of npv at the first level, least first, and which neighbours are not told apart; or nothing."""
    by_plan = {plan: metrics["npv"].cvar if "npv" in metrics else {} for plan, metrics in run.summary.plans.items()}
    level = min(next(iter(by_plan.values()), {}), default=None)
    if level is None:
        return ""
    figures = {plan: cvar.get(level, NO_FIGURE) for plan, cvar in by_plan.items()}
    values = {plan: figure.value for plan, figure in figures.items() if figure.value is not None}
    if len(values) < max(len(figures), 2):
        return ""
    order = sorted(values, key=lambda plan: values[plan])
    ranked = [
        f"{run.plans[plan]} {value(figures[plan], 'amount')} ({interval(figures[plan], 'amount')})" for plan in order
    ]
    pairs = [f"{run.plans[a]} and {run.plans[b]}" for a, b in pairwise(order) if not _distinct(run, a, b, level)]
    beyond = level_percent(level, rest=True)
    words = f"Tail risk, least first (CVaR {level_percent(level)} of NPV: mean loss in the worst {beyond} of worlds, "
    words += f"USD bn): {'; '.join(ranked)}."
    words += " Below 0 is a gain." if min(values.values()) < 0.0 else ""
    notes = sorted({figure.note for figure in figures.values() if figure.note})
    return typeset(
        words + "".join(f" Not told apart: {pair}." for pair in pairs) + "".join(f" Note: {n}." for n in notes)
    )


def _distinct(run: ReportData, a: str, b: str, level: float) -> bool:
    """True if the paired interval of the difference in CVaR leaves 0 out, on the sample."""
    difference = risk_measures.paired_cvar(run.sample[f"{b}.npv"], run.sample[f"{a}.npv"], level, "low")
    low, high = intervals.mean_interval(difference.value, difference.stderr, len(run.sample[f"{a}.npv"]))
    return not low <= 0.0 <= high


def paired_table(run: ReportData, comparison: Mapping[str, Any]) -> Table:
    """Differences to the first plan, wins, dominance and regret: measures down, plans across."""
    first = run.plans[comparison["plans"][0]]
    pairs = {pair["plan"]: pair for pair in comparison["pairs"]}
    columns = [pairs.get(plan) for plan in comparison["plans"]]
    unit = f", {comparison['unit']}" if comparison["unit"] else ""
    rows: list[_Row] = [(f"NPV{unit}, less that of {first}",)]
    rows += _measure_rows(comparison["pairs"], columns)
    for part, name, bad in (("mean", "mean", str(comparison["bad"])), ("cvar", "CVaR", "high")):
        cells = [_NONE if pair is None else Cell(_verdict(pair[part], bad), "", "") for pair in columns]
        rows.append((f"{_INDENT}{name}, told by its interval", *cells))
    rows.append((f"Stochastic dominance over {first}, tolerance {comparison['tolerance']:g}{unit.replace(',', '')}",))
    for order, name in _ORDERS:
        rows.append((_INDENT + name, *(_NONE if pair is None else _dominance(pair, order) for pair in columns)))
    if comparison["regret"]:
        rows.append((f"Regret: what the best plan of each world has beyond this one{unit}",))
        entries = [comparison["regret"][plan] for plan in comparison["plans"]]
        means = [Figure.from_dict(entry) for entry in entries]
        tails = [Figure.from_dict(entry["quantiles"].get("0.95")) for entry in entries]
        digits = shared_digits([*means, *tails], "amount")
        rows.append((_INDENT + "mean", *(figure_cell(mean, "amount", digits=digits) for mean in means)))
        rows.append((_INDENT + "95 % quantile", *(figure_cell(tail, "amount", digits=digits) for tail in tails)))
        rows.append(
            (_INDENT + "none better on", *(figure_cell(Figure.from_dict(entry["best"]), "event") for entry in entries))
        )
    if comparison["frontier"]:
        efficiencies = [comparison["frontier"]["plans"][plan]["standing"] for plan in comparison["plans"]]
        rows.append(("Mean against CVaR", *(Cell(text, "", "") for text in efficiencies)))
    caption = "Plans compared path by path, with 95 % intervals"
    return Table(caption, ("", *(run.plans[plan] for plan in comparison["plans"])), rows)


def _measure_rows(pairs: Sequence[Mapping[str, Any]], columns: Sequence[Mapping[str, Any] | None]) -> list[_Row]:
    """A row a measure; amounts have the same digits in all of them."""
    measures = _measures(pairs)
    amounts = [path for _, kind, path in measures if kind == "amount"]
    digits = shared_digits((_at(pair, path) for pair in pairs for path in amounts), "amount")
    return [
        (
            _INDENT + name,
            *(_NONE if pair is None else figure_cell(_at(pair, path), kind, digits=digits) for pair in columns),
        )
        for name, kind, path in measures
    ]


def _measures(pairs: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, tuple[str, ...]]]:
    """Name, kind and place of each figure of a pair."""
    pair = pairs[0]
    figures: list[tuple[str, str, tuple[str, ...]]] = [("mean", "amount", ("mean",))]
    for share in pair["quantiles"]:
        name = "median" if float(share) == 0.5 else f"{level_percent(share)} quantile"
        figures.append((name, "amount", ("quantiles", share)))
    for measure, name in (("var", "VaR"), ("cvar", "CVaR")):
        figures += [(f"{name} {level_percent(level)}", "amount", (measure, level)) for level in pair[measure]]
    tied = [("the same on", "event", ("ties",))] if any(other["ties"]["value"] for other in pairs) else []
    return [*figures, ("better on", "event", ("beats",)), *tied]


def _at(pair: Mapping[str, Any], path: tuple[str, ...]) -> Figure:
    entry: Any = pair
    for key in path:
        entry = entry[key]
    return Figure.from_dict(entry)


def _verdict(part: Mapping[str, Any], bad: str) -> str:
    """The verdict on the mean, or on CVaR at the first level, from its interval."""
    difference = part if "value" in part else next(iter(part.values()), None)
    return _NONE.value if difference is None else difference_verdict(difference, bad)


def _dominance(pair: Mapping[str, Any], order: str) -> Cell:
    """The verdict, and below it how far the first plan is ahead at most."""
    verdicts = pair["dominance"].get(order)
    if verdicts is None:
        return _NONE
    over = verdicts["over"]
    figure = Figure(over["violation"], over["low"], over["high"])
    behind = f"behind {value(figure, 'amount')} ({interval(figure, 'amount')})"
    verdict = "the same" if over["violation"] == verdicts["under"]["violation"] == 0 else over["verdict"]
    return Cell(verdict, typeset(behind), "")
