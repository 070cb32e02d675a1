"""`simulator check`: every mistake of a config at once, what it describes, and what a run of it will take."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simulator.cli import arguments, options
from simulator.cli.validation import validate
from simulator.errors import ConfigError

if TYPE_CHECKING:
    from simulator.config import Config, Frozen


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
        typer.Option("--against", metavar="RUN", help="Compare with what became of a run of this config."),
    ] = None,
    threads: options.Threads = None,
    set_: options.Set = None,
    stress: options.Stress = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Validate a config and predict a run, or (--validate) figures."""
    ends = {"--paths": paths, "--precision": precision, "--until": until}
    given = {**ends, "--against": against, "--threads": threads, "--set": set_, "--stress": stress}
    if validated:
        if idle := [option for option, value in given.items() if value]:
            raise ConfigError([f"{option}: given with --validate, which takes cases only" for option in idle])
        validate(what or (), quiet, as_json)
        return
    if not what:
        raise typer.BadParameter("Missing argument 'CONFIG'.")
    if len(what) > 1:
        raise typer.BadParameter(f"Got unexpected extra arguments ({' '.join(what[1:])})")
    config, wrong = Path(what[0]), arguments.Mistakes()
    number = wrong.of(arguments.paths, paths)
    end = wrong.of(arguments.until, until)
    workers = wrong.of(arguments.threads, threads)
    if against is not None:
        wrong.found += [f"{option}: given with --against, which takes the run's own" for option in ends if ends[option]]
        wrong.of(arguments.a_run, against)
    checked = wrong.of(arguments.read, config, set_ or (), stress or ())
    wrong.stop()
    assert checked is not None
    say = (lambda _: None) if quiet else arguments.say
    if against is None:
        _predict(config, checked, (number, tuple(precision or ()), end), workers, say, as_json)
    else:
        _against(checked, against, workers, say, as_json)


def _predict(
    config: Path,
    checked: Config,
    ends: tuple[int | None, tuple[str, ...], str | None],
    threads: int | None,
    say: Callable[[str], None],
    as_json: bool,
) -> None:
    """Describe a config and foretell its run."""
    from simulator.cli import forecast
    from simulator.config import freeze
    from simulator.engine.run_forecast import predict
    from simulator.engine.stopping import Asked
    from simulator.pipeline import job_of, warm

    frozen, asked = freeze(checked), Asked(*ends)
    job = job_of(frozen, asked.paths, threads)
    warm(job, say)
    found = predict(job, asked, frozen.levels)
    if as_json:
        run = {**found.told(), "paths": int(found.paths.expected), "range": found.told()["paths"]}
        print(json.dumps({"programme": programme(frozen), "run": {**run, "threads": job.threads}}, indent=1))
        return
    _print(frozen)
    print("\n".join(forecast.lines(found, job.threads)))
    print(f"\n{config}: no mistakes")


def _against(checked: Config, folder: Path, threads: int | None, say: Callable[[str], None], as_json: bool) -> None:
    """Foretell a run that has been, and compare."""
    from simulator.analyses.stored_runs import predict_again
    from simulator.cli import forecast

    found, rows, run = predict_again(checked, folder, threads=threads, say=say)
    ended = run.summary["stop"]["rule"]
    if as_json:
        told = {**found.told(), "ended": ended, "against": rows}
        print(json.dumps(told, indent=1))
    else:
        print("\n".join(forecast.compared(rows, found.rule, ended)))


def programme(frozen: Frozen) -> dict[str, Any]:
    """What a config describes: sites, notes, plans."""
    from simulator.config.fields.ranges import number
    from simulator.finance.training import TrainingRun

    def site(one: Any) -> dict[str, Any]:
        told = {"id": one.id, "region": one.region, "mw": number(one.mw), "planned": number(one.planned)}
        if one.model is not None:
            keys = type(one.model).model_fields
            told["training_days"] = TrainingRun(**{key: number(getattr(one.model, key)) for key in keys}).days
        return told

    config = frozen.config
    return {
        "name": config.name,
        "start": config.start,
        "months": config.months,
        "gw": sum(number(one.mw) for one in config.sites) / 1000.0,
        "sites": [site(one) for one in config.sites],
        "notes": sum(number(note.amount) for note in config.notes),
        "plans": list(frozen.plans),
        "inputs": len(frozen.inputs()),
        "stress": list(config.stress),
    }


def _print(frozen: Frozen) -> None:
    told = programme(frozen)
    print(f"{frozen.config.title or told['name']}: {told['gw']:.3f} GW at {_count(told['sites'], 'site')}")
    print(f"{told['months']} months from {told['start']}, month 0; {told['inputs']} uncertain inputs")
    if told["stress"]:
        print(f"under stress, not the base: {', '.join(told['stress'])}")
    print()
    for site in told["sites"]:
        days = f"   trains for {site['training_days']:.0f} days" if "training_days" in site else ""
        print(f"  {site['id']:<20}{site['region']:<20}{site['mw']:>8,.0f} MW   month {site['planned']:>3.0f}{days}")
    print(f"\n  notes   {told['notes']:.1f} USD bn in {_count(frozen.config.notes, 'note')}")
    for plan in told["plans"]:
        print(f"  plan    {plan:<20}{frozen.config.plans[plan].title}")
    print()


def _count(things: Any, noun: str) -> str:
    return f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"
