"""Numbers in words, and the table a run prints."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from simulator.report.headline import headline, mean_of, recorded_mean
from simulator.report.number_format import MISSING, NEVER, month_name, number, percent, plain, quantity, slug
from simulator.report.text_tables import interval, risk_table
from simulator.results.store import open_run
from simulator.risk import figures
from simulator.risk.intervals import Figure
from simulator.risk.summary import read_summary
from tests.report_run import write_run


@pytest.fixture(scope="module")
def summary(tmp_path_factory):
    folder = write_run(tmp_path_factory.mktemp("run") / "x", {"own": "Own", "jv": "JV"})
    return read_summary(open_run(folder))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-65.83, "-65.8"),
        (1234.4, "1,234"),
        (0.0834, "0.083"),
        (-0.0001, "0.000"),
        (0, "0"),
        (math.nan, MISSING),
        (None, MISSING),
    ],
)
def test_number(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.891, "89.1 %"), (0.0, "0.0 %"), (1.0, "100.0 %"), (0.00037, "0.037 %"), (math.inf, MISSING)]
)
def test_percent(value, text):
    assert percent(value) == text


def test_months_are_whole_and_may_never_come():
    assert quantity(57.0, "month", 120) == "57"
    assert quantity(120.0, "month", 120) == "never"
    assert month_name("2026-07", 0) == "Jul 2026"
    assert month_name("2026-07", 6) == "Jan 2027"


def test_never_is_the_word_of_the_summary():
    assert NEVER == figures.NEVER


def test_names_fit_one_line_and_a_file():
    assert plain("a\nb\x00  c") == "a b c"
    assert len(plain("x" * 200)) == 60
    assert slug("../Own + lease") == "own_lease"
    assert slug("計") == "unnamed"


def test_interval_shows_enough_digits_to_differ():
    assert interval(Figure(-65.83, -65.9, -65.7), "amount") == "-65.9 to -65.7"
    assert interval(Figure(-65.83, -65.834, -65.826), "amount") == "-65.834 to -65.826"
    assert interval(Figure(0.2, 0.1999, 0.2001), "event") == "19.99 to 20.01 %"
    assert interval(Figure(1.0, None, None), "amount") == ""


def test_risk_table_head_states_the_conventions(summary):
    head = " ".join(risk_table(summary).partition("Plan own")[0].split())
    for words in ("4,000 paths", "seed 7", "philox", "95 % confidence interval", "USD bn", "positive is bad"):
        assert words in head


def test_risk_table_fits_80_columns_of_plain_text(summary):
    text = risk_table(summary)
    assert max(map(len, text.splitlines())) <= 80
    assert text.isascii()
    assert "\x1b" not in text


def test_every_figure_has_an_interval_or_a_reason(summary):
    body = risk_table(summary).partition("Plan own")[2].partition("\n")[2]
    shown = [line for line in body.splitlines() if line.startswith("  ") and line[46:56].strip()]
    assert len(shown) > 30
    assert all(" to " in line[56:] or " [" in line[56:] for line in shown)
    assert "too few tail paths" in body


@pytest.mark.parametrize(("events", "high"), [(0, 3.6889), (4000, 4000.0)])
def test_events_have_the_exact_interval_wherever_they_are_shown(summary, events, high):
    breach = summary.plans["own"]["breach"]
    probability = {"breach": figures.probability(events, 4000)}
    cell = mean_of(replace(breach, mean=events / 4000, stderr=0.0, probability=probability))
    assert (cell.value, 4000 * cell.high) == (events / 4000, pytest.approx(high, rel=1e-3))
    assert cell.high - cell.low == pytest.approx(3.69 / 4000, rel=0.01)


def test_risk_table_shows_every_plan_and_event(summary):
    text = risk_table(summary)
    assert text.count("P(npv < 0)") == 2
    assert "Plan jv" in text


def test_events_outside_the_headline_metrics_are_shown(summary):
    event = {"write_offs > 10": Figure(0.02, 0.01, 0.03)}
    plans = {
        plan: {**metrics, "write_offs": replace(metrics["write_offs"], probability=event)}
        for plan, metrics in summary.plans.items()
    }
    assert "P(write_offs > 10)" in risk_table(replace(summary, plans=plans))


def test_a_metric_that_is_never_defined_says_so(summary):
    own = summary.plans["own"]
    cover = replace(own["dscr_min"], mean=None, stderr=None, undefined=1.0, quantiles={})
    plans = {**summary.plans, "own": {**own, "dscr_min": cover}}
    assert "undefined on every path" in risk_table(replace(summary, plans=plans))


def test_headline_puts_plans_side_by_side(summary):
    for block in headline(summary):
        assert all(len(line.figures) == 2 for line in block.lines)


def test_mean_interval_is_two_standard_errors():
    cell = recorded_mean({"mean": 1.0, "stderr": 0.1, "n": 100_000})
    assert cell.low == pytest.approx(1 - 0.196, abs=1e-4)
    assert cell.high == pytest.approx(1 + 0.196, abs=1e-4)
