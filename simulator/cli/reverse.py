"""`simulator reverse`: what would have to happen for an event."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from simulator.cli import arguments, options
from simulator.cli.output import print_stage

PATHS = "4096"


def reverse(
    run: options.StoredRun,
    event: Annotated[
        str, typer.Option("--event", help='An event, as breach, shortfall, "npv < -100" or "breach before 2030".')
    ] = "breach",
    plan: Annotated[str | None, typer.Option("--plan", help="A plan; default: the first.")] = None,
    paths: Annotated[
        str, typer.Option("--paths", metavar="N", help="Paths simulated for each point and changed number.")
    ] = PATHS,
    threads: options.Threads = None,
    accept_changes: options.AcceptChangedRun = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Find what leads to an event, and what prevents it.

    The most likely point, scenarios, a box of drivers, triggers twelve months before, and the change of one number of
    the plan that halves its probability. The answer is kept in reverse.json of the run.
    """
    mistakes = arguments.MistakeCollector()
    mistakes.check(arguments.finished_run, run)
    path_count = mistakes.check(arguments.paths, paths)
    thread_count = mistakes.check(arguments.threads, threads)
    mistakes.raise_any()
    from simulator.analyses.reverse.reverse import reverse as analysis
    from simulator.report.report_data import REVERSE
    from simulator.results.store import RunFolder

    assert path_count is not None
    result = analysis(
        run, event, plan=plan, paths=path_count, threads=thread_count, accept_changes=accept_changes,
        say=None if quiet else print_stage,
    )  # fmt: skip
    RunFolder.reopen(run).write_json(REVERSE, result)
    if as_json:
        print(json.dumps(result, indent=1))
        return
    from simulator.report.reverse_text import reverse_text

    print(reverse_text(result), end="")
