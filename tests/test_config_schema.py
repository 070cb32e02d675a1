"""Promises of the schema: documented, defaulted, frozen, versioned; and promises of the shipped configs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest
from pydantic import ValidationError

from simulator.config import Config, config_hash, freeze, json_schema, load
from simulator.config.drivers import Drivers
from simulator.config.drivers.dependence import Correlation
from simulator.config.drivers.price import Levels, Regime, Stays
from simulator.config.fields.ranges import Table
from simulator.config.fields.walk import inner_table
from simulator.config.loader import reload
from simulator.config.schema.plans import Plan
from simulator.config.schema.programme import Note, Programme, Site, TrainingModel
from tests.config_case import NOTE, ONE_SITE, PLAN, read

ROOT = Path(__file__).parent.parent
FLAGSHIP = ROOT / "configs/hyperscaler.toml"


def _keys(table: type[Table], key: str = "") -> Iterator[tuple[str, str]]:
    """Keys of a table, at any depth, and their descriptions."""
    for name, field in table.model_fields.items():
        inner = inner_table(field.annotation)
        if inner is None:
            yield f"{key}{name}", field.description or ""
        elif inner not in (Correlation, Levels, Stays, Regime):
            yield from _keys(inner, f"{key}{name}.")


@pytest.mark.parametrize("table", [Drivers, Programme, Site, Note, Plan, TrainingModel])
def test_every_key_says_what_it_is(table):
    silent = [key for key, text in _keys(table) if len(text) < 10]
    assert not silent


def test_every_default_says_where_it_comes_from():
    """A source follows the semicolon; ids, titles, switches and zeros need none."""
    source = re.compile(r";|judgement|fitted|Baa|month 0")
    free = {"title", "notes", "chips", "refresh", "penalty", "penalty_month", "near_term", "model", "rate_mean"}
    free |= {"noise_kappa", "fleet0", "shell_price", "regional_share"}
    free |= {"on", "own_supply", "previous_generation", "consequence", "assets"}
    bare = [
        key
        for table in (Drivers, Programme, Plan)
        for key, text in _keys(table)
        if not source.search(text) and key.rpartition(".")[2] not in free
    ]
    assert not bare


def test_a_minimal_config_has_the_reference_numbers(tmp_path):
    config, flagship = read(tmp_path, ONE_SITE + PLAN), load(FLAGSHIP)
    minimal, full = freeze(config).model, freeze(flagship).model
    for name in ("silicon", "price", "funding", "dependence", "finance"):
        ours, theirs = getattr(minimal, name), getattr(full, name)
        for field in ours._fields:
            if isinstance(getattr(ours, field), float):
                assert getattr(ours, field) == getattr(theirs, field), f"{name}.{field}"
    assert minimal.arpu.revenue0_by_month == pytest.approx(full.arpu.revenue0_by_month, rel=0, abs=0)
    assert minimal.plans.covenants.dscr[0] == full.plans.covenants.dscr[0]


def test_a_config_cannot_be_changed(tmp_path):
    config = read(tmp_path, ONE_SITE + PLAN)
    with pytest.raises(ValidationError, match="frozen"):
        config.months = 3  # type: ignore[misc]


def test_the_json_schema_knows_every_key():
    schema = json_schema()
    assert set(schema["required"]) == {"sites", "plans"}
    assert schema["additionalProperties"] is False
    price = schema["$defs"]["Price"]["properties"]
    assert price["spot0"]["oneOf"][0] == {"type": "number", "exclusiveMinimum": 0.0, "maximum": 1e9}
    assert schema["$defs"]["Site"]["properties"]["planned"]["oneOf"][0]["multipleOf"] == 1
    assert "USD/W-y" in price["longrun"]["description"]


def test_the_hash_is_of_content(tmp_path):
    base = read(tmp_path, ONE_SITE + PLAN)
    same = read(tmp_path, "# a comment\nmonths = 120\n" + ONE_SITE.replace("mw = 100", "mw = 100.0") + PLAN)
    assert config_hash(base) == config_hash(same)
    assert config_hash(base) != config_hash(read(tmp_path, "months = 119\n" + ONE_SITE + PLAN))
    (tmp_path / "q.csv").write_text("a\n30\n40\n")
    line = "drivers.grid.queue = {csv = 'q.csv', column = 'a'}\n"
    before = config_hash(read(tmp_path, line + ONE_SITE + PLAN))
    (tmp_path / "q.csv").write_text("a\n30\n400\n")
    assert config_hash(read(tmp_path, line + ONE_SITE + PLAN)) != before


def test_plans_complete_themselves_from_the_defaults(tmp_path):
    text = "[plan_defaults]\nrefresh = 'none'\n[plan_defaults.covenants]\ndscr = 1.5\nfccr = 1.3\n" + NOTE + ONE_SITE
    plans = read(tmp_path, text + "[plans.a]\n[plans.b]\nrefresh = 'book'\n[plans.b.covenants]\ndscr = 2\n").plans
    assert [(plan.refresh, plan.covenants.dscr, plan.covenants.fccr) for plan in plans.values()] == [
        ("none", 1.5, 1.3),
        ("book", 2, 1.3),
    ]
    assert list(plans) == ["a", "b"]


@pytest.mark.parametrize("name", ["hyperscaler", "smoke", "spv"])
def test_the_shipped_configs_are_the_templates(name):
    template = resources.files("simulator.config") / "templates" / f"{name}.toml"
    assert (ROOT / f"configs/{name}.toml").read_bytes() == template.read_bytes()
    assert load(ROOT / f"configs/{name}.toml").name == name


def test_every_number_of_the_flagship_has_a_comment():
    lines = FLAGSHIP.read_text().splitlines()
    after_notes = (
        lines[: lines.index("[[sites]]")]
        + lines[next(n for n, line in enumerate(lines) if line.startswith("[plan_defaults]")) :]
    )
    bare = [line for line in after_notes if re.match(r"\w+ = [\d{\[]", line) and "#" not in line]
    assert [line for line in bare if not line.startswith(("schema", "seed"))] == []


def test_every_judgement_of_the_flagship_is_in_the_tornado():
    """With the levers that no plan of it uses switched on; `test_config_plans` shows that they are left out else."""
    idle = ("internal_or_lease", "disposal", "equity")
    frozen = freeze(load(FLAGSHIP, [f"plan_defaults.{lever}.on=true" for lever in idle]))
    swung = {re.sub(r"plan_defaults|sites\.\w+", "x", item.key) for item in frozen.inputs()}
    keys = {f"drivers.{key}": text for key, text in _keys(Drivers)}
    keys |= {f"programme.{key}": text for key, text in _keys(Programme)}
    keys |= {f"x.{key}": text for key, text in _keys(Plan)}
    terms = {"x.liquidity.revolver_margin", "x.liquidity.cash_rate"} | {f"x.covenants.{key}" for key in
        ("fccr", "leverage", "cash")}  # fmt: skip
    assert {key for key, text in keys.items() if "judgement" in text} - terms <= swung
    marked = [line for line in FLAGSHIP.read_text().splitlines() if "[j]" in line and re.match(r"\w+ =", line)]
    assert all(re.search(r"low = |law = |p10 = ", line) for line in marked)
    for driver in ("silicon", "grid", "arpu", "price", "funding"):
        assert sum(item.key.startswith(f"drivers.{driver}.") for item in frozen.inputs()) >= 3


def test_both_ends_of_every_swing_are_valid_configs():
    config = load(FLAGSHIP)
    inputs = freeze(config).inputs()
    assert len({item.label for item in inputs}) == len(inputs) >= 15
    for item in inputs:
        assert item.low < item.high
        assert item.low <= item.base <= item.high
        for value in (item.low, item.high):
            assert isinstance(reload(config, [f"{item.key}={value!r}"]), Config)
