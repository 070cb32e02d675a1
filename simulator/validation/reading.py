"""Read a case file and check it, or report every mistake in it: `file:line: figures[2].months: given .., wanted ..`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from simulator import resources
from simulator.config import Config, load
from simulator.config.calendar import fiscal_years
from simulator.config.file_kinds import refuse_other_kind
from simulator.config.loader import Source, build, reload
from simulator.config.locate import KeyPath
from simulator.config.mistakes import Mistake, explain_all
from simulator.config.toml_reader import parse, read_text
from simulator.config.wording import nearest, quote
from simulator.errors import ConfigError
from simulator.file_access import expand_user
from simulator.finance.metrics import plan_metrics, world_metrics
from simulator.finance.series import series_names
from simulator.validation.functions import FUNCTIONS
from simulator.validation.inputs import InputReader, parameters, takes_model
from simulator.validation.schema import Case, Figure

__all__: list[str] = []  # used in this folder only

_MOST_FIGURES = 200  # of a case, by its schema
_KINDS = ("compute", "metric", "series")
_GOES_WITH = {  # the kinds of figure that a key is for
    "inputs": ("compute",),
    "less": ("metric", "series"),
    "above": ("metric", "series"),
    "months": ("series",),
    "read": ("series",),
    "age": ("series",),
}


@dataclass(frozen=True)
class LoadedCase:
    """A case that can be computed."""

    case: Case
    source: Source
    config: Config | None

    @property
    def simulates(self) -> bool:
        """True if a figure takes a simulation."""
        return any(figure.simulated for figure in self.case.figures)

    def config_of(self, figure: Figure) -> Config:
        """Return the config of a figure, with its changes."""
        assert self.config is not None
        return reload(self.config, figure.changes) if figure.changes else self.config

    def refuse(self, figure: int, text: str) -> ConfigError:
        """Return the error of a figure whose inputs have no value."""
        return ConfigError([self.source.locate(Mistake(("figures", figure, "inputs"), text))[1]])


def read_case(path: str | Path, name: str | None = None) -> LoadedCase:
    """Read and check a case; ConfigError carries every mistake. `name` is what messages call the file."""
    name = name or str(path)
    file = expand_user(path)
    tree, lines = parse(read_text(file, "a validation case"), name)
    refuse_other_kind(tree, name, "a validation case")
    source = Source(name, file.parent, lines)
    mistakes: list[Mistake] = []
    case: Case | None = None
    try:
        case = Case.model_validate(tree)
    except ValidationError as error:
        mistakes = explain_all(error, tree, Case)
    config, config_mistakes = _read_config(tree.get("config"), source)
    if not config_mistakes:
        mistakes += _check_figures(
            list(_read_figures(tree)), tree.get("reproduces") is not False, config, source.folder
        )
    if mistakes or config_mistakes or case is None:
        placed = sorted(dict.fromkeys(source.locate(mistake) for mistake in mistakes), key=lambda place: place[0])
        raise ConfigError([text for _, text in placed] + config_mistakes)
    return LoadedCase(case, source, config)


def _read_config(value: Any, source: Source) -> tuple[Config | None, list[str]]:
    """Return the config of a case, and its mistakes."""
    try:
        if value is None:
            return None, []
        if isinstance(value, dict):
            lines = {path[1:]: line for path, line in source.lines.items() if path[:1] == ("config",)}
            return build(value, Source(source.name, source.folder, lines)), []
        if isinstance(value, str) and value.endswith(".toml"):
            return load(source.folder / value), []
        if value in resources.names():
            return _load_shipped(str(value)), []
    except ConfigError as error:
        inside = re.compile(rf"^({re.escape(source.name)}:\d+: )")
        return None, [inside.sub(r"\1config.", text) for text in error.mistakes]
    wanted = f"a table, a .toml file or one of {', '.join(resources.names())}"
    return None, [source.locate(Mistake(("config",), f"given {quote(value)}, wanted {wanted}"))[1]]


@cache
def _load_shipped(name: str) -> Config:
    with resources.path(name) as path:
        return load(path)


def _read_figures(tree: Mapping[str, Any]) -> Iterator[Figure | str | None]:
    """Yield the figures of a case; of a figure whose keys are wrong, its id."""
    figures = tree.get("figures")
    for figure in figures[:_MOST_FIGURES] if isinstance(figures, list) else []:
        try:
            yield Figure.model_validate(figure)
        except ValidationError:
            name = figure.get("id") if isinstance(figure, dict) else None
            yield name if isinstance(name, str) else None


def _check_figures(
    figures: list[Figure | str | None], reproduces: bool, config: Config | None, folder: Path
) -> list[Mistake]:
    """Return the mistakes across the keys of figures."""
    mistakes: list[Mistake] = []
    earlier: dict[str, float] = {}
    for i, figure in enumerate(figures):
        here: KeyPath = ("figures", i)
        if not isinstance(figure, Figure):
            earlier |= {figure: math.nan} if figure else {}
            continue
        changed, refused = _apply_changes(figure, config)
        mistakes += [Mistake((*here, "changes"), text) for text in refused]
        mistakes += [Mistake((*here, key), text) for key, text in _check_form(reproduces, figure, earlier)]
        if figure.compute is not None:
            reader = InputReader(earlier, changed, folder)
            mistakes += [
                Mistake((*here, *key), text) for key, text in _check_arithmetic(figure.compute, figure.inputs, reader)
            ]
        elif figure.metric is not None or figure.series is not None:
            mistakes += [Mistake((*here, key), text) for key, text in _check_simulation(figure, changed)]
        if figure.id is not None:
            earlier[figure.id] = math.nan
    if figures and not any(not isinstance(figure, Figure) or figure.headline for figure in figures):
        mistakes.append(Mistake(("figures",), "given no headline, wanted one in at least one figure"))
    return mistakes


def _apply_changes(figure: Figure, config: Config | None) -> tuple[Config | None, list[str]]:
    """Return the config of a figure and the mistakes in its changes, with which it is the case's own config."""
    if config is None:
        return None, ["given without a config in the case, wanted one to change"] if figure.changes else []
    try:
        return reload(config, figure.changes) if figure.changes else config, []
    except ConfigError as error:
        return config, [text.removeprefix("--set ") for text in error.mistakes]


def _check_form(reproduces: bool, figure: Figure, earlier: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    """Check that a figure is computed in one way, and has a headline or an id that later figures use."""
    kinds = [key for key in _KINDS if getattr(figure, key) is not None]
    if len(kinds) != 1:
        yield "title", f"given {' and '.join(kinds) or 'nothing to compute'}, wanted one of {', '.join(_KINDS)}"
    for key, allowed in _GOES_WITH.items():
        if key in figure.model_fields_set and len(kinds) == 1 and kinds[0] not in allowed:
            yield key, f"given with {kinds[0]}, wanted only with {' or '.join(allowed)}"
    if figure.id is not None and figure.id in earlier:
        yield "id", f"given {quote(figure.id)} again, wanted each id once"
    if figure.headline is None and (figure.id is None or figure.instead is not None):
        yield "title", "given no headline, wanted one, or an id of a step that later figures use"
    if figure.headline is not None and (figure.instead is None) != reproduces:
        value = "no instead, wanted what is computed" if figure.instead is None else "it, wanted none"
        yield "instead", f"given {value} where reproduces = {quote(reproduces)}"


def _check_arithmetic(name: str, inputs: dict[str, Any], reader: InputReader) -> Iterator[tuple[KeyPath, str]]:
    """Check that every required parameter has an input of its kind, and that there are no others."""
    if name not in FUNCTIONS:
        yield ("compute",), f"unknown function {quote(name)}, {nearest(name, sorted(FUNCTIONS))}"
        return
    wanted = parameters(FUNCTIONS[name])
    for key in inputs.keys() - wanted.keys():
        yield ("inputs", key), f"unknown key, {nearest(key, wanted)}"
    for key, (kind, needed) in wanted.items():
        if key in inputs:
            try:
                reader.read(inputs[key], kind)
            except ValueError as error:
                yield ("inputs", key), str(error)
        elif needed:
            yield ("inputs",), f"given no {key}, wanted {', '.join(wanted)}"
    if takes_model(FUNCTIONS[name]) and reader.config is None:
        yield ("compute",), f"given {quote(name)}, wanted a config in the case to take the drivers from"


def _check_simulation(figure: Figure, config: Config | None) -> Iterator[tuple[str, str]]:
    """Check that the metric or series exists, and that its months lie within the horizon."""
    kind = "metric" if figure.metric is not None else "series"
    if config is None:
        yield kind, "given without a config in the case, wanted one to simulate"
        return
    names = _metric_names(config) if kind == "metric" else series_names(tuple(config.plans))
    for key in (kind, "less"):
        name = getattr(figure, key)
        if name is not None and name not in names:
            yield key, f"unknown {kind} {quote(name)}, {nearest(name, names)}"
    if kind == "series":
        yield from _check_months(figure, config.months)


def _check_months(figure: Figure, horizon: int) -> Iterator[tuple[str, str]]:
    if (figure.read == "later") != (figure.age > 0):
        yield "age", f'given {figure.age} with read = "{figure.read}", wanted an age with "later", and with it only'
    if figure.months is None:
        yield "series", "given without months, wanted the first and the last month that count"
    elif not 0 <= figure.months[0] <= figure.months[1] < horizon - figure.age:
        value = f"{figure.months[0]} to {figure.months[1]}" + (f", {figure.age} months later" if figure.age else "")
        yield "months", f"given {value}, wanted months from 0 to {horizon - 1} in order"


def _metric_names(config: Config) -> list[str]:
    world = [f"world.{metric.name}" for metric in world_metrics([site.id for site in config.sites])]
    each = [metric.name for metric in plan_metrics(fiscal_years(config.start, config.months))]
    return world + [f"{plan}.{name}" for plan in config.plans for name in each]
