"""The tables that `simulator compare` prints: plain text, at most 80 columns wide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from simulator.report.number_format import number, percent, plain
from simulator.report.text_tables import interval, table_line, value, wrapped
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
        verdict_words.append(f"CVaR {percent(float(level), 0)} {difference_verdict(entry, 'high')}")
    return ", ".join(verdict_words)


def _pair(pair: Mapping[str, Any], comparison: Mapping[str, Any], notes: list[str]) -> Iterator[str]:
    kind = str(comparison["kind"])
    title = f"{plain(pair['plan'], 30)} less {plain(pair['against'], 30)}"
    yield f"{title:<46}{'value':>10}   95 % interval"
    if kind == "event":
        yield table_line("  probability", kind, Figure.from_dict(pair["mean"]), notes)
    else:
        yield table_line("  mean", kind, Figure.from_dict(pair["mean"]), notes)
    for share, entry in pair["quantiles"].items():
        name = "median" if float(share) == 0.5 else f"{percent(float(share), 0)} quantile"
        yield table_line(f"  {name}", kind, Figure.from_dict(entry), notes)
    for measure, name in (("var", "VaR"), ("cvar", "CVaR")):
        for level, entry in pair[measure].items():
            yield table_line(f"  {name} {percent(float(level), 0)}", kind, Figure.from_dict(entry), notes)
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
    for plan, entry in comparison["regret"].items():
        name = plain(plan, 24)
        yield table_line(f"  {name}, mean", "amount", Figure.from_dict(entry), notes)
        yield table_line(f"  {name}, 95 % quantile", "amount", Figure.from_dict(entry["quantiles"].get("0.95")), notes)
        yield table_line(f"  {name}, none better on", "event", Figure.from_dict(entry["best"]), notes)


def _dominance(comparison: Mapping[str, Any]) -> Iterator[str]:
    """Who dominates whom; pairs of which neither order holds are gathered at the end."""
    unit = f" {comparison['unit']}" if comparison["unit"] else ""
    yield from wrapped(
        f"Stochastic dominance, tolerance {comparison['tolerance']:g}{unit}. Behind: how far the other is ahead "
        "where it is ahead most, with its simultaneous 95 % interval"
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
    for plan, entry in frontier["plans"].items():
        by = f" by {', '.join(plain(name, 20) for name in entry['by'])}" if entry["by"] else ""
        yield from (f"  {line}" for line in wrapped(f"{plain(plan, 43)}: {entry['standing']}{by}", 77))
        for key, name in (("mean", "mean"), ("cvar", f"CVaR {percent(frontier['level'], 0)}")):
            yield table_line(f"    {name}", "amount", Figure.from_dict(entry[key]), notes)


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
        same = not any(point["difference"] for point in result["points"])
        who = "the two are the same" if same else f"{leaders[0]} throughout"
        lines += wrapped(f"  never changes places between {ends}: {who}")
    tried = [result["points"][0], result["points"][-1]]
    for point in tried:
        figure = Figure(point["difference"], point["low"], point["high"], point.get("note"))
        lines.append(table_line(f"  difference at {number(point['value'])}", "amount", figure, notes))
    lines += [f"[{i}] {note}" for i, note in enumerate(notes, 1)]
    return "\n".join(lines) + "\n"
