"""Compute a case and say of every figure whether it is what was expected."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from simulator import resources
from simulator.config import freeze
from simulator.validation.functions import FUNCTIONS
from simulator.validation.inputs import Giver, finite, parameters, takes_model
from simulator.validation.reading import Loaded, read_case
from simulator.validation.schema import Case, Figure, Wanted
from simulator.validation.simulated import Value, simulate

PASS, FAIL, STEP = "pass", "FAIL", "step"
NOT = "DOES NOT REPRODUCE"  # as expected
SURPRISE = "FAIL: reproduces after all"
OTHERWISE = "FAIL: does not reproduce, nor come out as stated"


class Judged(NamedTuple):
    """A figure, what it came to, and the verdict."""

    figure: Figure
    value: Value
    verdict: str

    @property
    def ok(self) -> bool:
        """Whether the verdict is the expected one."""
        return not self.verdict.startswith(FAIL)


class Outcome(NamedTuple):
    """A case that was computed."""

    case: Case
    figures: tuple[Judged, ...]

    @property
    def ok(self) -> bool:
        """Whether every verdict is the expected one."""
        return all(judged.ok for judged in self.figures)


def judge(loaded: Loaded) -> Outcome:
    """Compute every figure of a case, simulations first; ConfigError where inputs have no value."""
    drawn = dict(_simulated(loaded))
    case, values, judged = loaded.case, dict[str, float](), []
    for i, figure in enumerate(case.figures):
        value = drawn[i] if i in drawn else Value(_computed(loaded, i, values))
        if figure.id is not None:
            values[figure.id] = value.value
        judged.append(Judged(figure, value, verdict(value.value, figure.headline, figure.instead)))
    return Outcome(case, tuple(judged))


def verdict(value: float, headline: Wanted | None, instead: Wanted | None) -> str:
    """In words; a claim with an `instead` is expected not to reproduce, and to come out at that."""
    if headline is None:
        return STEP if math.isfinite(value) else FAIL
    if instead is None:
        return PASS if headline.agrees(value) else FAIL
    if headline.agrees(value):
        return SURPRISE
    return NOT if instead.agrees(value) else OTHERWISE


def shipped_cases() -> dict[int, str]:
    """Names of the cases that ship with the package, by number, in order."""
    return dict(sorted((int(name.partition("_")[0]), name) for name in resources.names(resources.CASES)))


def read_shipped(name: str) -> Loaded:
    """A case that ships with the package."""
    with resources.path(name, resources.CASES) as path:
        return read_case(path, f"{name}.toml")


def _simulated(loaded: Loaded) -> Iterator[tuple[int, Value]]:
    """Simulated figures by their place in the case; those of one config come from one simulation."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for i, figure in enumerate(loaded.case.figures):
        if figure.simulated:
            groups.setdefault(figure.changes, []).append(i)
    for members in groups.values():
        figures = [loaded.case.figures[i] for i in members]
        frozen = freeze(loaded.changed(figures[0]))
        yield from zip(members, simulate(frozen, loaded.case.paths, figures), strict=True)


def _computed(loaded: Loaded, place: int, values: dict[str, float]) -> float:
    """A figure of arithmetic; `values` are the earlier ones by id."""
    figure = loaded.case.figures[place]
    function = FUNCTIONS[str(figure.compute)]
    config = loaded.config and loaded.changed(figure)
    giver = Giver(values, config, loaded.source.folder)
    kinds = parameters(function)
    given: dict[str, Any] = {name: giver.give(one, kinds[name][0]) for name, one in figure.inputs.items()}
    if takes_model(function):
        assert config is not None
        given["model"] = freeze(config).model
    try:
        return finite(function, given)
    except ValueError as error:
        raise loaded.refuse(place, str(error)) from None
