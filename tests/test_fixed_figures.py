"""Figures that no path can change, events by date, and levels: shown as what they are, wherever they are shown."""

from __future__ import annotations

import re

import pytest

from simulator import pipeline
from simulator.analyses.stress import stress
from simulator.analyses.tornado import tornado
from simulator.config import freeze, load
from simulator.engine import stopping
from simulator.engine.run_forecast import paths_until_precise
from simulator.engine.simulation import empty_tallies, make_job, simulate_canary
from simulator.engine.stopping import StoppingCriteria, StoppingRule
from simulator.engine.thread_pool import BlockSimulator, Task
from simulator.errors import ConfigError
from simulator.finance.metrics import plan_metrics
from simulator.report import explanations
from simulator.report.batch_page import render_batch
from simulator.report.canvas import drawing_style, legend_label, missing_letters, new_canvas
from simulator.report.comparison_text import break_even_text, comparison_text
from simulator.report.number_format import distinct_titles, level_percent, share_percent
from simulator.report.text_tables import interval, risk_table, shared_digits, stress_table, tornado_table, value
from simulator.results.columns import Event
from simulator.risk.intervals import Figure
from simulator.risk.metric_spec import Calendar, MeasureSpec, parse_event, parse_metric
from simulator.risk.precision_forecast import forecast_precision
from simulator.risk.structure import describe_structure
from simulator.risk.summary import read_summary
from tests.smoke import SMOKE

EVENTS = (
    "npv < 0",
    "breach before 2028",
    "breach_month < 2031-01",
    "payback > 61",
    "lease_income > 1",
    "idle_capital < 0",
    "delay_mean > 6",
)
TEXTS = ", ".join(f'"{event}"' for event in EVENTS)
OVERRIDES = (f"metrics.events=[{TEXTS}]", "metrics.levels=[0.975, 0.9, 0.9999]")
CALENDAR = Calendar("2026-07", 60)
FIRST_TEST = "cannot happen before 2029-09 (first test)"


@pytest.fixture(scope="module")
def config():
    return load(SMOKE, OVERRIDES)


@pytest.fixture(scope="module")
def run(config, tmp_path_factory):
    return pipeline.run(config, tmp_path_factory.mktemp("fixed") / "run", paths=8192)


@pytest.fixture(scope="module")
def job(config):
    return make_job(freeze(config))


# Levels


def test_no_level_is_shown_as_another():
    levels = (0.5, 0.9, 0.95, 0.975, 0.99, 0.995, 0.999, 0.9995, 0.9999)
    texts = ["50 %", "90 %", "95 %", "97.5 %", "99 %", "99.5 %", "99.9 %", "99.95 %", "99.99 %"]
    assert [level_percent(level) for level in levels] == texts
    assert level_percent("0.9999", rest=True) == "0.01 %"
    assert MeasureSpec("cvar", 0.9999).text == "cvar99.99"
    assert MeasureSpec("q", 0.05).text == "q05"
    assert [share_percent(share) for share in (0.0, 0.00004, 0.5, 0.9996, 1.0)] == [
        "0 %",
        "0.004 %",
        "50 %",
        "99.96 %",
        "100 %",
    ]


def test_table_report_and_comparison_have_the_levels_of_the_config(run):
    table, page = risk_table(read_summary(run)), (run.path / "report.html").read_text("utf-8").replace("\xa0", " ")
    assert re.findall(r"CVaR (\S+) %  ", table)[:3] == ["90", "97.5", "99.99"]
    assert "VaR 90 % is exceeded in 10 % of" in " ".join(table.split())
    assert "In the worst 10 % of worlds the mean loss" in page
    for text in (table, page, comparison_text(_compare(run))):
        assert "VaR 97.5 %" in text
        assert not re.search(r"VaR (98|100|95|99) %", text)


def _compare(run):
    from simulator.analyses.compare import compare

    return compare(run.path)


def test_runs_of_one_night_name_their_levels_where_these_differ():
    def entry(level):
        figure = {"value": 1.0, "low": 0.9, "high": 1.1}
        mean = {"mean": 1.0, "stderr": 0.1, "n": 100}
        return {
            "folder": "a", "title": "A", "source": "a.toml", "state": "finished", "digest": "d" * 64, "paths": 100,
            "seed": 1, "stop": {"rule": "paths", "asked": 100, "reached": 100}, "plans": {"own": "Own"},
            "headline": {"own": {"mean": mean, "cvar": figure, "level": level}},
        }  # fmt: skip

    night = {"title": "", "runs": [], "ended": None, "until": None, "started": "now", "version": "1"}
    alike = render_batch({**night, "runs": [entry(0.975), entry(0.975)]})
    assert "CVaR 97.5 %</th>" in alike
    mixed = render_batch({**night, "runs": [entry(0.975), entry(0.9999)]})
    assert "CVaR</th>" in mixed
    assert "CVaR 97.5 %, 0.90 to 1.10" in mixed
    assert "CVaR 99.99 %, 0.90 to 1.10" in mixed


# Events by date


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("breach before 2028", Event("breach_month", "<", 18.0, "breach before 2028")),
        ("breach  before 2028-01", Event("breach_month", "<", 18.0, "breach before 2028-01")),
        ("payback before 2030-06", Event("payback", "<", 47.0, "payback before 2030-06")),
        ("breach_month<2029-12", Event("breach_month", "<", 41.0, "breach_month < 2029-12")),
        ("peak_month > 2027-01", Event("peak_month", ">", 6.0, "peak_month > 2027-01")),
        ("npv before 2028", None),
        ("breach < 2028-01", None),
        ("breach before 2028-13", None),
        ("breach before soon", None),
    ],
)
def test_an_event_has_a_date_of_the_programme(text, event):
    assert parse_event(text, CALENDAR) == event


def test_a_date_needs_a_calendar_that_holds_it():
    assert parse_event("breach before 2028") is None
    late = parse_event("breach before 2032", CALENDAR)
    assert late is not None
    assert CALENDAR.date_mistake(late) == (
        "given breach before 2032, wanted a date within the horizon, 2026-07 to 2031-07"
    )
    with pytest.raises(ConfigError, match=r"--metric: given breach before 2032, wanted a date within the horizon"):
        parse_metric("breach before 2032", (), plan_metrics(()), CALENDAR)
    assert (CALENDAR.month_of("2026-07"), CALENDAR.month_of("2031-07"), CALENDAR.date_of(60)) == (0, 60, "2031-07")


def test_the_same_event_by_date_and_by_month_is_counted_once():
    with pytest.raises(ConfigError, match='given "breach_month < 18" again, wanted each event once'):
        load(SMOKE, ['metrics.events=["breach before 2028", "breach_month < 18"]'])
    with pytest.raises(ConfigError, match="given breach before 2040, wanted a date within the horizon"):
        load(SMOKE, ['metrics.events=["breach before 2040"]'])


def test_a_threshold_keeps_its_digits():
    assert Event("npv", "<", 1234567.0).label == "npv < 1234567"
    assert Event("npv", "<", 0.1234567).label == "npv < 0.1234567"
    assert Event("npv", "<", -0.5).label == "npv < -0.5"


# Figures that no path can change


def test_what_cannot_happen_says_why_in_place_of_an_interval(run):
    summary = read_summary(run)
    own, jv = summary.plans["own"], summary.plans["jv"]
    assert own["breach_month"].probability["breach before 2028"] == Figure(0.0, None, None, FIRST_TEST)
    assert own["idle_capital"].probability["idle_capital < 0"].note == "cannot happen: idle_capital is never below 0"
    assert own["payback"].probability["payback > 61"].note == "cannot happen: payback is never above 60"
    assert own["lease_income"].probability["lease_income > 1"].note == "cannot happen: the plan lets nothing"
    assert own["lease_income"].mean_figure() == Figure(0.0, None, None, "always 0: the plan lets nothing")
    assert jv["lease_income"].note is None
    sampled = own["breach_month"].probability["breach_month < 2031-01"]
    assert sampled.low is not None
    assert sampled.low < sampled.value < sampled.high


def test_table_and_report_show_every_event_of_the_config(run):
    table, page = risk_table(read_summary(run)), (run.path / "report.html").read_text("utf-8")
    for event in EVENTS:
        assert f"P({event})" in table
        assert f"P({event.replace('<', '&lt;').replace('>', '&gt;')})" in page
    line = next(line for line in table.splitlines() if "P(breach before 2028)" in line)
    assert re.fullmatch(r" +P\(breach before 2028\) +0 % +cannot happen \[\d\]", line)
    assert f"] {FIRST_TEST}" in table
    assert FIRST_TEST in page


def test_events_on_the_edges_of_a_range(job):
    structure = describe_structure(job.model, ("own", "jv", "hybrid"), CALENDAR)
    metrics = {metric.name: metric for metric in plan_metrics(())}

    def figure(text, plan="jv"):
        event = parse_event(text, CALENDAR)
        assert event is not None
        return structure.event_figure(plan, metrics[event.metric], event)

    for text, chance in (
        ("idle_capital < 0", 0.0), ("idle_capital > -1", 1.0), ("shortfall > 1", 0.0), ("payback < 61", 1.0),
        ("exits > 3", 0.0), ("breach_month < 38", 0.0), ("shortfall_months > 60", 0.0),
    ):  # fmt: skip
        fixed = figure(text)
        assert fixed is not None, text
        assert fixed.value == chance, text
    for text in ("idle_capital < 1e-9", "idle_capital > 0", "npv < -1e9", "payback < 60", "breach_month < 39"):
        assert figure(text) is None, text
    assert figure("exits > 1", "own") == Figure(0.0, None, None, "cannot happen: the plan has no JV")
    assert figure("lease_income > -1", "own") == Figure(1.0, None, None, "always: the plan lets nothing")


# Precision of such figures


def _tallies(job, paths=1024):
    tallies = empty_tallies(job, simulate_canary(job))
    tallies.record(0, BlockSimulator(job.model, paths).simulate(job.seed, Task(0, paths)))
    return tallies


def _rule(job, text):
    """A rule that has looked at 1,024 paths of a job, with their tallies."""
    tallies = _tallies(job)
    rule = StoppingRule(StoppingCriteria(None, (text,)), job.targets([text]), job.model.months, 1)
    rule.look(tallies)
    return rule, tallies


@pytest.mark.parametrize("text", ["own.lease_income.mean:1%", "own.breach before 2028.probability:1%"])
def test_a_share_of_what_is_always_0_is_precise_at_once(job, text):
    rule, tallies = _rule(job, text)
    assert rule.met
    assert rule.ended
    stop = rule.verdict(tallies)
    assert stop["rule"] == "precision"
    assert stop["reached"] == [text.replace(":1%", ":0%")]
    assert stop["precision"][0]["met"]
    assert "nan" not in str(stop)


def test_a_share_of_0_events_ends_the_run_unless_something_else_does(job, monkeypatch):
    monkeypatch.setattr(stopping, "MOST_ZEROS", 1024)
    rule, tallies = _rule(job, "own.npv < 0.probability:1%")
    assert not rule.out_of_reach
    job = make_job(freeze(load(SMOKE, ['metrics.events=["npv < -1e6"]'])))
    rule, tallies = _rule(job, "own.npv < -1e6.probability:1%")
    assert (rule.met, rule.out_of_reach, rule.ended) == (False, True, True)
    stop = rule.verdict(tallies)
    assert stop["reached"] == ["own.npv < -1e6.probability:0.0018 about 0"]
    assert not stop["precision"][0]["met"]
    rule.criteria = rule.criteria._replace(paths=4096)
    assert not rule.ended


def test_precision_of_what_no_path_defines_is_refused(job):
    with pytest.raises(ConfigError, match=r"jv\.dscr_min is undefined on every path: the plan has no notes"):
        job.targets(["jv.dscr_min.mean:1%"])
    with pytest.raises(ConfigError, match=r"wanted an event that \[metrics\] events counts: npv < 0, breach before"):
        job.targets(["own.npv < 3.probability:1%"])
    assert job.targets(["own.breach_month<18.probability:1%"])[0].event == "breach before 2028"


def test_a_forecast_knows_what_is_precise_at_once(job):
    target = job.targets(["own.breach before 2028.probability:1%"])[0]
    forecast = forecast_precision(_tallies(job), target, job.model.months)
    assert forecast is not None
    assert forecast.half_width(10**6) == (0.0, 0.0, 0.0)
    assert paths_until_precise([forecast], 1024).expected == 1024


# Reading aids


def test_the_figures_of_a_column_have_the_same_digits():
    column = [Figure(-6.965, -7.02, -6.91), Figure(12.01, 11.9, 12.1), Figure(0.84, 0.62, 1.09)]
    digits = shared_digits(column, "amount")
    assert [value(figure, "amount", digits=digits) for figure in column] == ["-6.96", "12.01", "0.84"]
    assert [interval(figure, "amount", digits) for figure in column][1] == "11.90 to 12.10"
    assert shared_digits(column, "event") is None


def test_what_looks_wrong_and_is_right_is_explained():
    def stressed(key, low, high, name="a"):
        change = {"value": (low + high) / 2, "low": low, "high": high}
        return {"name": name, "changes": [{"key": key, "add": 1}], "plans": {"own": {"value": 1.0, "change": change}}}

    rates, queue = stressed("drivers.funding.rate0", 0.0, 0.0), stressed("drivers.grid.score_shift", -0.4, -0.3, "b")
    both = {"metric": "npv", "measure": "cvar95", "sets": [rates, queue]}
    fixed, deferred = explanations.explain_stress(both)
    assert fixed.startswith("a: npv discounts at programme.wacc, a fixed number")
    assert deferred.startswith("b: A longer queue puts off spending")
    assert explanations.explain_stress({**both, "metric": "apv"}) == []
    moved = stressed("drivers.funding.rate0", 0.1, 0.2), stressed("drivers.grid.score_shift", 0.3, 0.4)
    assert explanations.explain_stress({**both, "sets": moved}) == []
    bar = {"input": "drivers.funding.rate_mean", "delta_low": 0, "delta_high": 0, "stderr_low": 0, "stderr_high": 0}
    assert len(explanations.explain_tornado({"metric": "npv", "bars": [bar]})) == 1
    assert explanations.explain_tornado({"metric": "npv", "bars": [{**bar, "delta_low": 1.0}]}) == []


def test_a_plan_that_is_ahead_but_for_some_values_is_not_ahead_throughout():
    def point(x, low, difference, high):
        return {"value": x, "difference": difference, "low": low, "high": high}

    result = {
        "input": "x", "low": 0.0, "high": 4.0, "plan": "own", "against": "jv", "metric": "npv", "measure": "mean",
        "unit": "", "paths": 10, "seed": 1, "roots": [], "leaders": [1],
        "points": [point(0.0, 0.0, 0.0, 0.0), point(2.0, -2.0, -0.5, 1.0), point(4.0, -9.0, -5.0, -1.0)],
    }  # fmt: skip
    text = " ".join(break_even_text(result).split())
    assert "jv is ahead, but at 0 the two are the same; at 2.00 they are not told apart" in text
    result["points"] = result["points"][2:]
    assert "jv is ahead throughout" in break_even_text(result)


def test_titles_that_look_alike_end_with_their_ids():
    titles = {"a": "Own", "b": "Own", "c": None, "d": "x" * 50, "e": "x" * 50}
    shown = distinct_titles(titles)
    assert (shown["a"], shown["b"], shown["c"]) == ("Own (a)", "Own (b)", "c")
    assert len(set(shown.values())) == 5
    assert max(map(len, shown.values())) <= 40


def test_a_title_with_an_underscore_is_in_the_legend_and_missing_letters_are_named():
    with drawing_style():
        figure, axes = new_canvas("\N{SNOWMAN} \U0001f0ff\U000e0fff")
        axes.plot([1, 2], label=legend_label("_own"))
        legend = axes.legend()
    assert [text.get_text().strip() for text in legend.get_texts()] == ["_own"]
    assert "\N{SNOWMAN}" not in missing_letters(figure)
    assert missing_letters(new_canvas("a\u0378b")[0]) in ("", "\u0378")


def test_the_base_of_a_tornado_says_that_an_event_cannot_happen():
    result = tornado(SMOKE, "breach before 2028", "probability", paths=200, threads=1)
    assert result["base"] == {"value": 0.0, "low": None, "high": None, "note": FIRST_TEST}
    line = next(line for line in tornado_table(result).splitlines() if line.startswith("base"))
    assert " to " not in line
    assert tornado(SMOKE, "npv < 0", "probability", paths=200, threads=1)["base"]["low"] is not None


def test_one_name_reads_one_column_of_the_sample(run):
    assert list(run.sample("own.npv")) == ["own.npv"]


def test_stress_and_its_change_say_that_an_event_cannot_happen():
    result = stress(load(SMOKE), ["rates_up"], "breach before 2028", "probability", paths=256, threads=1)
    assert result["base"]["own"] == {"value": 0.0, "low": None, "high": None, "note": FIRST_TEST}
    assert result["sets"][0]["plans"]["own"]["change"]["note"] == FIRST_TEST
    assert "0 %  cannot happen" in stress_table(result)
