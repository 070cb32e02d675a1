"""Explanations of a run, kept in its folder as explain.json: one for each plan, metric and measure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulator.report.report_data import EXPLAIN, read_explanations
from simulator.results.store import RunFolder

__all__ = ["keep_explanation"]


def keep_explanation(run: Path, result: Mapping[str, Any]) -> None:
    """Add an explanation to explain.json; one of the same plan, metric and measure is replaced."""
    kept = read_explanations(run)
    others = [entry for entry in kept if isinstance(entry, Mapping) and _subject(entry) != _subject(result)]
    RunFolder.reopen(run).write_json(EXPLAIN, {"explanations": [*others, dict(result)]})


def _subject(result: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(result.get(key) for key in ("plan", "metric", "measure"))
