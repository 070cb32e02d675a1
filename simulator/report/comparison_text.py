"""Comparisons as plain text, at most 80 columns wide: what `simulator compare` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from simulator.report.headline import Cell, figure
from simulator.report.numbers import number, percent, plain
from simulator.report.tables import interval, table_line, value, wrapped
from simulator.risk.compare import verdict

_ORDERS = (("first", "first order"), ("second", "second order"))


def comparison_text(found: Mapping[str, Any]) -> str:
    """A comparison (as in comparison.json) in tables."""
    notes: list[str] = []
    lines = [*_head(found)]
    first = found["pairs"][0]["against"]
    for pair in found["pairs"]:
        short = len(found["runs"]) == 1 and pair["against"] != first
        lines += [
            "",
            *(_short(pair, found, notes) if short else _pair(pair, found, notes)),
        ]
    if found["regret"]:
        lines += ["", *_regret(found, notes)]
    if any(pair["dominance"] for pair in found["pairs"]):
        lines += ["", *_dominance(found)]
    if found["frontier"]:
        lines += ["", *_frontier(found["frontier"], notes)]
    if notes:
        lines += ["", *(f"[{i}] {note}" for i, note in enumerate(notes, 1))]
    return "\n".join(lines) + "\n"


def _head(found: Mapping[str, Any]) -> Iterator[str]:
    unit = f", {found['unit']}" if found["unit"] else ""
    yield f"COMPARISON OF {found['title'].upper()}{unit}"
    good = "more" if found["bad"] == "low" else "less"
    for run in found["runs"]:
        tag = f"{run['tag']}: " if run["tag"] else ""
        yield from wrapped(f"{tag}{run['run']}, {run['paths']:,} paths, seed {run['seed']}.")
    means = {pair["mean"]["n"] for pair in found["pairs"]} - {pair["n"] for pair in found["pairs"]}
    seen = ", ".join(f"{n:,}" for n in sorted(means))
    over = f" Means and wins over the first plan are from {seen} paths." if means else ""
    tails = " VaR and CVaR are losses: a difference below 0 is less risk." if found["pairs"][0]["cvar"] else ""
    yield from wrapped(
        f"{good.capitalize()} is better. Differences are path by path, with 95 % intervals, from the {found['n']:,} "
        f"paths of the sample.{over}{tails}"
    )
    for note in found["notes"]:
        yield from wrapped(f"Note: {note}.")


def verdicts(pair: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """`mean better, CVaR 95 % not told apart`: what the intervals of mean and first CVaR say."""
    name = "probability" if found["kind"] == "event" else "mean"
    said = [f"{name} {verdict(pair['mean'], found['bad'])}"] if pair["mean"]["value"] is not None else []
    for level, one in list(pair["cvar"].items())[:1]:
        said.append(f"CVaR {percent(float(level), 0)} {verdict(one, 'high')}")
    return ", ".join(said)


def _pair(pair: Mapping[str, Any], found: Mapping[str, Any], notes: list[str]) -> Iterator[str]:
    kind = str(found["kind"])
    title = f"{plain(pair['plan'], 30)} less {plain(pair['against'], 30)}"
    yield f"{title:<46}{'value':>10}   95 % interval"
    if kind == "event":
        yield table_line("  probability", kind, figure(pair["mean"]), notes)
    else:
        yield table_line("  mean", kind, figure(pair["mean"]), notes)
    for share, one in pair["quantiles"].items():
        name = "median" if float(share) == 0.5 else f"{percent(float(share), 0)} quantile"
        yield table_line(f"  {name}", kind, figure(one), notes)
    for measure, name in (("var", "VaR"), ("cvar", "CVaR")):
        for level, one in pair[measure].items():
            yield table_line(f"  {name} {percent(float(level), 0)}", kind, figure(one), notes)
    yield table_line("  better on", "event", figure(pair["beats"]), notes)
    if pair["ties"] and pair["ties"]["value"]:
        yield table_line("  the same on", "event", figure(pair["ties"]), notes)
    said = verdicts(pair, found)
    if said:
        yield f"  {said}"


def _short(pair: Mapping[str, Any], found: Mapping[str, Any], notes: list[str]) -> Iterator[str]:
    """A pair without the first plan: mean, first CVaR and wins; --json has the rest."""
    kept = {**pair, "quantiles": {}, "var": {}, "cvar": dict(list(pair["cvar"].items())[:1]), "ties": None}
    return _pair(kept, found, notes)


def _regret(found: Mapping[str, Any], notes: list[str]) -> Iterator[str]:
    n = next(iter(found["regret"].values()))["n"]
    title = f"Regret, {found['unit']} ({n:,} paths)" if found["unit"] else f"Regret ({n:,} paths)"
    yield f"{title:<46}{'value':>10}   95 % interval"
    for plan, entry in found["regret"].items():
        name = plain(plan, 24)
        yield table_line(f"  {name}, mean", "amount", figure(entry), notes)
        yield table_line(f"  {name}, 95 % quantile", "amount", figure(entry["quantiles"].get("0.95")), notes)
        yield table_line(f"  {name}, none better on", "event", figure(entry["best"]), notes)


def _dominance(found: Mapping[str, Any]) -> Iterator[str]:
    """Who dominates whom; pairs of which neither order holds are gathered at the end."""
    unit = f" {found['unit']}" if found["unit"] else ""
    yield from wrapped(
        f"Stochastic dominance, tolerance {found['tolerance']:g}{unit}. Behind: how far the other is ahead where it is "
        "ahead most, with its simultaneous 95 % interval"
    )
    rest = []
    for pair in found["pairs"]:
        orders = [(name, pair["dominance"][order]) for order, name in _ORDERS]
        if any(of is None for _, of in orders):
            rest.append(f"{plain(pair['plan'], 24)} and {plain(pair['against'], 24)} (too few paths)")
            continue
        if all(of[side]["violation"] == 0 for _, of in orders for side in ("over", "under")):
            yield from wrapped(f"  {plain(pair['plan'], 30)} and {plain(pair['against'], 30)}: the same distribution")
            continue
        for side, names in (("over", (pair["plan"], pair["against"])), ("under", (pair["against"], pair["plan"]))):
            title = " over ".join(plain(name, 24) for name in names)
            if all(of[side]["verdict"] == "does not" for _, of in orders):
                rest.append(f"{title} {_violation(orders[-1][1][side])}")
                continue
            yield f"  {title}"
            yield from (f"    {name}: {of[side]['verdict']}, behind {_violation(of[side])}" for name, of in orders)
    if rest:
        yield from (f"  {line}" for line in wrapped(f"no dominance, behind to the second order: {'; '.join(rest)}", 77))


def _violation(of: Mapping[str, Any]) -> str:
    cell = Cell(of["violation"], of["low"], of["high"])
    return f"{value(cell, 'amount')} ({interval(cell, 'amount')})"


def _frontier(found: Mapping[str, Any], notes: list[str]) -> Iterator[str]:
    title = f"Efficient set ({found['n']:,} paths)"
    yield f"{title:<46}{'value':>10}   95 % interval"
    for plan, of in found["plans"].items():
        by = f" by {', '.join(plain(name, 20) for name in of['by'])}" if of["by"] else ""
        yield from (f"  {line}" for line in wrapped(f"{plain(plan, 43)}: {of['standing']}{by}", 77))
        for key, name in (("mean", "mean"), ("cvar", f"CVaR {percent(found['level'], 0)}")):
            yield table_line(f"    {name}", "amount", figure(of[key]), notes)


def break_even_text(found: Mapping[str, Any]) -> str:
    """A break-even (as in comparison.json) in words."""
    names = {0: f"{plain(found['plan'], 30)} is ahead", 1: f"{plain(found['against'], 30)} is ahead"}
    pair = plain(found["plan"], 30), plain(found["against"], 30)
    unit = f", {found['unit']}" if found["unit"] else ""
    title = f"Break-even of {found['input']}: {found['measure']} of {found['metric']}{unit}, {pair[0]} less {pair[1]}"
    lines = [*wrapped(title), f"{found['paths']:,} paths at every value, seed {found['seed']}"]
    leaders = [names.get(leader, "they are not told apart") for leader in found["leaders"]]
    notes: list[str] = []
    for k, root in enumerate(found["roots"]):
        cell = Cell(root["value"], root["low"], root["high"], root["note"])
        lines.append(table_line("  they change places at", "amount", cell, notes))
        lines.append(f"    below it {leaders[k]}, above it {leaders[k + 1]}")
    if not found["roots"]:
        ends = f"{found['low']:g} and {found['high']:g}"
        same = not any(point["difference"] for point in found["points"])
        who = "the two are the same" if same else f"{leaders[0]} throughout"
        lines += wrapped(f"  never changes places between {ends}: {who}")
    tried = [found["points"][0], found["points"][-1]]
    for point in tried:
        cell = Cell(point["difference"], point["low"], point["high"], point.get("note"))
        lines.append(table_line(f"  difference at {number(point['value'])}", "amount", cell, notes))
    lines += [f"[{i}] {note}" for i, note in enumerate(notes, 1)]
    return "\n".join(lines) + "\n"
