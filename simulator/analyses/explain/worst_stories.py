"""The worst paths of a run in groups, each with a path to replay and what its worlds cost under every plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.analyses.explain.figures import mean_dict
from simulator.analyses.explain.inputs import InputColumn
from simulator.analyses.explain.subject import Subject
from simulator.analyses.explain.wording import story_sentence
from simulator.analyses.replay.selection import OpenedRun
from simulator.engine.coalitions import GROUPS
from simulator.risk import intervals
from simulator.risk.intervals import Figure
from simulator.risk.stories import find_stories
from simulator.risk.tail_profile import DriverProfile, Tail

__all__: list[str] = []  # used among analyses only

_MOST = 6  # stories
_STORY_PATHS = 1_000  # the worst of the sample that are grouped into stories
_SHIFTED = 0.25  # standard deviations by which a driver is shifted in the tail: it may tell stories apart

Floats = NDArray[np.float64]


def tell_stories(
    opened: OpenedRun,
    subject: Subject,
    tail: Tail,
    profile: Sequence[DriverProfile],
    columns: dict[str, InputColumn],
    drivers: dict[str, Floats],
    most: int = _MOST,
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
    groups, stories = find_stories(features, most), []
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
                    plan: mean_dict(subject.spec.read(np.asarray(sample[column]))[rows])
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


def _worst_paths(subject: Subject, tail: Tail) -> NDArray[np.int64]:
    """The paths grouped into stories: the worst of the tail; of an event the first that it happens on."""
    if subject.spec.metric.kind == "event":
        return tail.paths[:_STORY_PATHS]
    sign = -1.0 if subject.spec.metric.bad == "low" else 1.0
    order = np.argsort(-sign * subject.values[tail.paths], kind="stable")
    return np.sort(tail.paths[order[:_STORY_PATHS]])
