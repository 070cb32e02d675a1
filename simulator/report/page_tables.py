"""Tables of the page: cells as strings, every metric of a scope, and the provenance of the run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from simulator.report.headline import HeadlineBlock, headline, mean_of, stop_lines, world_events
from simulator.report.number_format import (
    MISSING,
    NEVER,
    level_percent,
    month_name,
    share_percent,
)
from simulator.report.report_data import ReportData
from simulator.report.text_tables import RATES, interval, shared_digits, value
from simulator.results.columns import WORLD
from simulator.risk.intervals import NO_FIGURE, Figure
from simulator.risk.summary import MetricSummary, PlanSummary

__all__: list[str] = []  # used in this folder only


_VERDICTS = (
    ("npv", "probability", "npv < 0", "It loses value in {} of the worlds."),
    ("npv", "mean", None, "NPV is {} USD bn on average."),
    ("npv", "cvar", None, "In the worst {} of worlds the mean loss is {} USD bn."),
    ("shortfall", "probability", None, "Liquidity falls short in {} of them."),
    ("breach", "probability", None, "A covenant is breached in {} of them."),
)


_NONE = "\N{EN DASH}"  # no such measure
_INDENT = "\N{EM SPACE}"


class Cell(NamedTuple):
    """A cell of the page: the figure, its interval below, a note where it is not to be trusted."""

    value: str
    interval: str
    note: str


class Table(NamedTuple):
    """A table of the page. A row of one string is a heading."""

    caption: str
    head: tuple[str, ...]
    rows: list[tuple[str | Cell, ...]]

    @property
    def notes(self) -> list[str]:
        """Reservations in the order in which they first appear; cells refer to them by number."""
        return list(
            dict.fromkeys(cell.note for row in self.rows for cell in row if isinstance(cell, Cell) and cell.note)
        )


def typeset(text: str) -> str:
    """A plain-text number with a real minus sign, and a percent sign that stays on its line."""
    signed = text.replace("-", "\N{MINUS SIGN}") if any(c.isdigit() for c in text) else text
    return signed.replace(" %", "\N{NO-BREAK SPACE}%")


def figure_cell(figure: Figure, kind: str, never: float = float("inf"), digits: int | None = None) -> Cell:
    """The cell of a figure; `digits` are those that it shares with others."""
    if figure.value is None and figure.note == NEVER:
        return Cell(NEVER, "", "")
    if figure.value is None:
        return Cell(MISSING if figure.note else _NONE, "", figure.note or "")
    bounds = "" if kind == "month" else interval(figure, kind, digits)
    return Cell(typeset(value(figure, kind, never, digits)), typeset(bounds), figure.note or "")


def headline_table(run: ReportData) -> Table:
    """Measures down, plans across."""
    rows: list[tuple[str | Cell, ...]] = []
    for block in headline(run.summary):
        title = f"{block.title}, {block.unit}" if block.unit else block.title
        cells = _block_cells(block)
        if len(block.lines) == 1:
            rows.append((f"{title}, {block.lines[0].label}", *cells[0]))
            continue
        rows.append((title,))
        rows += [(_INDENT + line.label, *row) for line, row in zip(block.lines, cells, strict=True)]
    return Table("Headline figures, each with its 95 % interval below", ("", *run.plans.values()), rows)


def _block_cells(block: HeadlineBlock) -> list[tuple[Cell, ...]]:
    """The cells of a block, a row a line; amounts have the same digits in all of them."""
    digits = shared_digits(
        (figure for line in block.lines if line.kind not in RATES for figure in line.figures), "amount"
    )
    return [tuple(figure_cell(figure, line.kind, digits=digits) for figure in line.figures) for line in block.lines]


def world_table(run: ReportData) -> Table:
    """The events that the config counts on the world."""
    rows: list[tuple[str | Cell, ...]] = [
        (f"{block.title}, {line.label}", *cells)
        for block in world_events(run.summary)
        for line, cells in zip(block.lines, _block_cells(block), strict=True)
    ]
    return Table("Events of the worlds, with 95 % intervals below", ("", "probability"), rows)


def full_table(run: ReportData, scope: str) -> Table:
    """Every metric that was summarised for `scope` (`world` or a plan): mean, quantiles, VaR and CVaR."""
    entries = run.summary.scope(scope)
    shares = sorted({share for entry in entries.values() for share in entry.quantiles})
    levels = sorted({level for entry in entries.values() for level in entry.var})
    head = ["figure", "mean or probability", *map(level_percent, shares)]
    head += [f"{name} {level_percent(level)}" for level in levels for name in ("VaR", "CVaR")]
    rows: list[tuple[str | Cell, ...]] = []
    for name, entry in entries.items():
        figures = [NO_FIGURE if entry.kind == "month" and not entry.note else mean_of(entry)]
        figures += [entry.quantiles.get(share, NO_FIGURE) for share in shares]
        figures += [part.get(level, NO_FIGURE) for level in levels for part in (entry.var, entry.cvar)]
        if figures[0].fixed:
            figures[1:] = [NO_FIGURE] * (len(figures) - 1)
        digits = shared_digits(figures, entry.kind)
        cells = (figure_cell(figure, entry.kind, run.months, digits) for figure in figures)
        rows.append((_name(run, name, entry), *cells, typeset(share_percent(entry.undefined, 1))))
        empty = ("",) * (len(figures) - 1)
        events = () if entry.kind == "event" else entry.probability.items()
        rows += [(_INDENT + f"P({label})", figure_cell(figure, "event"), *empty, "") for label, figure in events]
    title = "World" if scope == WORLD else run.plans[scope]
    return Table(f"{title}: all figures with 95 % intervals", (*head, "undefined"), rows)


def _name(run: ReportData, name: str, entry: MetricSummary) -> Cell:
    """Title and unit; below them the id, the bad side and, if it was measured on the sample only, its paths."""
    unit = "" if entry.kind == "month" else entry.unit
    below = f"{name}; {entry.bad} is bad"
    paths = round(entry.n / (1 - entry.undefined)) if entry.undefined < 1 else run.summary.paths
    if paths < 0.999 * run.summary.paths:
        below += f"; first {paths:,} paths"
    return Cell(f"{entry.title}{', ' + unit if unit else ''}", below, "")


def verdicts(run: ReportData) -> list[tuple[str, str]]:
    """The headline of each plan in plain sentences: (title, sentences)."""
    texts = []
    for plan, title in run.plans.items():
        sentences = [text for rule in _VERDICTS if (text := _sentence(run.summary.plans[plan], *rule))]
        if sentences:
            texts.append((title, " ".join(sentences)))
    return texts


def _sentence(entries: PlanSummary, metric: str, measure: str, key: str | float | None, text: str) -> str:
    """One verdict with its figure; CVaR at the lowest level of the run; empty where there is no figure."""
    entry = entries.get(metric)
    if not entry:
        return ""
    if measure == "cvar":
        key = min(entry.cvar, default=None)
        if key is None:
            return ""
        text = text.replace("{}", typeset(level_percent(key, rest=True)), 1)
    figure = mean_of(entry) if key is None else getattr(entry, measure).get(key, NO_FIGURE)
    if figure.value is None and metric == "breach" and figure.note:
        return f"Of covenants nothing is known: {figure.note}."
    if figure.value is None:
        return ""
    kind = "event" if measure == "probability" else entry.kind
    text += " Below 0 it is a gain." if measure == "cvar" and figure.value < 0.0 else ""
    return text.format(f"{typeset(value(figure, kind))} ({typeset(interval(figure, kind))})")


def origin(run: ReportData) -> str:
    """The origin of the figures, for the head of the page: paths, seed, stop rule, digest."""
    summary = run.summary
    return typeset(
        f"{summary.paths:,} simulated worlds over {run.months} months from {month_name(run.start, 0)}; seed "
        f"{summary.seed}; {_stop_text(run)}; digest {summary.digest[:16]}, in full under How it was made."
    )


def _stop_text(run: ReportData) -> str:
    return "; ".join(" ".join(line.split()) for line in stop_lines(run.summary.stop))


def provenance(run: ReportData) -> list[tuple[str, str]]:
    """Facts that make this run repeatable: names and values."""
    summary = run.summary
    facts = [
        ("digest of the results", summary.digest),
        ("paths", f"{summary.paths:,}"),
        ("seed", str(summary.seed)),
        ("sampler", summary.sampler),
        ("ended", _stop_text(run)),
        ("SHA-256 of the config", hashlib.sha256(run.config_text.encode()).hexdigest()),
    ]
    return facts + [(name, fact) for name, fact in _flat(run.manifest) if name not in dict(facts)]


def _flat(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Leaves of the manifest as dotted names; long lists and tables are counted, not listed."""
    for key, leaf in tree.items():
        name = f"{above}.{key}" if above else str(key)
        if isinstance(leaf, Mapping):
            if len(leaf) > 24:
                yield name, f"{len(leaf)} entries, see manifest.json"
            else:
                yield from _flat(leaf, name)
        elif isinstance(leaf, list) and len(leaf) > 12:
            yield name, f"{len(leaf)} entries, see manifest.json"
        else:
            yield name, ", ".join(map(str, leaf)) if isinstance(leaf, list) else str(leaf)
