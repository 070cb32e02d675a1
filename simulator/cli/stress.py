"""`simulator stress`: what a risk figure becomes in each stress set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from simulator.cli import arguments, options
from simulator.cli.output import print_stage

PATHS = "20000"


def stress(
    config: options.Config,
    sets: Annotated[
        list[str] | None,
        typer.Option("--sets", metavar="NAME", help="A stress set, shipped or a TOML file; repeatable. Default: all."),
    ] = None,
    metric: Annotated[
        str, typer.Option("--metric", help='A metric, as npv, or an event on one, as "npv < 0".')
    ] = "npv",
    measure: Annotated[
        str, typer.Option("--measure", help="mean, probability, or var95, cvar95, cvar99 and alike for amounts.")
    ] = "cvar95",
    paths: Annotated[str, typer.Option("--paths", metavar="N", help="Paths of every scenario.")] = PATHS,
    out: Annotated[
        str | None, typer.Option("--out", metavar="DIR", help="Write stress.json and the chart here, as into a run.")
    ] = None,
    threads: options.Threads = None,
    seed: options.Seed = None,
    set_: options.Set = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Compare every plan in the base and under stress."""
    mistakes = arguments.MistakeCollector()
    path_count = mistakes.check(arguments.paths, paths)
    thread_count = mistakes.check(arguments.threads, threads)
    seed_number = mistakes.check(arguments.seed, seed)
    folder_path = mistakes.check(arguments.folder, out)
    checked = mistakes.check(arguments.load_config, config, set_ or ())
    named = None if sets is None else [name for text in sets for name in text.split(",")]
    mistakes.check(arguments.stress_sets, named)
    mistakes.raise_any()
    from simulator.analyses import stress as analysis

    assert checked is not None
    assert path_count is not None
    result = analysis.stress(
        checked,
        named,
        metric,
        measure,
        paths=path_count,
        threads=thread_count,
        seed=seed_number,
        say=None if quiet else print_stage,
    )
    if folder_path is not None:
        _write(result, folder_path)
    if as_json:
        print(json.dumps(result, indent=1))
    else:
        from simulator.report.text_tables import stress_table

        print(stress_table(result), end="")
        if folder_path is not None:
            print(f"\nwritten {folder_path / 'stress.json'}, {folder_path / 'figures' / 'stress.png'}")


def _write(result: dict[str, Any], out: Path) -> None:
    from simulator.report import stress_figure
    from simulator.results.store import FIGURES, RunFolder

    folder = RunFolder(out)
    folder.write_json("stress.json", result)
    folder.write(f"{FIGURES}/stress.png", stress_figure(result))
