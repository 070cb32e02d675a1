"""No text ends in a traceback: it is a config, or every mistake in it has a line."""

from __future__ import annotations

import contextlib
import copy
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.config import Config, freeze, load
from simulator.errors import ConfigError
from tests.toml_text import paths_of, to_toml

ROOT = Path(__file__).parent.parent
SMOKE = (ROOT / "configs/smoke.toml").read_text()
FLAGSHIP = tomllib.loads((ROOT / "configs/hyperscaler.toml").read_text())
PATHS = list(paths_of(FLAGSHIP))
BUSY = copy.deepcopy(FLAGSHIP)  # every lever in use
for lever in ("internal_or_lease", "disposal", "equity", "jv", "lease_excess"):
    BUSY["plan_defaults"][lever]["on"] = True
LEVERS = [path for path in PATHS if path[0] in ("plan_defaults", "plans", "sites", "notes")]
often = settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])


def _percentiles(values: list[float]) -> dict[str, float]:
    return dict(zip(["p10", "p50", "p90"], sorted(values), strict=True))


numbers = st.one_of(
    st.integers(-5, 50), st.floats(-5, 50),
    st.sampled_from([10**400, -(2**63), 1e308, 5e-324, np.inf, np.nan, 0.0, 1.0]),
)  # fmt: skip
params = ["mean", "sd", "median", "sigma", "shape", "scale", "a", "b", "low", "mode", "high", "zero"]
names = ["normal", "lognormal", "gamma", "weibull", "beta", "triangular", "pert", "uniform", "exponential", "x"]
spellings = st.one_of(
    st.fixed_dictionaries({"law": st.sampled_from(names)}, optional=dict.fromkeys(params, numbers)),
    st.dictionaries(st.sampled_from(["p10", "p50", "p90", "low", "high", "value", "law", "csv", "column"]), numbers),
    st.lists(st.floats(0.01, 90), min_size=3, max_size=3).map(_percentiles),
    st.just({"csv": "smoke.toml", "column": "x"}),
)  # fmt: skip
values = st.one_of(
    numbers, spellings, st.booleans(), st.text(max_size=5), st.dates(), st.just([]), st.just({}), st.lists(numbers),
    st.just([{}, {}]),
)  # fmt: skip


def _outcome(path: Path, text: str) -> Config | None:
    """The config, or None after checking how it was refused."""
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        config = load(path)
        model = freeze(config).model
    except ConfigError as error:
        mistakes = error.mistakes
    else:
        assert np.isfinite(model.marginals.numbers).all()
        return config
    assert mistakes
    for line in mistakes:
        name, number, said = line.split(":", 2)
        assert name == str(path)
        assert 1 <= int(number) <= text.count("\n") + 1
        assert "given" in said or "unknown" in said or "not valid TOML" in said
        assert "\n" not in said
    return None


def _set(tree: dict[str, Any], path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    tree = copy.deepcopy(tree)
    node: Any = tree
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return tree


@often
@given(path=st.sampled_from(PATHS), value=values)
def test_any_value_at_any_key(tmp_path_factory, path, value):
    _outcome(tmp_path_factory.getbasetemp() / "value.toml", to_toml(_set(FLAGSHIP, path, value)))


@often
@given(first=st.sampled_from(LEVERS), second=st.sampled_from(LEVERS), value=values, other=values)
def test_any_two_values_among_busy_levers(tmp_path_factory, first, second, value, other):
    tree = _set(BUSY, first, value)
    with contextlib.suppress(KeyError, IndexError, TypeError):  # the first took away where the second stands
        tree = _set(tree, second, other)
    _outcome(tmp_path_factory.getbasetemp() / "levers.toml", to_toml(tree))


LAWS = [
    path
    for path in PATHS
    if path[-1] in ("queue", "gap", "elasticity", "performance", "cost_multiplier", "margin", "ratio")
]


@often
@given(path=st.sampled_from(LAWS), value=spellings)
def test_any_distribution_where_one_may_stand(tmp_path_factory, path, value):
    _outcome(tmp_path_factory.getbasetemp() / "law.toml", to_toml(_set(FLAGSHIP, path, value)))


@often
@given(first=st.sampled_from(PATHS), second=st.sampled_from(PATHS), key=st.text(max_size=6), value=values)
def test_any_new_key_beside_another_mistake(tmp_path_factory, first, second, key, value):
    tree = _set(FLAGSHIP, second, value)
    node: Any = tree
    for part in first[:-1]:
        node = node[part] if isinstance(node, dict) and part in node else {}
    if isinstance(node, dict):
        node[key] = value
    _outcome(tmp_path_factory.getbasetemp() / "key.toml", to_toml(tree))


@often
@given(
    at=st.integers(0, len(SMOKE)),
    cut=st.integers(0, 40),
    text=st.text(max_size=8) | st.sampled_from(list("\"'[]{}=.#\n")),
)
def test_any_change_of_the_text(tmp_path_factory, at, cut, text):
    _outcome(tmp_path_factory.getbasetemp() / "text.toml", SMOKE[:at] + text + SMOKE[at + cut :])


@given(text=st.text(max_size=60) | st.text(alphabet='ab.="[]{}\n# 1', max_size=40))
def test_any_text(tmp_path_factory, text):
    assert _outcome(tmp_path_factory.getbasetemp() / "any.toml", text) is None


def test_the_writer_of_these_tests_is_faithful(tmp_path):
    assert tomllib.loads(to_toml(FLAGSHIP)) == FLAGSHIP
    same = _outcome(tmp_path / "same.toml", to_toml(FLAGSHIP))
    assert same is not None
    assert same.model_dump() == load(ROOT / "configs/hyperscaler.toml").model_dump()
