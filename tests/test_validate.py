"""Headline figures through the command line: every case that ships, broken cases, and mistakes in case files.

Simulated figures have a fixed seed, so nothing here can raise a false alarm.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import math
from pathlib import Path

import pytest
from typer.testing import CliRunner

from docs import validation as document
from simulator import resources
from simulator.cli.main import app
from simulator.errors import ConfigError
from simulator.validation import Outcome, judge, read_case, read_shipped, shipped_cases, words
from simulator.validation.judging import DIFFERENT, FAIL, NOT_REPRODUCED, PASS, REPRODUCES, STEP, verdict
from simulator.validation.schema import Expected
from tests.smoke import ROOT
from tests.statistical import evidence

CASES = shipped_cases()
FOLDER = ROOT / "configs" / "validation"
GOOD = """case = 77
title = "Mine"
claim = "Two and two are four"
source = "School"

[[figures]]
id = "sum"
title = "two and two"
compute = "total"
inputs = { terms = [2, 2.0] }
headline = { value = 4, tolerance = 0.1 }
"""
SITE = """
[config]
months = 24

[[config.sites]]
id = "site"
region = "ohio"
mw = 100
start = 0
requested = 0
planned = 18

[config.plans.own]
"""


def call(*arguments):
    """The command in this process; the exit code, stdout and stderr."""
    return CliRunner().invoke(app, [str(argument) for argument in ("check", "--validate", *arguments)])


def written(folder: Path, text: str) -> Path:
    """A case file of one's own."""
    path = folder / "my.toml"
    path.write_text(text, encoding="utf-8")
    return path


def mistakes(folder: Path, text: str) -> list[str]:
    """The mistakes that the command reports for a case."""
    said = call(written(folder, text))
    assert said.exit_code == 2, said.output
    assert said.stdout == ""
    assert "Traceback" not in said.stderr
    lines = said.stderr.replace(f"{folder}/", "").splitlines()
    assert lines[-1].endswith("nothing was run.")
    return lines[:-1]


def mistake(folder: Path, text: str) -> str:
    """The only thing that is wrong with a case."""
    lines = mistakes(folder, text)
    assert len(lines) == 1, lines
    return lines[0]


# What ships


def test_there_is_a_file_for_every_case():
    assert list(CASES) == list(range(1, 16))
    assert sorted(path.stem for path in FOLDER.iterdir()) == sorted(CASES.values())


@pytest.mark.parametrize("name", CASES.values())
def test_the_package_holds_the_files_of_the_project(name):
    assert resources.text(name, resources.CASES).encode() == (FOLDER / f"{name}.toml").read_bytes()
    assert name.startswith(f"{read_shipped(name).case.case:02d}_")


@pytest.mark.parametrize("number", CASES)
def test_every_case_comes_out_as_expected(number):
    said = call(number, "--json", "--quiet")
    assert said.exit_code == 0, said.output
    output = json.loads(said.stdout)
    [case] = output["cases"]
    judged = [figure for figure in case["figures"] if figure["headline"]]
    assert output["ok"]
    assert case["case"] == number
    assert {figure["verdict"] for figure in judged} == {PASS if case["reproduces"] else NOT_REPRODUCED}


@pytest.mark.parametrize("number", [1, 11, 12, 13, 15])
def test_cases_about_the_simulator_run_it(number):
    [case] = json.loads(call(number, "--json", "--quiet").stdout)["cases"]
    simulated = [figure for figure in case["figures"] if figure["low"] is not None]
    assert simulated
    assert all(figure["low"] <= figure["computed"] <= figure["high"] for figure in simulated)


def test_all_cases_are_the_default_and_print_as_a_table():
    said = call("--quiet")
    assert said.exit_code == 0, said.output
    lines = said.stdout.splitlines()
    assert lines[0].split() == ["case", *words.COLUMNS]
    assert sum(line[:6].strip().isdecimal() for line in lines) == len(CASES)
    assert lines[-1].startswith("15 cases, ")
    assert lines[-1].endswith("none fails")
    for claim in ("jump of the middle of guidance", "notes less assets over 3 years", "bare land, median"):
        assert any(claim in line and line.endswith("DOES NOT REPRODUCE") for line in lines)


def test_a_second_run_prints_the_same():
    assert call(11, 12, "--quiet").stdout == call(11, 12, "--quiet").stdout


def test_the_page_is_what_is_computed():
    assert document.PAGE.read_text() == document.page(document.outcomes()), "run `make docs`"


def test_the_sample_of_sites_is_that_of_the_data():
    """First tracked record without power to first power, sites on which both are observed; days."""
    records: dict[str, list[tuple[dt.date, float, bool]]] = {}
    with evidence("ai_datacenter_timelines_epoch.csv").open() as file:
        for row in csv.DictReader(file):
            day = dt.date.fromisoformat(row["date"])
            projected = row["is_projection"] == "True"
            records.setdefault(row["data_center"], []).append((day, float(row["it_power_mw"] or "nan"), projected))
    days = []
    for site in records.values():
        dark = min((day for day, power, _ in site if power == 0.0), default=None)
        lit = min((day for day, power, projected in site if power > 0.0 and not projected), default=None)
        if dark and lit and dark < lit:
            days.append((lit - dark).days)
    samples = [f.inputs["days"] for f in read_shipped("11_delays").case.figures if "days" in f.inputs]
    assert samples == [sorted(days), sorted(days)]


# Verdicts

FOUR = Expected(value=4.0, tolerance=0.1)


@pytest.mark.parametrize(
    ("value", "headline", "instead", "says"),
    [
        (4.1, FOUR, None, PASS),
        (4.11, FOUR, None, FAIL),
        (math.nan, FOUR, None, FAIL),
        (3.0, Expected(low=3.0, high=4.0), None, PASS),
        (2.9, Expected(low=3.0, high=4.0), None, FAIL),
        (5.0, FOUR, Expected(value=5.0, tolerance=0.0), NOT_REPRODUCED),
        (5.1, FOUR, Expected(value=5.0, tolerance=0.0), DIFFERENT),
        (4.0, FOUR, Expected(value=5.0, tolerance=0.0), REPRODUCES),
        (math.nan, FOUR, Expected(value=5.0, tolerance=0.0), DIFFERENT),
        (1.0, None, None, STEP),
        (math.inf, None, None, FAIL),
    ],
)
def test_verdicts(value, headline, instead, says):
    assert verdict(value, headline, instead) == says


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("02_colossus", "value = 7.78", "value = 7.80"),
        ("10_forwards", "value = 5.569", "value = 5.571"),
        ("12_resale", "value = 0.78, tolerance = 0.05", "value = 0.90, tolerance = 0.05"),
        ("15_not_reproduced", "value = 0.015", "value = 0.02"),
    ],
)
def test_a_case_that_does_not_hold_fails(tmp_path, name, old, new):
    text = (FOLDER / f"{name}.toml").read_text()
    assert old in text
    said = call(written(tmp_path, text.replace(old, new, 1)), "--quiet")
    assert said.exit_code == 1, said.output
    assert "1 FAIL" in said.stdout
    assert "Traceback" not in said.output


def test_a_claim_that_reproduces_after_all_fails(tmp_path):
    text = (FOLDER / "15_not_reproduced.toml").read_text()
    said = call(written(tmp_path, text.replace("value = 0.20, tolerance = 0.02", "value = 0.01, tolerance = 0.02", 1)))
    assert said.exit_code == 1
    assert "FAIL: reproduces after all" in said.stdout


def test_a_case_of_ones_own(tmp_path):
    said = call(written(tmp_path, GOOD), "--json")
    assert said.exit_code == 0, said.output
    [case] = json.loads(said.stdout)["cases"]
    assert case["case"] == 77
    assert case["figures"][0]["computed"] == 4.0
    assert call(written(tmp_path, GOOD), 2).stdout.splitlines()[-1] == "2 cases, 3 figures, 3 pass, none fails"


def test_a_case_may_name_a_config_beside_it(tmp_path):
    (tmp_path / "site.toml").write_text(SITE.replace("[config]\n", "").replace("config.", ""))
    figure = '\n[[figures]]\ntitle = "tax"\ncompute = "total"\ninputs = { terms = ["programme.tax", "sum"] }\n'
    figure += "headline = { value = 4.15, tolerance = 1e-9 }\n"
    text = GOOD.replace('source = "School"', 'source = "School"\nconfig = "site.toml"') + figure
    assert call(written(tmp_path, text)).exit_code == 0


def judge_figure(tmp_path: Path, keys: str) -> Outcome:
    """A figure of a simulation of one site, which needs no headline to agree with."""
    text = GOOD + f'\n[[figures]]\ntitle = "drawn"\n{keys}\nheadline = {{ low = -1e9, high = 1e9 }}\n' + SITE
    return judge(read_case(written(tmp_path, text)))


def test_a_paired_difference_with_itself_is_nothing(tmp_path):
    value = judge_figure(tmp_path, 'metric = "own.npv"\nless = "own.npv"').figures[1].value
    assert value == (0.0, 0.0, 0.0)


def test_series_are_read_by_month(tmp_path):
    """P12 of the first month is the price of the first month; sums and means differ by the number of months."""
    price = judge_figure(tmp_path, 'series = "world.price"\nmonths = [0, 0]').figures[1].value
    assert judge_figure(tmp_path, 'series = "world.p12"\nmonths = [0, 0]').figures[1].value == pytest.approx(price)
    mean, total = (
        judge_figure(tmp_path, f'series = "world.price"\nmonths = [0, 11]\nread = "{read}"').figures[1].value
        for read in ("mean", "sum")
    )
    assert total == pytest.approx([12 * x for x in mean])
    later = judge_figure(tmp_path, 'series = "world.value"\nmonths = [0, 5]\nread = "later"\nage = 12').figures[1].value
    assert 0.5 < later.value < 1.0


def test_changes_reach_the_simulation(tmp_path):
    early, late = (
        judge_figure(tmp_path, f'metric = "world.delay_site"\nchanges = ["sites.site.queue={queue}"]')
        .figures[1]
        .value.value
        for queue in (1, 40)
    )
    assert early < 18 < 20 < late


# Mistakes


def test_everything_wrong_is_said_at_once(tmp_path):
    text = GOOD.replace("case = 77", 'case = "x"').replace("tolerance = 0.1", "tolerance = -1").replace("id =", "idd =")
    assert mistakes(tmp_path, text) == [
        'my.toml:1: case: given "x", wanted a whole number',
        "my.toml:7: figures[0].idd: unknown key, did you mean id?",
        "my.toml:11: figures[0].headline.tolerance: given -1, wanted a number of at least 0",
    ]


def test_mistakes_of_one_figure_do_not_hide_those_of_another(tmp_path):
    second = GOOD[GOOD.index("[[figures]]") :].replace('"total"', '"totals"').replace('id = "sum"\n', "")
    assert mistakes(tmp_path, GOOD.replace("value = 4", 'value = "4"') + "\n" + second) == [
        'my.toml:11: figures[0].headline.value: given "4", wanted a number',
        'my.toml:15: figures[1].compute: unknown function "totals", did you mean total?',
    ]


def test_a_case_without_a_headline_checks_nothing(tmp_path):
    text = GOOD.replace("headline = { value = 4, tolerance = 0.1 }\n", "")
    assert mistake(tmp_path, text) == "my.toml:6: figures: given no headline, wanted one in at least one figure"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"total"', '"totals"', 'my.toml:9: figures[0].compute: unknown function "totals", did you mean total?'),
        ("terms", "term", "my.toml:10: figures[0].inputs.term: unknown key, did you mean terms?"),
        ("[2, 2.0]", "[2, true]", "my.toml:10: figures[0].inputs.terms: given true, wanted a number, the id"),
        ("[2, 2.0]", "2", "my.toml:10: figures[0].inputs.terms: given 2, wanted a list of numbers"),
        ("[2, 2.0]", '["sum"]', 'figures[0].inputs.terms: given "sum", wanted the id of an earlier figure, and there'),
        ("[2, 2.0]", '["a.b"]', 'figures[0].inputs.terms: given "a.b", wanted a config in the case'),
        ("tolerance = 0.1", "low = 3", "headline: given low, value, wanted value and tolerance, or low and high"),
        ("value = 4, tolerance = 0.1", "low = 4, high = 3", "headline: given low = 4, high = 3, wanted low <= high"),
        ('compute = "total"', 'metric = "own.npv"', "figures[0].inputs: given with metric, wanted only with compute"),
        (
            'compute = "total"\n',
            "",
            "figures[0].title: given nothing to compute, wanted one of compute, metric",
        ),
        ('source = "School"', "", "my.toml:1: source: given nothing, wanted who claims it, where"),
        ('source = "School"', 'source = ""', "my.toml:4: source: given 0 characters, wanted at least 1"),
        ('"School"', '"School"\nreproduces = false', "figures[0].instead: given no instead, wanted what is computed"),
        ('"School"', '"School"\nconfig = 3', "my.toml:5: config: given 3, wanted a table, a .toml file or one of "),
        ('"School"', '"School"\nconfig = "no.toml"', "no.toml: given a path that cannot be read"),
        ("case = 77", "case = ", "my.toml:1: not valid TOML"),
    ],
)
def test_a_mistake_in_a_case(tmp_path, old, new, says):
    assert old in GOOD
    assert any(says in line for line in mistakes(tmp_path, GOOD.replace(old, new, 1)))


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ('metric = "own.npw"', 'metric: unknown metric "own.npw", did you mean own.npv?'),
        ('metric = "own.npv"\nless = "mine.npv"', 'less: unknown metric "mine.npv", did you mean own.npv?'),
        ('metric = "own.npv"\nmonths = [0, 1]', "months: given with metric, wanted only with series"),
        ('series = "own.cash"', "series: given without months"),
        ('series = "own.cash"\nmonths = [0, 24]', "months: given 0 to 24, wanted months from 0 to 23 in order"),
        ('series = "own.cash"\nmonths = [1, 2]\nage = 3', 'age: given 3 with read = "mean"'),
        ('metric = "own.npv"\nchanges = ["months=x"]', 'changes: months: given "x", wanted a whole number'),
        ('compute = "lognormal_median"', "inputs: given no mu, wanted mu"),
        (
            'compute = "law_median"\ninputs = { law = { law = "normal" } }',
            "inputs.law: given a table, wanted a number",
        ),
        (
            'compute = "total"\ninputs = { terms = ["programme.taxx"] }',
            'given "taxx" in a key of the config, did you',
        ),
        ('compute = "total"\ninputs = { terms = ["drivers.grid.queue"] }', "given a distribution, wanted a number"),
    ],
)
def test_a_mistake_in_a_figure_with_a_config(tmp_path, keys, says):
    text = GOOD + f'\n[[figures]]\ntitle = "wrong"\n{keys}\nheadline = {{ low = 0, high = 1 }}\n' + SITE
    said = mistake(tmp_path, text)
    assert said.startswith("my.toml:1")
    assert "figures[1]." in said
    assert says in said


def test_mistakes_in_the_config_of_a_case_stand_where_they_are(tmp_path):
    assert mistakes(tmp_path, GOOD + SITE.replace("mw = 100", "mw = -1").replace("start = 0", "start = 19")) == [
        "my.toml:19: config.sites[0].mw: given -1, wanted a number above 0, at most 1e+06",
        "my.toml:22: config.sites[0].planned: given 18, wanted a month after start (19)",
    ]


def test_inputs_without_a_value_are_no_traceback(tmp_path):
    text = GOOD.replace("total", "ratio").replace("terms = [2, 2.0]", "of = 2, to = 0")
    said = "my.toml:10: figures[0].inputs: given numbers for which ratio has no value (float division by zero)"
    assert mistake(tmp_path, text) == said


def test_what_is_undefined_fails(tmp_path):
    """A plan without notes has no cover ratio on any path."""
    figure = '\n[[figures]]\ntitle = "cover"\nmetric = "own.dscr_min"\nheadline = { low = 0, high = 9 }\n'
    said = call(written(tmp_path, GOOD + figure + SITE), "--json")
    assert said.exit_code == 1
    assert json.loads(said.stdout)["cases"][0]["figures"][1]["computed"] is None


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["99"], "CASE: given 99, wanted a number from 1 to 15 or a .toml file"),
        (["first"], "CASE: given first"),
        (["2", "--set", "months=12"], "--set: given with --validate"),
        (["2", "--stress", "winter"], "--stress: given with --validate"),
        (["2", "--paths", "12"], "--paths: given with --validate"),
        (["nowhere.toml"], "nowhere.toml: given a path that cannot be read"),
    ],
)
def test_what_is_wrong_with_arguments(arguments, says):
    said = call(*arguments)
    assert said.exit_code == 2
    assert says in said.stderr


def test_a_case_read_by_itself_raises(tmp_path):
    with pytest.raises(ConfigError, match=r"my\.toml:1: case"):
        read_case(written(tmp_path, GOOD.replace("case = 77", "case = 0")), "my.toml")
