"""Which plans of which runs are compared, and whether they can be: the same paths, the same figure.

Runs on one seed share their worlds path by path, whatever their configs and lengths (the first paths of a longer run
are the shorter run), so a difference between them is what was changed. Other seeds or samplers share nothing.
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
from simulator.results.columns import Event
from simulator.results.store import Run
from simulator.risk import compare as compared
from simulator.risk import sensitivity
from simulator.risk.compare import TOLERANCE, Terms
from simulator.risk.sensitivity import Swing, Target

Floats = NDArray[np.float64]


class Side(NamedTuple):
    """One plan of one run."""

    label: str  # `own`, or `own@base` where two runs are compared
    run: int
    plan: str


def compare(
    runs: Sequence[Run],
    asked: Target,
    plans: Sequence[str] | None = None,
    tolerance: float = TOLERANCE,
    every: bool = True,
) -> dict[str, Any]:
    """What comparison.json says of the plans of one run, or of two runs on the same seed.

    Within a run `every` pair is compared, else those with the first plan only.
    """
    sides = choose(runs, plans)
    values = sampled(runs, sides, asked)
    entry = runs[0].summary["plans"][sides[0].plan].get(asked.metric.name, {})
    terms = Terms(asked.metric, tuple(map(float, entry.get("var", ()))), tolerance=tolerance)
    found = compared.compare(values, terms, pairs(sides, every))
    if len(runs) == 1:
        compared.over_all_paths(found, runs[0].summary.get("comparison", {}), asked.metric.name, list(values))
    return describe(runs) | compared.head(values, terms) | found


def metrics(run: Run) -> tuple[Metric, ...]:
    """Figures of a plan that the run summarised."""
    entries: dict[str, Any] = next(iter(run.summary["plans"].values()))
    return tuple(
        Metric(name, entry["kind"], entry["unit"], entry["bad"], entry["undefined"] > 0, entry["title"])
        for name, entry in entries.items()
    )


def target(runs: Sequence[Run], text: str, event: Event | None) -> Target:
    """The metric or event that is compared, the same figure in all runs."""
    found = [sensitivity.target(text, event, (), metrics(run)) for run in runs]
    first, last = (one.metric._replace(undefined=False) for one in (found[0], found[-1]))
    if first != last:
        raise ConfigError(
            [f"--metric: given {text}, which is another figure in {runs[-1].path} than in {runs[0].path}"]
        )
    return found[0]


def choose(runs: Sequence[Run], plans: Sequence[str] | None) -> list[Side]:
    """The plans to compare: all of one run, or those that two runs have in common; ConfigError if there are no two."""
    known = [list(run.summary["plans"]) for run in runs]
    common = [plan for plan in known[0] if all(plan in names for names in known)]
    if plans is not None:
        unknown = [plan for plan in plans if plan not in common]
        if unknown or len(set(plans)) < len(plans):
            given, wanted = ",".join(plans), ", ".join(common) or "plans that both runs have"
            raise ConfigError([f"--plans: given {given}, wanted some of {wanted}, each once"])
    if len(runs) == 1:
        sides = [Side(plan, 0, plan) for plan in (plans or common)]
        if len(sides) < 2:
            raise ConfigError([f"{runs[0].path}: given one plan ({sides[0].plan}), wanted two, or a second run"])
        return sides
    together(*runs)
    tags = _tags(*runs)
    if not common and plans is None and all(len(names) == 1 for names in known):
        return [Side(f"{names[0]}@{tag}", k, names[0]) for k, (names, tag) in enumerate(zip(known, tags, strict=True))]
    if not common:
        has = " and ".join(", ".join(names) for names in known)
        raise ConfigError([f"{runs[1].path}: given runs with the plans {has}, wanted a plan that both have"])
    return [Side(f"{plan}@{tag}", k, plan) for plan in (plans or common) for k, tag in enumerate(tags)]


def together(one: Run, other: Run) -> None:
    """Refuse two runs whose paths are not the same worlds."""
    wrong = []
    for key, name in (("seed", "seed"), ("sampler", "sampler"), ("rng", "random numbers")):
        a, b = one.manifest.get(key), other.manifest.get(key)
        if a != b:
            wrong.append(f"{other.path}: given {name} {b}, wanted that of {one.path}, {a}: they share no paths")
    if not wrong:
        ids = [run.sample(["path"])["path"] for run in (one, other)]
        n = min(map(len, ids))
        if not np.array_equal(ids[0][:n], ids[1][:n]):
            wrong.append(f"{other.path}: given other path ids than {one.path}, wanted the same")
    if wrong:
        raise ConfigError(wrong)


def pairs(sides: Sequence[Side], every: bool = True) -> list[tuple[str, str]]:
    """(against, plan): within a run each plan against all before it, between two the second against the first."""
    if any(side.run for side in sides):
        return [(a.label, b.label) for a, b in zip(sides[::2], sides[1::2], strict=True)]
    return [(a.label, b.label) for i, a in enumerate(sides) for b in sides[i + 1 :] if every or i == 0]


def sampled(runs: Sequence[Run], sides: Sequence[Side], asked: Target) -> dict[str, Floats]:
    """What is compared on the paths (n,) that all runs kept, by label."""
    name = asked.event.metric if asked.event else asked.metric.name
    found = {side.label: _column(runs[side.run], side.plan, name) for side in sides}
    n = min(len(x) for x in found.values())
    return {label: asked.read(x[:n]) for label, x in found.items()}


def _column(run: Run, plan: str, metric: str) -> Floats:
    """A plan's values of a metric; none where its run says that it is undefined on every path."""
    values = np.asarray(run.sample([f"{plan}.{metric}"])[f"{plan}.{metric}"], dtype=np.float64)
    entry = run.summary["plans"][plan].get(metric, {})
    return np.full_like(values, np.nan) if entry.get("n") == 0 else values


def describe(runs: Sequence[Run]) -> dict[str, Any]:
    """What a reader must know of the runs."""
    tags = _tags(*runs) if len(runs) > 1 else [""]
    about = [
        {
            "run": str(run.path),
            "tag": tag,
            "name": run.manifest.get("name"),
            "digest": run.manifest.get("digest"),
            "seed": run.summary["seed"],
            "paths": run.summary["paths"],
        }
        for run, tag in zip(runs, tags, strict=True)
    ]
    codes = {run.manifest.get("code_sha256") for run in runs}
    notes = ["the runs were made by different versions of the simulator"] if len(codes) > 1 else []
    return {"runs": about, "notes": notes}


def two(known: Sequence[str], plans: Sequence[str] | None) -> tuple[str, str]:
    """The two plans of a break-even: the first two unless chosen."""
    chosen = list(known[:2] if plans is None else plans)
    if len(known) < 2:
        raise ConfigError([f"--break-even: given a config with one plan ({known[0]}), wanted two to change places"])
    if len(set(chosen)) != 2 or len(chosen) != 2 or not set(chosen) <= set(known):
        raise ConfigError([f"--plans: given {','.join(chosen)}, wanted two of {', '.join(known)} for --break-even"])
    return chosen[0], chosen[1]


def bounds(key: str, low: float | None, high: float | None, inputs: Iterable[Swing]) -> tuple[float, float]:
    """Where to look: as given, else between the ends that a tornado swings the input."""
    swings = {one.key: one for one in inputs}
    swing = swings.get(key)
    missing = [end for end, given in (("--low", low), ("--high", high)) if given is None and swing is None]
    if missing:
        near = difflib.get_close_matches(key, swings, 1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        what = f"given nothing, wanted a value: {key} has no swing of its own{hint}"
        raise ConfigError([f"{end}: {what}" for end in missing])
    first = swing.low if low is None and swing else low
    last = swing.high if high is None and swing else high
    assert first is not None
    assert last is not None
    if not first < last:
        raise ConfigError([f"--low: given {first:g}, wanted less than --high ({last:g})"])
    return float(first), float(last)


@contextmanager
def named(option: str) -> Iterator[None]:
    """Say mistakes of a changed key as those of the option that named it."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError([text.replace("--set ", f"{option} ", 1) for text in error.mistakes]) from None


def _tags(one: Run, other: Run) -> tuple[str, str]:
    names = one.path.resolve().name, other.path.resolve().name
    return names if names[0] != names[1] else ("1", "2")
