"""`simulator run`: simulate a config and leave a run folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli import arguments, options

if TYPE_CHECKING:
    from simulator.results.store import Run


def run(
    config: options.Config,
    out: Annotated[
        str | None, typer.Option("--out", metavar="DIR", help="Run folder; default: runs/<name>-<UTC>-s<seed>.")
    ] = None,
    paths: options.Paths = None,
    threads: options.Threads = None,
    seed: options.Seed = None,
    set_: options.Set = None,
    stress: options.Stress = None,
    no_report: Annotated[bool, typer.Option("--no-report", help="Leave the report out.")] = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Simulate a config: risk table, run folder and report."""
    wrong = arguments.Mistakes()
    number = wrong.of(arguments.paths, paths)
    workers = wrong.of(arguments.threads, threads)
    key = wrong.of(arguments.seed, seed)
    target = wrong.of(arguments.new_folder, out)
    checked = wrong.of(arguments.read, config, set_ or (), stress or ())
    wrong.stop()
    from simulator import pipeline

    assert checked is not None
    done = pipeline.run(
        checked,
        target,
        paths=number,
        threads=workers,
        seed=key,
        draw=not no_report,
        say=None if quiet else arguments.say,
    )
    if as_json:
        print(json.dumps(done.summary, indent=1))
    else:
        _print(done, config, drawn=not no_report, stress="".join(f" --stress {name}" for name in stress or ()))


def _print(done: Run, config: Path, drawn: bool, stress: str) -> None:
    from simulator.report.tables import risk_table

    print(risk_table(done.summary))
    timing = done.summary["timing"]
    print(f"{done.summary['paths']:,} paths in {timing['simulate_s']:.1f} s, seed {done.summary['seed']}")
    print(f"run     {done.path}")
    if drawn:
        print(f"report  {done.path / 'report.html'}")
    print("\nWhat next:")
    for command in (
        f"simulator tornado {config}{stress} --out {done.path}",
        f"simulator report {done.path}",
        f"simulator run {config}{stress} --set drivers.price.spot0=20",
    ):
        print(f"  {command}")
