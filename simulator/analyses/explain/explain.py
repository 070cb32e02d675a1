"""Explain a stored run: why its tail is what it is, each answer with its interval.

The profile, the cash-flow lines and the stories are read off the run's sample; the attribution to drivers simulates
every coalition of them anew, from the model that the run stored.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.analyses.explain.attribution import attribute, attribution_dict
from simulator.analyses.explain.cash_lines import CASH_LINES, cash_lines
from simulator.analyses.explain.held_drivers import hold_drivers
from simulator.analyses.explain.inputs import InputColumn, draw_inputs, input_columns
from simulator.analyses.explain.wording import profile_sentence, story_sentence, tail_words
from simulator.analyses.replay.selection import OpenedRun, describe_run, find_changes, open_for_replay, select_plans
from simulator.engine import warmup
from simulator.engine.coalitions import GROUPS
from simulator.engine.interrupt import Stop
from simulator.engine.scenario_samples import only_plan
from simulator.engine.thread_pool import count_cores
from simulator.errors import ConfigError
from simulator.event_log import StageListener, stage_reporter
from simulator.results.columns import WORLD
from simulator.results.store import open_run
from simulator.risk import intervals
from simulator.risk.estimates import measure_values
from simulator.risk.importance import given_data_importance
from simulator.risk.information import information_values
from simulator.risk.intervals import Figure
from simulator.risk.metric_spec import MeasureSpec, MetricSpec, parse_measure, parse_metric
from simulator.risk.stories import find_stories
from simulator.risk.tail_profile import DriverProfile, Tail, profile_drivers, tail_of_event, tail_of_losses, varies

__all__ = ["PATHS", "explain"]

PATHS = 8_192  # of every coalition of drivers
_STORY_PATHS = 1_000  # the worst of the sample that are grouped into stories
_LINE_PATHS = 8_192  # of the tail, and of all worlds beside it, that are valued line by line
_SHIFTED = 0.25  # standard deviations by which a driver is shifted in the tail: it may tell stories apart
_IMPORTANCE_PATHS = 32_768
_SENTENCES = 5
_DENSITIES = 6
_BINS = 40

Floats = NDArray[np.float64]


class _Subject(NamedTuple):
    """What is explained: a metric of a plan, or of the world, and its measure."""

    plan: str
    spec: MetricSpec
    measure: MeasureSpec
    values: Floats  # (paths,) of the sample


def explain(
    run: str | Path,
    *,
    plan: str | None = None,
    metric: str = "npv",
    measure: str | None = None,
    paths: int = PATHS,
    threads: int | None = None,
    accept_changes: bool = False,
    say: StageListener | None = None,
) -> dict[str, Any]:
    """Return why a measure of a metric of a plan (default: the first) is what it is, as in explain.json.

    `measure` defaults to cvar95, of an event to its probability; the tail is what it measures, and the worst 5 % for a
    mean. `paths` are simulated for each coalition of drivers. ConfigError where the metric is undefined on some path or
    the tail has fewer than 50 paths; RunError, as in replay, where program or machine no longer give the run's bits.
    """
    opened, report_stage = open_for_replay(run, accept_changes), stage_reporter(say)
    open_run(opened.run.path)
    subject = _read_subject(opened, plan, metric, measure)
    _refuse_few(subject.measure, paths)
    tail = _find_tail(subject)
    if warmup.is_cold():
        report_stage("compiling, once")
    changes = find_changes(opened, accept_changes)
    streams = {str(name): int(number) for name, number in opened.run.manifest["streams"].items()}
    model = opened.job.model
    report_stage("reading what the worst worlds have in common")
    columns, drivers = _driver_columns(opened, streams, subject.values.size)
    profile = profile_drivers(drivers, tail)
    stories = _tell_stories(opened, subject, tail, profile, columns, drivers)
    alone = only_plan(model, list(opened.names.plans).index(subject.plan))
    workers = threads or count_cores()
    lines = _allocate_lines(alone, opened.job.seed, subject, tail, workers)
    report_stage("simulating coalitions of drivers")
    attribution = attribute(
        alone, streams, subject.spec, subject.measure, seed=opened.job.seed, paths=paths, threads=workers,
        quiet=say is None,
    )  # fmt: skip
    report_stage("holding one driver at a time")
    held = hold_drivers(
        alone, streams, subject.spec, subject.measure, seed=opened.job.seed, paths=paths, threads=workers,
        quiet=say is None,
    )  # fmt: skip
    words = tail_words(subject.spec, subject.measure)
    return {
        **describe_run(opened),
        "plan": subject.plan,
        "metric": subject.spec.metric.name,
        "measure": subject.measure.text,
        "unit": subject.spec.metric.unit,
        "kind": subject.spec.metric.kind,
        "bad": subject.spec.metric.bad,
        "figure": measure_values(subject.values, subject.spec.metric, subject.measure).figure.to_dict(),
        "tail": {"words": words, "paths": int(tail.paths.size), "of": tail.n},
        "sentences": [profile_sentence(entry, columns[entry.name], words) for entry in profile[:_SENTENCES]],
        "profile": [_profile_dict(entry, columns[entry.name]) for entry in profile],
        "densities": [_densities(entry, drivers[entry.name], tail) for entry in profile[:_DENSITIES]],
        "attribution": attribution_dict(attribution),
        "held": held,
        "lines": lines,
        "stories": stories,
        "information": _value_information(opened, subject, columns, drivers),
        "importance": _measure_importance(subject, profile, columns, drivers),
        "changes": changes,
    }


def _read_subject(opened: OpenedRun, plan: str | None, metric: str, measure: str | None) -> _Subject:
    plan = select_plans(opened, None if plan is None else [plan])[0]
    metrics = {scope: [c.metric for c in opened.job.columns if c.scope == scope] for scope in (WORLD, plan)}
    spec = parse_metric(metric, metrics[WORLD], metrics[plan])
    text = measure or ("probability" if spec.metric.kind == "event" else "cvar95")
    measure_spec = parse_measure(text, spec.metric)
    scope = WORLD if spec.column in {world.name for world in metrics[WORLD]} else plan
    name = f"{scope}.{spec.column}"
    values = spec.read(opened.run.sample([name])[name])
    undefined = int(np.isnan(values).sum())
    if undefined:
        raise ConfigError(
            [
                f"--metric: given {metric}, which is undefined on {undefined:,} of {values.size:,} paths of plan "
                f"{plan}; wanted a metric that is always defined, or an event"
            ]
        )
    if spec.metric.kind != "event" and values.min() == values.max():
        raise ConfigError(
            [f"--metric: given {metric}, which is {values[0]:g} on every path of plan {plan}: nothing to explain"]
        )
    return _Subject(plan, spec, measure_spec, values)


def _refuse_few(measure: MeasureSpec, paths: int) -> None:
    """ConfigError where so many paths of a coalition leave too few in the tail for a figure."""
    tail = 1.0 if measure.kind in ("mean", "probability") else intervals.beyond(measure.level)
    wanted = math.ceil(intervals.NEEDED / tail - 1e-9)
    if paths < wanted:
        raise ConfigError([f"--paths: given {paths:,}, wanted at least {wanted:,} for {measure.text}"])


def _find_tail(subject: _Subject) -> Tail:
    """The paths of the tail that the measure is about; ConfigError if they are too few."""
    if subject.spec.metric.kind == "event":
        tail = tail_of_event(subject.values)
    else:
        level = subject.measure.level if subject.measure.kind in ("var", "cvar") else 0.95
        sign = -1.0 if subject.spec.metric.bad == "low" else 1.0
        tail = tail_of_losses(sign * subject.values, level)
    if not intervals.NEEDED <= tail.paths.size < tail.n:
        raise ConfigError(
            [
                f"--metric: the tail of {subject.spec.metric.name} has {tail.paths.size:,} of the {tail.n:,} paths of "
                f"the sample, wanted at least {intervals.NEEDED} and not all: run more paths, or take a nearer level"
            ]
        )
    return tail


def _driver_columns(
    opened: OpenedRun, streams: dict[str, int], paths: int
) -> tuple[dict[str, InputColumn], dict[str, Floats]]:
    """The world's summaries and the inputs of the sampled paths, by name, and their values (paths,)."""
    world = [
        InputColumn(column.name, column.metric.title, column.metric.unit, _group_of(column.metric.name))
        for column in opened.job.columns
        if column.scope == WORLD
    ]
    model, seed = opened.job.model, opened.job.seed
    values = {**opened.run.sample([column.name for column in world]), **draw_inputs(model, streams, seed, paths)}
    columns = {column.name: column for column in (*world, *input_columns(model, streams))}
    return columns, {name: np.asarray(values[name], dtype=np.float64) for name in columns}


def _group_of(metric: str) -> str:
    """The group of drivers that a summary of the world belongs to."""
    beginnings = {
        "generations": "silicon", "paradigm": "silicon", "delay": "grid", "latest": "grid", "eps": "elasticity",
        "price": "price", "funding": "funding",
    }  # fmt: skip
    return beginnings[metric.split("_")[0]]


def _tell_stories(
    opened: OpenedRun,
    subject: _Subject,
    tail: Tail,
    profile: Sequence[DriverProfile],
    columns: dict[str, InputColumn],
    drivers: dict[str, Floats],
) -> list[dict[str, Any]]:
    """The worst paths in groups, each with a path to replay and what the same worlds cost under every plan."""
    paths = _worst_paths(subject, tail)
    shifted = [entry.name for entry in profile if abs(entry.shift.value or 0.0) >= _SHIFTED]
    varying = shifted or [profile[0].name]
    sizes = {group.name: sum(columns[name].group == group.name for name in varying) for group in GROUPS}
    scores = {name: (drivers[name] - drivers[name].mean()) / drivers[name].std() for name in varying}
    features = np.stack([scores[name][paths] / np.sqrt(sizes[columns[name].group]) for name in varying], axis=1)
    name = f"{subject.plan}.{subject.spec.column}"
    by_plan = {plan: f"{plan}.{subject.spec.column}" for plan in opened.names.plans}
    has_plans = any(column.name == name for column in opened.job.columns)
    sample = opened.run.sample(list(by_plan.values())) if has_plans else {}
    groups, stories = find_stories(features), []
    for story in groups:
        rows = paths[story.rows]
        others = np.setdiff1d(paths, rows) if len(groups) > 1 else np.arange(subject.values.size)
        means = {key: (float(drivers[key][rows].mean()), float(drivers[key][others].mean())) for key in varying}
        shifts = {key: (inside - other) / float(drivers[key].std()) for key, (inside, other) in means.items()}
        marks = _one_a_group(shifts, columns)
        beside = "in the others" if len(groups) > 1 else "over all worlds"
        share = story.rows.size / paths.size
        stories.append(
            {
                "share": Figure(share, *intervals.proportion_interval(story.rows.size, paths.size)).to_dict(),
                "paths": int(story.rows.size),
                "of": int(paths.size),
                "excess": story.excess,
                "representative": int(paths[story.representative]),
                "sentence": story_sentence([(columns[key], *means[key]) for key in marks], beside),
                "marks": [{"name": key, "title": columns[key].title, "shift": shifts[key]} for key in marks],
                "plans": {
                    plan: _mean_dict(subject.spec.read(np.asarray(sample[column]))[rows])
                    for plan, column in by_plan.items()
                    if column in sample
                },
            }
        )
    return stories


def _one_a_group(shifts: dict[str, float], columns: dict[str, InputColumn], most: int = 3) -> list[str]:
    """The drivers with the largest shifts (standard deviations), one of each group; all but the first at least .5."""
    chosen: list[str] = []
    for key in sorted(shifts, key=lambda key: (-abs(shifts[key]), key)):
        groups = {columns[other].group for other in chosen}
        if columns[key].group not in groups and (abs(shifts[key]) >= 0.5 or not chosen):
            chosen.append(key)
    return chosen[:most]


def _worst_paths(subject: _Subject, tail: Tail) -> NDArray[np.int64]:
    """The paths grouped into stories: the worst of the tail; of an event the first that it happens on."""
    if subject.spec.metric.kind == "event":
        return tail.paths[:_STORY_PATHS]
    sign = -1.0 if subject.spec.metric.bad == "low" else 1.0
    order = np.argsort(-sign * subject.values[tail.paths], kind="stable")
    return np.sort(tail.paths[order[:_STORY_PATHS]])


def _allocate_lines(model: Any, seed: int, subject: _Subject, tail: Tail, threads: int) -> dict[str, Any] | None:
    """The Euler allocation of a tail of npv to cash-flow lines; None of another metric, whose lines do not add up."""
    if subject.spec.column != "npv":
        return None
    every = tail.paths.size <= _LINE_PATHS
    inside = tail.paths if every else tail.paths[:: -(-tail.paths.size // _LINE_PATHS)]
    overall = np.arange(min(_LINE_PATHS, tail.n))
    with Stop() as stop:
        tail_lines, tail_npv = cash_lines(model, seed, inside, threads, stop)
        all_lines, all_npv = cash_lines(model, seed, overall, threads, stop)
    return {
        "tail_paths": int(inside.size),
        "paths": int(overall.size),
        "lines": [
            {"name": name, "title": title, "tail": _mean_dict(inside_line), "all": _mean_dict(line)}
            for (name, title), inside_line, line in zip(CASH_LINES.items(), tail_lines, all_lines, strict=True)
            if inside_line.any() or line.any()
        ],
        "npv": {"tail": _mean_dict(tail_npv), "all": _mean_dict(all_npv)},
    }


def _mean_dict(values: Floats) -> dict[str, Any]:
    """The mean of values (n,) with its interval."""
    mean = float(values.mean())
    if values.size < 2:
        return Figure(mean, None, None, intervals.ALONE).to_dict()
    error = float(values.std(ddof=1)) / float(np.sqrt(values.size))
    return Figure(mean, *intervals.mean_interval(mean, error, values.size)).to_dict()


def _value_information(
    opened: OpenedRun, subject: _Subject, columns: dict[str, InputColumn], drivers: dict[str, Floats]
) -> dict[str, Any] | None:
    """What knowing each driver is worth before a plan is chosen by its mean; None where there is nothing to choose."""
    plans, metric = list(opened.names.plans), subject.spec.metric
    names = [f"{plan}.{metric.name}" for plan in plans]
    if metric.kind != "amount" or len(plans) < 2 or names[0] not in {c.name for c in opened.job.columns}:
        return None
    sample = opened.run.sample(names)
    values = np.stack([np.asarray(sample[name], dtype=np.float64) for name in names])
    if not np.isfinite(values).all():
        return None
    varying = {name: drivers[name] for name in columns if varies(drivers[name])}
    best, everything, worth = information_values(varying, -values if metric.bad == "high" else values)
    return {
        "best": plans[best],
        "everything": everything.to_dict(),
        "drivers": [
            {
                "name": entry.name,
                "title": columns[entry.name].title,
                "worth": entry.worth.to_dict(),
                "changed": entry.changed,
            }
            for entry in worth
        ],
    }


def _measure_importance(
    subject: _Subject, profile: Sequence[DriverProfile], columns: dict[str, InputColumn], drivers: dict[str, Floats]
) -> list[dict[str, Any]]:
    """Given-data importance of each driver, the largest delta first."""
    output = subject.values[:_IMPORTANCE_PATHS]
    entries = []
    for entry in profile:
        eta, delta = given_data_importance(drivers[entry.name][: output.size], output)
        title = columns[entry.name].title
        entries.append({"name": entry.name, "title": title, "eta2": eta.to_dict(), "delta": delta.to_dict()})
    return sorted(entries, key=lambda entry: -entry["delta"]["value"])


def _profile_dict(entry: DriverProfile, column: InputColumn) -> dict[str, Any]:
    atom = None
    if entry.atom_inside is not None and entry.atom_overall is not None:
        atom = {
            "value": entry.atom, "inside": entry.atom_inside.to_dict(), "overall": entry.atom_overall.to_dict(),
        }  # fmt: skip
    return {
        "name": entry.name,
        "title": column.title,
        "unit": column.unit,
        "group": column.group,
        "shift": entry.shift.to_dict(),
        **{
            where: dict(zip(("q05", "q50", "q95"), quantiles, strict=True)) | {"mean": mean}
            for where, quantiles, mean in (
                ("inside", entry.inside, entry.mean_inside),
                ("overall", entry.overall, entry.mean_overall),
            )
        },
        "atom": atom,
    }


def _densities(entry: DriverProfile, values: Floats, tail: Tail) -> dict[str, Any]:
    """Shares of paths by bin, inside the tail and over all worlds, between the .5 % and the 99.5 % quantile of both."""
    inside = values[tail.paths]
    low = min(np.quantile(values, 0.005), np.quantile(inside, 0.005))
    high = max(np.quantile(values, 0.995), np.quantile(inside, 0.995))
    edges = np.linspace(low, high, _BINS + 1) if high > low else np.array([low - 0.5, low + 0.5])
    shares = [np.histogram(part, edges)[0] / part.size for part in (inside, values)]
    return {
        "name": entry.name, "edges": edges.tolist(), "inside": shares[0].tolist(), "overall": shares[1].tolist(),
    }  # fmt: skip
