"""Tables as plain text, at most 80 columns wide: what `simulator run`, `tornado` and `stress` print."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from typing import Any

from simulator.report.headline import Block, Cell, conventions, figure, headline
from simulator.report.numbers import number, percent, plain, quantity

_WIDE = 79
_BARS = 20  # of a tornado that are printed


def risk_table(summary: Mapping[str, Any]) -> str:
    """The headline figures of every plan; the head states paths, confidence, unit and sign."""
    lines = ["RISK OF THE PROGRAMME", *wrapped(" ".join(conventions(summary)))]
    notes: list[str] = []
    for plan in summary["plans"]:
        lines += ["", f"{'Plan ' + plain(plan, 40):<46}{'value':>10}   {'95 % interval'}"]
        for block in headline(summary, (plan,)):
            lines += _block(block, notes)
    if notes:
        lines += ["", *(f"[{i}] {note}" for i, note in enumerate(notes, 1))]
    return "\n".join(lines) + "\n"


def stress_table(stress: Mapping[str, Any]) -> str:
    """A figure of every plan in the base and in each stress set, and the paired change."""
    unit = f", {stress['unit']}" if stress["unit"] else ""
    lines = wrapped(
        f"{measured(stress)}{unit}, under stress: {stress['paths']:,} paths, seed {stress['seed']}, the same in every "
        "set. Figures and their changes from the base stand with 95 % intervals; changes are paired."
    )
    if stress["stress"]:
        lines += wrapped(f"The base is itself stressed: {', '.join(stress['stress'])}.")
    notes: list[str] = []
    for plan, base in stress["base"].items():
        name = "World" if plan == "world" else f"Plan {plain(plan, 20)}"
        lines += ["", f"{name:<26}{'value':>8}  {'interval':<18}{'change':>8}  interval"]
        lines.append(_stress_line("base", base, None, stress["kind"], notes))
        for one in stress["sets"]:
            under = one["plans"].get(plan, {})
            lines.append(_stress_line(one["name"], under, under.get("change"), stress["kind"], notes))
    if notes:
        lines += ["", *(f"[{i}] {note}" for i, note in enumerate(notes, 1))]
    return "\n".join(lines) + "\n"


def tornado_table(tornado: Mapping[str, Any]) -> str:
    """The base figure, what holding each input at either end changes, and the inputs that change nothing."""
    kind, unit, plan = str(tornado.get("kind", "amount")), tornado["unit"], plain(tornado["plan"], 30)
    notes: list[str] = []
    lines = wrapped(
        f"{measured(tornado)}{', ' + unit if unit else ''}, plan {plan}: "
        f"{tornado['paths']:,} paths, seed {tornado['seed']}, the same at every value. Changes are paired, with 95 % "
        "intervals."
    )
    if tornado["stress"]:
        lines += wrapped(f"under stress, not the base: {', '.join(map(plain, tornado['stress']))}")
    lines += ["", f"{'input held at':<46}{'value':>10}   95 % interval"]
    lines.append(table_line("base", kind, figure(tornado["base"]), notes))
    still = ("delta_low", "delta_high", "stderr_low", "stderr_high")
    idle = [bar["input"] for bar in tornado["bars"] if all(bar[key] == 0 for key in still)]
    moving = [bar for bar in tornado["bars"] if bar["input"] not in idle and tornado["base"]["value"] is not None]
    for bar in moving[:_BARS]:
        for end, name in (("low", plain(bar["input"], 33)), ("high", "")):
            low, high = bar[f"interval_{end}"] or (None, None)
            cell = Cell(bar[f"delta_{end}"], low, high, bar.get("note"))
            held = f"{bar[end]:.4g}" if isinstance(bar[end], int | float) else plain(bar[end], 10)
            lines.append(table_line(f"{name:<34}{held:>11} ", kind, cell, notes))
    if len(moving) > _BARS:
        lines.append(f"... and {len(moving) - _BARS} more that move it less (--json and --out give all)")
    if notes:
        lines += ["", *(f"[{i}] {note}" for i, note in enumerate(notes, 1))]
    if idle:
        lines += ["", *wrapped(f"No effect on any of {tornado['paths']:,} paths: {', '.join(idle)}.")]
    return "\n".join(lines) + "\n"


def _stress_line(
    name: str, under: Mapping[str, Any], moved: Mapping[str, Any] | None, kind: str, notes: list[str]
) -> str:
    cell, change = figure(under), figure(moved)
    text = f"  {plain(name, 22):<24}{value(cell, kind):>8}  {interval(cell, kind):<18}"
    if moved is not None:
        text += f"{value(change, kind):>8}  {interval(change, kind)}"
    return (text.rstrip() + _mark(cell.note or change.note, notes)).rstrip()


def wrapped(text: str, wide: int = _WIDE) -> list[str]:
    """Lines of a paragraph; a number stays with its percent sign."""
    return [line.replace("\0", " ") for line in textwrap.wrap(text.replace(" %", "\0%"), wide)]


def _block(block: Block, notes: list[str]) -> list[str]:
    title = f"{block.title}, {block.unit}" if block.unit else block.title
    if len(block.lines) == 1:
        line = block.lines[0]
        name = title if line.label in {"mean", "probability"} else f"{title}, {line.label}"
        return [table_line(f"  {name}", line.kind, line.cells[0], notes)]
    return [f"  {title}", *(table_line(f"    {line.label}", line.kind, line.cells[0], notes) for line in block.lines)]


def table_line(label: str, kind: str, cell: Cell, notes: list[str]) -> str:
    """A figure with its interval; reservations are gathered in `notes` and referred to by number."""
    return f"{label:<46}{value(cell, kind):>10}   {interval(cell, kind)}{_mark(cell.note, notes)}".rstrip()


def _mark(note: str | None, notes: list[str]) -> str:
    """The number of a reservation, which joins `notes` if it is new."""
    if not note:
        return ""
    if note not in notes:
        notes.append(note)
    return f" [{notes.index(note) + 1}]"


def value(cell: Cell, kind: str, never: float = math.inf) -> str:
    """The figure, with as many digits as its interval."""
    if cell.value is None or kind == "month" or cell.low is None:
        return quantity(cell.value, kind, never)
    return (
        percent(cell.value, _digits(cell, kind))
        if kind in {"rate", "event"}
        else number(cell.value, _digits(cell, kind))
    )


def interval(cell: Cell, kind: str) -> str:
    """`-66.2 to -65.4`, with the digits of the value; empty where there is none."""
    if cell.low is None or cell.high is None:
        return ""
    digits = _digits(cell, kind)
    if kind in {"rate", "event"}:
        return f"{percent(cell.low, digits).removesuffix(' %')} to {percent(cell.high, digits)}"
    return f"{number(cell.low, digits)} to {number(cell.high, digits)}"


def _digits(cell: Cell, kind: str) -> int | None:
    """Enough digits for the ends of the interval to differ from each other, at least those of the value."""
    shown = quantity(cell.value, kind).removesuffix(" %")
    digits = len(shown.partition(".")[2])
    scale = 100 if kind in {"rate", "event"} else 1
    while digits < 6 and cell.low != cell.high and scale * abs((cell.high or 0) - (cell.low or 0)) < 10.0**-digits:
        digits += 1
    return digits


def not_shrinking(summary: Mapping[str, Any], most: int) -> list[str]:
    """Sentences on figures whose interval fails to shrink, those with the same reason together; at most so many."""
    found: dict[str, list[str]] = {}
    for one in summary.get("warnings", ()):
        found.setdefault(one["text"], []).append(f"{plain(one['plan'])} {measured(one)}")
    lines = [f"{_listed(names, 4)}: {text}" for text, names in found.items()]
    more = len(lines) - most
    return [*lines[:most], *([f"{more} more: see warnings in summary.json"] if more > 0 else [])]


def _listed(names: list[str], most: int) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def measured(result: Mapping[str, Any]) -> str:
    """`CVaR 95 % of NPV`: what a tornado or a comparison of stress sets is of."""
    names = {"cvar": "CVaR ", "var": "VaR ", "mean": "mean"}
    measure = str(result.get("measure", ""))
    kind = measure.rstrip("0123456789.")
    level = measure.removeprefix(kind)
    words = names.get(kind, kind) + (f"{level} %" if level else "")
    metric = plain(result.get("metric", ""))
    return f"{words} of {metric.upper() if metric == 'npv' else metric}".strip()


def stressed(result: Mapping[str, Any], before: str = "") -> str:
    """`under stress: ai_winter` after `before` where a result is not one of the base, else nothing."""
    names = ", ".join(plain(name) for name in result.get("stress") or ())
    return f"{before}under stress: {names}" if names else ""
