"""Warnings of valid configs that look wrong, swings and stress sets that contradict them, and inherited defaults."""

from __future__ import annotations

import json

import pytest

from simulator.analyses.stress import stress
from simulator.analyses.tornado import tornado
from simulator.cli import templates
from simulator.config import load
from simulator.config.number_sources import describe_columns, inherited_defaults
from simulator.config.plausibility import find_doubts
from simulator.config.scenario_checks import find_refused_scenarios
from simulator.errors import ConfigError
from simulator.report import stress_figure, tornado_figure
from simulator.report.text_tables import stress_table, tornado_table
from tests.config_case import NOTE, ONE_SITE, PLAN, SITE, read
from tests.smoke import FLAGSHIP, ROOT, SMOKE
from tests.test_cli import call

SMALL = (  # nothing inherited from the reference company
    "[programme]\nbase_cash_flow = 0\n[drivers.arpu]\nrevenue0 = 1\n"
    "[plan_defaults.liquidity]\nopening_cash = 3\nother_debt = 0\nrevolver = 0\n"
)


def doubts(folder, text, *overrides):
    return [line.replace(f"{folder}/", "") for line in find_doubts(read(folder, text, *overrides))]


@pytest.mark.parametrize("name", ["hyperscaler", "smoke", "spv"])
def test_what_ships_is_not_doubted(name):
    with templates.path(name) as path:
        config = load(path)
    assert find_doubts(config) == []
    assert find_refused_scenarios(config) == []


BASE = SMALL + ONE_SITE + PLAN
AT = {line.partition(" ")[0]: n for n, line in enumerate(BASE.splitlines(), 1)}
DOUBTED = {
    "mw = 0.4": "my.toml:{mw}: sites[0].mw: given 0.4 MW, which looks like GW: mw is in megawatts of IT load",
    "mw = 300_000": "my.toml:{mw}: sites[0].mw: given 300000 MW, more than any site: mw is in megawatts of IT load",
    "planned = 120": "my.toml:{planned}: sites[0].planned: given 120, beyond the horizon (months = 120): the site",
    "requested = 18": "my.toml:{requested}: sites[0].requested: given 18, not before planned (18): power is requested",
    "requested = 90": "my.toml:{requested}: sites[0].requested: given 90, not before planned (18): power is requested",
}


@pytest.mark.parametrize("line", DOUBTED)
def test_a_site_that_looks_wrong(tmp_path, line):
    key = line.partition(" ")[0]
    text = "".join(f"{line if old.startswith(key + ' ') else old}\n" for old in BASE.splitlines())
    said = [doubt for doubt in doubts(tmp_path, text) if "has no power" not in doubt]
    assert [doubt.startswith(DOUBTED[line].format(**AT)) for doubt in said] == [True]


LAWS = {
    "drivers.grid.slip=24": "24, 10 times the default (2.392): check its unit",
    "drivers.grid.queue={law = 'lognormal', median = 1080, sigma = 0.45}": "a mean of 1195, 30 times the default",
    "drivers.grid.behind_meter=2": "2, 1/12 of the default (24.76): check its unit",
    "drivers.price.spot0=4000": "4000, 100 times the default (40): check its unit",
    "programme.compute_cost=0.0262": "0.0262, 1/998 of the default (26.14): check its unit",
    "drivers.silicon.gap=24": "24, 12 times the default (2): check its unit",
}


@pytest.mark.parametrize("override", LAWS)
def test_a_number_ten_times_its_default(tmp_path, override):
    said = doubts(tmp_path, BASE, override)
    assert any(line.startswith(f"--set {override.partition('=')[0]}: given {LAWS[override]}") for line in said)


@pytest.mark.parametrize("override", ["drivers.grid.slip=0", "drivers.price.jump_size=0.01", "drivers.grid.queue=90"])
def test_a_number_that_is_off_or_near_its_default_is_not_doubted(tmp_path, override):
    assert not [line for line in doubts(tmp_path, BASE, override) if "default" in line]


def test_a_queue_that_outlasts_the_horizon_is_its_share_of_paths(tmp_path):
    """Median 140 months from a request at month -20 lies at month 120: by then half have power, 5 % from elsewhere."""
    text = BASE.replace("requested = -20", "requested = 0")
    queue = "sites.one.queue={{law = 'lognormal', median = {}, sigma = 0.3}}"
    on = "drivers.grid.fail_probability=0"
    assert doubts(tmp_path, text, on, queue.format(119)) == []
    (said,) = doubts(tmp_path, text, on, queue.format(130))
    assert said == '--set sites.one.queue: "one" has no power within 120 months on 61 % of paths'


def test_a_horizon_shorter_than_the_build(tmp_path):
    sites = "".join(SITE.format(id=f"s{i}", start=6, planned=18) for i in range(5))
    text = "months = 20\n" + SMALL + sites + PLAN
    (said,) = doubts(tmp_path, text)
    assert said.startswith(
        "my.toml:1: months: given 20, shorter than the build: 5 sites (s0, s1, s2, ..) will be under"
    )


def test_notes_in_millions(tmp_path):
    (said,) = doubts(tmp_path, BASE + NOTE.replace("amount = 3", "amount = 3000"))
    assert "notes: given USD 3,000 bn in all, while the sites cost about 3.788: amounts are in USD bn" in said


def test_a_balance_sheet_of_the_reference_company(tmp_path):
    (said,) = doubts(tmp_path, ONE_SITE + PLAN)
    assert said == (
        "my.toml:1: programme: base_cash_flow 22, opening_cash 51.6, other_debt 28.7, revolver 20, revenue0 212 "
        "(USD bn) are inherited from the reference company, which builds for 133, while these sites cost about 3.8: "
        "write them, or start from simulator init --template spv"
    )
    own = "[plans.own.liquidity]\nopening_cash = 1\nother_debt = 0\nrevolver = 0\n[drivers.arpu]\nrevenue0 = 1\n"
    (said,) = doubts(tmp_path, ONE_SITE + own)
    assert said.startswith("my.toml:1: programme: base_cash_flow 22 (USD bn) are inherited")
    assert doubts(tmp_path, ONE_SITE + own + "[programme]\nbase_cash_flow = 22\n") == []


def test_check_and_run_show_warnings_and_end_with_0(tmp_path):
    (tmp_path / "my.toml").write_text(BASE.replace("mw = 100", "mw = 0.4"))
    where = f"{tmp_path}/my.toml"
    warning = f"warning: {where}:{AT['mw']}: sites[0].mw: given 0.4 MW, which looks like GW"
    said = call("check", where, "--quiet", "--paths", 64)
    assert said.exit_code == 0
    assert warning in said.stdout
    assert said.stdout.endswith(f"{where}: no mistakes, 1 warning\n")
    assert len(json.loads(call("check", where, "--quiet", "--json", "--paths", 64).stdout)["warnings"]) == 1
    run = call("run", where, "--paths", 64, "--no-report", "--out", tmp_path / "run")
    assert run.exit_code == 0
    assert warning in run.stderr
    assert "warning" not in call("run", where, "--paths", 64, "--no-report", "--quiet", "--out", tmp_path / "q").stderr


# Scenarios that a config cannot take

TIGHT = (  # the correlations of rates are valid as they are, but not with one of them at -0.9
    "dependence.correlation.grid_price={value = 0.3, low = -0.9, high = 0.3}",
    "dependence.correlation.grid_arpu=0.7",
    "dependence.correlation.arpu_price=0.7",
)
LONG_QUEUES = "drivers.grid.score_shift=9.9"  # power_crunch adds 1.5, which the key's range refuses
REASON = "dependence.correlation: given a matrix whose smallest eigenvalue is -0."


def test_check_warns_of_swings_and_sets_that_make_a_config_invalid():
    said = find_refused_scenarios(load(SMOKE, TIGHT))
    assert said[0].startswith(
        "--set dependence.correlation.grid_price: at its low of -0.9 the config is refused (given a matrix whose "
        "smallest eigenvalue is -0."
    )
    assert said[0].endswith("wanted a positive definite one): the tornado leaves it out")
    (said,) = find_refused_scenarios(load(SMOKE, ["drivers.grid.regional_share={value = 0.3, low = 0.1, high = 0.99}"]))
    assert "at its high of 0.99 the config is refused (given 0.99, wanted at most 1 less national_share" in said
    assert "stress set power_crunch is refused (" in "".join(find_refused_scenarios(load(SMOKE, [LONG_QUEUES])))


def test_a_tornado_leaves_out_what_the_config_cannot_take():
    result = tornado(SMOKE, overrides=TIGHT, measure="mean", paths=200)
    (bar,) = [bar for bar in result["bars"] if "left_out" in bar]
    assert bar["input"] == "dependence.correlation.grid_price"
    assert bar["left_out"].startswith(f"refused at its low of -0.9 ({REASON}")
    assert bar["delta_low"] is bar["delta_high"] is bar["interval_low"] is None
    assert len(result["bars"]) > 10
    text = " ".join(tornado_table(result).split())
    assert f"Left out: dependence.correlation.grid_price, refused at its low of -0.9 ({REASON}" in text
    assert tornado_figure(result)


def test_a_stress_leaves_out_the_sets_that_the_config_cannot_take():
    overrides = [LONG_QUEUES]
    result = stress(SMOKE, ["power_crunch", "rates_up"], "npv", "mean", overrides=overrides, paths=200)
    crunch, rates = result["sets"]
    assert crunch["plans"] == {}
    assert crunch["left_out"].startswith("add.drivers.grid.score_shift: given 11.4, wanted ")
    assert list(rates["plans"]) == ["own", "jv", "hybrid"]
    assert "Left out: power_crunch, add.drivers.grid.score_shift: given " in " ".join(stress_table(result).split())
    assert stress_figure(result)
    with pytest.raises(ConfigError, match="score_shift"):
        stress(SMOKE, ["power_crunch"], overrides=overrides, paths=200)


# What nobody wrote


def test_inherited_defaults_have_unit_and_source(tmp_path):
    config = read(tmp_path, "[plan_defaults.covenants]\ndscr = 1.3\n" + BASE)
    items = {item.key: item for item in inherited_defaults(config)}
    wacc = items["programme.wacc"]
    assert (wacc.value, wacc.description) == ("0.085", "discount rate of npv, per year; judgement")
    assert items["months"].value == "120"
    assert items["drivers.grid.queue"].value == '{ law = "lognormal", median = 36, sigma = 0.45 }'
    written = {"plan_defaults.covenants.dscr", "programme.base_cash_flow", "drivers.arpu.revenue0"}
    unread = {
        "plan_defaults.jv.share",
        "plan_defaults.cloud.term",
        "drivers.price.regime.kappa",
        "dependence.shift.grid",
    }
    assert not items.keys() & (written | unread)
    assert {"plan_defaults.covenants.fccr", "plan_defaults.liquidity.floor"} <= items.keys()


def test_every_inherited_default_can_be_written_as_it_is_shown(tmp_path):
    before = load(SMOKE)
    changes = [f"{item.key}={item.value}" for item in inherited_defaults(before)]
    after = load(SMOKE, changes)
    assert inherited_defaults(after) == []
    assert after.model_dump() == before.model_dump()


def test_the_flagship_inherits_nothing():
    assert inherited_defaults(load(FLAGSHIP)) == []


def test_check_says_what_was_read_from_a_column(tmp_path):
    (tmp_path / "q.csv").write_text("project;months\na;30,5\nb;42\nc;90\n")
    config = read(tmp_path, "drivers.grid.queue = {csv = 'q.csv', column = 'months'}\n" + BASE)
    (entry,) = describe_columns(config)
    assert (entry["key"], entry["csv"], entry["column"]) == ("drivers.grid.queue", "q.csv", "months")
    assert entry["read"] == "3 rows, 30.5 to 90, median 42; UTF-8, cells separated by semicolons, decimal commas"
    said = call("check", tmp_path / "my.toml", "--quiet", "--paths", 64).stdout
    assert f'    drivers.grid.queue        q.csv, "months": {entry["read"]}\n' in said
    assert "  number" not in said
    assert "    programme.wacc = 0.085   # discount rate of npv, per year; judgement\n" in said


def test_titles_cannot_move_the_cursor(tmp_path):
    (tmp_path / "my.toml").write_text('title = "A\\u001b[31mB\\nC\\u202e"\n' + BASE + 'title = "D\\u009b2JE"\n')
    said = call("check", tmp_path / "my.toml", "--quiet", "--paths", 64).stdout
    assert said.startswith("A [31mB C: 0.100 GW at 1 site\n")
    assert "D 2JE" in said
    assert not set(said) & set("\x1b\x9b\u202e")


KINDS = {
    "validation/02_colossus.toml": "given a validation case, wanted a config: simulator check --validate {} computes",
    "nightly/flagship.toml": "given a list of runs, wanted a config: simulator run {} carries it out",
    "stress/rates_up.toml": "given a stress set, wanted a config: simulator check CONFIG --stress {} applies it",
}


@pytest.mark.parametrize("file", KINDS)
def test_a_file_of_another_kind_is_named_with_its_command(file):
    path = ROOT / "configs" / file
    said = call("check", path)
    assert said.exit_code == 2
    assert said.stderr.startswith(f"{path}:1: {KINDS[file].format(path)}")


def test_a_config_is_no_case_and_no_stress_set():
    for arguments in (("check", "--validate", SMOKE), ("check", SMOKE, "--stress", SMOKE)):
        assert "given a config, wanted a " in call(*arguments).stderr
