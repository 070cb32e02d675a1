r"""Profiles of a tail: each driver's distribution inside it against that over all worlds.

The tail is the ceil(n (1 - a)) paths with the largest losses, or the paths on which an event happens. A driver's shift
is T = (mean inside - mean) / s, s its standard deviation over all worlds. Its error takes in that the edge of the tail,
the mean and s are estimated: a path with value x moves it by

    (1{inside} (x - m) n / k - (mean inside - m) - (x - mean)) / s - T / 2 (((x - mean) / s)^2 - 1),

with m the mean of the driver at the edge (of an event: its mean inside) and k of n paths in the tail. A value that many
worlds share, such as an elasticity of 0, is a share with its exact interval.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.risk import intervals, measures
from simulator.risk.intervals import Figure

__all__ = ["DriverProfile", "Tail", "profile_drivers", "tail_of_event", "tail_of_losses", "varies"]

Floats = NDArray[np.float64]

_SHARES = (0.05, 0.5, 0.95)
_ATOM = 0.02  # of all worlds that share a value: told as a share of its own
_EDGE = 0.1  # of the tail's paths on either side of its edge: they show the driver's mean there


class Tail(NamedTuple):
    """The paths of a tail, (k,) rising, and those near its edge; none where it is an event's."""

    paths: NDArray[np.int64]
    edge: NDArray[np.int64]
    n: int  # paths among which it was looked for


class DriverProfile(NamedTuple):
    """One driver inside the tail and over all worlds."""

    name: str
    shift: Figure  # standard deviations
    inside: tuple[float, ...]  # 5, 50 and 95 % quantiles
    overall: tuple[float, ...]
    mean_inside: float
    mean_overall: float
    atom: float | None  # the value that many worlds share
    atom_inside: Figure | None  # its share
    atom_overall: Figure | None


def tail_of_losses(loss: Floats, level: float) -> Tail:
    """The worst ceil(n (1 - level)) of the losses (n,); of equal ones the first paths."""
    order = np.argsort(-loss, kind="stable")
    count = math.ceil(intervals.fraction(1) * loss.size - intervals.fraction(level) * loss.size)
    reach = max(int(_EDGE * count), 1)
    return Tail(np.sort(order[:count]), order[max(count - reach, 0) : count + reach], loss.size)


def tail_of_event(happens: Floats) -> Tail:
    """The paths on which an event (n,), 1 or 0, happens."""
    return Tail(np.flatnonzero(happens == 1.0), np.empty(0, dtype=np.int64), happens.size)


def profile_drivers(columns: Mapping[str, Floats], tail: Tail) -> list[DriverProfile]:
    """The profile of each column (n,), the most shifted first; columns that do not vary are left out."""
    profiles = [_profile(name, values, tail) for name, values in columns.items() if varies(values)]
    return sorted(profiles, key=lambda profile: (-abs(profile.shift.value or 0.0), profile.name))


def varies(values: Floats) -> bool:
    """True if the values (n,) are all defined and not all equal."""
    return bool(np.isfinite(values).all() and values.size and values.min() < values.max())


def _profile(name: str, values: Floats, tail: Tail) -> DriverProfile:
    inside = values[tail.paths]
    ends = [tuple(measures.quantile(part, share) for share in _SHARES) for part in (inside, values)]
    atom = _find_atom(values)
    return DriverProfile(
        name,
        _shift(values, tail),
        ends[0],
        ends[1],
        float(inside.mean()),
        float(values.mean()),
        atom,
        None if atom is None else _share(inside, atom),
        None if atom is None else _share(values, atom),
    )


def _shift(values: Floats, tail: Tail) -> Figure:
    """The shift of the mean inside the tail, in standard deviations."""
    mean, spread = float(values.mean()), float(values.std(ddof=1))
    inside = float(values[tail.paths].mean())
    edge = float(values[tail.edge].mean()) if tail.edge.size else inside
    shift = (inside - mean) / spread
    away = values - mean
    influence = -away / spread - 0.5 * shift * ((away / spread) ** 2 - 1.0) - (inside - edge) / spread
    influence[tail.paths] += (values[tail.paths] - edge) * (values.size / tail.paths.size / spread)
    error = float(influence.std(ddof=1)) / math.sqrt(values.size)
    return Figure(shift, *intervals.mean_interval(shift, error, tail.paths.size))


def _find_atom(values: Floats) -> float | None:
    """The most frequent value, if enough worlds share it and it is not one of few whole numbers."""
    levels, counts = np.unique(values, return_counts=True)
    most = int(np.argmax(counts))
    return float(levels[most]) if counts[most] >= _ATOM * values.size and levels.size > 0.2 * values.size else None


def _share(part: Floats, atom: float) -> Figure:
    """The share of paths that have the value, with its exact interval."""
    count = int((part == atom).sum())
    return Figure(count / part.size, *intervals.proportion_interval(count, part.size))
