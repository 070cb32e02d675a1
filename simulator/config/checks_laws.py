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
from simulator.config.laws import is_fixed, law_of
from simulator.config.locate import KeyPath
from simulator.config.mistakes import Mistake
from simulator.config.partial_config import Known
from simulator.config.schema import Config
from simulator.config.wording import show
from simulator.drivers.dependence import FACTORS, nearest_correlation, smallest_eigenvalue
from simulator.drivers.laws import NEGLIGIBLE, Law

SMALLEST_EIGENVALUE = 1e-8  # a matrix closer to singular has no usable Cholesky factor
RAREST = 1e-9  # a condition must be at least this likely
SHORTEST_GAP = 0.05  # years between generations on average: more often is a drift, not an event


def dependence(known: Known) -> Iterator[Mistake]:
    """The correlations form a matrix that is positive definite."""
    here: KeyPath = ("dependence", "correlation")
    given = known.get(*here)
    pairs: dict[str, float] = {}
    for name in Correlation.model_fields if isinstance(given, dict) else ():
        value = known.number(*here, name) if name in given else 0.0
        if value is None:
            return
        pairs[name] = value
    least = smallest_eigenvalue(correlation_matrix(pairs))
    if least < SMALLEST_EIGENVALUE:
        nearest = nearest_correlation(correlation_matrix(pairs))
        valid = [(name, nearest[tuple(FACTORS.index(factor) for factor in name.split("_"))]) for name in pairs]
        shown = ", ".join(f"{name} = {value:.6f}" for name, value in valid if abs(value) >= 5e-7)
        yield Mistake(
            here,
            f"given a matrix whose smallest eigenvalue is {least:.6f}, wanted a positive definite one; "
            f"the nearest valid matrix has {shown}",
        )


def distributions(known: Known, folder: Path) -> Iterator[Mistake]:
    """Every distribution exists, keeps its key's range and allows what is already under way at month 0."""
    laws: dict[KeyPath, Law] = {}
    for path, limits in _sampled_paths(known):
        given = known.sampled(*path)
        if given is None:
            continue
        try:
            laws[path] = law_of(given, folder)
        except ValueError as error:
            yield Mistake(path, str(error))
            continue
        if not isinstance(given, (int, float, Swing)):
            yield from _support(path, given, laws[path], limits)
    yield from _generations(known, laws)
    yield from _under_way(known, laws)


def _sampled_paths(known: Known) -> Iterator[tuple[KeyPath, Range]]:
    for keys, limits in sampled_keys(Config):
        if keys[0] == "sites":
            for i in range(known.count("sites")):
                yield ("sites", i, *keys[1:]), limits
        elif keys[0] == "plans":
            for plan in known.get("plans") or {}:
                yield ("plans", plan, *keys[1:]), limits
        else:
            yield keys, limits


def _support(path: KeyPath, given: AnyNumber, law: Law, limits: Range) -> Iterator[Mistake]:
    low, high = float(law.ppf(NEGLIGIBLE)), float(law.isf(NEGLIGIBLE))
    can_be_cut = isinstance(given, (Cut, Percentiles))
    if not low >= limits.low or (limits.above and float(law.cdf(limits.low)) > 0.0):
        wanted = f"one that stays {'above' if limits.above else 'at or above'} {limits.low:g}"
        yield Mistake(path, f"given a law that reaches {low:.4g}, wanted {wanted}{': add low' if can_be_cut else ''}")
    if not high <= limits.high:
        wanted = f"one that stays at or below {limits.high:g}"
        yield Mistake(path, f"given a law that reaches {high:.4g}, wanted {wanted}{': add high' if can_be_cut else ''}")


def _generations(known: Known, laws: Mapping[KeyPath, Law]) -> Iterator[Mistake]:
    gap, age = laws.get(("drivers", "silicon", "gap")), known.number("drivers", "silicon", "age")
    if gap is None:
        return
    if gap.mean < SHORTEST_GAP:
        text = f"given a mean of {gap.mean:.3g} years, wanted at least {SHORTEST_GAP:g}"
        yield Mistake(("drivers", "silicon", "gap"), text)
        return
    months = known.number("months")
    if age is not None and months is not None and _can_exceed(gap, age):
        try:
            event_slots(gap, months / 12.0, age)
        except ValueError as error:
            yield Mistake(("drivers", "silicon", "gap"), str(error))
    if age is not None and not _can_exceed(gap, age):
        text = f"given {show(age)}, wanted an age that gap allows: P(gap > {show(age)}) is below {RAREST:g}"
        yield Mistake(("drivers", "silicon", "age"), text)


def _under_way(known: Known, laws: Mapping[KeyPath, Law]) -> Iterator[Mistake]:
    """A site's queue and construction may last as long as they have lasted by month 0."""
    near_term = known.number("drivers", "grid", "near_term")
    for i in range(known.count("sites")):
        planned = known.number("sites", i, "planned")
        queued = None not in (planned, near_term) and float(planned or 0) > float(near_term or 0)
        for key, date in (("queue", "requested"), ("build", "start")):
            own, since = ("sites", i, key), known.number("sites", i, date)
            law = laws.get(own if own in laws else ("drivers", "grid", key))
            if law is None or since is None or since >= 0 or (key == "queue" and not queued):
                continue
            if not _can_exceed(law, -since):
                text = f"given {show(since)}, wanted a date that {key} allows: P({key} > {show(-since)} months) is 0"
                yield Mistake(("sites", i, date), text)


def _can_exceed(law: Law, age: float) -> bool:
    """Whether a law leaves room beyond an age; a fixed number needs none: it is then over at month 0."""
    return is_fixed(law) or float(law.sf(age)) > RAREST
