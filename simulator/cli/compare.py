"""`simulator compare`: plans of a run against each other, two runs, and where two plans change places."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated, Any

import typer

from simulator.cli import arguments, options
from simulator.errors import ConfigError

PATHS = "20000"
FILE = "comparison.json"


def compare(
    run: Annotated[Path, typer.Argument(help="A run folder.", show_default=False)],
    run2: Annotated[
        Path | None, typer.Argument(help="Another run on the same seed: its plans less the first's.")
    ] = None,
    metric: Annotated[
        str, typer.Option("--metric", help='A metric of the plans, as npv, or an event on one, as "npv < 0".')
    ] = "npv",
    plans: Annotated[
        str | None, typer.Option("--plans", metavar="A,B", help="Plans, differences to the first; default: all.")
    ] = None,
    tolerance: Annotated[
        str, typer.Option("--tolerance", metavar="X", help="Of dominance, in the metric's unit.")
    ] = "0.1",
    break_even: Annotated[
        str | None,
        typer.Option(
            "--break-even", metavar="KEY", help="Find the value of this input at which two plans change places."
        ),
    ] = None,
    low: Annotated[
        str | None, typer.Option("--low", metavar="X", help="Lowest value tried; default: its swing.")
    ] = None,
    high: Annotated[str | None, typer.Option("--high", metavar="X", help="Highest value tried.")] = None,
    measure: Annotated[
        str, typer.Option("--measure", help="Of the break-even: mean, probability, var95, cvar95 and alike.")
    ] = "mean",
    paths: Annotated[str, typer.Option("--paths", metavar="N", help="Paths at every value of the break-even.")] = PATHS,
    out: Annotated[
        str | None, typer.Option("--out", metavar="DIR", help=f"Write {FILE} and charts here, as into a run.")
    ] = None,
    threads: options.Threads = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Compare the plans of a run, or two runs, path by path."""
    wrong = arguments.Mistakes()
    for folder in (run, run2):
        if folder is not None:
            wrong.of(arguments.a_run, folder)
    chosen = None if plans is None else [name.strip() for name in plans.split(",")]
    slack = wrong.of(_number, "--tolerance", tolerance, 0.0)
    number = wrong.of(arguments.paths, paths)
    workers = wrong.of(arguments.threads, threads)
    ends = wrong.of(_number, "--low", low), wrong.of(_number, "--high", high)
    target = wrong.of(arguments.folder, out)
    wrong.of(_together, run2, break_even, ends)
    wrong.stop()
    from simulator.analyses import stored_runs
    from simulator.results.store import CONFIG

    assert slack is not None
    found = stored_runs.compare(run, run2, metric, plans=chosen, tolerance=slack)
    if break_even is not None:
        assert number is not None
        found["break_even"] = stored_runs.break_even(
            run / CONFIG, break_even, *ends, plans=chosen, metric=metric, measure=measure, paths=number,
            threads=workers, seed=found["runs"][0]["seed"], say=None if quiet else arguments.say,
        )  # fmt: skip
    _print(found, [] if target is None else _keep(found, target), as_json)


def _number(option: str, text: str | None, least: float = -math.inf) -> float | None:
    """A finite number, at least `least`."""
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or number < least:
        wanted = "a number" if least == -math.inf else f"a number of at least {least:g}"
        raise ConfigError([f"{option}: given {text}, wanted {wanted}"])
    return number


def _together(run2: Path | None, break_even: str | None, ends: tuple[float | None, float | None]) -> None:
    """Refuse options that mean nothing with each other."""
    if break_even is not None and run2 is not None:
        raise ConfigError(["--break-even: given with two runs, wanted one: it varies an input of its config"])
    if break_even is None and ends != (None, None):
        raise ConfigError(["--low, --high: given without --break-even KEY, wanted the input they are of"])


def _keep(found: dict[str, Any], out: Path) -> list[Path]:
    from simulator.report import comparison_figures
    from simulator.results.store import FIGURES, RunFolder

    folder = RunFolder(out)
    folder.write_json(FILE, found)
    pictures = comparison_figures(found)
    for name, data in pictures.items():
        folder.write(f"{FIGURES}/{name}.png", data)
    return [out / FILE, *(out / FIGURES / f"{name}.png" for name in pictures)]


def _print(found: dict[str, Any], written: list[Path], as_json: bool) -> None:
    if as_json:
        print(json.dumps(found, indent=1))
        return
    from simulator.report.comparison_text import break_even_text, comparison_text

    print(comparison_text(found), end="")
    if "break_even" in found:
        print("\n" + break_even_text(found["break_even"]), end="")
    if written:
        print(f"\nwritten {', '.join(map(str, written))}")
