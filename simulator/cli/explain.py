"""`simulator explain`: why a tail is what it is."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from simulator.cli import arguments, options
from simulator.cli.output import print_stage

PATHS = "8192"


def explain(
    run: options.StoredRun,
    plan: Annotated[str | None, typer.Option("--plan", help="A plan; default: the first.")] = None,
    metric: Annotated[
        str, typer.Option("--metric", help='A metric, as npv, or an event on one, as "npv < 0" or breach.')
    ] = "npv",
    measure: Annotated[
        str | None, typer.Option("--measure", help="cvar95, var99, mean; default cvar95, of an event probability.")
    ] = None,
    paths: Annotated[
        str, typer.Option("--paths", metavar="N", help="Paths simulated for each coalition of drivers.")
    ] = PATHS,
    threads: options.Threads = None,
    accept_changes: options.AcceptChangedRun = False,
    no_report: Annotated[
        bool, typer.Option("--no-report", help="Do not draw the report again, if the run has one.")
    ] = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Explain a tail: what its worlds share, what it is made of.

    The answer is kept in explain.json of the run, one for each plan, metric and measure, and shown in its report.
    """
    mistakes = arguments.MistakeCollector()
    mistakes.check(arguments.finished_run, run)
    path_count = mistakes.check(arguments.paths, paths)
    thread_count = mistakes.check(arguments.threads, threads)
    mistakes.raise_any()
    from simulator.analyses.explain import explain as analysis
    from simulator.analyses.explain.stored import keep_explanation

    assert path_count is not None
    say = None if quiet else print_stage
    result = analysis.explain(
        run,
        plan=plan,
        metric=metric,
        measure=measure,
        paths=path_count,
        threads=thread_count,
        accept_changes=accept_changes,
        say=say,
    )
    keep_explanation(run, result)
    if as_json:
        print(json.dumps(result, indent=1))
    else:
        from simulator.report.explain_text import explain_text

        print(explain_text(result), end="")
    if not no_report and (run / "report.html").exists():
        from simulator.report import build

        if say is not None:
            say("drawing the report")
        build(run)
