"""`simulator bench`: how fast this machine simulates. Comparisons with other programs live in `benchmarks/`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from simulator.cli import arguments, options


def bench(
    config: Annotated[Path | None, typer.Argument(help="A config; default: the shipped flagship.")] = None,
    paths: Annotated[str, typer.Option("--paths", metavar="N", help="Paths of each measurement.")] = "131072",
    compile_: Annotated[
        bool, typer.Option("--compile", help="Measure a cold compile too: half a minute or more.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the JSON here as well.")] = None,
    set_: options.Set = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Measure how fast this machine simulates."""
    wrong = arguments.Mistakes()
    number = wrong.of(arguments.paths, paths)
    wrong.of(arguments.folder, None if out is None else str(out.parent))
    from simulator.cli import templates

    with templates.path(templates.default()) as shipped:
        checked = wrong.of(arguments.read, shipped if config is None else config, set_ or ())
    wrong.stop()
    assert number is not None
    assert checked is not None
    from simulator.config import freeze
    from simulator.engine import speed
    from simulator.pipeline import job_of, warm

    tell = (lambda _: None) if quiet else arguments.say
    job = job_of(freeze(checked), number)
    load_s = warm(job, tell)
    tell("measuring")
    found = speed.measure(job) | {"start_s": load_s, "compile_s": None}
    if compile_:
        tell("compiling in an empty cache")
        found["compile_s"] = speed.cold_compile()
    text = json.dumps(found, indent=1)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text + "\n", "utf-8")
    print(text if as_json else _table(found))


def _table(found: dict[str, Any]) -> str:
    lines = [
        ("draws", f"{found['ns_per_normal']:.2f} ns a normal, numpy {found['numpy_ns_per_normal']:.2f}"),
        ("speed-up", f"{found['normal_ratio']:.1f} times numpy's Philox"),
        *((f"{k} thread{'s' * (k != '1')}", f"{ns:,.0f} ns a path") for k, ns in found["ns_per_path"].items()),
        ("scaling", "  ".join(f"{ratio:.2f} on {k}" for k, ratio in found["scaling"].items())),
        ("tallies", f"{100 * found['tally_share']:.0f} % of the time on one thread"),
        ("start", f"{found['start_s']:.1f} s to load the kernel"),
    ]
    if found["compile_s"] is not None:
        lines.append(("compile", f"{found['compile_s']:.1f} s from nothing"))
    return "\n".join(f"{name:<12}{text}" for name, text in lines)
