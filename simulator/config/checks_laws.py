"""Checks of distributions and of their dependence: what needs the laws themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from simulator.config.builder import event_slots
from simulator.config.drivers.dependence import Correlation, correlation_matrix
from simulator.config.fields.laws import Cut, Percentiles
from simulator.config.fields.numbers import AnyNumber
from simulator.config.fields.ranges import Range, Swing
from simulator.config.fields.walk import sampled_keys
from simulator.config.laws import build_law, is_fixed
from simulator.config.locate import KeyPath
from simulator.config.mistakes import Mistake
from simulator.config.partial_config import PartialConfig
from simulator.config.schema import Config
from simulator.config.wording import quote
from simulator.drivers.dependence import FACTORS, nearest_correlation, smallest_eigenvalue
from simulator.drivers.laws import NEGLIGIBLE, Law

__all__: list[str] = []  # used in this folder only

_SMALLEST_EIGENVALUE = 1e-8  # a matrix closer to singular has no usable Cholesky factor
_LEAST_CONDITION = 1e-9  # probability that a condition on elapsed time must have at least
_SHORTEST_GAP = 0.05  # years between generations on average: more often is a drift, not an event


def check_dependence(partial: PartialConfig) -> Iterator[Mistake]:
    """Check that the correlation matrix is positive definite."""
    here: KeyPath = ("dependence", "correlation")
    written = partial.get(*here)
    pairs: dict[str, float] = {}
    for name in Correlation.model_fields if isinstance(written, dict) else ():
        value = partial.number(*here, name) if name in written else 0.0
        if value is None:
            return
        pairs[name] = value
    least = smallest_eigenvalue(correlation_matrix(pairs))
    if least < _SMALLEST_EIGENVALUE:
        nearest = nearest_correlation(correlation_matrix(pairs))
        valid = [(name, nearest[tuple(FACTORS.index(factor) for factor in name.split("_"))]) for name in pairs]
        shown = ", ".join(f"{name} = {value:.6f}" for name, value in valid if abs(value) >= 5e-7)
        yield Mistake(
            here,
            f"given a matrix whose smallest eigenvalue is {least:.6f}, wanted a positive definite one; "
            f"the nearest valid matrix has {shown}",
        )


def check_distributions(partial: PartialConfig, folder: Path) -> Iterator[Mistake]:
    """Check that every distribution exists, keeps its key's range and allows the time elapsed by month 0."""
    laws: dict[KeyPath, Law] = {}
    for path, limits in _sampled_paths(partial):
        number = partial.sampled(*path)
        if number is None:
            continue
        try:
            laws[path] = build_law(number, folder)
        except ValueError as error:
            yield Mistake(path, str(error))
            continue
        if not isinstance(number, (int, float, Swing)):
            yield from _check_support(path, number, laws[path], limits)
    yield from _check_generations(partial, laws)
    yield from _check_elapsed(partial, laws)


def _sampled_paths(partial: PartialConfig) -> Iterator[tuple[KeyPath, Range]]:
    for keys, limits in sampled_keys(Config):
        if keys[0] == "sites":
            for i in range(partial.count("sites")):
                yield ("sites", i, *keys[1:]), limits
        elif keys[0] == "plans":
            for plan in partial.get("plans") or {}:
                yield ("plans", plan, *keys[1:]), limits
        else:
            yield keys, limits


def _check_support(path: KeyPath, number: AnyNumber, law: Law, limits: Range) -> Iterator[Mistake]:
    low, high = float(law.ppf(NEGLIGIBLE)), float(law.isf(NEGLIGIBLE))
    can_be_cut = isinstance(number, (Cut, Percentiles))
    if not low >= limits.low or (limits.above and float(law.cdf(limits.low)) > 0.0):
        wanted = f"one that stays {'above' if limits.above else 'at or above'} {limits.low:g}"
        yield Mistake(path, f"given a law that reaches {low:.4g}, wanted {wanted}{': add low' if can_be_cut else ''}")
    if not high <= limits.high:
        wanted = f"one that stays at or below {limits.high:g}"
        yield Mistake(path, f"given a law that reaches {high:.4g}, wanted {wanted}{': add high' if can_be_cut else ''}")


def _check_generations(partial: PartialConfig, laws: Mapping[KeyPath, Law]) -> Iterator[Mistake]:
    gap, age = laws.get(("drivers", "silicon", "gap")), partial.number("drivers", "silicon", "age")
    if gap is None:
        return
    if gap.mean < _SHORTEST_GAP:
        text = f"given a mean of {gap.mean:.3g} years, wanted at least {_SHORTEST_GAP:g}"
        yield Mistake(("drivers", "silicon", "gap"), text)
        return
    months = partial.number("months")
    if age is not None and months is not None and _can_exceed(gap, age):
        try:
            event_slots(gap, months / 12.0, age)
        except ValueError as error:
            yield Mistake(("drivers", "silicon", "gap"), str(error))
    if age is not None and not _can_exceed(gap, age):
        text = f"given {quote(age)}, wanted an age that gap allows: P(gap > {quote(age)}) is below {_LEAST_CONDITION:g}"
        yield Mistake(("drivers", "silicon", "age"), text)


def _check_elapsed(partial: PartialConfig, laws: Mapping[KeyPath, Law]) -> Iterator[Mistake]:
    """Check that queues and construction times may exceed the time elapsed by month 0."""
    near_term = partial.number("drivers", "grid", "near_term")
    for i in range(partial.count("sites")):
        planned = partial.number("sites", i, "planned")
        queued = None not in (planned, near_term) and float(planned or 0) > float(near_term or 0)
        for key, date in (("queue", "requested"), ("build", "start")):
            site_key, since = ("sites", i, key), partial.number("sites", i, date)
            law = laws.get(site_key if site_key in laws else ("drivers", "grid", key))
            if law is None or since is None or since >= 0 or (key == "queue" and not queued):
                continue
            if not _can_exceed(law, -since):
                text = f"given {quote(since)}, wanted a date that {key} allows: P({key} > {quote(-since)} months) is 0"
                yield Mistake(("sites", i, date), text)


def _can_exceed(law: Law, age: float) -> bool:
    """True if a law exceeds an age with some probability; a fixed duration always may, as it then ends at month 0."""
    return is_fixed(law) or float(law.sf(age)) > _LEAST_CONDITION
