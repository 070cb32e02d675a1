"""`simulator run` with several configs or a list of runs: a night, its folder and its index."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from simulator.cli import arguments

if TYPE_CHECKING:
    from simulator.cli.run import Asked


def night(
    files: Sequence[Path],
    lists: Sequence[Path],
    out: str | None,
    asked: Asked,
    wrong: arguments.Mistakes,
    told: dict[str, Any],
) -> None:
    """Run all; exit code 0, 1 if one failed, 2 if none could be run, 3 if a precision was missed with --strict."""
    target = wrong.of(arguments.night_folder, out, asked.resume)
    from simulator.batch import planning, running
    from simulator.batch.record import FAILED, FINISHED, REFUSED
    from simulator.cli.run import printing

    given = planning.Given(asked.paths, asked.seed, tuple(asked.precision), tuple(asked.overrides), tuple(asked.stress))
    plan = wrong.of(planning.plan, files, lists, given)
    if plan is None or wrong.found or not any(one.config for one in plan.runs):
        wrong.found += plan.mistakes if plan else []
        wrong.stop()
    assert plan is not None
    assert asked.checkpoint is not None
    _warn(plan.mistakes, sum(one.config is None for one in plan.runs), len(plan.runs))
    how = running.How(
        threads=asked.threads,
        checkpoint=asked.checkpoint,
        draw=asked.report,
        resume=asked.resume,
        accept_changes=asked.accept_changes,
        cluster=asked.cluster,
        until=asked.until,
        say=asked.say,
        tell=lambda line, bad: _tell(line, asked.quiet and not bad),
    )
    done = running.run(plan, target, how)
    folder = done.folder.path
    told.update(folder=str(folder), **{state: done.count(state) for state in (FINISHED, FAILED, REFUSED)})
    with printing(f"The night is complete in {folder}."):
        print(json.dumps(done.body, indent=1) if asked.as_json else "\n".join(_table(done.body, folder)))
    if done.count(FAILED, REFUSED) or any(one["error"] for one in done.runs):
        raise typer.Exit(1)
    missed = [one for run in done.runs for one in (run.get("stop") or {}).get("precision", ()) if not one["met"]]
    if asked.strict and missed:
        raise typer.Exit(3)


def _warn(mistakes: Sequence[str], broken: int, runs: int) -> None:
    """Every mistake, before the runs that have none begin."""
    if mistakes:
        noun = "error" if len(mistakes) == 1 else "errors"
        said = f"{len(mistakes)} {noun}: {broken} of {runs} runs cannot be run, the others are."
        with suppress(OSError):
            print("\n".join([*mistakes, said]), file=sys.stderr, flush=True)


def _tell(line: str, silent: bool) -> None:
    if not silent:
        with suppress(OSError):
            print(line, file=sys.stderr, flush=True)


def _table(night: Mapping[str, Any], folder: Path) -> Iterator[str]:
    """What became of every run, and the mean and CVaR of its plans."""
    from simulator.batch.record import INDEX
    from simulator.report.batch import verdict
    from simulator.report.headline import figure, mean
    from simulator.report.numbers import percent, plain
    from simulator.report.tables import interval, value

    yield "Figures are of NPV, nominal USD bn, with 95 % intervals."
    for run in night["runs"]:
        about = f", {run['paths']:,} paths, seed {run['seed']}, digest {run['digest'][:12]}" if "digest" in run else ""
        yield f"\n{plain(run['folder'], 100)}: {verdict(run)}{about}"
        for plan, npv in run.get("headline", {}).items():
            one, tail = mean(npv["mean"]), figure(npv["cvar"])
            text = f"  {plain(plan, 20):<22}mean {value(one, 'amount'):>8} ({interval(one, 'amount')})"
            if npv["level"] is not None and tail.value is not None:
                level = percent(float(npv["level"]), 0)
                text += f"  CVaR {level} {value(tail, 'amount'):>7} ({interval(tail, 'amount')})"
            yield text
        if run["error"]:
            yield from (f"  {line}" for line in run["error"].splitlines())
    yield f"\nnight  {folder}"
    yield f"index  {folder / INDEX}"
