"""`simulator tornado`: which inputs move a risk figure most."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from simulator.cli import arguments, options

PATHS = "20000"


def tornado(
    config: options.Config,
    metric: Annotated[
        str, typer.Option("--metric", help='A metric, as npv, or an event on one, as "npv < 0".')
    ] = "npv",
    measure: Annotated[
        str, typer.Option("--measure", help="mean, probability, or var95, cvar95, cvar99 and alike for amounts.")
    ] = "cvar95",
    plan: Annotated[str | None, typer.Option("--plan", help="A plan; default: the first.")] = None,
    paths: Annotated[str, typer.Option("--paths", metavar="N", help="Paths of every scenario.")] = PATHS,
    out: Annotated[
        str | None, typer.Option("--out", metavar="DIR", help="Write tornado.json and the chart here, as into a run.")
    ] = None,
    threads: options.Threads = None,
    seed: options.Seed = None,
    set_: options.Set = None,
    stress: options.Stress = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Find the inputs that move a risk figure most."""
    wrong = arguments.Mistakes()
    number = wrong.of(arguments.paths, paths)
    workers = wrong.of(arguments.threads, threads)
    key = wrong.of(arguments.seed, seed)
    target = wrong.of(arguments.folder, out)
    checked = wrong.of(arguments.read, config, set_ or (), stress or ())
    wrong.stop()
    from simulator import pipeline

    assert checked is not None
    assert number is not None
    found = pipeline.tornado(
        checked,
        metric,
        measure,
        plan=plan,
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
        from simulator.report.tables import tornado_table

        print(tornado_table(found), end="")
        if target is not None:
            print(f"\nwritten {target / 'tornado.json'}, {target / 'figures' / 'tornado.png'}")


def _keep(found: dict[str, Any], out: Path) -> None:
    from simulator.report import tornado_figure
    from simulator.results.store import FIGURES, RunFolder

    folder = RunFolder(out)
    folder.write_json("tornado.json", found)
    folder.write(f"{FIGURES}/tornado.png", tornado_figure(found))
