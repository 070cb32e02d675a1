"""`simulator replay`: show what happened on one path of a run, month by month."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from simulator.cli import arguments, options
from simulator.cli.output import print_stage
from simulator.errors import ConfigError

MOST_WORST = 100  # they are all held in memory


def replay(
    run: options.StoredRun,
    path: Annotated[
        list[str] | None, typer.Option("--path", metavar="ID", help="A path of the run, from 0 on; repeatable.")
    ] = None,
    worst: Annotated[
        str | None, typer.Option("--worst", metavar="K", help="The K worst paths instead, by --metric of --plan.")
    ] = None,
    plan: Annotated[
        list[str] | None,
        typer.Option("--plan", metavar="PLAN", help="Show this plan only; repeatable, --worst ranks by the first."),
    ] = None,
    metric: Annotated[str, typer.Option("--metric", help="What --worst ranks by, as npv or min_cash.")] = "npv",
    monthly: Annotated[bool, typer.Option("--monthly", help="Print months instead of calendar years.")] = False,
    out: Annotated[
        str | None,
        typer.Option("--out", metavar="DIR", help="Where JSON, CSV and chart go; default: RUN-replay, beside the run."),
    ] = None,
    accept_changes: Annotated[
        bool,
        typer.Option("--accept-changes", help="Replay even if code or machine changed; it may not be what happened."),
    ] = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Draw paths of a run again, exactly, and tell their story.

    With --json nothing is written unless --out is given.
    """
    mistakes = arguments.MistakeCollector()
    mistakes.check(arguments.stored_run, run)
    paths = [mistakes.check(_path_id, text) for text in path or ()]
    count = mistakes.check(_worst_count, worst)
    mistakes.check(_check_choice, path, worst)
    folder_path = mistakes.check(arguments.folder, out if out is not None or as_json else _beside(run))
    mistakes.raise_any()
    from simulator.analyses.replay import replay as analysis

    result = analysis.replay(
        run,
        [number for number in paths if number is not None],
        worst=count,
        plans=plan,
        metric=metric,
        accept_changes=accept_changes,
        say=None if quiet else print_stage,
    )
    written = [] if folder_path is None else _write(result, folder_path)
    if as_json:
        print(json.dumps(result, indent=1))
        return
    from simulator.report.replay_text import replay_text

    print(replay_text(result, monthly), end="")
    if written:
        print()
    for file in written:
        print(f"written {file}.json, .csv, .png")


def _path_id(text: str) -> int:
    """--path: the whole number of a path."""
    from simulator.config.schema import MOST_PATHS

    return arguments.whole_number("--path", text, 0, MOST_PATHS, "the whole number of a path")


def _worst_count(text: str | None) -> int | None:
    """--worst: how many paths."""
    return None if text is None else arguments.whole_number("--worst", text, 1, MOST_WORST, "a whole number")


def _check_choice(path: list[str] | None, worst: str | None) -> None:
    if path and worst is not None:
        raise ConfigError(["--worst: given with --path, wanted one of them"])
    if not path and worst is None:
        raise ConfigError(["--path: given none, wanted a path of the run, or --worst K"])


def _beside(run: Path) -> str:
    """Return the folder RUN-replay: a run folder holds what its manifest lists and nothing else."""
    whole = run.resolve()
    return str(
        whole.with_name(f"{whole.name}-replay") if run.name in ("", "..") else run.with_name(f"{run.name}-replay")
    )


def _write(result: dict[str, Any], out: Path) -> list[Path]:
    """Write each path as JSON, CSV and chart; returns the files without their suffix."""
    from simulator.report import replay_figure
    from simulator.report.replay_tables import monthly_csv
    from simulator.results.store import RunFolder

    folder, written = RunFolder(out), []
    for entry in result["replays"]:
        name = f"path-{entry['path']}"
        folder.write_json(f"{name}.json", {**result, "replays": [entry]})
        folder.write(f"{name}.csv", monthly_csv(entry))
        folder.write(f"{name}.png", replay_figure(result, entry))
        written.append(out / name)
    return written
