"""`simulator views`: a run re-weighted by what one believes."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from simulator.cli import arguments, options
from simulator.cli.output import print_stage


def views(
    run: options.StoredRun,
    view: Annotated[
        list[str] | None,
        typer.Option("--view", metavar="VIEW", help='As "mean world.price_m36 * 0.8"; repeatable, all hold together.'),
    ] = None,
    accept_changes: options.AcceptChangedRun = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Re-weight a run so that a view on its worlds holds.

    A view is on the mean, the median or another quantile of a column of the sample or of an input, or on a probability:
    "median world.delay_mean = 48", "P(world.eps < 0.01) = 30 %". Nothing is simulated.
    """
    mistakes = arguments.MistakeCollector()
    mistakes.check(arguments.finished_run, run)
    mistakes.raise_any()
    from simulator.analyses.views import views as analysis

    result = analysis(run, view or (), accept_changes=accept_changes, say=None if quiet else print_stage)
    if as_json:
        print(json.dumps(result, indent=1))
        return
    from simulator.report.views_text import views_text

    print(views_text(result), end="")
