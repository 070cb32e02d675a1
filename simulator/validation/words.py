"""Outcomes in words and numbers: rows of the table and of the page, and what `--json` prints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from simulator.config.wording import count_noun
from simulator.report.number_format import number, plain
from simulator.validation.judging import NOT_REPRODUCED, JudgedFigure, Outcome
from simulator.validation.schema import Expected, Figure

COLUMNS = ("figure", "headline", "computed", "tolerance", "verdict")
_LONGEST_NAME = 200
_HUGE = 1e9  # from here on a number is written with its power of ten


def outcome_rows(outcome: Outcome, steps: bool = False) -> list[tuple[str, ...]]:
    """Return a row of COLUMNS for each figure; steps, which later figures use, only with `steps` or if they fail."""
    return [_row(judged) for judged in outcome.figures if steps or judged.figure.headline or not judged.ok]


def _row(judged: JudgedFigure) -> tuple[str, ...]:
    """The cells of a figure's row: name, headline, computed value, tolerance, verdict."""
    figure, expected = judged.figure, judged.figure.headline
    name = f"{figure.title}, {figure.unit}" if figure.unit else figure.title
    return (
        plain(name, _LONGEST_NAME),
        _expected(figure, expected),
        _computed(judged),
        _tolerance(expected),
        judged.verdict,
    )


def summarise_verdicts(outcomes: Sequence[Outcome]) -> str:
    """Return the last line: the number of figures of each kind of verdict."""
    figures = [judged for outcome in outcomes for judged in outcome.figures if judged.figure.headline or not judged.ok]
    claims = sum(judged.verdict == NOT_REPRODUCED for judged in figures)
    failed = sum(not judged.ok for judged in figures)
    said = [f"{count_noun(len(outcomes), 'case')}, {count_noun(len(figures), 'figure')}"]
    said.append(f"{len(figures) - claims - failed} pass")
    said += [f"{claims} of claims that do not reproduce, as expected"] if claims else []
    return ", ".join([*said, f"{failed} FAIL" if failed else "none fails"])


def outcome_to_dict(outcome: Outcome) -> dict[str, Any]:
    """Return a case for JSON; undefined numbers are null."""
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


def _figure(judged: JudgedFigure) -> dict[str, Any]:
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


def _fields(expected: Expected | None) -> dict[str, float] | None:
    return None if expected is None else expected.model_dump(exclude_none=True)


def _expected(figure: Figure, expected: Expected | None) -> str:
    if expected is None:
        return ""
    if expected.value is not None:
        return _number(expected.value, figure.digits)
    return f"{_number(expected.low, figure.digits)} to {_number(expected.high, figure.digits)}"


def _computed(judged: JudgedFigure) -> str:
    digits, (value, low, high) = judged.figure.digits, judged.value
    interval = "" if low is None else f" [{_number(low, digits)}, {_number(high, digits)}]"
    return _number(value, digits) + interval


def _tolerance(expected: Expected | None) -> str:
    if expected is None:
        return ""
    return "inside" if expected.tolerance is None else f"{expected.tolerance:g}"


def _number(value: float | None, digits: int) -> str:
    huge = value is not None and math.isfinite(value) and abs(value) >= _HUGE
    return f"{value:.{digits}e}" if huge else number(value, digits)
