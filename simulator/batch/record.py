"""The record of a batch: night.json, written whole after every change, and the page that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import simulator
from simulator.batch.planning import PlannedRun
from simulator.errors import ConfigError, RunError
from simulator.file_access import read_json
from simulator.report.batch_page import render_batch
from simulator.results.provenance import utc
from simulator.results.store import Run, RunFolder
from simulator.risk.summary import RunSummary, read_summary

NIGHT, INDEX = "night.json", "index.html"
FORMAT = "capex-simulator night 1"
WAITING, RUNNING, FINISHED, FAILED, REFUSED, INTERRUPTED, PRUNED = (
    "waiting", "running", "finished", "failed", "refused", "interrupted", "pruned",
)  # fmt: skip


class BatchRecord:
    """The state of a batch and of each of its runs; `body` is the content of night.json."""

    def __init__(self, folder: RunFolder, body: dict[str, Any]) -> None:
        self.folder, self.body = folder, body

    @property
    def runs(self) -> list[dict[str, Any]]:
        """The entry of each run, in order."""
        runs: list[dict[str, Any]] = self.body["runs"]
        return runs

    @classmethod
    def begin(cls, folder: RunFolder, title: str, until: str | None, planned: Sequence[PlannedRun]) -> BatchRecord:
        """Return the record of a batch of which nothing was run yet."""
        body = {
            "format": FORMAT,
            "version": simulator.__version__,
            "title": title,
            "until": until,
            "status": RUNNING,
            "started": utc(datetime.now(UTC)),
            "ended": None,
            "runs": [_new_entry(run) for run in planned],
        }
        return cls(folder, body)

    def count(self, *states: str) -> int:
        """Return the number of runs in one of these states."""
        return sum(run["state"] in states for run in self.runs)

    def save(self) -> None:
        """Write night.json and index.html; RunError if they cannot be written."""
        self.folder.write_json(NIGHT, self.body)
        self.folder.write(INDEX, render_batch(self.body))


def read_record(folder: Path) -> BatchRecord | None:
    """Return the record in a folder; None if there is none that can be read."""
    try:
        body = read_json(folder / NIGHT)
    except RunError:
        return None
    runs = body.get("runs")
    if body.get("format") != FORMAT or not isinstance(runs, list) or not all(map(_is_entry, runs)):
        return None
    return BatchRecord(RunFolder(folder), body)


def resume_record(stored: BatchRecord, title: str, until: str | None, planned: Sequence[PlannedRun]) -> BatchRecord:
    """Return the record of a batch that goes on, with its finished runs; refused if it was begun for other runs."""
    sources = [run["source"] for run in stored.runs]
    if sources != [run.source for run in planned]:
        planned_sources = ", ".join(run.source for run in planned)
        raise ConfigError(
            [f"--resume: given {planned_sources}, wanted the runs with which the night began: {', '.join(sources)}"]
        )
    fresh = BatchRecord.begin(stored.folder, title, until, planned)
    for now, before in zip(fresh.runs, stored.runs, strict=True):
        now["folder"] = before["folder"]
        if before["state"] in (FINISHED, PRUNED):
            now.update(before)
        now["seconds"] = before["seconds"]
    fresh.body["started"] = stored.body["started"]
    return fresh


def run_results(run: Run) -> dict[str, Any]:
    """Return what a batch keeps of a finished run."""
    summary = read_summary(run)
    return {
        "name": run.manifest.get("name"),
        "seed": summary.seed,
        "paths": summary.paths,
        "stop": summary.stop.to_dict(),
        "stress": list(summary.stress),
        "digest": summary.digest,
        "simulate_s": summary.timing.simulate_s,
        "headline": headline(summary),
    }


def headline(summary: RunSummary) -> dict[str, Any]:
    """Return mean and CVaR of each plan's NPV from a summary; CVaR at the level nearest to 95 %."""
    figures: dict[str, Any] = {}
    for plan, metrics in summary.plans.items():
        npv = metrics.get("npv")
        if npv:
            level = min(npv.cvar, key=lambda level: abs(level - 0.95), default=None)
            note = {"note": npv.note} if npv.note else {}
            figures[plan] = {
                "mean": {"mean": npv.mean, "stderr": npv.stderr, "n": npv.n, **note},
                "level": None if level is None else str(level),
                "cvar": None if level is None else npv.cvar[level].to_dict(),
                "unit": npv.unit,
            }
    return figures


def _is_entry(entry: Any) -> bool:
    """True if an item of a stored record has what going on with it needs."""
    texts = ("folder", "source", "state")
    return (
        isinstance(entry, dict)
        and all(isinstance(entry.get(name), str) for name in texts)
        and isinstance(entry.get("seconds", ""), (int, float, type(None)))
    )


def _new_entry(run: PlannedRun) -> dict[str, Any]:
    config = run.config
    return {
        "folder": run.folder,
        "source": run.source,
        "title": "" if config is None else config.title or config.name,
        "stress": [] if config is None else list(config.stress),
        "plans": {} if config is None else {name: plan.title or name for name, plan in config.plans.items()},
        "state": WAITING if config is not None else REFUSED,
        "error": "\n".join(run.mistakes) or None,
        "started": None,
        "ended": None,
        "seconds": None,
    }
