"""Reports of runs at the edge: a short horizon, no loss, no test, nothing let, a single plan, many plans."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from simulator import pipeline, report
from simulator.analyses.compare import compare
from simulator.analyses.stress import stress
from simulator.config import freeze, load
from simulator.report import debt_charts, page_tables, paired_table, value_charts
from simulator.report.canvas import MOST_PLANS, drawing_style, new_canvas, plan_style, set_time_axis
from simulator.report.report_data import read_report_data
from simulator.results.store import RunFolder, open_run
from simulator.risk.intervals import Figure
from simulator.risk.summary import PrecisionSummary, StopSummary
from simulator.risk.undefined import NONE_SET, UNTESTED, untested_plans
from tests.report_run import write_run
from tests.smoke import SMOKE

PATHS = 1500


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """A year of the smoke programme, in which nobody loses and nothing is tested; and its page."""
    done = pipeline.run(SMOKE, tmp_path_factory.mktemp("edge") / "short", overrides=["months=12"], paths=PATHS)
    return done, (done.path / "report.html").read_text()


def changed(folder, change):
    """A made-up run of two plans with other columns of its sample."""
    path = write_run(folder, {"own": "Own", "jv": "JV"}, tornado=False)
    stored = RunFolder.reopen(path)
    sample = open_run(path).sample()
    stored.write_table("sample.parquet", sample | change(sample))
    stored.write_manifest({"name": "flagship"})
    return read_report_data(path)


def test_the_looks_of_49_plans_are_all_different():
    styles = [plan_style(row) for row in range(49)]
    assert len({(style.colour, style.dash) for style in styles}) == 49
    assert len({(style.colour, style.marker) for style in styles}) == 49
    assert len({style.colour for style in styles[:7]}) == 7


def test_many_plans_share_a_chart_that_can_be_read(tmp_path):
    run = read_report_data(
        write_run(tmp_path / "run", {f"p{k}": f"Plan {k}" for k in range(MOST_PLANS + 2)}, tornado=False)
    )
    with drawing_style():
        few = value_charts.exceedance_curves(
            read_report_data(write_run(tmp_path / "few", {"own": "Own"}, tornado=False))
        )
        for picture in (value_charts.exceedance_curves(run), value_charts.survival_curves(run)):
            curves = [line for line in picture.figure.axes[0].lines if not line.get_label().startswith("_")]
            drawn = {(line.get_color(), str(line._dash_pattern)) for line in curves}
            assert len(curves) == len(drawn) == MOST_PLANS
            assert f"Drawn are the first {MOST_PLANS} of {MOST_PLANS + 2} plans" in picture.caption
            assert picture.figure.get_size_inches()[1] > few.figure.get_size_inches()[1]


@pytest.mark.parametrize("months", [6, 12, 18, 24, 36, 47, 60, 120])
def test_every_tick_of_time_says_something_else(months):
    """No year twice: of a short horizon the months are named, with the year at the first and at each January."""
    with drawing_style():
        figure, axes = new_canvas("Time")
        set_time_axis(axes, 2026.5, months)
        figure.draw_without_rendering()
    first, last = axes.get_xlim()
    shown = [tick.get_text() for tick in axes.get_xticklabels() if first <= tick.get_position()[0] <= last]
    dated, year = [], ""
    for text in shown:
        year = (re.findall(r"\d{4}", text) or [year])[0]
        dated.append((text.partition("\n")[0], year))
    assert len(set(dated)) == len(dated)
    assert 3 <= len(dated) <= 8
    assert [text.isdigit() for text in shown] == [months >= 48] * len(shown)
    assert months > 36 or shown[0] == "Jul\n2026"


def test_shares_of_breaches_are_drawn_from_0_to_100_percent(tmp_path):
    with drawing_style():
        axes = value_charts.survival_curves(
            read_report_data(write_run(tmp_path / "run", {"own": "Own"}, tornado=False))
        ).figure.axes[0]
    assert axes.get_ylim()[0] == 0.0
    assert 1.0 < axes.get_ylim()[1] < 1.05


def test_a_tail_without_any_loss_is_a_sentence(tmp_path):
    run = changed(tmp_path / "run", lambda sample: {f"{p}.npv": 1 + np.abs(sample[f"{p}.npv"]) for p in ("own", "jv")})
    assert value_charts.exceedance_curves(run) == (
        "No plan loses on any of 4,000 paths: there is no tail of losses to draw. None of 4,000 leaves a probability "
        "of up to 0.092 % (95 % interval)."
    )
    assert report.build(run.folder).read_text().count("no tail of losses to draw") == 1
    assert not (run.folder / "figures" / "exceedance.png").exists()


def test_a_plan_without_any_loss_is_named_beside_the_others(tmp_path):
    run = changed(tmp_path / "run", lambda sample: {"jv.npv": 1 + np.abs(sample["jv.npv"])})
    with drawing_style():
        picture = value_charts.exceedance_curves(run)
    assert [line.get_label() for line in picture.figure.axes[0].lines] == ["Own"]
    assert "JV: no path loses. None of 4,000 leaves a probability of up to 0.092 %" in picture.caption


def test_where_nothing_is_tested_no_breach_is_counted(short):
    done, page = short
    for plan in done.summary["plans"].values():
        for name in ("breach", "uncured"):
            assert plan[name]["probability"][name] == {"value": None, "low": None, "high": None, "note": UNTESTED}
            assert (plan[name]["mean"], plan[name]["n"], plan[name]["undefined"]) == (None, 0, 1.0)
        assert plan["breach_month"]["note"] == UNTESTED
    assert all("breach" not in entry and "npv" in entry for entry in done.summary["comparison"]["differences"].values())
    assert "Nothing is known of breaches. Own everything: no covenant is tested within the horizon." in page
    assert "Of covenants nothing is known: no covenant is tested within the horizon." in page
    assert "A covenant is breached" not in page
    result = compare(done.path, metric="breach")
    assert all(pair["mean"]["value"] is pair["beats"]["value"] is None for pair in result["pairs"])
    json.dumps(done.summary, allow_nan=False)


def test_stress_counts_no_breach_where_nothing_is_tested():
    result = stress(SMOKE, ["rates_up"], "breach", "probability", overrides=["months=24"], paths=64, threads=1)
    assert {figure["value"] for figure in result["base"].values()} == {None}
    assert result["sets"][0]["plans"]["own"]["change"]["value"] is None


def test_a_plan_without_covenants_is_said_to_have_none():
    frozen = freeze(load(SMOKE))
    assert untested_plans(frozen.model, frozen.plans) == {}
    off = [f"plans.own.covenants.{name}=0" for name in ("dscr", "leverage", "cash")]
    frozen = freeze(load(SMOKE, off))
    assert untested_plans(frozen.model, frozen.plans) == {"own": NONE_SET}
    frozen = freeze(load(SMOKE, off[:2]))
    assert untested_plans(frozen.model, frozen.plans) == {}


def test_nothing_let_and_nothing_owed_have_no_charts(tmp_path):
    run = read_report_data(write_run(tmp_path / "run", {"own": "Own"}, tornado=False))
    with drawing_style():
        assert [picture.slug for picture in debt_charts.draw_debt(run, "own")] == ["debt_own", "lease_own"]
        for name in ("lease", "notes"):
            run.series[f"own.{name}"] = {key: 0 * band for key, band in run.series[f"own.{name}"].items()}
        assert [picture.slug for picture in debt_charts.draw_debt(run, "own")] == ["debt_own"]
        run.series["own.revolver"] = run.series["own.notes"]
        assert list(debt_charts.draw_debt(run, "own")) == []


def test_the_head_says_where_the_figures_come_from(tmp_path):
    run = read_report_data(write_run(tmp_path / "run", {"own": "Own"}, tornado=False))
    said = page_tables.origin(run)
    for words in ("4,000 simulated worlds", "120 months from Jul 2026", "seed 7", "stopped by paths", "digest dddd"):
        assert words in said
    target = "own.npv.mean:1"
    precision = PrecisionSummary(target, "own.npv.mean:.9", True, Figure(1.0, 0.1, 1.9))
    stop = StopSummary("precision", [target], 5, (precision,))
    run = replace(run, summary=replace(run.summary, stop=stop))
    ended = "stopped by precision, asked for own.npv.mean:1; own.npv.mean:1 reached, own.npv.mean:.9"
    assert ended in page_tables.origin(run)


def test_the_summary_begins_with_who_risks_least(tmp_path):
    """Of three plans, two are the same but for noise: they are not told apart."""
    rng = np.random.default_rng(8)

    def npv(sample):
        base = sample["own.npv"]
        return {"jv.npv": base + rng.normal(0, 1, base.size)}

    run = changed(tmp_path / "run", npv)
    plans = {
        plan: {**metrics, "npv": replace(metrics["npv"], cvar={0.95: Figure(100.0 + (plan == "jv"), 90.0, 110.0)})}
        for plan, metrics in run.summary.plans.items()
    }
    run = replace(run, summary=replace(run.summary, plans=plans))
    said = paired_table.tail_ranking(run).replace("\N{NO-BREAK SPACE}", " ")
    assert "CVaR 95 % of NPV" in said
    assert "Own 100.0 (90.0 to 110.0); JV 101.0 (90.0 to 110.0). Not told apart: Own and JV." in said
    data = read_report_data(write_run(tmp_path / "one", {"own": "Own"}, tornado=False))
    assert paired_table.tail_ranking(data) == ""


def test_the_page_says_what_debt_is_set_against(short):
    done, page = short
    assert "compute and shells" not in page
    assert (done.path / "figures" / "debt_own.png").exists()
