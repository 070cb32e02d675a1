"""Scenarios that a valid config cannot take: swings of the tornado and stress sets that contradict its other numbers.

The tornado and `simulator stress` leave them out with the reason; `simulator check` warns of them beforehand.
"""

from __future__ import annotations

from simulator.config.loader import find_conflicts, reload
from simulator.config.mistakes import Mistake
from simulator.config.overrides import locate_key
from simulator.config.schema import Config
from simulator.config.stress_files import find_set, shipped_sets
from simulator.config.tornado_inputs import tornado_inputs
from simulator.errors import ConfigError

__all__ = ["find_refused_scenarios"]


def find_refused_scenarios(config: Config) -> list[str]:
    """Return a warning for each swing, and each stress set that ships, which makes the config invalid."""
    return [*_refused_swings(config), *_refused_sets(config)]


def _refused_swings(config: Config) -> list[str]:
    """Return the warnings about swings; percentiles of laws contradict no other number."""
    placed = []
    for swing in tornado_inputs(config):
        if swing.how != "low-high":
            continue
        for end, value in (("low", swing.low), ("high", swing.high)):
            conflicts = find_conflicts(config, [f"{swing.key}={value!r}"])
            if conflicts:
                reason = conflicts[0].text.partition(";")[0]
                text = f"at its {end} of {value:g} the config is refused ({reason}): the tornado leaves it out"
                placed.append(config._source.locate(Mistake(locate_key(config._tree, swing.key), text)))
                break
    return [text for _, text in sorted(placed, key=lambda place: place[0])]


def _refused_sets(config: Config) -> list[str]:
    """Return the warnings about stress sets that ship, but for those that the config contains already."""
    warnings = []
    for name in shipped_sets():
        if name in config.stress:
            continue
        try:
            reload(config, (), (find_set(name),))
        except ConfigError as error:
            reason = error.short_reason
            warnings.append(f"{config._source.name}: stress set {name} is refused ({reason}): stress leaves it out")
    return warnings
