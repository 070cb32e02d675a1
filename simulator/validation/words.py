"""Outcomes in words and numbers: rows of the table and of the page, and what `--json` prints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from simulator.report.number_format import number
from simulator.validation.judging import NOT, Judged, Outcome
from simulator.validation.schema import Figure, Wanted

COLUMNS = ("figure", "headline", "computed", "tolerance", "verdict")
_HUGE = 1e9  # from here on a number is written with its power of ten


def rows(outcome: Outcome, steps: bool = False) -> list[tuple[str, ...]]:
    """A row of COLUMNS for each figure; steps that later figures use are told if asked for, or if they fail."""
    return [row(judged) for judged in outcome.figures if steps or judged.figure.headline or not judged.ok]


def row(judged: Judged) -> tuple[str, ...]:
    """What a figure is, what it should be, what it is, how far off it may be, and the verdict."""
    figure, wanted = judged.figure, judged.figure.headline
    name = f"{figure.title}, {figure.unit}" if figure.unit else figure.title
    return name, _wanted(figure, wanted), _computed(judged), _tolerance(wanted), judged.verdict


def verdict(outcomes: Sequence[Outcome]) -> str:
    """The last line: how many figures there are, and of what kind."""
    figures = [judged for outcome in outcomes for judged in outcome.figures if judged.figure.headline or not judged.ok]
    claims = sum(judged.verdict == NOT for judged in figures)
    failed = sum(not judged.ok for judged in figures)
    said = [f"{_count(len(outcomes), 'case')}, {_count(len(figures), 'figure')}"]
    said.append(f"{len(figures) - claims - failed} pass")
    said += [f"{claims} of claims that do not reproduce, as expected"] if claims else []
    return ", ".join([*said, f"{failed} FAIL" if failed else "none fails"])


def tree(outcome: Outcome) -> dict[str, Any]:
    """A case for machines; what is undefined is null."""
    case = outcome.case
    return {
        "case": case.case,
        "title": case.title,
        "claim": case.claim,
        "source": case.source,
        "note": case.note,
        "reproduces": case.reproduces,
        "ok": outcome.ok,
        "figures": [_figure(judged) for judged in outcome.figures],
    }


def _figure(judged: Judged) -> dict[str, Any]:
    figure, (value, low, high) = judged.figure, judged.value
    return {
        "title": figure.title,
        "unit": figure.unit,
        "headline": _fields(figure.headline),
        "instead": _fields(figure.instead),
        "computed": value if math.isfinite(value) else None,
        "low": low,
        "high": high,
        "verdict": judged.verdict,
        "ok": judged.ok,
    }


def _fields(wanted: Wanted | None) -> dict[str, float] | None:
    return None if wanted is None else wanted.model_dump(exclude_none=True)


def _wanted(figure: Figure, wanted: Wanted | None) -> str:
    if wanted is None:
        return ""
    if wanted.value is not None:
        return _number(wanted.value, figure.digits)
    return f"{_number(wanted.low, figure.digits)} to {_number(wanted.high, figure.digits)}"


def _computed(judged: Judged) -> str:
    digits, (value, low, high) = judged.figure.digits, judged.value
    interval = "" if low is None else f" [{_number(low, digits)}, {_number(high, digits)}]"
    return _number(value, digits) + interval


def _tolerance(wanted: Wanted | None) -> str:
    if wanted is None:
        return ""
    return "inside" if wanted.tolerance is None else f"{wanted.tolerance:g}"


def _number(value: float | None, digits: int) -> str:
    huge = value is not None and math.isfinite(value) and abs(value) >= _HUGE
    return f"{value:.{digits}e}" if huge else number(value, digits)


def _count(many: int, noun: str) -> str:
    return f"{many} {noun}{'' if many == 1 else 's'}"
