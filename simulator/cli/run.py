"""`simulator run`: simulate a config and leave a run folder."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli import arguments, options
from simulator.errors import RunError

if TYPE_CHECKING:
    from simulator.results.store import Run


class Unprinted(RunError):
    """A complete run whose results could not be printed; its cause is the error of standard output."""


def run(
    config: options.Config,
    out: Annotated[
        str | None, typer.Option("--out", metavar="DIR", help="Run folder; default: runs/<name>-<UTC>-s<seed>.")
    ] = None,
    paths: options.Paths = None,
    precision: options.Precision = None,
    until: options.Until = None,
    strict: options.Strict = False,
    threads: options.Threads = None,
    seed: options.Seed = None,
    set_: options.Set = None,
    stress: options.Stress = None,
    resume: options.Resume = False,
    accept_changes: options.AcceptChanges = False,
    checkpoint: options.Checkpoint = "30s",
    cluster: options.Cluster = None,
    no_report: Annotated[bool, typer.Option("--no-report", help="Leave the report out.")] = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Simulate a config: risk table, run folder and report.

    Interrupted runs go on with --resume.
    """
    wrong = arguments.Mistakes()
    number = wrong.of(arguments.paths, paths)
    workers = wrong.of(arguments.threads, threads)
    key = wrong.of(arguments.seed, seed)
    end = wrong.of(arguments.until, until)
    every = wrong.of(arguments.seconds, "--checkpoint", checkpoint)
    wrong.of(arguments.cluster, cluster)
    target = wrong.of(arguments.new_folder, out, resume)
    checked = wrong.of(arguments.read, config, set_ or (), stress or ())
    wrong.stop()
    from simulator import pipeline

    assert checked is not None
    assert every is not None
    say = None if quiet else arguments.say
    done = pipeline.run(
        checked, target, paths=number, precision=precision or (), until=end, threads=workers, seed=key, draw=False,
        resume=resume, accept_changes=accept_changes, checkpoint=every, cluster=cluster, say=say,
    )  # fmt: skip
    undrawn = None if no_report else _draw(done, say)
    try:
        if as_json:
            print(json.dumps(done.summary, indent=1))
        else:
            names = "".join(f" --stress {name}" for name in stress or ())
            _print(done, config, drawn=not no_report and undrawn is None, stress=names)
        sys.stdout.flush()
    except OSError as error:
        cause = (error.strerror or str(error)).lower()
        raise Unprinted(f"standard output: {cause}\nThe run is complete in {done.path}.") from error
    if undrawn is not None:
        raise undrawn
    if strict and not all(one["met"] for one in done.summary["stop"].get("precision", ())):
        raise typer.Exit(3)


def _draw(done: Run, say: Callable[[str], None] | None) -> RunError | None:
    """Draw the report; what keeps it from being drawn, so that the results are printed all the same."""
    from simulator import pipeline

    try:
        pipeline.draw_report(done.path, say)
    except RunError as error:
        return error
    return None


def _print(done: Run, config: Path, drawn: bool, stress: str) -> None:
    from simulator.report.headline import stopped
    from simulator.report.tables import risk_table

    print(risk_table(done.summary))
    timing = done.summary["timing"]
    print(f"{done.summary['paths']:,} paths in {timing['simulate_s']:.1f} s, seed {done.summary['seed']}")
    print("\n  ".join(stopped(done.summary["stop"])))
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
