"""`simulator stress`: what a risk figure becomes in each stress set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from simulator.cli import arguments, options

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
    wrong = arguments.Mistakes()
    number = wrong.of(arguments.paths, paths)
    workers = wrong.of(arguments.threads, threads)
    key = wrong.of(arguments.seed, seed)
    target = wrong.of(arguments.folder, out)
    checked = wrong.of(arguments.read, config, set_ or ())
    named = None if sets is None else [name for text in sets for name in text.split(",")]
    wrong.of(arguments.stress_sets, named)
    wrong.stop()
    from simulator import pipeline

    assert checked is not None
    assert number is not None
    found = pipeline.stress(
        checked,
        named,
        metric,
        measure,
        paths=number,
        threads=workers,
        seed=key,
        say=None if quiet else arguments.say,
    )
    if target is not None:
        _keep(found, target)
    if as_json:
        print(json.dumps(found, indent=1))
    else:
        from simulator.report.tables import stress_table

        print(stress_table(found), end="")
        if target is not None:
            print(f"\nwritten {target / 'stress.json'}, {target / 'figures' / 'stress.png'}")


def _keep(found: dict[str, Any], out: Path) -> None:
    from simulator.report import stress_figure
    from simulator.results.store import FIGURES, RunFolder

    folder = RunFolder(out)
    folder.write_json("stress.json", found)
    folder.write(f"{FIGURES}/stress.png", stress_figure(found))
