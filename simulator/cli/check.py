"""`simulator check`: every mistake of a config at once, what it describes, and what a run of it will take."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simulator.cli import arguments, options
from simulator.cli.validation import validate
from simulator.errors import ConfigError

if TYPE_CHECKING:
    from simulator.config import Frozen
    from simulator.engine.forecast import Forecast
    from simulator.engine.simulation import Job


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
    threads: options.Threads = None,
    set_: options.Set = None,
    stress: options.Stress = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Validate a config and predict a run, or (--validate) figures."""
    given = {"--paths": paths, "--threads": threads, "--set": set_, "--stress": stress}
    if validated:
        if idle := [option for option, value in given.items() if value]:
            raise ConfigError([f"{option}: given with --validate, which takes cases only" for option in idle])
        validate(what or (), quiet, as_json)
        return
    if not what:
        raise typer.BadParameter("Missing argument 'CONFIG'.")
    if len(what) > 1:
        raise typer.BadParameter(f"Got unexpected extra arguments ({' '.join(what[1:])})")
    _check(Path(what[0]), paths, threads, (set_ or (), stress or ()), quiet, as_json)


def _check(
    config: Path,
    paths: str | None,
    threads: str | None,
    changes: tuple[Sequence[str], Sequence[str]],
    quiet: bool,
    as_json: bool,
) -> None:
    wrong = arguments.Mistakes()
    number = wrong.of(arguments.paths, paths)
    workers = wrong.of(arguments.threads, threads)
    checked = wrong.of(arguments.read, config, *changes)
    wrong.stop()
    assert checked is not None
    from simulator.config import freeze
    from simulator.engine.forecast import forecast
    from simulator.pipeline import job_of, warm

    frozen = freeze(checked)
    job = job_of(frozen, number, workers)
    warm(job, (lambda _: None) if quiet else arguments.say)
    expected = forecast(job)
    if as_json:
        print(json.dumps({"programme": programme(frozen), "run": _run(job, expected)}, indent=1))
    else:
        _print(frozen, job, expected)
        print(f"\n{config}: no mistakes")


def programme(frozen: Frozen) -> dict[str, Any]:
    """What a config describes: sites, notes, plans."""
    from simulator.config.schema.ranges import number
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


def _run(job: Job, expected: Forecast) -> dict[str, Any]:
    return {"paths": job.paths, "threads": job.threads, **expected._asdict()}


def _print(frozen: Frozen, job: Job, expected: Forecast) -> None:
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
    print(f"\nA run of {job.paths:,} paths, {_count(range(job.threads), 'thread')}, will take about")
    print(f"  time    {_duration(expected.seconds)} at {expected.paths_per_s:,.0f} paths/s, after start-up")
    print(f"  memory  {expected.memory / 1e9:.2f} GB")
    print(f"  disk    {expected.disk / 1e6:.0f} MB")


def _count(things: Any, noun: str) -> str:
    return f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
