"""`simulator report`: draw the report of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(run: Annotated[Path, typer.Argument(help="A run folder.", show_default=False)]) -> None:
    """Draw the report of a run folder.

    Nothing is simulated: it shows what the run left.
    """
    from simulator.cli import arguments
    from simulator.report import build
    from simulator.results.store import open_run

    arguments.finished_run(run)
    print(build(open_run(run).path))
