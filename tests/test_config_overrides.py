"""`--set KEY=VALUE`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.config import load
from simulator.config.overrides import apply_overrides, parse_value
from simulator.errors import ConfigError
from tests.config_case import NOTE, ONE_SITE, PLAN, SITE, mistake, mistakes, read

TEXT = ONE_SITE + SITE.format(id="two", start=0, planned=20) + NOTE + PLAN


def test_values_reach_their_keys(tmp_path):
    config = read(
        tmp_path,
        TEXT,
        "drivers.price.spot0 = 20",
        "sites.two.mw=500",
        "sites[0].mw=7",
        "sites.0.planned=30",
        'plans.own.refresh="economic"',
        "plans.own.chips=deferred",
        "plans.own.covenants.dscr=0",
        "notes[0].coupon=0.07",
        "drivers.arpu.elasticity={law='uniform', low=0, high=0.1}",
        "drivers.price.longrun={value=10, low=8, high=12}",
        "plan_defaults.liquidity.floor=5",
        "months=60",
    )
    assert (config.drivers.price.spot0, config.sites[1].mw, config.sites[0].mw) == (20, 500, 7)
    assert (config.sites[0].planned, config.notes[0].coupon, config.months) == (30, 0.07, 60)
    own = config.plans["own"]
    assert (own.refresh, own.chips, own.covenants.dscr, own.liquidity.floor) == ("economic", "deferred", 0, 5)
    assert config.drivers.arpu.elasticity.law == "uniform"
    assert config.drivers.price.longrun.low == 8


def test_the_last_one_wins_and_a_swing_gives_way(tmp_path):
    text = "drivers.price.spot0 = {value = 40, low = 10, high = 50}\n" + TEXT
    assert read(tmp_path, text, "drivers.price.spot0=20", "drivers.price.spot0=60").drivers.price.spot0 == 60
    assert read(tmp_path, text, "drivers.price.spot0.value=20").drivers.price.spot0.high == 50


def test_an_absent_table_starts_from_its_default(tmp_path):
    config = read(tmp_path, TEXT, "dependence.correlation.grid_price=0.1", "drivers.silicon.gap.mean=1.5")
    assert (config.dependence.correlation.grid_price, config.dependence.correlation.arpu_price) == (0.1, 0.3)
    assert (config.drivers.silicon.gap.mean, config.drivers.silicon.gap.shape) == (1.5, 12)
    levels = read(tmp_path, TEXT, "drivers.price.regime.levels.glut=8").drivers.price.regime.levels
    assert (levels.glut, levels.normal) == (8, 12)


WRONG = {
    "drivers.price.spot0=-1": "--set drivers.price.spot0: given -1, wanted a number above 0",
    "drivers.price.spot0=2O": '--set drivers.price.spot0: given "2O", wanted a number',
    "drivers.price.sigmaa=1": "--set drivers.price.sigmaa: unknown key, did you mean sigma?",
    "drivers.arpu.elasticity={law='beta', a=-1, b=2}": "--set drivers.arpu.elasticity.a: given -1, wanted",
    "drivers.price=3": "--set drivers.price: given 3, wanted a table",
    "sites.twoo.mw=3": '--set sites.twoo.mw: no such item "twoo" in sites, did you mean two?',
    "sites[2].mw=3": "--set sites[2].mw: no such item 2 in sites, wanted one of one, two",
    "sites=3": "--set sites: given 3, wanted a list",
    "sites.two.id=one": '--set sites.two.id: given "one", wanted an id that is not taken (sites[0])',
    "notes[1].amount=3": "--set notes[1].amount: no such item 1 in notes, wanted a number below 1",
    "plans.onw.refit=0.1": '--set plans.onw.refit: unknown plan "onw", did you mean own?',
    "months": "--set months: given no value, wanted KEY=VALUE",
    "=3": "--set : given no key, wanted KEY=VALUE",
    "a b=3": "--set a b: given a key that is none, wanted one like drivers.price.spot0",
    "[0]=3": "--set [0]: given a key that is none, wanted one like drivers.price.spot0",
    "months=": '--set months: given "", wanted a whole number',
}


@pytest.mark.parametrize("override", WRONG)
def test_a_wrong_override_is_named(tmp_path, override):
    said = mistakes(tmp_path, TEXT, override)
    assert said[0].startswith(WRONG[override]) or said[-1].startswith(WRONG[override])


def test_what_an_override_breaks_elsewhere_is_reported_there(tmp_path):
    assert mistake(tmp_path, TEXT, "sites.two.start=25") == (
        "my.toml:16: sites[1].planned: given 20, wanted a month after start (25)"
    )


def test_mistakes_of_file_and_overrides_come_together(tmp_path):
    assert mistakes(tmp_path, "seed = -1\n" + TEXT, "months=3") == [
        "my.toml:1: seed: given -1, wanted a whole number of at least 0",
        "--set months: given 3, wanted a whole number from 12 to 600",
    ]


def test_short_numbers_are_numbers():
    assert [parse_value(text) for text in (".5", " -2. ", "1e6", "0x1F", "1_000", "x.5")] == [
        0.5,
        -2,
        1e6,
        31,
        1000,
        "x.5",
    ]


def test_a_value_cannot_smuggle_in_keys():
    assert parse_value("1\nseed = 3") == "1\nseed = 3"
    tree = {"a": {"b": 1}}
    assert apply_overrides(tree, ["a.b=2"])[0] == {"a": {"b": 2}}
    assert tree == {"a": {"b": 1}}


@given(override=st.text(max_size=30) | st.from_regex(r"(sites|plans|notes|drivers)[.\[\]a-z0-9]{0,12}=[ -~]{0,12}"))
def test_no_override_ends_in_a_traceback(tmp_path_factory, override):
    path = tmp_path_factory.getbasetemp() / "overrides.toml"
    path.write_text(TEXT)
    lines: list[str] = []
    try:
        load(path, [override])
    except ConfigError as error:
        lines = error.mistakes
    assert all(line.startswith(("--set ", str(path))) for line in lines)
