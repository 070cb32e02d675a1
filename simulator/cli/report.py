"""`simulator report`: draw the report of a run."""

from __future__ import annotations

from simulator.cli import arguments, options


def report(
    run: options.StoredRun,
) -> None:
    """Draw the report of a run folder.

    Nothing is simulated: it shows what the run left.
    """
    from simulator.report import build
    from simulator.results.store import open_run

    arguments.finished_run(run)
    print(build(open_run(run).path))
