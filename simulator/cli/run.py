"""`simulator run`: simulate a config, or several in a night, and leave run folders."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from simulator import event_log
from simulator.cli import arguments, options
from simulator.errors import STDOUT, RunError, exit_code

if TYPE_CHECKING:
    from simulator.results.store import Run


class Unprinted(RunError):
    """A complete run whose results could not be printed; its cause is the error of standard output."""


class Asked(NamedTuple):
    """What the options say, checked; None where they say nothing."""

    paths: int | None
    precision: Sequence[str]
    until: str | None
    strict: bool
    threads: int | None
    seed: int | None
    overrides: Sequence[str]
    stress: Sequence[str]
    resume: bool
    accept_changes: bool
    checkpoint: float | None
    cluster: str | None
    report: bool
    quiet: bool
    as_json: bool

    @property
    def say(self) -> Callable[[str], None] | None:
        """Who is told of stages."""
        return None if self.quiet else arguments.say


def run(
    configs: options.Configs,
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
    log_json: options.LogJson = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Simulate a config: risk table, run folder and report.

    Interrupted runs go on with --resume. Several configs, or a list of runs, make a night: one folder, one index page.
    """
    wrong = arguments.Mistakes()
    with event_log.kept(wrong.of(arguments.log, log_json)), _journalled() as told:
        asked = Asked(
            paths=wrong.of(arguments.paths, paths),
            precision=precision or (),
            until=wrong.of(arguments.until, until),
            strict=strict,
            threads=wrong.of(arguments.threads, threads),
            seed=wrong.of(arguments.seed, seed),
            overrides=set_ or (),
            stress=stress or (),
            resume=resume,
            accept_changes=accept_changes,
            checkpoint=wrong.of(arguments.seconds, "--checkpoint", checkpoint),
            cluster=wrong.of(arguments.cluster, cluster),
            report=not no_report,
            quiet=quiet,
            as_json=as_json,
        )
        lists = arguments.lists(configs)
        if lists or len(configs) > 1:
            from simulator.cli.batch import night

            told.update(event="night_end")
            night(configs, lists, out, asked, wrong, told)
        else:
            _one(configs[0], out, asked, wrong, told)


@contextmanager
def printing(complete: str) -> Iterator[None]:
    """A block that prints results; if they cannot be printed, say why, and what is there all the same."""
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        raise Unprinted(f"{STDOUT}: {(error.strerror or str(error)).lower()}\n{complete}") from error


@contextmanager
def _journalled() -> Iterator[dict[str, Any]]:
    """Tell the journal how the command ended; what is put into the dictionary stands in its last event."""
    told: dict[str, Any] = {}
    code = 0
    try:
        yield told
    except typer.Exit as end:
        code = end.exit_code
        raise
    except BaseException as error:
        behind = error.__cause__ if isinstance(error, Unprinted) else error
        if not isinstance(behind, BrokenPipeError):  # a reader that left is no failure
            code = exit_code(error)
            event_log.failed(error)
        raise
    finally:
        event_log.event(told.pop("event", "end"), exit_code=code, **told)


def _one(config: Path, out: str | None, asked: Asked, wrong: arguments.Mistakes, told: dict[str, Any]) -> None:
    """One run, as a command of its own."""
    target = wrong.of(arguments.new_folder, out, asked.resume)
    checked = wrong.of(arguments.read, config, asked.overrides, asked.stress)
    wrong.stop()
    from simulator import pipeline

    assert checked is not None
    assert asked.checkpoint is not None
    done = pipeline.run(
        checked, target, paths=asked.paths, precision=asked.precision, until=asked.until, threads=asked.threads,
        seed=asked.seed, draw=False, resume=asked.resume, accept_changes=asked.accept_changes,
        checkpoint=asked.checkpoint, cluster=asked.cluster, say=asked.say,
    )  # fmt: skip
    told.update(run=str(done.path), digest=done.manifest["digest"])
    undrawn = _draw(done, asked.say) if asked.report else None
    with printing(f"The run is complete in {done.path}."):
        if asked.as_json:
            print(json.dumps(done.summary, indent=1))
        else:
            names = "".join(f" --stress {name}" for name in asked.stress)
            _print(done, config, drawn=asked.report and undrawn is None, stress=names)
    if undrawn is not None:
        raise undrawn
    if asked.strict and not all(one["met"] for one in done.summary["stop"].get("precision", ())):
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
    from simulator.report.tables import not_shrinking, risk_table, wrapped

    print(risk_table(done.summary))
    for text in not_shrinking(done.summary, 5):
        print("\n".join(wrapped(f"warning: {text}")))
    timing = done.summary["timing"]
    print(f"{done.summary['paths']:,} paths in {timing['simulate_s']:.1f} s, seed {done.summary['seed']}")
    print("\n  ".join(stopped(done.summary["stop"])))
    print(f"run     {done.path}")
    if drawn:
        print(f"report  {done.path / 'report.html'}")
    print("\nWhat next:")
    for command in (
        f"simulator tornado {config}{stress} --out {done.path}",
        f"simulator replay {done.path} --worst 5",
        f"simulator report {done.path}",
        f"simulator run {config}{stress} --set drivers.price.spot0=20",
    ):
        print(f"  {command}")
