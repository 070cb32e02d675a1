"""Mistakes: all at once, each at its line, in words that say what was wanted."""

from __future__ import annotations

import re

import pytest

from simulator.config import checks, load, report_mistakes
from simulator.errors import ConfigError
from tests.config_case import NOTE, ONE_SITE, PLAN, SITE, mistake, mistakes, read


def test_the_two_sample_lines_word_for_word(tmp_path, monkeypatch):
    text = ONE_SITE + SITE.format(id="two", start=0, planned=9) + SITE.format(id="three", start=6, planned=3)
    lines = text.splitlines()
    at = len(lines) - 1
    assert lines[at] == "planned = 3"
    lines[at:at] = ["# filling"] * (40 - at)
    lines += ["# filling"] * (56 - len(lines)) + ["[drivers.price]", "sigmaa = 0.5", PLAN]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.toml").write_text("\n".join(lines))
    with pytest.raises(ConfigError) as caught:
        load("my.toml")
    assert report_mistakes(caught.value.mistakes).splitlines() == [
        "my.toml:41: sites[2].planned: given 3, wanted a month after start (6)",
        "my.toml:58: drivers.price.sigmaa: unknown key, did you mean sigma?",
        "2 errors, nothing was run.",
    ]


def test_one_mistake_is_one_error():
    assert report_mistakes(["a.toml:1: b: given 1, wanted 2"]).endswith("\n1 error, nothing was run.")


KEYS = {
    "months = 11": "my.toml:1: months: given 11, wanted a whole number from 12 to 600",
    "months = 12.5": "my.toml:1: months: given 12.5, wanted a whole number",
    "months = true": "my.toml:1: months: given true, wanted a whole number",
    "paths = 0": "my.toml:1: paths: given 0, wanted a whole number of at least 1",
    "paths = 1e13": "my.toml:1: paths: given 10000000000000, wanted a whole number of at most 1e+12",
    "paths = 1.5": "my.toml:1: paths: given 1.5, wanted a whole number",
    "seed = -1": "my.toml:1: seed: given -1, wanted a whole number of at least 0",
    "schema = 2": "my.toml:1: schema: given 2, wanted 1",
    'start = "2026-13"': 'my.toml:1: start: given "2026-13", wanted a month like "2026-07"',
    "start = 2026-07-01": "my.toml:1: start: given 2026-07-01, wanted text in quotes",
    'name = "Mine"': 'my.toml:1: name: given "Mine", wanted an id of at most 40 small letters, digits and _ '
    "that begins with a letter",
    "montsh = 12": "my.toml:1: montsh: unknown key, did you mean months?",
    "zzz = 1": "my.toml:1: zzz: unknown key, wanted one of schema, name, title, start, ",
    "drivers = 3": "my.toml:1: drivers: given 3, wanted a table",
    "drivers.price.sigma = nan": "my.toml:1: drivers.price.sigma: given nan, wanted a finite number",
    "drivers.price.sigma = -inf": "my.toml:1: drivers.price.sigma: given -inf, wanted a finite number",
    'drivers.price.sigma = "abc"': 'my.toml:1: drivers.price.sigma: given "abc", wanted a number',
    "drivers.price.sigma = []": "my.toml:1: drivers.price.sigma: given an empty list, wanted a number",
    "drivers.price.sigma = {}": "my.toml:1: drivers.price.sigma: given an empty table, wanted a number or {value, low",
    "drivers.price.sigma = -0.1": "my.toml:1: drivers.price.sigma: given -0.1, wanted a number from 0 to 5",
    "drivers.price.spot0 = 0": "my.toml:1: drivers.price.spot0: given 0, wanted a number above 0",
    "drivers.price.spot0 = " + "9" * 400: "my.toml:1: drivers.price.spot0: given a whole number of more than 20 digits",
    "drivers.price.spot0 = {value = 1, low = 2, high = 3}": "my.toml:1: drivers.price.spot0: given low = 2, value = 1, "
    "high = 3, wanted low <= value <= high",
    "drivers.price.spot0 = {value = 1, low = 0, high = 3}": "my.toml:1: drivers.price.spot0: given low = 0, wanted a "
    "number above 0",
    "drivers.price.spot0 = {value = 1, low = 1}": "my.toml:1: drivers.price.spot0.high: given nothing, wanted high end",
    "drivers.price.spot0 = {value = 1, low = 1, hihg = 3, high = 2}": "my.toml:1: drivers.price.spot0.hihg: unknown "
    "key, did you mean high?",
    'drivers.price.spot0 = {law = "normal", mean = 1, sd = 1}': "my.toml:1: drivers.price.spot0: given a distribution, "
    "wanted a number or {value, low, high}: sampled are only drivers.silicon.gap, ",
    'drivers.price.model = "jmup"': 'my.toml:1: drivers.price.model: given "jmup", wanted "jump" or "regime"',
    "drivers.arpu.season = [1, 1, 1]": "my.toml:1: drivers.arpu.season[3]: given nothing, wanted a number",
    "drivers.grid.fail_probability = 1.5": "my.toml:1: drivers.grid.fail_probability: given 1.5, wanted a number from "
    "0 to 1",
    "drivers.grid.regional_share = 0.99": "my.toml:1: drivers.grid.regional_share: given 0.99, wanted at most 1 less "
    "national_share (0.05)",
    "drivers.silicon.correlation = -0.9": "my.toml:1: drivers.silicon.correlation: given -0.9, wanted a number from "
    "2 factor_share - 1 (-0.4) to 1",
    "programme.training = 4.5": "my.toml:1: programme.training: given 4.5, wanted a whole number from 0 to 1200",
    'metrics.tally = ["npw"]\nmetrics.events = []': 'my.toml:1: metrics.tally[0]: unknown metric "npw", did you mean '
    "npv?",
    'metrics.tally = ["irr"]\nmetrics.events = []': 'my.toml:1: metrics.tally[0]: given "irr", wanted a metric of '
    "every path: it is computed for the sample only",
    'metrics.tally = ["npv", "npv"]\nmetrics.events = []': 'my.toml:1: metrics.tally[1]: given "npv" again, wanted ',
    'metrics.events = ["npv <= 0"]': 'my.toml:1: metrics.events[0]: given "npv <= 0", wanted an event metric, ',
    'metrics.events = ["npv < nan"]': 'my.toml:1: metrics.events[0]: given "npv < nan", wanted an event metric, ',
    'metrics.events = ["llcr < 1"]': 'my.toml:1: metrics.events[0]: given "llcr < 1", wanted a metric of the world or',
    'metrics.events = ["npv < 0", "npv < 0.0"]': 'my.toml:1: metrics.events[1]: given "npv < 0.0" again, wanted each',
    "metrics.levels = [0.95, 0.95]": "my.toml:1: metrics.levels: given a level twice, wanted each once",
    "metrics.levels = [0.2]": "my.toml:1: metrics.levels[0]: given 0.2, wanted a number from 0.5 to 0.9999",
    "metrics.levels = []": "my.toml:1: metrics.levels: given 0 items, wanted at least 1",
    "[[notes]]\namount = 1\nmaturity = 9": "my.toml:1: notes[0]: given nothing, wanted either coupon or margin",
    "[[notes]]\namount = 1\nmaturity = 9\ncoupon = 0.1\nmargin = 0.1": "my.toml:1: notes[0]: given both coupon and",
    NOTE + "issue = 60": "my.toml:4: notes[0].maturity: given 52, wanted a month after issue (60)",
    "months = 60\n" + NOTE.replace("52", "99") + "issue = 60": "my.toml:6: notes[0].issue: given 60, wanted a month "
    "before months (60)",
    "[plans.world]": 'my.toml:1: plans.world: given "world", wanted another id: it names columns of results',
    "[plans.Own]": 'my.toml:1: plans.Own: given "Own", wanted an id of at most 40 small letters',
    "[plans.b]\nnotes = 5": "my.toml:2: plans.b.notes: given 5, wanted [[notes]] in the config to scale",
    "[plans.b]\nnotes = 'all'": 'my.toml:2: plans.b.notes: given "all", wanted true, false or a number',
    "[plans.b]\nliquidity = {penalty = 1, penalty_month = 120}": "my.toml:2: plans.b.liquidity.penalty_month: given "
    "120, wanted a month before months (120)",
    "[plan_defaults.liquidity]\nflor = 3": "my.toml:2: plan_defaults.liquidity.flor: unknown key, did you mean floor?",
    "[plan_defaults]\nrefit = 3": "my.toml:2: plan_defaults.refit: given 3, wanted a number from 0 to 1",
}


@pytest.mark.parametrize("line", KEYS, ids=lambda line: line[:40])
def test_a_wrong_key(tmp_path, line):
    assert mistake(tmp_path, line + "\n" + ONE_SITE + PLAN).startswith(KEYS[line])


def test_sites_and_plans_are_required(tmp_path):
    assert mistakes(tmp_path, "seed = 1") == [
        "my.toml:1: sites: given nothing, wanted what is built",
        "my.toml:1: plans: given nothing, wanted capital strategies, each valued in every world",
    ]


def test_site_ids_are_unique_and_free(tmp_path):
    text = ONE_SITE + ONE_SITE + ONE_SITE.replace("one", "mean") + PLAN
    first, second = mistakes(tmp_path, text)
    assert first == 'my.toml:11: sites[1].id: given "one", wanted an id that is not taken (sites[0])'
    assert second == 'my.toml:19: sites[2].id: given "mean", wanted an id that is not taken (a metric)'


def test_a_key_given_nowhere_is_reported_at_its_table(tmp_path):
    assert mistake(tmp_path, "\n" + ONE_SITE.replace("mw = 100", "") + PLAN) == (
        "my.toml:3: sites[0].mw: given nothing, wanted IT load, MW"
    )


def test_an_inherited_mistake_is_reported_once_where_it_was_written(tmp_path):
    text = "[plan_defaults.covenants]\ndscr = 'x'\n" + ONE_SITE + PLAN + "[plans.two]\n[plans.three]\n"
    assert mistake(tmp_path, text) == 'my.toml:2: plan_defaults.covenants.dscr: given "x", wanted a number'


def test_checks_across_keys_run_beside_wrong_keys(tmp_path):
    text = "months = 'x'\nmetrics.tally = ['nvp']\n" + ONE_SITE.replace("planned = 18", "planned = -9") + PLAN
    text += "[[notes]]\namount = 0\nmaturity = 9\n"
    text += "[dependence.correlation]\ngrid_price = 1\ngrid_rates = 1\nprice_rates = -1\n"
    keys = [line.split(": ")[1] for line in mistakes(tmp_path, text)]
    assert keys == [
        "months",
        "metrics.tally[0]",
        "sites[0].planned",
        "notes[0]",
        "notes[0].amount",
        "dependence.correlation",
    ]


BROKEN = {
    "a = 1\na = 2": "my.toml:2: not valid TOML: a key given twice",
    "a = 1\n[b]\nc = 1\n[b]": "my.toml:4: not valid TOML: cannot declare b twice",
    "a = 1\nb = = 2": "my.toml:2: not valid TOML: invalid value",
    'a = "x': "my.toml:1: not valid TOML: unterminated string",
    "a = [1,\n2": "my.toml:2: not valid TOML: unclosed array",
    "a = " + "9" * 5000: "my.toml:1: given a number of 5,000 digits, wanted at most 1,000",
    "a = " + "[" * 5000 + "]" * 5000: "my.toml:1: given tables nested too deeply, wanted at most 32",
    "a = " + "{a=" * 5000 + "1" + "}" * 5000: "my.toml:1: given tables nested too deeply, wanted at most 32",
    "": "my.toml:1: given an empty file, wanted a config",
    " \n": "my.toml:1: given an empty file, wanted a config",
    "\x00": "my.toml:1: not valid TOML: invalid statement",
}


@pytest.mark.parametrize("text", BROKEN, ids=lambda text: repr(text[:12]))
def test_a_text_that_is_no_config(tmp_path, text):
    assert mistake(tmp_path, text).startswith(BROKEN[text])


def test_a_byte_order_mark_and_windows_lines_are_fine(tmp_path):
    assert read(tmp_path, "\ufeff" + (ONE_SITE + PLAN).replace("\n", "\r\n")).sites[0].id == "one"


def test_a_file_that_cannot_be_read(tmp_path):
    for path, said in ((tmp_path / "none.toml", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(ConfigError, match=f"given a path that cannot be read .{said}"):
            load(path)
    with pytest.raises(ConfigError, match="a path that cannot exist"):
        load("a\0b")
    bad = tmp_path / "latin.toml"
    bad.write_bytes(b"a = 1\nb = '\xe9'\n")
    with pytest.raises(ConfigError, match=r"latin\.toml:2: given bytes that are not UTF-8, wanted a text file"):
        load(bad)


def test_absurd_sizes_are_refused_before_memory_is_taken(tmp_path, monkeypatch):
    plans = "".join(f"[plans.p{i}]\n" for i in range(50))
    with monkeypatch.context() as little:
        little.setattr(checks, "_MOST_MEMORY", 2e9)
        said = mistake(tmp_path, "months = 600\n" + ONE_SITE + plans)
    assert re.fullmatch(
        r"my.toml:1: months: given about \d+\.\d GB of memory for 600 months and these plans, wanted at most 2 GB", said
    )
    assert mistake(tmp_path, ONE_SITE + plans + PLAN) == "my.toml:9: plans: given 51 items, wanted at most 50"
    sites = "".join(SITE.format(id=f"s{i}", start=0, planned=9) for i in range(201))
    assert mistake(tmp_path, sites + PLAN) == "my.toml:2: sites: given 201 items, wanted at most 200"
