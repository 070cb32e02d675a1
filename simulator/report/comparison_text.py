"""The tables that `simulator compare` prints: plain text, at most 80 columns wide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from simulator.report.number_format import level_percent, number, plain
from simulator.report.text_tables import interval, shared_digits, table_line, value, wrapped
from simulator.results.plan_comparison import TIE
from simulator.risk.intervals import Figure
from simulator.risk.paired_comparison import difference_verdict

__all__ = ["break_even_text", "comparison_text"]


_ORDERS = (("first", "first order"), ("second", "second order"))


def comparison_text(comparison: Mapping[str, Any]) -> str:
    """A comparison (as in comparison.json) in tables."""
    notes: list[str] = []
    lines = [*_head(comparison)]
    first = comparison["pairs"][0]["against"]
    for pair in comparison["pairs"]:
        short = len(comparison["runs"]) == 1 and pair["against"] != first
        lines += [
            "",
            *(_short(pair, comparison, notes) if short else _pair(pair, comparison, notes)),
        ]
    if comparison["regret"]:
        lines += ["", *_regret(comparison, notes)]
    if any(pair["dominance"] for pair in comparison["pairs"]):
        lines += ["", *_dominance(comparison)]
    if comparison["frontier"]:
        lines += ["", *_frontier(comparison["frontier"], notes)]
    if notes:
        lines += ["", *(f"[{i}] {note}" for i, note in enumerate(notes, 1))]
    return "\n".join(lines) + "\n"


def _head(comparison: Mapping[str, Any]) -> Iterator[str]:
    unit = f", {comparison['unit']}" if comparison["unit"] else ""
    yield f"COMPARISON OF {comparison['title'].upper()}{unit}"
    good = "more" if comparison["bad"] == "low" else "less"
    for run in comparison["runs"]:
        tag = f"{run['tag']}: " if run["tag"] else ""
        yield from wrapped(f"{tag}{run['run']}, {run['paths']:,} paths, seed {run['seed']}.")
    means = {pair["mean"]["n"] for pair in comparison["pairs"]} - {pair["n"] for pair in comparison["pairs"]}
    seen = ", ".join(f"{n:,}" for n in sorted(means))
    over = f" Means and wins over the first plan are from {seen} paths." if means else ""
    tails = " VaR and CVaR are losses: a difference below 0 is less risk." if comparison["pairs"][0]["cvar"] else ""
    yield from wrapped(
        f"{good.capitalize()} is better. Differences are path by path, with 95 % intervals, from the "
        f"{comparison['n']:,} paths of the sample.{over}{tails}"
    )
    for note in comparison["notes"]:
        yield from wrapped(f"Note: {note}.")


def _verdict_words(pair: Mapping[str, Any], comparison: Mapping[str, Any]) -> str:
    """`mean better, CVaR 95 % not told apart`: the verdicts on mean and first CVaR."""
    name = "probability" if comparison["kind"] == "event" else "mean"
    verdict_words = (
        [f"{name} {difference_verdict(pair['mean'], comparison['bad'])}"] if pair["mean"]["value"] is not None else []
    )
    for level, entry in list(pair["cvar"].items())[:1]:
        verdict_words.append(f"CVaR {level_percent(level)} {difference_verdict(entry, 'high')}")
    return ", ".join(verdict_words)


def _pair(pair: Mapping[str, Any], comparison: Mapping[str, Any], notes: list[str]) -> Iterator[str]:
    kind = str(comparison["kind"])
    title = f"{plain(pair['plan'], 30)} less {plain(pair['against'], 30)}"
    yield f"{title:<46}{'value':>10}   95 % interval"
    entries = [pair["mean"], *pair["quantiles"].values(), *pair["var"].values(), *pair["cvar"].values()]
    digits = shared_digits(map(Figure.from_dict, entries), kind)
    name = "probability" if kind == "event" else "mean"
    yield table_line(f"  {name}", kind, Figure.from_dict(pair["mean"]), notes, digits)
    for share, entry in pair["quantiles"].items():
        name = "median" if float(share) == 0.5 else f"{level_percent(share)} quantile"
        yield table_line(f"  {name}", kind, Figure.from_dict(entry), notes, digits)
    for measure, name in (("var", "VaR"), ("cvar", "CVaR")):
        for level, entry in pair[measure].items():
            yield table_line(f"  {name} {level_percent(level)}", kind, Figure.from_dict(entry), notes, digits)
    yield table_line("  better on", "event", Figure.from_dict(pair["beats"]), notes)
    if pair["ties"] and pair["ties"]["value"]:
        yield table_line("  the same on", "event", Figure.from_dict(pair["ties"]), notes)
    verdict_words = _verdict_words(pair, comparison)
    if verdict_words:
        yield f"  {verdict_words}"


def _short(pair: Mapping[str, Any], comparison: Mapping[str, Any], notes: list[str]) -> Iterator[str]:
    """A pair without the first plan: mean, first CVaR and wins; --json has the rest."""
    kept = {**pair, "quantiles": {}, "var": {}, "cvar": dict(list(pair["cvar"].items())[:1]), "ties": None}
    return _pair(kept, comparison, notes)


def _regret(comparison: Mapping[str, Any], notes: list[str]) -> Iterator[str]:
    n = next(iter(comparison["regret"].values()))["n"]
    title = f"Regret, {comparison['unit']} ({n:,} paths)" if comparison["unit"] else f"Regret ({n:,} paths)"
    yield f"{title:<46}{'value':>10}   95 % interval"
    figures = {
        plan: (Figure.from_dict(entry), Figure.from_dict(entry["quantiles"].get("0.95")))
        for plan, entry in comparison["regret"].items()
    }
    digits = shared_digits((figure for pair in figures.values() for figure in pair), "amount")
    for plan, entry in comparison["regret"].items():
        name, (mean, tail) = plain(plan, 24), figures[plan]
        yield table_line(f"  {name}, mean", "amount", mean, notes, digits)
        yield table_line(f"  {name}, 95 % quantile", "amount", tail, notes, digits)
        yield table_line(f"  {name}, none better on", "event", Figure.from_dict(entry["best"]), notes)


def _dominance(comparison: Mapping[str, Any]) -> Iterator[str]:
    """Who dominates whom; pairs of which neither order holds are gathered at the end."""
    unit = f" {comparison['unit']}" if comparison["unit"] else ""
    yield from wrapped(
        f"Stochastic dominance, tolerance {comparison['tolerance']:g}{unit}. Behind: how far the other is ahead "
        "where it is ahead most, with its simultaneous 95 % interval. Not settled: the interval holds the tolerance"
    )
    rest = []
    for pair in comparison["pairs"]:
        orders = [(name, pair["dominance"][order]) for order, name in _ORDERS]
        if any(verdict is None for _, verdict in orders):
            rest.append(f"{plain(pair['plan'], 24)} and {plain(pair['against'], 24)} (too few paths)")
            continue
        if all(verdict[side]["violation"] == 0 for _, verdict in orders for side in ("over", "under")):
            yield from wrapped(f"  {plain(pair['plan'], 30)} and {plain(pair['against'], 30)}: the same distribution")
            continue
        for side, names in (("over", (pair["plan"], pair["against"])), ("under", (pair["against"], pair["plan"]))):
            title = " over ".join(plain(name, 24) for name in names)
            if all(verdict[side]["verdict"] == "does not" for _, verdict in orders):
                rest.append(f"{title} {_violation(orders[-1][1][side])}")
                continue
            yield f"  {title}"
            yield from (
                f"    {name}: {verdict[side]['verdict']}, behind {_violation(verdict[side])}"
                for name, verdict in orders
            )
    if rest:
        yield from (f"  {line}" for line in wrapped(f"no dominance, behind to the second order: {'; '.join(rest)}", 77))


def _violation(dominance: Mapping[str, Any]) -> str:
    figure = Figure(dominance["violation"], dominance["low"], dominance["high"])
    return f"{value(figure, 'amount')} ({interval(figure, 'amount')})"


def _frontier(frontier: Mapping[str, Any], notes: list[str]) -> Iterator[str]:
    title = f"Efficient set ({frontier['n']:,} paths)"
    yield f"{title:<46}{'value':>10}   95 % interval"
    digits = shared_digits(
        (Figure.from_dict(entry[key]) for entry in frontier["plans"].values() for key in ("mean", "cvar")), "amount"
    )
    for plan, entry in frontier["plans"].items():
        by = f" by {', '.join(plain(name, 20) for name in entry['by'])}" if entry["by"] else ""
        yield from (f"  {line}" for line in wrapped(f"{plain(plan, 43)}: {entry['standing']}{by}", 77))
        for key, name in (("mean", "mean"), ("cvar", f"CVaR {level_percent(frontier['level'])}")):
            yield table_line(f"    {name}", "amount", Figure.from_dict(entry[key]), notes, digits)


def break_even_text(result: Mapping[str, Any]) -> str:
    """A break-even (as in comparison.json) in words."""
    names = {0: f"{plain(result['plan'], 30)} is ahead", 1: f"{plain(result['against'], 30)} is ahead"}
    pair = plain(result["plan"], 30), plain(result["against"], 30)
    unit = f", {result['unit']}" if result["unit"] else ""
    title = (
        f"Break-even of {result['input']}: {result['measure']} of {result['metric']}{unit}, {pair[0]} less {pair[1]}"
    )
    lines = [*wrapped(title), f"{result['paths']:,} paths at every value, seed {result['seed']}"]
    leaders = [names.get(leader, "they are not told apart") for leader in result["leaders"]]
    notes: list[str] = []
    for k, root in enumerate(result["roots"]):
        figure = Figure(root["value"], root["low"], root["high"], root["note"])
        lines.append(table_line("  they change places at", "amount", figure, notes))
        lines.append(f"    below it {leaders[k]}, above it {leaders[k + 1]}")
    if not result["roots"]:
        ends = f"{result['low']:g} and {result['high']:g}"
        same = all(abs(point["difference"]) < TIE for point in result["points"])
        who = "the two are the same" if same else _throughout(result, leaders[0])
        lines += wrapped(f"  never changes places between {ends}: {who}")
    tried = [result["points"][0], result["points"][-1]]
    for point in tried:
        figure = Figure(point["difference"], point["low"], point["high"], point.get("note"))
        lines.append(table_line(f"  difference at {number(point['value'])}", "amount", figure, notes))
    lines += [f"[{i}] {note}" for i, note in enumerate(notes, 1)]
    return "\n".join(lines) + "\n"


def _throughout(result: Mapping[str, Any], leader: str) -> str:
    """The plan that is ahead, and at which of the values tried the two are the same or not told apart."""
    points = result["points"]
    same = [point["value"] for point in points if abs(point["difference"]) < TIE]
    unsure = [
        point["value"]
        for point in points
        if point["value"] not in same
        and None not in (point["low"], point["high"])
        and point["low"] <= 0 <= point["high"]
    ]
    parts = ((same, "the two are the same"), (unsure, "they are not told apart"))
    exceptions = [f"at {', '.join(map(number, values))} {words}" for values, words in parts if values]
    return f"{leader} throughout" if not exceptions else f"{leader}, but {'; '.join(exceptions)}"
