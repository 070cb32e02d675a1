"""`simulator run`: simulate a config, or several in a batch, and leave run folders."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from shlex import join
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simulator import event_log
from simulator.cli import arguments, options
from simulator.cli.output import OutputOptions, UnprintedError, print_line, printing
from simulator.errors import Interrupted, exit_code, find_signal

if TYPE_CHECKING:
    from simulator.config import Config
    from simulator.engine.run_request import RunRequest
    from simulator.results.store import Run


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
    mistakes = arguments.MistakeCollector()
    with event_log.events_to(mistakes.check(arguments.open_log, log_json)), _log_end() as last_event:
        from simulator.engine.run_request import CHECKPOINT_SECONDS, RunRequest

        request = RunRequest(
            config=configs[0],
            overrides=tuple(set_ or ()),
            stress=tuple(stress or ()),
            paths=mistakes.check(arguments.paths, paths),
            precision=tuple(precision or ()),
            until=mistakes.check(arguments.until, until),
            threads=mistakes.check(arguments.threads, threads),
            seed=mistakes.check(arguments.seed, seed),
            resume=resume,
            accept_changes=accept_changes,
            checkpoint=mistakes.check(arguments.seconds, "--checkpoint", checkpoint) or CHECKPOINT_SECONDS,
            cluster=mistakes.check(arguments.cluster, cluster),
            report=not no_report,
        )
        output = OutputOptions(strict, quiet, as_json)
        lists = arguments.find_lists(configs)
        if lists or len(configs) > 1:
            from simulator.cli.batch import run_batch

            last_event.update(event="night_end")
            run_batch(configs, lists, out, request, output, mistakes, last_event)
        else:
            _run_one(out, request, output, mistakes, last_event)


@contextmanager
def _log_end() -> Iterator[dict[str, Any]]:
    """Log how the command ended; the entries of the dictionary become fields of that last event."""
    fields: dict[str, Any] = {}
    code = 0
    try:
        yield fields
    except typer.Exit as end:
        code = end.exit_code
        raise
    except BaseException as error:
        cause = error.__cause__ if isinstance(error, UnprintedError) else error
        if not isinstance(cause, BrokenPipeError):  # a reader that left is no failure
            code = exit_code(error)
            event_log.log_failure(error)
        raise
    finally:
        event_log.log_event(fields.pop("event", "end"), exit_code=code, **fields)


def _run_one(
    out: str | None,
    request: RunRequest,
    output: OutputOptions,
    mistakes: arguments.MistakeCollector,
    last_event: dict[str, Any],
) -> None:
    """Carry out one run, as a command of its own."""
    folder = mistakes.check(arguments.new_folder, out, request.resume)
    config = mistakes.check(arguments.load_config, request.config, request.overrides, request.stress)
    mistakes.raise_any()
    from simulator import pipeline

    assert config is not None
    _warn(config, output)
    done = pipeline.execute(replace(request, config=config, out=folder, report=False), output.on_stage)
    last_event.update(run=str(done.path), digest=done.manifest["digest"])
    undrawn = _draw(done, output.on_stage) if request.report else None
    with printing(f"The run is complete in {done.path}."):
        if output.as_json:
            print(json.dumps(done.summary, indent=1))
        else:
            _print(done, request, drawn=request.report and undrawn is None)
    if undrawn is not None:
        raise undrawn
    if output.strict and not all(target["met"] for target in done.summary["stop"].get("precision", ())):
        raise typer.Exit(3)


def _warn(config: Config, output: OutputOptions) -> None:
    """Print on stderr what looks wrong in a config."""
    from simulator.config.plausibility import find_doubts

    if not output.quiet:
        for doubt in find_doubts(config):
            print_line(f"warning: {doubt}")


def _draw(done: Run, on_stage: Callable[[str], None] | None) -> Exception | None:
    """Draw the report; return the error that prevents it, so that the results are printed all the same."""
    from simulator import pipeline

    try:
        pipeline.draw_report(done.path, on_stage)
    except Exception as error:
        if isinstance(find_signal(error), (Interrupted, KeyboardInterrupt)):
            raise
        return error
    return None


def _print(done: Run, request: RunRequest, drawn: bool) -> None:
    from simulator.report.headline import stop_lines
    from simulator.report.text_tables import convergence_sentences, risk_table, wrapped
    from simulator.risk.summary import read_summary

    summary = read_summary(done)
    print(risk_table(summary))
    for text in convergence_sentences(summary, 5):
        print("\n".join(wrapped(f"warning: {text}")))
    print(f"{summary.paths:,} paths in {summary.timing.simulate_s:.1f} s, seed {summary.seed}")
    print("\n  ".join(stop_lines(summary.stop)))
    print(f"run     {done.path}")
    if drawn:
        print(f"report  {done.path / 'report.html'}")
    print("\nWhat next:")
    for words in _next_commands(str(done.path), request):
        print(f"  simulator {join(words)}")


def _next_commands(folder: str, request: RunRequest) -> Iterator[list[str]]:
    """Yield the words of commands that lead on from a run."""
    changes = [word for change in request.overrides for word in ("--set", change)]
    config = [str(request.config), *changes, *(word for name in request.stress for word in ("--stress", name))]
    yield ["tornado", *config, "--out", folder]
    yield ["replay", folder, "--worst", "5"]
    yield ["report", folder]
    yield ["run", *config, "--set", "drivers.price.spot0=20"]
