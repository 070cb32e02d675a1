"""The tables that `simulator run`, `tornado` and `stress` print: plain text, at most 80 columns wide."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from simulator.report.explanations import explain_stress, explain_tornado
from simulator.report.headline import HeadlineBlock, conventions, headline, world_events
from simulator.report.number_format import NEVER, decimals, number, percent, plain, quantity
from simulator.risk.intervals import Figure
from simulator.risk.summary import RunSummary

__all__ = ["convergence_sentences", "interval", "risk_table", "stress_table", "tornado_table", "value", "wrapped"]


_WIDE = 79
_NAME = 46  # letters of the first column
_MORE = 2  # digits that narrow intervals may add to a column
RATES = frozenset({"rate", "event"})  # kinds that are shown in percent
_BARS = 20  # of a tornado that are printed


def risk_table(summary: RunSummary) -> str:
    """The headline figures of every plan; the head states paths, confidence, unit and sign."""
    lines = ["RISK OF THE PROGRAMME", *wrapped(" ".join(conventions(summary)))]
    notes: list[str] = []
    worlds = world_events(summary)
    if worlds:
        lines += ["", f"{'World':<46}{'value':>10}   {'95 % interval'}"]
        lines += (line for block in worlds for line in _block(block, notes))
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
        under = [entry["plans"][plan] for entry in stress["sets"] if plan in entry["plans"]]
        shown = [base, *under, *(entry.get("change") for entry in under)]
        digits = shared_digits(map(Figure.from_dict, shown), stress["kind"])
        name = "World" if plan == "world" else f"Plan {plain(plan, 20)}"
        lines += ["", f"{name:<26}{'value':>8}  {'interval':<18}{'change':>8}  interval"]
        lines.append(_stress_line("base", base, None, (stress["kind"], digits), notes))
        for stress_set in (entry for entry in stress["sets"] if "left_out" not in entry):
            entry = stress_set["plans"].get(plan, {})
            lines.append(_stress_line(stress_set["name"], entry, entry.get("change"), (stress["kind"], digits), notes))
    if notes:
        lines += ["", *(f"[{i}] {note}" for i, note in enumerate(notes, 1))]
    lines += _left_out_lines(stress["sets"], "name")
    for sentence in explain_stress(stress):
        lines += ["", *wrapped(sentence)]
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
    keys = ("delta_low", "delta_high", "stderr_low", "stderr_high")
    bars = [bar for bar in tornado["bars"] if "left_out" not in bar]
    idle = [bar["input"] for bar in bars if all(bar[key] == 0 for key in keys)]
    moving = [bar for bar in bars if bar["input"] not in idle and tornado["base"]["value"] is not None]
    ends = [_bar_end(bar, end) for bar in moving[:_BARS] for end in ("low", "high")]
    digits = shared_digits([Figure.from_dict(tornado["base"]), *ends], kind)
    lines.append(table_line("base", kind, Figure.from_dict(tornado["base"]), notes, digits))
    for bar in moving[:_BARS]:
        for end, name in (("low", plain(bar["input"], 33)), ("high", "")):
            level = f"{bar[end]:.4g}" if isinstance(bar[end], int | float) else plain(bar[end], 10)
            lines.append(table_line(f"{name:<34}{level:>11} ", kind, _bar_end(bar, end), notes, digits))
    if len(moving) > _BARS:
        lines.append(f"... and {len(moving) - _BARS} more that move it less (--json and --out give all)")
    if notes:
        lines += ["", *(f"[{i}] {note}" for i, note in enumerate(notes, 1))]
    if idle:
        lines += ["", *wrapped(f"No effect on any of {tornado['paths']:,} paths: {', '.join(idle)}.")]
        lines += (line for sentence in explain_tornado(tornado) for line in wrapped(sentence))
    lines += _left_out_lines(tornado["bars"], "input")
    return "\n".join(lines) + "\n"


def _left_out_lines(entries: Sequence[Mapping[str, Any]], name: str) -> list[str]:
    """The scenarios that the config cannot take, each with its reason."""
    refused = [entry for entry in entries if "left_out" in entry]
    texts = [f"Left out: {plain(entry[name], 60)}, {plain(entry['left_out'], 300)}." for entry in refused]
    return ["", *(line for text in texts for line in wrapped(text))] if texts else []


def _bar_end(bar: Mapping[str, Any], end: str) -> Figure:
    """The change at the `low` or `high` end of a bar."""
    low, high = bar[f"interval_{end}"] or (None, None)
    return Figure(bar[f"delta_{end}"], low, high, bar.get("note"))


def _stress_line(
    name: str,
    under: Mapping[str, Any],
    change_entry: Mapping[str, Any] | None,
    form: tuple[str, int | None],
    notes: list[str],
) -> str:
    """A figure, its interval and its change; `form` is their kind and the digits that they share."""
    kind, digits = form
    figure, change = Figure.from_dict(under), Figure.from_dict(change_entry)
    text = f"  {plain(name, 22):<24}{value(figure, kind, digits=digits):>8}  {interval(figure, kind, digits):<18}"
    if change_entry is not None:
        text += f"{value(change, kind, digits=digits):>8}  {interval(change, kind, digits)}"
    return (text.rstrip() + _mark(figure.note or change.note, notes)).rstrip()


def wrapped(text: str, wide: int = _WIDE) -> list[str]:
    """Lines of a paragraph; a number stays with its percent sign."""
    return [line.replace("\0", " ") for line in textwrap.wrap(text.replace(" %", "\0%"), wide)]


def _block(block: HeadlineBlock, notes: list[str]) -> list[str]:
    title = f"{block.title}, {block.unit}" if block.unit else block.title
    line = block.lines[0]
    name = title if line.label in {"mean", "probability"} else f"{title}, {line.label}"
    if len(block.lines) == 1 and len(name) < _NAME - 2:
        return [table_line(f"  {name}", line.kind, line.figures[0], notes)]
    digits = shared_digits([line.figures[0] for line in block.lines if line.kind not in RATES], "amount")
    return [
        f"  {title}",
        *(table_line(f"    {line.label}", line.kind, line.figures[0], notes, digits) for line in block.lines),
    ]


def table_line(label: str, kind: str, figure: Figure, notes: list[str], digits: int | None = None) -> str:
    """A figure with its interval; reservations are collected in `notes` and referred to by number.

    `digits` are those that the figures of a column share; probabilities and rates have their own.
    """
    shown = value(figure, kind, digits=digits), interval(figure, kind, digits)
    return f"{label:<{_NAME}}{shown[0]:>10}   {shown[1]}{_mark(figure.note, notes)}".rstrip()


def _mark(note: str | None, notes: list[str]) -> str:
    """The number of a reservation in `notes`, where a new one is appended."""
    if not note or note == NEVER:
        return ""
    if note not in notes:
        notes.append(note)
    return f" [{notes.index(note) + 1}]"


def value(figure: Figure, kind: str, never: float = math.inf, digits: int | None = None) -> str:
    """The figure, with as many digits as its interval, or as those that it shares a column with."""
    if figure.value is None and figure.note == NEVER:
        return NEVER
    if figure.fixed:
        return percent(figure.value, 0) if kind in RATES else number(figure.value)
    if figure.value is not None and kind in RATES and figure.low is not None:
        return percent(figure.value, _digits(figure, kind))
    if figure.value is None or kind in {"month", *RATES} or (figure.low is None and digits is None):
        return quantity(figure.value, kind, never)
    return number(figure.value, _digits(figure, kind) if digits is None else _open(figure, 1.0, digits))


def interval(figure: Figure, kind: str, digits: int | None = None) -> str:
    """`-66.2 to -65.4`, with the digits of the value; words where no path could differ; empty where there is none."""
    if figure.fixed:
        return figure.fixed
    if figure.low is None or figure.high is None:
        return ""
    if kind in RATES:
        digits = _digits(figure, kind)
        return f"{percent(figure.low, digits).removesuffix(' %')} to {percent(figure.high, digits)}"
    digits = _digits(figure, kind) if digits is None or kind == "month" else _open(figure, 1.0, digits)
    return f"{number(figure.low, digits)} to {number(figure.high, digits)}"


def shared_digits(figures: Iterable[Figure], kind: str) -> int | None:
    """Digits after the point for all figures of a column: those of the largest, and two more for narrow intervals.

    None of months, rates and probabilities, which each have their own.
    """
    shown = [figure for figure in figures if figure.value is not None and math.isfinite(figure.value)]
    if not shown or kind in {"month", *RATES}:
        return None
    digits = decimals(max(abs(figure.value or 0.0) for figure in shown))
    return min(max(_open(figure, 0.5, digits) for figure in shown), digits + _MORE)


def _digits(figure: Figure, kind: str) -> int | None:
    """Enough digits for the ends of the interval to differ from each other, at least those of the value."""
    shown = quantity(figure.value, kind).removesuffix(" %")
    return _open(figure, 100.0 if kind in RATES else 1.0, len(shown.partition(".")[2]))


def _open(figure: Figure, scale: float, digits: int) -> int:
    """At least `digits`, as many as it takes to tell the ends of an interval apart; six at most."""
    width = 0.0 if figure.low is None or figure.high is None else scale * abs(figure.high - figure.low)
    while digits < 6 and 0.0 < width < 10.0**-digits:
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
