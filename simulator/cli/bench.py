"""`simulator bench`: how fast this machine simulates. Comparisons with other programs live in `benchmarks/`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from simulator.cli import arguments, options
from simulator.cli.output import print_stage


def bench(
    config: Annotated[
        Path | None, typer.Argument(help="A config; default: the shipped flagship.", parser=arguments.user_path)
    ] = None,
    paths: Annotated[str, typer.Option("--paths", metavar="N", help="Paths of each measurement.")] = "131072",
    compile_: Annotated[
        bool, typer.Option("--compile", help="Measure a cold compile too: half a minute or more.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write the JSON here as well.", parser=arguments.user_path),
    ] = None,
    set_: options.Set = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Measure how fast this machine simulates."""
    mistakes = arguments.MistakeCollector()
    number = mistakes.check(arguments.paths, paths)
    mistakes.check(arguments.folder, None if out is None else str(out.parent))
    from simulator.cli import templates

    with templates.path(templates.default()) as shipped:
        checked = mistakes.check(arguments.load_config, shipped if config is None else config, set_ or ())
    mistakes.raise_any()
    assert number is not None
    assert checked is not None
    from simulator.config import freeze
    from simulator.engine import speed
    from simulator.engine.simulation import make_job
    from simulator.engine.warmup import warm_up
    from simulator.event_log import stage_reporter

    report_stage = stage_reporter(None if quiet else print_stage)
    job = make_job(freeze(checked), number)
    load_s = warm_up(job, report_stage)
    report_stage("measuring")
    figures = speed.measure(job) | {"start_s": load_s, "compile_s": None}
    if compile_:
        report_stage("compiling in an empty cache")
        figures["compile_s"] = speed.cold_compile()
    text = json.dumps(figures, indent=1)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text + "\n", "utf-8")
    print(text if as_json else _table(figures))


def _table(figures: dict[str, Any]) -> str:
    lines = [
        ("draws", f"{figures['ns_per_normal']:.2f} ns a normal, numpy {figures['numpy_ns_per_normal']:.2f}"),
        ("speed-up", f"{figures['normal_ratio']:.1f} times numpy's Philox"),
        *((f"{k} thread{'s' * (k != '1')}", f"{ns:,.0f} ns a path") for k, ns in figures["ns_per_path"].items()),
        ("scaling", "  ".join(f"{ratio:.2f} on {k}" for k, ratio in figures["scaling"].items())),
        ("tallies", f"{100 * figures['tally_share']:.0f} % of the time on one thread"),
        ("start", f"{figures['start_s']:.1f} s to load the kernel"),
    ]
    if figures["compile_s"] is not None:
        lines.append(("compile", f"{figures['compile_s']:.1f} s from nothing"))
    return "\n".join(f"{name:<12}{text}" for name, text in lines)
