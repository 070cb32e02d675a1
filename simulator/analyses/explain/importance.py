"""The worth of knowing a driver before a plan is chosen, and its importance in the sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.analyses.explain.inputs import InputColumn
from simulator.analyses.explain.subject import Subject
from simulator.analyses.replay.selection import OpenedRun
from simulator.risk.importance import given_data_importance
from simulator.risk.information import information_values
from simulator.risk.tail_profile import DriverProfile, varies

__all__: list[str] = []  # used in this folder only

_IMPORTANCE_PATHS = 32_768

Floats = NDArray[np.float64]


def value_information(
    opened: OpenedRun, subject: Subject, columns: dict[str, InputColumn], drivers: dict[str, Floats]
) -> dict[str, Any] | None:
    """The worth of knowing each driver before a plan is chosen by its mean; None where there is nothing to choose."""
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


def measure_importance(
    subject: Subject, profile: Sequence[DriverProfile], columns: dict[str, InputColumn], drivers: dict[str, Floats]
) -> list[dict[str, Any]]:
    """Given-data importance of each driver, the largest delta first."""
    output = subject.values[:_IMPORTANCE_PATHS]
    entries = []
    for entry in profile:
        eta, delta = given_data_importance(drivers[entry.name][: output.size], output)
        title = columns[entry.name].title
        entries.append({"name": entry.name, "title": title, "eta2": eta.to_dict(), "delta": delta.to_dict()})
    return sorted(entries, key=lambda entry: -entry["delta"]["value"])
