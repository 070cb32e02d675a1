"""Compute a case and give every figure a verdict: whether it is the expected one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from simulator import resources
from simulator.config import freeze
from simulator.validation.functions import FUNCTIONS
from simulator.validation.inputs import InputReader, evaluate, parameters, takes_model
from simulator.validation.reading import LoadedCase, read_case
from simulator.validation.schema import Case, Expected, Figure
from simulator.validation.simulated import Value, simulate

__all__: list[str] = []  # used in this folder only

PASS, FAIL, STEP = "pass", "FAIL", "step"
NOT_REPRODUCED = "DOES NOT REPRODUCE"  # as expected
REPRODUCES = "FAIL: reproduces after all"
DIFFERENT = "FAIL: does not reproduce, nor come out as stated"


class JudgedFigure(NamedTuple):
    """A figure, its computed value and the verdict."""

    figure: Figure
    value: Value
    verdict: str

    @property
    def ok(self) -> bool:
        """True if the verdict is the expected one."""
        return not self.verdict.startswith(FAIL)


class Outcome(NamedTuple):
    """A case that was computed."""

    case: Case
    figures: tuple[JudgedFigure, ...]

    @property
    def ok(self) -> bool:
        """True if every verdict is the expected one."""
        return all(judged.ok for judged in self.figures)


def judge(loaded: LoadedCase) -> Outcome:
    """Compute every figure of a case, simulations first; ConfigError where inputs have no value."""
    simulated = dict(_simulate_figures(loaded))
    case, values, judged = loaded.case, dict[str, float](), []
    for i, figure in enumerate(case.figures):
        value = simulated[i] if i in simulated else Value(_compute_figure(loaded, i, values))
        if figure.id is not None:
            values[figure.id] = value.value
        judged.append(JudgedFigure(figure, value, verdict(value.value, figure.headline, figure.instead)))
    return Outcome(case, tuple(judged))


def verdict(value: float, headline: Expected | None, instead: Expected | None) -> str:
    """Return the verdict; a claim with an `instead` is expected not to reproduce but to give `instead`."""
    if headline is None:
        return STEP if math.isfinite(value) else FAIL
    if instead is None:
        return PASS if headline.agrees(value) else FAIL
    if headline.agrees(value):
        return REPRODUCES
    return NOT_REPRODUCED if instead.agrees(value) else DIFFERENT


def shipped_cases() -> dict[int, str]:
    """Return the names of the cases that ship with the package, by number, in order."""
    return dict(sorted((int(name.partition("_")[0]), name) for name in resources.names(resources.CASES)))


def read_shipped(name: str) -> LoadedCase:
    """Read a case that ships with the package."""
    with resources.path(name, resources.CASES) as path:
        return read_case(path, f"{name}.toml")


def _simulate_figures(loaded: LoadedCase) -> Iterator[tuple[int, Value]]:
    """Yield simulated figures by their place in the case; those of one config come from one simulation."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for i, figure in enumerate(loaded.case.figures):
        if figure.simulated:
            groups.setdefault(figure.changes, []).append(i)
    for members in groups.values():
        figures = [loaded.case.figures[i] for i in members]
        frozen = freeze(loaded.config_of(figures[0]))
        yield from zip(members, simulate(frozen, loaded.case.paths, figures), strict=True)


def _compute_figure(loaded: LoadedCase, place: int, values: dict[str, float]) -> float:
    """Return a figure of arithmetic; `values` are the earlier figures by id."""
    figure = loaded.case.figures[place]
    function = FUNCTIONS[str(figure.compute)]
    config = loaded.config and loaded.config_of(figure)
    reader = InputReader(values, config, loaded.source.folder)
    kinds = parameters(function)
    arguments: dict[str, Any] = {name: reader.read(value, kinds[name][0]) for name, value in figure.inputs.items()}
    if takes_model(function):
        assert config is not None
        arguments["model"] = freeze(config).model
    try:
        return evaluate(function, arguments)
    except ValueError as error:
        raise loaded.refuse(place, str(error)) from None
