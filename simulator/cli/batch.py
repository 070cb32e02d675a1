"""`simulator run` with several configs or a list of runs: a batch, its folder and its index."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from simulator.cli import arguments
from simulator.cli.output import OutputOptions, print_line, printing

if TYPE_CHECKING:
    from simulator.config import Config
    from simulator.engine.run_request import RunRequest


def run_batch(
    files: Sequence[Path],
    lists: Sequence[Path],
    out: str | None,
    request: RunRequest,
    output: OutputOptions,
    mistakes: arguments.MistakeCollector,
    last_event: dict[str, Any],
) -> None:
    """Run all; exit code 0, 1 if one failed, 2 if none could be run, 3 if a precision was missed with --strict."""
    folder = mistakes.check(arguments.batch_folder, out, request.resume)
    from simulator.batch import planning, running
    from simulator.batch.record import FAILED, FINISHED, REFUSED

    plan = mistakes.check(planning.plan_batch, files, lists, request)
    if plan is None or mistakes.messages or not any(run.request for run in plan.runs):
        mistakes.messages += plan.mistakes if plan else []
        mistakes.raise_any()
    assert plan is not None
    _warn(plan.mistakes, sum(run.request is None for run in plan.runs), len(plan.runs))

    if not output.quiet:
        _print_doubts(run.config for run in plan.runs)

    def report_end(line: str, failed: bool) -> None:
        if failed or not output.quiet:
            print_line(line)

    record = running.run_batch(plan, replace(request, out=folder), output.on_stage, report_end)
    path = record.folder.path
    last_event.update(folder=str(path), **{state: record.count(state) for state in (FINISHED, FAILED, REFUSED)})
    with printing(f"The night is complete in {path}."):
        print(json.dumps(record.body, indent=1) if output.as_json else "\n".join(_table(record.body, path)))
    if record.count(FAILED, REFUSED) or any(entry["error"] for entry in record.runs):
        raise typer.Exit(1)
    targets = (target for entry in record.runs for target in (entry.get("stop") or {}).get("precision", ()))
    if output.strict and not all(target["met"] for target in targets):
        raise typer.Exit(3)


def _warn(mistakes: Sequence[str], broken: int, runs: int) -> None:
    """Print every mistake, before the runs without any begin."""
    if mistakes:
        noun = "error" if len(mistakes) == 1 else "errors"
        total = f"{len(mistakes)} {noun}: {broken} of {runs} runs cannot be run, the others are."
        print_line("\n".join([*mistakes, total]))


def _print_doubts(configs: Iterable[Config | None]) -> None:
    """Print once each what looks wrong in the configs of a batch."""
    from simulator.config.plausibility import find_doubts

    doubts = (doubt for config in configs if config is not None for doubt in find_doubts(config))
    for doubt in dict.fromkeys(doubts):
        print_line(f"warning: {doubt}")


def _table(batch: Mapping[str, Any], folder: Path) -> Iterator[str]:
    """Yield the lines that show the state of every run, and the mean and CVaR of its plans."""
    from simulator.batch.record import INDEX
    from simulator.report.batch_page import run_verdict
    from simulator.report.headline import recorded_mean
    from simulator.report.number_format import level_percent, plain
    from simulator.report.text_tables import interval, value
    from simulator.risk.intervals import Figure

    yield "Figures are of NPV, nominal USD bn, with 95 % intervals."
    for run in batch["runs"]:
        about = f", {run['paths']:,} paths, seed {run['seed']}, digest {run['digest'][:12]}" if "digest" in run else ""
        yield f"\n{plain(run['folder'], 100)}: {run_verdict(run)}{about}"
        for plan, npv in run.get("headline", {}).items():
            average, tail = recorded_mean(npv["mean"]), Figure.from_dict(npv["cvar"])
            interval_text = interval(average, "amount")
            text = f"  {plain(plan, 20):<22}mean {value(average, 'amount'):>8} ({interval_text})"
            if npv["level"] is not None and tail.value is not None:
                level = level_percent(npv["level"])
                text += f"  CVaR {level} {value(tail, 'amount'):>7} ({interval(tail, 'amount')})"
            yield text
        if run["error"]:
            yield from (f"  {line}" for line in run["error"].splitlines())
    yield f"\nnight  {folder}"
    yield f"index  {folder / INDEX}"
