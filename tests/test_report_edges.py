"""Reports of runs at the edge: a short horizon, no loss, no test, nothing let, a single plan, many plans."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from simulator import pipeline, report
from simulator.analyses.compare import compare
from simulator.analyses.stress import stress
from simulator.config import freeze, load
from simulator.report import debt, detail, plans, value
from simulator.report.canvas import MOST, canvas, look, style, years
from simulator.report.run import read_run
from simulator.results.store import RunFolder, open_run
from simulator.risk.undefined import NONE_SET, UNTESTED, untested
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
    return read_run(path)


def test_the_looks_of_49_plans_are_all_different():
    looks = [look(row) for row in range(49)]
    assert len({(one.colour, one.dash) for one in looks}) == len({(one.colour, one.mark) for one in looks}) == 49
    assert len({one.colour for one in looks[:7]}) == 7


def test_many_plans_share_a_chart_that_can_be_read(tmp_path):
    run = read_run(write_run(tmp_path / "run", {f"p{k}": f"Plan {k}" for k in range(MOST + 2)}, tornado=False))
    with style():
        few = value.exceedance(read_run(write_run(tmp_path / "few", {"own": "Own"}, tornado=False)))
        for picture in (value.exceedance(run), value.survival(run)):
            curves = [line for line in picture.figure.axes[0].lines if not line.get_label().startswith("_")]
            drawn = {(line.get_color(), str(line._dash_pattern)) for line in curves}
            assert len(curves) == len(drawn) == MOST
            assert f"Drawn are the first {MOST} of {MOST + 2} plans" in picture.caption
            assert picture.figure.get_size_inches()[1] > few.figure.get_size_inches()[1]


@pytest.mark.parametrize("months", [6, 12, 18, 24, 36, 47, 60, 120])
def test_every_tick_of_time_says_something_else(months):
    """No year twice: of a short horizon the months are named, with the year at the first and at each January."""
    with style():
        figure, axes = canvas("Time")
        years(axes, 2026.5, months)
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
    with style():
        axes = value.survival(read_run(write_run(tmp_path / "run", {"own": "Own"}, tornado=False))).figure.axes[0]
    assert axes.get_ylim()[0] == 0.0
    assert 1.0 < axes.get_ylim()[1] < 1.05


def test_a_tail_without_any_loss_is_a_sentence(tmp_path):
    run = changed(tmp_path / "run", lambda sample: {f"{p}.npv": 1 + np.abs(sample[f"{p}.npv"]) for p in ("own", "jv")})
    assert value.exceedance(run) == (
        "No plan loses on any of 4,000 paths: there is no tail of losses to draw. None of 4,000 leaves a probability "
        "of up to 0.092 % (95 % interval)."
    )
    assert report.build(run.folder).read_text().count("no tail of losses to draw") == 1
    assert not (run.folder / "figures" / "exceedance.png").exists()


def test_a_plan_without_any_loss_is_named_beside_the_others(tmp_path):
    run = changed(tmp_path / "run", lambda sample: {"jv.npv": 1 + np.abs(sample["jv.npv"])})
    with style():
        picture = value.exceedance(run)
    assert [line.get_label() for line in picture.figure.axes[0].lines] == ["Own"]
    assert "JV: no path loses. None of 4,000 leaves a probability of up to 0.092 %" in picture.caption


def test_where_nothing_is_tested_no_breach_is_counted(short):
    done, page = short
    for plan in done.summary["plans"].values():
        for name in ("breach", "uncured"):
            assert plan[name]["probability"][name] == {"value": None, "low": None, "high": None, "note": UNTESTED}
            assert (plan[name]["mean"], plan[name]["n"], plan[name]["undefined"]) == (None, 0, 1.0)
        assert plan["breach_month"]["note"] == UNTESTED
    assert all("breach" not in of and "npv" in of for of in done.summary["comparison"]["differences"].values())
    assert "Nothing is known of breaches. Own everything: no covenant is tested within the horizon." in page
    assert "Of covenants nothing is known: no covenant is tested within the horizon." in page
    assert "A covenant is breached" not in page
    found = compare(done.path, metric="breach")
    assert all(pair["mean"]["value"] is pair["beats"]["value"] is None for pair in found["pairs"])
    json.dumps(done.summary, allow_nan=False)


def test_stress_counts_no_breach_where_nothing_is_tested():
    found = stress(SMOKE, ["rates_up"], "breach", "probability", overrides=["months=24"], paths=64, threads=1)
    assert {figure["value"] for figure in found["base"].values()} == {None}
    assert found["sets"][0]["plans"]["own"]["change"]["value"] is None


def test_a_plan_without_covenants_is_said_to_have_none():
    frozen = freeze(load(SMOKE))
    assert untested(frozen.model, frozen.plans) == {}
    off = [f"plans.own.covenants.{name}=0" for name in ("dscr", "leverage", "cash")]
    frozen = freeze(load(SMOKE, off))
    assert untested(frozen.model, frozen.plans) == {"own": NONE_SET}
    frozen = freeze(load(SMOKE, off[:2]))
    assert untested(frozen.model, frozen.plans) == {}


def test_nothing_let_and_nothing_owed_have_no_charts(tmp_path):
    run = read_run(write_run(tmp_path / "run", {"own": "Own"}, tornado=False))
    with style():
        assert [picture.slug for picture in debt.charts(run, "own")] == ["debt_own", "lease_own"]
        for name in ("lease", "notes"):
            run.series[f"own.{name}"] = {key: 0 * band for key, band in run.series[f"own.{name}"].items()}
        assert [picture.slug for picture in debt.charts(run, "own")] == ["debt_own"]
        run.series["own.revolver"] = run.series["own.notes"]
        assert list(debt.charts(run, "own")) == []


def test_the_head_says_where_the_figures_come_from(tmp_path):
    run = read_run(write_run(tmp_path / "run", {"own": "Own"}, tornado=False))
    said = detail.origin(run)
    for words in ("4,000 simulated worlds", "120 months from Jul 2026", "seed 7", "stopped by paths", "digest dddd"):
        assert words in said
    one = {"asked": "own.npv.mean:1", "reached": "own.npv.mean:.9", "met": True}
    run.summary["stop"] = {"rule": "precision", "asked": [one["asked"]], "reached": 5, "precision": [one]}
    ended = "stopped by precision, asked for own.npv.mean:1; own.npv.mean:1 reached, own.npv.mean:.9"
    assert ended in detail.origin(run)


def test_the_summary_begins_with_who_risks_least(tmp_path):
    """Of three plans, two are the same but for noise: they are not told apart."""
    rng = np.random.default_rng(8)

    def npv(sample):
        base = sample["own.npv"]
        return {"jv.npv": base + rng.normal(0, 1, base.size)}

    run = changed(tmp_path / "run", npv)
    for name in ("own", "jv"):
        run.summary["plans"][name]["npv"]["cvar"]["0.95"] |= {
            "value": 100.0 + (name == "jv"),
            "low": 90.0,
            "high": 110.0,
        }
    said = plans.tail_ranking(run).replace("\N{NO-BREAK SPACE}", " ")
    assert "CVaR 95 % of NPV" in said
    assert "Own 100.0 (90.0 to 110.0); JV 101.0 (90.0 to 110.0). Not told apart: Own and JV." in said
    one = read_run(write_run(tmp_path / "one", {"own": "Own"}, tornado=False))
    assert plans.tail_ranking(one) == ""


def test_the_page_says_what_debt_is_set_against(short):
    done, page = short
    assert "compute and shells" not in page
    assert (done.path / "figures" / "debt_own.png").exists()
