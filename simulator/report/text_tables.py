"""The tables that `simulator run`, `tornado` and `stress` print: plain text, at most 80 columns wide."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from simulator.report.headline import HeadlineBlock, conventions, headline
from simulator.report.number_format import number, percent, plain, quantity
from simulator.risk.intervals import Figure
from simulator.risk.summary import RunSummary

__all__ = ["convergence_sentences", "interval", "risk_table", "stress_table", "tornado_table", "value", "wrapped"]


_WIDE = 79
_BARS = 20  # of a tornado that are printed


def risk_table(summary: RunSummary) -> str:
    """The headline figures of every plan; the head states paths, confidence, unit and sign."""
    lines = ["RISK OF THE PROGRAMME", *wrapped(" ".join(conventions(summary)))]
    notes: list[str] = []
    for plan in summary.plans:
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
        f"{measure_name(stress['measure'], stress['metric'])}{unit}, under stress: {stress['paths']:,} paths, "
        f"seed {stress['seed']}, the same in every set. Figures and their changes from the base stand with 95 % "
        "intervals; changes are paired."
    )
    if stress["stress"]:
        lines += wrapped(f"The base is itself stressed: {', '.join(stress['stress'])}.")
    notes: list[str] = []
    for plan, base in stress["base"].items():
        name = "World" if plan == "world" else f"Plan {plain(plan, 20)}"
        lines += ["", f"{name:<26}{'value':>8}  {'interval':<18}{'change':>8}  interval"]
        lines.append(_stress_line("base", base, None, stress["kind"], notes))
        for stress_set in (entry for entry in stress["sets"] if "left_out" not in entry):
            under = stress_set["plans"].get(plan, {})
            lines.append(_stress_line(stress_set["name"], under, under.get("change"), stress["kind"], notes))
    if notes:
        lines += ["", *(f"[{i}] {note}" for i, note in enumerate(notes, 1))]
    lines += _left_out_lines(stress["sets"], "name")
    return "\n".join(lines) + "\n"


def tornado_table(tornado: Mapping[str, Any]) -> str:
    """The base figure, what holding each input at either end changes, and the inputs that change nothing."""
    kind, unit, plan = str(tornado.get("kind", "amount")), tornado["unit"], plain(tornado["plan"], 30)
    notes: list[str] = []
    lines = wrapped(
        f"{measure_name(tornado['measure'], tornado['metric'])}{', ' + unit if unit else ''}, plan {plan}: "
        f"{tornado['paths']:,} paths, seed {tornado['seed']}, the same at every value. Changes are paired, with 95 % "
        "intervals."
    )
    if tornado["stress"]:
        lines += wrapped(f"under stress, not the base: {', '.join(map(plain, tornado['stress']))}")
    lines += ["", f"{'input held at':<46}{'value':>10}   95 % interval"]
    lines.append(table_line("base", kind, Figure.from_dict(tornado["base"]), notes))
    keys = ("delta_low", "delta_high", "stderr_low", "stderr_high")
    bars = [bar for bar in tornado["bars"] if "left_out" not in bar]
    idle = [bar["input"] for bar in bars if all(bar[key] == 0 for key in keys)]
    moving = [bar for bar in bars if bar["input"] not in idle and tornado["base"]["value"] is not None]
    for bar in moving[:_BARS]:
        for end, name in (("low", plain(bar["input"], 33)), ("high", "")):
            low, high = bar[f"interval_{end}"] or (None, None)
            figure = Figure(bar[f"delta_{end}"], low, high, bar.get("note"))
            level = f"{bar[end]:.4g}" if isinstance(bar[end], int | float) else plain(bar[end], 10)
            lines.append(table_line(f"{name:<34}{level:>11} ", kind, figure, notes))
    if len(moving) > _BARS:
        lines.append(f"... and {len(moving) - _BARS} more that move it less (--json and --out give all)")
    if notes:
        lines += ["", *(f"[{i}] {note}" for i, note in enumerate(notes, 1))]
    if idle:
        lines += ["", *wrapped(f"No effect on any of {tornado['paths']:,} paths: {', '.join(idle)}.")]
    lines += _left_out_lines(tornado["bars"], "input")
    return "\n".join(lines) + "\n"


def _left_out_lines(entries: Sequence[Mapping[str, Any]], name: str) -> list[str]:
    """The scenarios that the config cannot take, each with its reason."""
    refused = [entry for entry in entries if "left_out" in entry]
    texts = [f"Left out: {plain(entry[name], 60)}, {plain(entry['left_out'], 300)}." for entry in refused]
    return ["", *(line for text in texts for line in wrapped(text))] if texts else []


def _stress_line(
    name: str, under: Mapping[str, Any], change_entry: Mapping[str, Any] | None, kind: str, notes: list[str]
) -> str:
    figure, change = Figure.from_dict(under), Figure.from_dict(change_entry)
    text = f"  {plain(name, 22):<24}{value(figure, kind):>8}  {interval(figure, kind):<18}"
    if change_entry is not None:
        text += f"{value(change, kind):>8}  {interval(change, kind)}"
    return (text.rstrip() + _mark(figure.note or change.note, notes)).rstrip()


def wrapped(text: str, wide: int = _WIDE) -> list[str]:
    """Lines of a paragraph; a number stays with its percent sign."""
    return [line.replace("\0", " ") for line in textwrap.wrap(text.replace(" %", "\0%"), wide)]


def _block(block: HeadlineBlock, notes: list[str]) -> list[str]:
    title = f"{block.title}, {block.unit}" if block.unit else block.title
    if len(block.lines) == 1:
        line = block.lines[0]
        name = title if line.label in {"mean", "probability"} else f"{title}, {line.label}"
        return [table_line(f"  {name}", line.kind, line.figures[0], notes)]
    return [f"  {title}", *(table_line(f"    {line.label}", line.kind, line.figures[0], notes) for line in block.lines)]


def table_line(label: str, kind: str, figure: Figure, notes: list[str]) -> str:
    """A figure with its interval; reservations are collected in `notes` and referred to by number."""
    return f"{label:<46}{value(figure, kind):>10}   {interval(figure, kind)}{_mark(figure.note, notes)}".rstrip()


def _mark(note: str | None, notes: list[str]) -> str:
    """The number of a reservation in `notes`, where a new one is appended."""
    if not note:
        return ""
    if note not in notes:
        notes.append(note)
    return f" [{notes.index(note) + 1}]"


def value(figure: Figure, kind: str, never: float = math.inf) -> str:
    """The figure, with as many digits as its interval."""
    if figure.value is None or kind == "month" or figure.low is None:
        return quantity(figure.value, kind, never)
    return (
        percent(figure.value, _digits(figure, kind))
        if kind in {"rate", "event"}
        else number(figure.value, _digits(figure, kind))
    )


def interval(figure: Figure, kind: str) -> str:
    """`-66.2 to -65.4`, with the digits of the value; empty where there is none."""
    if figure.low is None or figure.high is None:
        return ""
    digits = _digits(figure, kind)
    if kind in {"rate", "event"}:
        return f"{percent(figure.low, digits).removesuffix(' %')} to {percent(figure.high, digits)}"
    return f"{number(figure.low, digits)} to {number(figure.high, digits)}"


def _digits(figure: Figure, kind: str) -> int | None:
    """Enough digits for the ends of the interval to differ from each other, at least those of the value."""
    shown = quantity(figure.value, kind).removesuffix(" %")
    digits = len(shown.partition(".")[2])
    scale = 100 if kind in {"rate", "event"} else 1
    while (
        digits < 6 and figure.low != figure.high and scale * abs((figure.high or 0) - (figure.low or 0)) < 10.0**-digits
    ):
        digits += 1
    return digits


def convergence_sentences(summary: RunSummary, most: int) -> list[str]:
    """Sentences on figures whose interval fails to shrink, those with the same reason together; at most so many."""
    by_text: dict[str, list[str]] = {}
    for warning in summary.warnings:
        name = f"{plain(warning.plan)} {measure_name(warning.measure, warning.metric)}"
        by_text.setdefault(warning.text, []).append(name)
    lines = [f"{_listed(names, 4)}: {text}" for text, names in by_text.items()]
    more = len(lines) - most
    return [*lines[:most], *([f"{more} more: see warnings in summary.json"] if more > 0 else [])]


def _listed(names: list[str], most: int) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def measure_name(measure: str, metric: str = "") -> str:
    """`CVaR 95 % of NPV` of `cvar95` and `npv`; `CVaR 95 %` without a metric."""
    names = {"cvar": "CVaR ", "var": "VaR ", "mean": "mean"}
    kind = measure.rstrip("0123456789.")
    level = measure.removeprefix(kind)
    words = names.get(kind, kind) + (f"{level} %" if level else "")
    if not metric:
        return words.strip()
    return f"{words} of {metric.upper() if metric == 'npv' else plain(metric)}"


def stress_suffix(stress: Iterable[str] | None, before: str = "") -> str:
    """`under stress: ai_winter` after `before` where a result has stress sets, else nothing."""
    names = ", ".join(plain(name) for name in stress or ())
    return f"{before}under stress: {names}" if names else ""
