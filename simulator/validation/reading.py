"""From a file to a checked case, or to every mistake in it: `file:line: figures[2].months: given .., wanted ..`."""

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
from simulator.config.loader import Source, build, follows, parse, read_text, reload
from simulator.config.locate import KeyPath
from simulator.config.mistakes import Mistake, explain
from simulator.config.wording import nearest, show
from simulator.errors import ConfigError
from simulator.finance.metrics import plan_metrics, world_metrics
from simulator.finance.series import series_names
from simulator.validation.functions import FUNCTIONS
from simulator.validation.inputs import Giver, parameters, takes_model
from simulator.validation.schema import Case, Figure

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
class Loaded:
    """A case that can be computed."""

    case: Case
    source: Source
    config: Config | None

    @property
    def simulates(self) -> bool:
        """Whether a figure takes a simulation."""
        return any(figure.simulated for figure in self.case.figures)

    def changed(self, figure: Figure) -> Config:
        """The config that a figure comes from."""
        assert self.config is not None
        return reload(self.config, figure.changes) if figure.changes else self.config

    def refuse(self, figure: int, text: str) -> ConfigError:
        """The error for a figure whose inputs are none."""
        return ConfigError([self.source.locate(Mistake(("figures", figure, "inputs"), text))[1]])


def read_case(path: str | Path, name: str | None = None) -> Loaded:
    """Read and check a case; ConfigError carries every mistake. `name` is what messages call the file."""
    name = name or str(path)
    tree, lines = parse(read_text(Path(path), "a case"), name)
    source = Source(name, Path(path).parent, lines)
    wrong: list[Mistake] = []
    case: Case | None = None
    try:
        case = Case.model_validate(tree)
    except ValidationError as error:
        every = [explain(item, tree, Case) for item in error.errors()]
        wrong = [mistake for mistake in every if not follows(mistake, every)]
    config, spoilt = _config(tree.get("config"), source)
    if not spoilt:
        wrong += _figures(list(_sound(tree)), tree.get("reproduces") is not False, config, source.folder)
    if wrong or spoilt or case is None:
        placed = sorted(dict.fromkeys(source.locate(mistake) for mistake in wrong), key=lambda place: place[0])
        raise ConfigError([text for _, text in placed] + spoilt)
    return Loaded(case, source, config)


def _config(given: Any, source: Source) -> tuple[Config | None, list[str]]:
    """The config of a case, and what is wrong with it."""
    try:
        if given is None:
            return None, []
        if isinstance(given, dict):
            lines = {path[1:]: line for path, line in source.lines.items() if path[:1] == ("config",)}
            return build(given, Source(source.name, source.folder, lines)), []
        if isinstance(given, str) and given.endswith(".toml"):
            return load(source.folder / given), []
        if given in resources.names():
            return _shipped(str(given)), []
    except ConfigError as error:
        inside = re.compile(rf"^({re.escape(source.name)}:\d+: )")
        return None, [inside.sub(r"\1config.", text) for text in error.mistakes]
    wanted = f"a table, a .toml file or one of {', '.join(resources.names())}"
    return None, [source.locate(Mistake(("config",), f"given {show(given)}, wanted {wanted}"))[1]]


@cache
def _shipped(name: str) -> Config:
    with resources.path(name) as path:
        return load(path)


def _sound(tree: Mapping[str, Any]) -> Iterator[Figure | str | None]:
    """The figures of a case; of one whose keys are wrong, its id."""
    given = tree.get("figures")
    for one in given if isinstance(given, list) else []:
        try:
            yield Figure.model_validate(one)
        except ValidationError:
            name = one.get("id") if isinstance(one, dict) else None
            yield name if isinstance(name, str) else None


def _figures(
    figures: list[Figure | str | None], reproduces: bool, config: Config | None, folder: Path
) -> list[Mistake]:
    """Mistakes across the keys of figures."""
    wrong: list[Mistake] = []
    known: dict[str, float] = {}
    for i, figure in enumerate(figures):
        here: KeyPath = ("figures", i)
        if not isinstance(figure, Figure):
            known |= {figure: math.nan} if figure else {}
            continue
        changed, refused = _changed(figure, config)
        wrong += [Mistake((*here, "changes"), text) for text in refused]
        wrong += [Mistake((*here, key), text) for key, text in _form(reproduces, figure, known)]
        if figure.compute is not None:
            giver = Giver(known, changed, folder)
            wrong += [Mistake((*here, *key), text) for key, text in _arithmetic(figure.compute, figure.inputs, giver)]
        elif figure.metric is not None or figure.series is not None:
            wrong += [Mistake((*here, key), text) for key, text in _simulation(figure, changed)]
        if figure.id is not None:
            known[figure.id] = math.nan
    if figures and not any(not isinstance(figure, Figure) or figure.headline for figure in figures):
        wrong.append(Mistake(("figures",), "given no headline, wanted one in at least one figure"))
    return wrong


def _changed(figure: Figure, config: Config | None) -> tuple[Config | None, list[str]]:
    """The config that a figure comes from; where its changes are none, the case's, and what is wrong with them."""
    if config is None:
        return None, ["given without a config in the case, wanted one to change"] if figure.changes else []
    try:
        return reload(config, figure.changes) if figure.changes else config, []
    except ConfigError as error:
        return config, [text.removeprefix("--set ") for text in error.mistakes]


def _form(reproduces: bool, figure: Figure, known: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    """A figure is computed in one way, and has something to be held against or to be used for."""
    kinds = [key for key in _KINDS if getattr(figure, key) is not None]
    if len(kinds) != 1:
        yield "title", f"given {' and '.join(kinds) or 'nothing to compute'}, wanted one of {', '.join(_KINDS)}"
    for key, owners in _GOES_WITH.items():
        if key in figure.model_fields_set and len(kinds) == 1 and kinds[0] not in owners:
            yield key, f"given with {kinds[0]}, wanted only with {' or '.join(owners)}"
    if figure.id is not None and figure.id in known:
        yield "id", f"given {show(figure.id)} again, wanted each id once"
    if figure.headline is None and (figure.id is None or figure.instead is not None):
        yield "title", "given no headline, wanted one, or an id of a step that later figures use"
    if figure.headline is not None and (figure.instead is None) != reproduces:
        given = "no instead, wanted what is computed" if figure.instead is None else "it, wanted none"
        yield "instead", f"given {given} where reproduces = {show(reproduces)}"


def _arithmetic(name: str, given: dict[str, Any], giver: Giver) -> Iterator[tuple[KeyPath, str]]:
    """Every parameter is given, and nothing else."""
    if name not in FUNCTIONS:
        yield ("compute",), f"unknown function {show(name)}, {nearest(name, sorted(FUNCTIONS))}"
        return
    wanted = parameters(FUNCTIONS[name])
    for key in given.keys() - wanted.keys():
        yield ("inputs", key), f"unknown key, {nearest(key, wanted)}"
    for key, (kind, needed) in wanted.items():
        if key in given:
            try:
                giver.give(given[key], kind)
            except ValueError as error:
                yield ("inputs", key), str(error)
        elif needed:
            yield ("inputs",), f"given no {key}, wanted {', '.join(wanted)}"
    if takes_model(FUNCTIONS[name]) and giver.config is None:
        yield ("compute",), f"given {show(name)}, wanted a config in the case to take the drivers from"


def _simulation(figure: Figure, config: Config | None) -> Iterator[tuple[str, str]]:
    """What is read exists, and its months lie within the horizon."""
    kind = "metric" if figure.metric is not None else "series"
    if config is None:
        yield kind, "given without a config in the case, wanted one to simulate"
        return
    known = _metrics(config) if kind == "metric" else series_names(tuple(config.plans))
    for key in (kind, "less"):
        name = getattr(figure, key)
        if name is not None and name not in known:
            yield key, f"unknown {kind} {show(name)}, {nearest(name, known)}"
    if kind == "series":
        yield from _months(figure, config.months)


def _months(figure: Figure, horizon: int) -> Iterator[tuple[str, str]]:
    if (figure.read == "later") != (figure.age > 0):
        yield "age", f'given {figure.age} with read = "{figure.read}", wanted an age with "later", and with it only'
    if figure.months is None:
        yield "series", "given without months, wanted the first and the last month that count"
    elif not 0 <= figure.months[0] <= figure.months[1] < horizon - figure.age:
        given = f"{figure.months[0]} to {figure.months[1]}" + (f", {figure.age} months later" if figure.age else "")
        yield "months", f"given {given}, wanted months from 0 to {horizon - 1} in order"


def _metrics(config: Config) -> list[str]:
    world = [f"world.{metric.name}" for metric in world_metrics([site.id for site in config.sites])]
    each = [metric.name for metric in plan_metrics(fiscal_years(config.start, config.months))]
    return world + [f"{plan}.{name}" for plan in config.plans for name in each]
