"""`simulator check`: every mistake of a config at once, what it describes, and what a run of it will take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli import arguments, options
from simulator.cli.output import print_stage
from simulator.cli.validation import validate
from simulator.errors import ConfigError

if TYPE_CHECKING:
    from simulator.config import Config
    from simulator.config.durations import Deadline
    from simulator.event_log import StageListener


def check(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CONFIG",
            help="The config, a TOML file; with --validate numbers or files of cases, none: all.",
            show_default=False,
        ),
    ] = None,
    validated: Annotated[
        bool, typer.Option("--validate", help="Check headline figures: what is claimed, what is computed here.")
    ] = False,
    paths: options.Paths = None,
    precision: options.Precision = None,
    until: options.Until = None,
    against: Annotated[
        Path | None,
        typer.Option(
            "--against",
            metavar="RUN",
            help="Compare with what became of a run of this config.",
            parser=arguments.user_path,
        ),
    ] = None,
    threads: options.Threads = None,
    set_: options.Set = None,
    stress: options.Stress = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Validate a config and predict a run, or (--validate) figures."""
    ends = {"--paths": paths, "--precision": precision, "--until": until}
    options_set = {**ends, "--against": against, "--threads": threads, "--set": set_, "--stress": stress}
    if validated:
        if idle := [option for option, value in options_set.items() if value]:
            raise ConfigError([f"{option}: given with --validate, which takes cases only" for option in idle])
        validate(what or (), quiet, as_json)
        return
    if not what:
        raise typer.BadParameter("Missing argument 'CONFIG'.")
    if len(what) > 1:
        raise typer.BadParameter(f"Got unexpected extra arguments ({' '.join(what[1:])})")
    config, mistakes = arguments.user_path(what[0]), arguments.MistakeCollector()
    number = mistakes.check(arguments.paths, paths)
    end = mistakes.check(arguments.until, until)
    workers = mistakes.check(arguments.threads, threads)
    if against is not None:
        mistakes.messages += [
            f"{option}: given with --against, which takes the run's own" for option in ends if ends[option]
        ]
        mistakes.check(arguments.finished_run, against)
    checked = mistakes.check(arguments.load_config, config, set_ or (), stress or ())
    mistakes.raise_any()
    assert checked is not None
    on_stage = None if quiet else print_stage
    if against is None:
        _forecast(config, checked, (number, tuple(precision or ()), end), workers, on_stage, as_json)
    else:
        _compare(checked, against, workers, on_stage, as_json)


def _forecast(
    config: Path,
    checked: Config,
    criteria: tuple[int | None, tuple[str, ...], Deadline | None],
    threads: int | None,
    on_stage: StageListener | None,
    as_json: bool,
) -> None:
    """Describe a config and forecast its run."""
    from simulator.cli.check_text import config_text, describe_config
    from simulator.cli.forecast_text import forecast_lines
    from simulator.config import freeze
    from simulator.config.plausibility import find_doubts
    from simulator.config.scenario_checks import find_refused_scenarios
    from simulator.config.wording import count_noun
    from simulator.engine.run_forecast import forecast_run
    from simulator.engine.simulation import make_job
    from simulator.engine.stopping import StoppingCriteria
    from simulator.engine.warmup import warm_up
    from simulator.event_log import stage_reporter

    number, targets, end = criteria
    frozen, stopping = freeze(checked), StoppingCriteria(number, targets, end and end.text)
    warnings = [*find_doubts(checked), *find_refused_scenarios(checked)]
    job = make_job(frozen, stopping.paths, threads)
    warm_up(job, stage_reporter(on_stage))
    forecast = forecast_run(job, stopping, frozen.levels, end and end.decided)
    if as_json:
        run = forecast.to_dict()
        run = {**run, "paths": int(forecast.paths.expected), "range": run["paths"], "threads": job.threads}
        body = {**describe_config(frozen), "run": run, "warnings": warnings}
        print(json.dumps(body, indent=1))
        return
    print(config_text(frozen))
    print("\n".join(forecast_lines(forecast, job.threads)))
    print("".join(f"\nwarning: {warning}" for warning in warnings))
    print(f"{config}: no mistakes" + (f", {count_noun(len(warnings), 'warning')}" if warnings else ""))


def _compare(checked: Config, folder: Path, threads: int | None, on_stage: StageListener | None, as_json: bool) -> None:
    """Forecast a run that is finished, and compare."""
    from simulator.analyses.forecast_check import check_forecast
    from simulator.cli.forecast_text import comparison_lines
    from simulator.risk.summary import read_summary

    forecast, rows, run = check_forecast(checked, folder, threads=threads, say=on_stage)
    ended = read_summary(run).stop.rule
    if as_json:
        print(json.dumps({**forecast.to_dict(), "ended": ended, "against": rows}, indent=1))
    else:
        print("\n".join(comparison_lines(rows, forecast.rule, ended)))
