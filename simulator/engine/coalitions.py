"""Models in which some drivers keep their scores and the others are drawn again, or rest at their median.

Scores are independent, so a group of drivers is a set of random streams. A stream is drawn again under another number
and rests at its median, a score of zero, where it is left out. Only the six systematic factors depend on each other
across groups: given those that are kept, the others are drawn from their conditional normal law. Both are numbers of
the model: the kernel is the same.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.drivers.dependence import FACTORS
from simulator.drivers.marginals import CONSTANT, quantile
from simulator.model import Model
from simulator.sampling.draws import WORDS, Draws

__all__ = ["GROUPS", "DriverGroup", "active_groups", "fix_factor", "fix_number", "redraw_others", "rest_others"]

_DEPENDENCE = "dependence"
_COPY = 2 * WORDS  # rows of one copy of the scores that factors are made of: six, and the common scale


class DriverGroup(NamedTuple):
    """Drivers that are kept or drawn again together: random streams by the beginning of their names, and factors."""

    name: str
    title: str
    streams: tuple[str, ...]
    factors: tuple[str, ...] = ()
    common_scale: bool = False  # of the t copula: the score that makes factors extreme together


GROUPS = (
    DriverGroup("silicon", "silicon obsolescence", ("drivers.silicon.",), ("silicon",)),
    DriverGroup("grid", "grid and building delay", ("regions.", "sites."), ("grid",)),
    DriverGroup("ads", "ad revenue and margin", ("drivers.arpu.noise", "drivers.arpu.margin"), ("arpu",)),
    DriverGroup("elasticity", "ad elasticity", ("drivers.arpu.eps",)),
    DriverGroup("price", "compute price", ("drivers.price.",), ("price",)),
    DriverGroup("funding", "interest rates and spreads", ("drivers.funding.",), ("rates", "spread")),
    DriverGroup("costs", "building, running cost and resale", ("programme.",)),
    DriverGroup("contracts", "tenants' default and asset sales", ("plans.",)),
    DriverGroup("joint", "joint extremes (t copula)", (), (), common_scale=True),
)


def active_groups(model: Model, streams: Mapping[str, int]) -> list[DriverGroup]:
    """Return the groups that have something random in a model; `streams` are its stream numbers by name."""
    unknown = [name for name in streams if name != _DEPENDENCE and not any(_owns(group, name) for group in GROUPS)]
    if unknown:
        raise ValueError(f"given the stream {unknown[0]}, which belongs to no group of drivers")
    return [
        group
        for group in GROUPS
        if any(_owns(group, name) for name in streams)
        or group.factors
        or (group.common_scale and model.dependence.family == 1)
    ]


def redraw_others(model: Model, streams: Mapping[str, int], kept: Collection[DriverGroup]) -> Model:
    """Return the model whose paths keep the scores of the groups `kept` and have the others drawn again, given them."""
    names = {number: name for name, number in streams.items()}
    numbers = [
        number if _is_kept(names[number], kept) else _other_stream(names[number])
        for number in (int(stream) for stream in model.draws.stream)
    ]
    own, again = streams[_DEPENDENCE], _other_stream(_DEPENDENCE)
    weights, other_weights = _conditional_weights(model.dependence.correlation_cholesky, _factor_rows(kept))
    if _keeps_scale(kept):
        return _with_factors(
            model, model.draws._replace(stream=np.array(numbers)), (own, weights), (again, other_weights)
        )
    return _with_factors(model, model.draws._replace(stream=np.array(numbers)), (again, other_weights), (own, weights))


def rest_others(model: Model, streams: Mapping[str, int], moving: Collection[DriverGroup]) -> Model:
    """Return the model in which the groups `moving` vary as ever and every other score is at its median, zero."""
    names = {number: name for name, number in streams.items()}
    left = np.array([_is_kept(names[int(stream)], moving) for stream in model.draws.stream])
    draws = Draws(model.draws.stream[left], model.draws.row[left], model.draws.groups[left], model.draws.rows)
    rows, chol = _factor_rows(moving), model.dependence.correlation_cholesky
    weights = np.zeros_like(chol)
    weights[rows] = chol[rows]
    own, nothing = streams[_DEPENDENCE], np.zeros_like(chol)
    if _keeps_scale(moving):
        return _with_factors(model, draws, (own, weights), (None, nothing))
    return _with_factors(model, draws, (None, nothing), (own, weights))


def _owns(group: DriverGroup, name: str) -> bool:
    return name.startswith(group.streams) if group.streams else False


def _is_kept(name: str, kept: Collection[DriverGroup]) -> bool:
    """True if a stream belongs to one of some groups; that of the factors is laid out by `_with_factors`."""
    return any(_owns(group, name) for group in kept)


def _keeps_scale(kept: Collection[DriverGroup]) -> bool:
    return any(group.common_scale for group in kept)


def _factor_rows(groups: Collection[DriverGroup]) -> list[int]:
    return sorted(FACTORS.index(factor) for group in groups for factor in group.factors)


def _other_stream(name: str) -> int:
    """Return the number of the stream that a quantity is drawn again from."""
    return zlib.crc32(f"{name}, drawn again".encode())


def _conditional_weights(
    chol: NDArray[np.float64], kept: Sequence[int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the weights (6, 6) of the scores and of the scores drawn again, in factors of which some are kept.

    Given G_K the other factors are normal with mean R_OK R_KK^-1 G_K and covariance R_OO - R_OK R_KK^-1 R_KO.
    """
    weights, again = np.zeros_like(chol), np.zeros_like(chol)
    others = [row for row in range(chol.shape[0]) if row not in kept]
    if not kept:
        return weights, chol.copy()
    correlation = chol @ chol.T
    weights[kept] = chol[kept]
    if others:
        slope = np.linalg.solve(correlation[np.ix_(kept, kept)], correlation[np.ix_(kept, others)]).T
        left = correlation[np.ix_(others, others)] - slope @ correlation[np.ix_(kept, others)]
        weights[others] = slope @ chol[kept]
        again[np.ix_(others, others)] = np.linalg.cholesky(left)
    return weights, again


Copy = tuple[
    int | None, NDArray[np.float64]
]  # a stream, or none: scores of zero, and the factors' weights (6, 6) of it


def _with_factors(model: Model, draws: Draws, first: Copy, second: Copy) -> Model:
    """Return the model with factors from two copies of their scores; the first has the common scale too."""
    copies = [(stream, draws.rows + k * _COPY) for k, (stream, _) in enumerate((first, second)) if stream is not None]
    weights = np.zeros((len(FACTORS), 2 * _COPY))
    weights[:, : len(FACTORS)] = first[1]
    weights[:, _COPY : _COPY + len(FACTORS)] = second[1]
    return model._replace(
        draws=Draws(
            np.array([*draws.stream, *(stream for stream, _ in copies)], dtype=np.int64),
            np.array([*draws.row, *(row for _, row in copies)], dtype=np.int64),
            np.array([*draws.groups, *(_COPY // WORDS for _ in copies)], dtype=np.int64),
            draws.rows + 2 * _COPY,
        ),
        dependence=model.dependence._replace(correlation_cholesky=weights, factor_row=draws.rows),
    )


def fix_factor(model: Model, factor: str, score: float) -> Model:
    """Return the model with a systematic factor at a score, a stress shift on top; the others keep their own law."""
    row, d = FACTORS.index(factor), model.dependence
    weights, shift = d.correlation_cholesky.copy(), d.shift.copy()
    weights[row] = 0.0
    shift[row] += score
    return model._replace(dependence=d._replace(correlation_cholesky=weights, shift=shift))


def fix_number(model: Model, marginal: int, score: float) -> Model:
    """Return the model with an uncertain number at the quantile of a score, on every path."""
    m = model.marginals
    kind, a, atom = m.kind.copy(), m.a.copy(), m.atom.copy()
    kind[marginal], a[marginal], atom[marginal] = CONSTANT, quantile(m, marginal, score), 0.0
    return model._replace(marginals=m._replace(kind=kind, a=a, atom=atom))
