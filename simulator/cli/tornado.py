"""`simulator tornado`: which inputs move a risk figure most."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from simulator.cli import arguments, options

PATHS = "20000"
_NAME = 44
_SHOWN = 30


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
        _print(found)
        if target is not None:
            print(f"\nwritten {target / 'tornado.json'}, {target / 'figures' / 'tornado.png'}")


def _keep(found: dict[str, Any], out: Path) -> None:
    from simulator.report import tornado_figure
    from simulator.results.store import FIGURES, RunFolder

    folder = RunFolder(out)
    folder.write_json("tornado.json", found)
    folder.write(f"{FIGURES}/tornado.png", tornado_figure(found))


def _print(found: dict[str, Any]) -> None:
    """The table: what each end changes, with two standard errors, and the inputs that change nothing."""
    owner = f"{found['plan']}.{found['metric']}"
    unit = f", {found['unit']}" if found["unit"] else ""
    print(f"{found['measure']} of {owner}{unit}: {_number(found['base'])} on {found['paths']:,} paths; changes by")
    if found["stress"]:
        print(f"under stress, not the base: {', '.join(found['stress'])}")
    print(f"{'input held at':<{_NAME}}{'low':>10}{'high':>10}   {'at low':<20}at high")
    for bar in found["bars"][:_SHOWN]:
        name = bar["input"] if len(bar["input"]) < _NAME else f"{bar['input'][: _NAME - 4]}..."
        low, high = (_change(bar, end) for end in ("low", "high"))
        print(f"{name:<{_NAME}}{bar['low']:>10.4g}{bar['high']:>10.4g}   {low:<20}{high}")
    if len(found["bars"]) > _SHOWN:
        print(f"... and {len(found['bars']) - _SHOWN} more that move it less (--json and --out give all)")
    idle = [bar["input"] for bar in found["bars"] if bar["delta_low"] == bar["delta_high"] == 0]
    print(f"changes are given with two standard errors of the paired difference; seed {found['seed']}")
    if idle:
        print(f"no effect at all: {', '.join(idle)}")


def _change(bar: dict[str, Any], end: str) -> str:
    delta, error = bar[f"delta_{end}"], bar[f"stderr_{end}"]
    return "undefined" if delta is None else f"{delta:+.4g} ± {2 * (error or 0.0):.2g}"


def _number(x: float | None) -> str:
    return "undefined" if x is None else f"{x:.4g}"
