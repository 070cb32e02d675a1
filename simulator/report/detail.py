"""Tables of the page: cells as strings, every metric of an owner, and what the run was made of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from simulator.report.headline import Cell, figure, headline, mean, stopped
from simulator.report.numbers import MISSING, NEVER, month_name, percent
from simulator.report.run import Run
from simulator.report.tables import interval, value

_VERDICTS = (
    ("npv", "probability", "npv < 0", "It loses value in {} of the worlds."),
    ("npv", "mean", None, "NPV is {} USD bn on average."),
    ("npv", "cvar", "0.95", "In the worst 5 % of worlds the mean loss is {} USD bn."),
    ("shortfall", "probability", None, "Liquidity falls short in {} of them."),
    ("breach", "probability", None, "A covenant is breached in {} of them."),
)


_NONE = "\N{EN DASH}"  # no such measure
_INDENT = "\N{EM SPACE}"


class Words(NamedTuple):
    """A cell as it is shown: the figure, its interval below, a note where it is not to be trusted."""

    value: str
    interval: str
    note: str


class Table(NamedTuple):
    """A table of the page. A row of one string is a heading."""

    caption: str
    head: tuple[str, ...]
    rows: list[tuple[str | Words, ...]]

    @property
    def notes(self) -> list[str]:
        """Reservations in the order in which they first appear; cells refer to them by number."""
        return list(
            dict.fromkeys(cell.note for row in self.rows for cell in row if isinstance(cell, Words) and cell.note)
        )


def typeset(text: str) -> str:
    """A plain-text number with a real minus sign, and a percent sign that stays on its line."""
    signed = text.replace("-", "\N{MINUS SIGN}") if any(c.isdigit() for c in text) else text
    return signed.replace(" %", "\N{NO-BREAK SPACE}%")


def show(cell: Cell, kind: str, never: float = float("inf")) -> Words:
    """A cell in words."""
    if cell.value is None and cell.note == NEVER:
        return Words(NEVER, "", "")
    if cell.value is None:
        return Words(MISSING if cell.note else _NONE, "", cell.note or "")
    bounds = "" if kind == "month" else interval(cell, kind)
    return Words(typeset(value(cell, kind, never)), typeset(bounds), cell.note or "")


def headline_table(run: Run) -> Table:
    """Measures down, plans across."""
    rows: list[tuple[str | Words, ...]] = []
    for block in headline(run.summary):
        title = f"{block.title}, {block.unit}" if block.unit else block.title
        if len(block.lines) == 1:
            line = block.lines[0]
            rows.append((f"{title}, {line.label}", *(show(cell, line.kind) for cell in line.cells)))
            continue
        rows.append((title,))
        rows += [(_INDENT + line.label, *(show(cell, line.kind) for cell in line.cells)) for line in block.lines]
    return Table("Headline figures, each with its 95 % interval below", ("", *run.plans.values()), rows)


def full_table(run: Run, scope: str) -> Table:
    """Every metric that was summarised for `owner` (`world` or a plan): mean, quantiles, VaR and CVaR."""
    entries: Mapping[str, Any] = run.summary.get("world", {}) if scope == "world" else run.summary["plans"][scope]
    shares = _keys(entries, "quantiles")
    levels = _keys(entries, "var")
    head = ["figure", "mean", *(f"{percent(float(share), 0)}" for share in shares)]
    head += [f"{name} {percent(float(level), 0)}" for level in levels for name in ("VaR", "CVaR")]
    rows: list[tuple[str | Words, ...]] = []
    for name, entry in entries.items():
        kind = str(entry.get("kind", "amount"))
        cells = [figure(None) if kind == "month" and not entry.get("note") else mean(entry)]
        cells += [figure(entry.get("quantiles", {}).get(share)) for share in shares]
        cells += [figure(entry.get(m, {}).get(level)) for level in levels for m in ("var", "cvar")]
        rows.append((_name(run, name, entry), *(show(cell, kind, run.months) for cell in cells), _undefined(entry)))
    title = "World" if scope == "world" else run.plans[scope]
    return Table(f"{title}: all figures with 95 % intervals", (*head, "undefined"), rows)


def _keys(entries: Mapping[str, Any], part: str) -> list[str]:
    return sorted({key for entry in entries.values() for key in entry.get(part, {})}, key=float)


def _name(run: Run, name: str, entry: Mapping[str, Any]) -> Words:
    """Title and unit; below them the id, the bad side and, if it was measured on the sample only, its paths."""
    unit = "" if entry.get("kind") == "month" else entry.get("unit")
    seen = float(entry.get("undefined") or 0.0)
    below = f"{name}; {entry.get('bad', 'low')} is bad"
    paths = round(entry["n"] / (1 - seen)) if seen < 1 and "n" in entry else run.summary["paths"]
    if paths < 0.999 * run.summary["paths"]:
        below += f"; first {paths:,} paths"
    return Words(f"{entry.get('title', name)}{', ' + unit if unit else ''}", below, "")


def _undefined(entry: Mapping[str, Any]) -> str:
    share = float(entry.get("undefined") or 0.0)
    return typeset(percent(share, 1))


def verdicts(run: Run) -> list[tuple[str, str]]:
    """What the run says of each plan in plain sentences: (title, sentences)."""
    found = []
    for plan, title in run.plans.items():
        entries = run.summary["plans"][plan]
        sentences = [text for rule in _VERDICTS if (text := _sentence(entries, *rule))]
        if sentences:
            found.append((title, " ".join(sentences)))
    return found


def _sentence(entries: Mapping[str, Any], metric: str, part: str, key: str | None, text: str) -> str:
    entry = entries.get(metric)
    if not entry:
        return ""
    cell = mean(entry) if key is None else figure(entry.get(part, {}).get(key))
    if cell.value is None and metric == "breach" and cell.note:
        return f"Of covenants nothing is known: {cell.note}."
    if cell.value is None:
        return ""
    kind = "event" if part == "probability" else str(entry.get("kind", "amount"))
    text += " Below 0 it is a gain." if part == "cvar" and cell.value < 0.0 else ""
    return text.format(f"{typeset(value(cell, kind))} ({typeset(interval(cell, kind))})")


def origin(run: Run) -> str:
    """Where the figures come from, for the head of the page: paths, seed, what ended the run, digest."""
    summary = run.summary
    ended = "; ".join(" ".join(line.split()) for line in stopped(summary["stop"]))
    return typeset(
        f"{summary['paths']:,} simulated worlds over {run.months} months from {month_name(run.start, 0)}; seed "
        f"{summary['seed']}; {ended}; digest {str(summary['digest'])[:16]}, in full under How it was made."
    )


def provenance(run: Run) -> list[tuple[str, str]]:
    """What is needed to make this run again: names and values."""
    summary = run.summary
    facts = [
        ("digest of the results", str(summary.get("digest", MISSING))),
        ("paths", f"{summary.get('paths', 0):,}"),
        ("seed", str(summary.get("seed", MISSING))),
        ("sampler", str(summary.get("sampler", MISSING))),
        ("ended", "; ".join(" ".join(line.split()) for line in stopped(summary["stop"]))),
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
