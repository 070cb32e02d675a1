"""The page of an overnight batch: the outcome of each run, headline figures, and links to the reports beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import quote

from simulator.report.headline import recorded_mean, stop_lines
from simulator.report.number_format import distinct_titles, level_percent, plain
from simulator.report.page_tables import Cell, figure_cell
from simulator.report.templating import environment
from simulator.report.text_tables import stress_suffix
from simulator.risk.intervals import Figure
from simulator.risk.summary import StopSummary

__all__ = ["render_batch", "run_verdict"]


_VERDICTS = {
    "waiting": "not begun",
    "running": "running",
    "finished": "finished",
    "failed": "failed",
    "refused": "not run: its config is wrong",
    "interrupted": "interrupted, can go on",
    "pruned": "finished, its folder was pruned",
}
_NONE = Cell("\N{EN DASH}", "", "")


class _Line(NamedTuple):
    """One run of the batch, as on the page."""

    number: int
    name: str
    title: str
    source: str
    link: str  # to its report, or its folder; empty where there is neither
    verdict: str
    bad: bool
    paths: str
    seed: str
    stop: tuple[str, ...]
    digest: str
    time: str
    error: str
    traceback: str
    plans: tuple[tuple[str, Cell, Cell], ...]  # title, mean NPV, CVaR


def render_batch(night: Mapping[str, Any]) -> str:
    """The HTML page of a batch (its night.json)."""
    levels = _levels(night["runs"])
    lines = [_line(i, run, len(levels) == 1) for i, run in enumerate(night["runs"], 1)]
    title = plain(night["title"] or "A night of runs", 200)
    return (
        environment()
        .get_template("night.html")
        .render(night=night, title=title, lines=lines, sentences=list(_sentences(night)), tail=_tail(levels))
    )


def run_verdict(run: Mapping[str, Any]) -> str:
    """The outcome of a run in words."""
    state = _VERDICTS.get(run["state"], str(run["state"]))
    missed = [entry for entry in (run.get("stop") or {}).get("precision", ()) if not entry["met"]]
    return f"{state}, precision not reached" if missed and run["state"] == "finished" else state


def _line(number: int, run: Mapping[str, Any], shared_level: bool) -> _Line:
    done = "digest" in run
    folder = quote(run["folder"])
    link = f"{folder}/report.html" if run.get("report") else f"{folder}/" if done else ""
    return _Line(
        number=number,
        name=plain(run["folder"], 110),
        title=plain(run["title"], 110) + stress_suffix(run.get("stress"), ", "),
        source=plain(run["source"], 200),
        link="" if run["state"] == "pruned" else link,
        verdict=run_verdict(run),
        bad=run["state"] in ("failed", "refused", "interrupted") or bool(run.get("error")),
        paths=f"{run['paths']:,}" if done else "",
        seed=str(run["seed"]) if done else "",
        stop=tuple(stop_lines(StopSummary.from_dict(run["stop"]))) if done else (),
        digest=run["digest"] if done else "",
        time=_time(run.get("seconds")),
        error=run.get("error") or "",
        traceback=run.get("traceback") or "",
        plans=tuple(_plans(run, shared_level)) if done else (),
    )


def _plans(run: Mapping[str, Any], shared_level: bool) -> Iterator[tuple[str, Cell, Cell]]:
    """Title, mean and CVaR of NPV of each plan; the level beside the figure unless all runs share it."""
    titles = distinct_titles({plan: run["plans"].get(plan) for plan in run["headline"]}, 60)
    for plan, npv in run["headline"].items():
        tail = figure_cell(Figure.from_dict(npv["cvar"]), "amount") if npv["cvar"] else _NONE
        if npv["cvar"] and not shared_level:
            tail = tail._replace(interval=f"CVaR {level_percent(npv['level'])}, {tail.interval}".removesuffix(", "))
        yield titles[plan], figure_cell(recorded_mean(npv["mean"]), "amount"), tail


def _levels(runs: Sequence[Mapping[str, Any]]) -> set[float]:
    """The levels of CVaR in the headlines of the runs."""
    return {float(npv["level"]) for run in runs for npv in run.get("headline", {}).values() if npv["level"] is not None}


def _tail(levels: set[float]) -> str:
    """Head of the column of CVaR: with its level, if all runs share it."""
    return f"CVaR {level_percent(next(iter(levels)))}" if len(levels) == 1 else "CVaR"


def _sentences(night: Mapping[str, Any]) -> Iterator[str]:
    """The summary."""
    runs = night["runs"]
    states = [run["state"] for run in runs]
    finished = states.count("finished") + states.count("pruned")
    yield f"{finished} of {len(runs)} run{'s' if len(runs) > 1 else ''} finished."
    for state, words in (("failed", "failed"), ("refused", "could not be run"), ("interrupted", "was interrupted")):
        names = [plain(run["folder"], 60) for run in runs if run["state"] == state]
        if names:
            yield f"{len(names)} {words}: {', '.join(names)}."
    missed = [plain(run["folder"], 60) for run in runs if run_verdict(run).endswith("precision not reached")]
    if missed:
        yield f"Precision was not reached in {', '.join(missed)}."
    left = states.count("waiting")
    if left:
        yield f"{left} {'is' if left == 1 else 'are'} still to be begun."
    ended = f", ended {night['ended']}" if night["ended"] else ""
    until = f", to end at {night['until']}" if night["until"] else ""
    yield f"Begun {night['started']}{until}{ended}; simulator {night['version']}."
    spent = sum(run.get("seconds") or 0.0 for run in runs)
    if spent:
        yield f"The runs took {_time(spent)} together."


def _time(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds:.1f} s" if seconds < 60 else str(timedelta(seconds=round(seconds)))
