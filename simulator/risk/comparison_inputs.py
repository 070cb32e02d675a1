"""The plans and runs that are compared, and whether they can be: the same paths, the same metric.

Runs on one seed share their worlds path by path, whatever their configs and lengths (the first paths of a longer run
are the shorter run), so a difference between them comes from the config alone. Other seeds or samplers share nothing.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.errors import ConfigError
from simulator.finance.metrics import Metric
from simulator.results.store import Run
from simulator.risk.metric_spec import Calendar, MetricSpec, parse_metric
from simulator.risk.paired_comparison import (
    TOLERANCE,
    ComparisonTerms,
    compare_plans,
    comparison_head,
    replace_by_all_paths,
)
from simulator.risk.sensitivity import Swing
from simulator.risk.summary import read_summary

__all__ = [
    "Side",
    "choose_two_plans",
    "compare_runs",
    "errors_of_option",
    "refuse_unpaired",
    "run_calendar",
    "sample_values",
    "search_bounds",
    "shared_metric",
    "summarised_metrics",
]


Floats = NDArray[np.float64]


class Side(NamedTuple):
    """One plan of one run."""

    label: str  # `own`, or `own@base` where two runs are compared
    run: int
    plan: str


def compare_runs(
    runs: Sequence[Run],
    spec: MetricSpec,
    plans: Sequence[str] | None = None,
    tolerance: float = TOLERANCE,
    every: bool = True,
) -> dict[str, Any]:
    """comparison.json of the plans of one run, or of two runs on the same seed.

    Within a run `every` pair is compared, else those with the first plan only.
    """
    sides = _choose_sides(runs, plans)
    values = sample_values(runs, sides, spec)
    summary = read_summary(runs[0])
    metric = summary.plans[sides[0].plan].get(spec.metric.name)
    terms = ComparisonTerms(spec.metric, () if metric is None else tuple(metric.var), tolerance=tolerance)
    comparison = compare_plans(values, terms, _pairs(sides, every))
    if len(runs) == 1:
        replace_by_all_paths(comparison, summary.comparison, spec.metric.name, list(values))
    return _describe(runs) | comparison_head(values, terms) | comparison


def summarised_metrics(run: Run) -> tuple[Metric, ...]:
    """Metrics of a plan that the run summarised."""
    first_plan = next(iter(read_summary(run).plans.values()))
    return tuple(
        Metric(name, entry.kind, entry.unit, entry.bad, entry.undefined > 0, entry.title)  # type: ignore[arg-type]
        for name, entry in first_plan.items()
    )


def run_calendar(run: Run) -> Calendar:
    """The dates of a run's programme."""
    config = run.config_tree
    return Calendar(str(config.get("start", Calendar().start)), int(config.get("months", Calendar().months)))


def shared_metric(runs: Sequence[Run], text: str) -> MetricSpec:
    """The metric or event that is compared, the same in all runs."""
    specs = [parse_metric(text, (), summarised_metrics(run), run_calendar(run)) for run in runs]
    first, last = (spec.metric._replace(undefined=False) for spec in (specs[0], specs[-1]))
    if first != last:
        raise ConfigError(
            [f"--metric: given {text}, which is another figure in {runs[-1].path} than in {runs[0].path}"]
        )
    return specs[0]


def _choose_sides(runs: Sequence[Run], plans: Sequence[str] | None) -> list[Side]:
    """The plans to compare: all of one run, or those that two runs have in common; ConfigError if there are no two."""
    plans_of = [list(read_summary(run).plans) for run in runs]
    common = [plan for plan in plans_of[0] if all(plan in names for names in plans_of)]
    if plans is not None:
        unknown = [plan for plan in plans if plan not in common]
        if unknown or len(set(plans)) < len(plans):
            text, choice = ",".join(plans), ", ".join(common) or "plans that both runs have"
            raise ConfigError([f"--plans: given {text}, wanted some of {choice}, each once"])
    if len(runs) == 1:
        sides = [Side(plan, 0, plan) for plan in (plans or common)]
        if len(sides) < 2:
            raise ConfigError([f"{runs[0].path}: given one plan ({sides[0].plan}), wanted two, or a second run"])
        return sides
    refuse_unpaired(*runs)
    tags = _tags(*runs)
    if not common and plans is None and all(len(names) == 1 for names in plans_of):
        return [
            Side(f"{names[0]}@{tag}", k, names[0]) for k, (names, tag) in enumerate(zip(plans_of, tags, strict=True))
        ]
    if not common:
        text = " and ".join(", ".join(names) for names in plans_of)
        raise ConfigError([f"{runs[1].path}: given runs with the plans {text}, wanted a plan that both have"])
    return [Side(f"{plan}@{tag}", k, plan) for plan in (plans or common) for k, tag in enumerate(tags)]


def refuse_unpaired(first: Run, second: Run) -> None:
    """Raise ConfigError if the paths of two runs are not the same worlds."""
    faults = []
    for key, name in (("seed", "seed"), ("sampler", "sampler"), ("rng", "random numbers")):
        a, b = first.manifest.get(key), second.manifest.get(key)
        if a != b:
            faults.append(f"{second.path}: given {name} {b}, wanted that of {first.path}, {a}: they share no paths")
    if not faults:
        ids = [run.sample(["path"])["path"] for run in (first, second)]
        n = min(map(len, ids))
        if not np.array_equal(ids[0][:n], ids[1][:n]):
            faults.append(f"{second.path}: given other path ids than {first.path}, wanted the same")
    if faults:
        raise ConfigError(faults)


def _pairs(sides: Sequence[Side], every: bool = True) -> list[tuple[str, str]]:
    """(against, plan): within a run each plan against all before it, between two the second against the first."""
    if any(side.run for side in sides):
        return [(a.label, b.label) for a, b in zip(sides[::2], sides[1::2], strict=True)]
    return [(a.label, b.label) for i, a in enumerate(sides) for b in sides[i + 1 :] if every or i == 0]


def sample_values(runs: Sequence[Run], sides: Sequence[Side], spec: MetricSpec) -> dict[str, Floats]:
    """The compared values on the paths (n,) that all runs kept, by label."""
    columns = {side.label: _column(runs[side.run], side.plan, spec.column) for side in sides}
    n = min(len(x) for x in columns.values())
    return {label: spec.read(x[:n]) for label, x in columns.items()}


def _column(run: Run, plan: str, metric: str) -> Floats:
    """A plan's values of a metric; NaN where the summary of the run has it undefined on every path."""
    values = np.asarray(run.sample([f"{plan}.{metric}"])[f"{plan}.{metric}"], dtype=np.float64)
    entry = read_summary(run).plans[plan].get(metric)
    return np.full_like(values, np.nan) if entry is not None and entry.n == 0 else values


def _describe(runs: Sequence[Run]) -> dict[str, Any]:
    """Names, digests, seeds and paths of the runs, and a note if different programs made them."""
    tags = _tags(*runs) if len(runs) > 1 else [""]
    entries = [
        {
            "run": str(run.path),
            "tag": tag,
            "name": run.manifest.get("name"),
            "digest": run.manifest.get("digest"),
            "seed": read_summary(run).seed,
            "paths": read_summary(run).paths,
        }
        for run, tag in zip(runs, tags, strict=True)
    ]
    codes = {run.manifest.get("code_sha256") for run in runs}
    notes = ["the runs were made by different versions of the simulator"] if len(codes) > 1 else []
    return {"runs": entries, "notes": notes}


def choose_two_plans(known: Sequence[str], plans: Sequence[str] | None) -> tuple[str, str]:
    """The two plans of a break-even: the first two unless chosen."""
    chosen = list(known[:2] if plans is None else plans)
    if len(known) < 2:
        raise ConfigError([f"--break-even: given a config with one plan ({known[0]}), wanted two to change places"])
    if len(set(chosen)) != 2 or len(chosen) != 2 or not set(chosen) <= set(known):
        raise ConfigError([f"--plans: given {','.join(chosen)}, wanted two of {', '.join(known)} for --break-even"])
    return chosen[0], chosen[1]


def search_bounds(key: str, low: float | None, high: float | None, inputs: Iterable[Swing]) -> tuple[float, float]:
    """The range of a break-even: `low` and `high`, or else the ends between which a tornado swings the input."""
    swings = {swing.key: swing for swing in inputs}
    swing = swings.get(key)
    missing = [end for end, value in (("--low", low), ("--high", high)) if value is None and swing is None]
    if missing:
        near = difflib.get_close_matches(key, swings, 1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        text = f"given nothing, wanted a value: {key} has no swing of its own{hint}"
        raise ConfigError([f"{end}: {text}" for end in missing])
    first = swing.low if low is None and swing else low
    last = swing.high if high is None and swing else high
    assert first is not None
    assert last is not None
    if not first < last:
        raise ConfigError([f"--low: given {first:g}, wanted less than --high ({last:g})"])
    return float(first), float(last)


@contextmanager
def errors_of_option(option: str) -> Iterator[None]:
    """Report errors of a changed key as those of the option that names the key."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError([text.replace("--set ", f"{option} ", 1) for text in error.mistakes]) from None


def _tags(first: Run, second: Run) -> tuple[str, str]:
    names = first.path.resolve().name, second.path.resolve().name
    return names if names[0] != names[1] else ("1", "2")
