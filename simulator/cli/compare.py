"""`simulator compare`: plans of a run against each other, two runs, and where two plans change places."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated, Any

import typer

from simulator.cli import arguments, options
from simulator.cli.output import print_stage
from simulator.errors import ConfigError

PATHS = "20000"
FILE = "comparison.json"
_OtherRun = Annotated[
    Path | None,
    typer.Argument(help="Another run on the same seed: its plans less the first's.", parser=arguments.user_path),
]


def compare(
    run: options.StoredRun,
    run2: _OtherRun = None,
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
    mistakes = arguments.MistakeCollector()
    for folder in (run, run2):
        if folder is not None:
            mistakes.check(arguments.finished_run, folder)
    chosen = None if plans is None else [name.strip() for name in plans.split(",")]
    slack = mistakes.check(_number, "--tolerance", tolerance, 0.0)
    path_count = mistakes.check(arguments.paths, paths)
    thread_count = mistakes.check(arguments.threads, threads)
    ends = mistakes.check(_number, "--low", low), mistakes.check(_number, "--high", high)
    folder_path = mistakes.check(arguments.folder, out)
    mistakes.check(_check_combination, run2, break_even, ends)
    mistakes.raise_any()
    import simulator
    from simulator.results.store import CONFIG

    assert slack is not None
    result = simulator.compare(run, run2, metric, plans=chosen, tolerance=slack)
    if break_even is not None:
        assert path_count is not None
        result["break_even"] = simulator.break_even(
            run / CONFIG, break_even, *ends, plans=chosen, metric=metric, measure=measure, paths=path_count,
            threads=thread_count, seed=result["runs"][0]["seed"], say=None if quiet else print_stage,
        )  # fmt: skip
    _print(result, [] if folder_path is None else _write(result, folder_path), as_json)


def _number(option: str, text: str | None, least: float = -math.inf) -> float | None:
    """Return the finite number in `text`, at least `least`."""
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or number < least:
        description = "a number" if least == -math.inf else f"a number of at least {least:g}"
        raise ConfigError([f"{option}: given {text}, wanted {description}"])
    return number


def _check_combination(run2: Path | None, break_even: str | None, ends: tuple[float | None, float | None]) -> None:
    """Refuse options that mean nothing with each other."""
    if break_even is not None and run2 is not None:
        raise ConfigError(["--break-even: given with two runs, wanted one: it varies an input of its config"])
    if break_even is None and ends != (None, None):
        raise ConfigError(["--low, --high: given without --break-even KEY, wanted the input they are of"])


def _write(result: dict[str, Any], out: Path) -> list[Path]:
    from simulator.report import comparison_figures
    from simulator.results.store import FIGURES, RunFolder

    folder = RunFolder(out)
    folder.write_json(FILE, result)
    pictures = comparison_figures(result)
    for name, data in pictures.items():
        folder.write(f"{FIGURES}/{name}.png", data)
    return [out / FILE, *(out / FIGURES / f"{name}.png" for name in pictures)]


def _print(result: dict[str, Any], written: list[Path], as_json: bool) -> None:
    if as_json:
        print(json.dumps(result, indent=1))
        return
    from simulator.report.comparison_text import break_even_text, comparison_text

    print(comparison_text(result), end="")
    if "break_even" in result:
        print("\n" + break_even_text(result["break_even"]), end="")
    if written:
        print(f"\nwritten {', '.join(map(str, written))}")
