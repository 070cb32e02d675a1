"""Explanations of a run: parts add up, drivers that do nothing get nothing, and mistakes are answer."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import simulator
from simulator.analyses.explain.attribution import SampleSize
from simulator.analyses.explain.cash_lines import CASH_LINES, cash_lines
from simulator.analyses.explain.held_drivers import hold_drivers
from simulator.analyses.explain.inputs import InputColumn, draw_inputs, input_columns
from simulator.analyses.explain.stored import keep_explanation
from simulator.analyses.explain.wording import profile_sentence
from simulator.config import freeze, load
from simulator.drivers import dependence
from simulator.engine.coalitions import fix_factor
from simulator.engine.interrupt import Stop
from simulator.engine.scenario_samples import figure, only_plan
from simulator.errors import ConfigError, RunError
from simulator.finance import workspace as at
from simulator.results.store import open_run
from simulator.risk.intervals import Figure
from simulator.risk.metric_spec import parse_measure, parse_metric
from simulator.risk.tail_profile import DriverProfile
from tests.smoke import ROOT, SMOKE
from tests.test_cli import call

LEVERS = ROOT / "tests" / "configs" / "levers.toml"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("explain") / "run"
    simulator.run(SMOKE, folder, paths=4096, threads=1, draw=False)
    return folder


@pytest.fixture(scope="module")
def result(run):
    return simulator.explain(run, paths=1024, threads=1)


def value(entry):
    return entry["value"]


def test_parts_add_up_to_the_mean_the_tail_and_the_variance(result):
    attribution = result["attribution"]
    groups = attribution["groups"]
    mean = attribution["median_world"] + sum(value(group["mean"]) for group in groups)
    assert mean == pytest.approx(value(attribution["mean"]), rel=1e-9)
    assert mean + sum(value(group["tail"]) for group in groups) == pytest.approx(value(attribution["tail"]), rel=1e-9)
    assert sum(value(group["variance_share"]) for group in groups) == pytest.approx(1.0, rel=1e-9)
    assert all(
        group[part]["low"] <= value(group[part]) <= group[part]["high"] for group in groups for part in ("mean",)
    )


def test_the_figure_is_that_of_the_sample_and_the_tail_its_worst_paths(run, result):
    npv = open_run(run).sample(["own.npv"])["own.npv"]
    worst = np.sort(npv)[: -(-npv.size // 20)]
    assert result["tail"] == {"words": "the worst 5 % of worlds by npv", "paths": worst.size, "of": npv.size}
    assert result["lines"]["tail_paths"] == worst.size
    assert value(result["lines"]["npv"]["tail"]) == pytest.approx(worst.mean(), rel=1e-9)
    assert result["figure"]["low"] < -worst.mean() < result["figure"]["high"]


def test_cash_flow_lines_add_up_to_npv_for_every_plan_with_any_lever():
    frozen = freeze(load(LEVERS))
    for number, plan in enumerate(frozen.plans):
        with Stop() as stop:
            lines, npv = cash_lines(only_plan(frozen.model, number), 1, np.arange(0, 600, 3), 2, stop)
        assert np.abs(lines.sum(axis=0) - npv).max() <= 1e-9 * np.abs(npv).max(), plan
        shown = dict(zip(CASH_LINES, lines, strict=True))
        assert (shown["capex"] <= 0.0).all()
        assert (shown["operating_cost"] <= 0.0).all()


def test_inputs_are_drawn_to_the_bits_of_the_run():
    """Against the parameters of the world that the kernel left after a block, and against scores and factors."""
    from simulator.engine.thread_pool import BlockSimulator, Task

    frozen = freeze(load(LEVERS))
    block = BlockSimulator(frozen.model, 128)
    block.simulate(3, Task(0, 128))
    inputs = draw_inputs(frozen.model, frozen.draw_names, 3, 128)
    world = block.work.world
    for name, row in (("input.cost_multiplier", at.COST_MULTIPLIER), ("input.operating_cost", at.OPERATING_COST),
                      ("input.resale", at.RESALE), ("input.margin", at.MARGIN)):  # fmt: skip
        assert np.array_equal(inputs[name], world.parameters[row]), name
    assert np.array_equal(inputs["factor.price"], world.factors[at.PRICE_FACTOR])
    row = frozen.model.arpu.noise_row
    scores = block.work.z[row : row + frozen.model.months].sum(axis=0) / np.sqrt(frozen.model.months)
    assert np.array_equal(inputs["noise.ads"], scores)


@pytest.mark.parametrize("config", [SMOKE, LEVERS, ROOT / "configs" / "hyperscaler.toml"])
def test_no_random_number_of_a_config_is_invisible(config):
    """A stream drawn once a path is an input or a summary of the world; what has many scores is one of these."""
    frozen = freeze(load(config))
    columns = {column.name for column in input_columns(frozen.model, frozen.draw_names)}
    seen = {
        "dependence": "factor.grid", "programme.cost": "input.cost_multiplier", "programme.resale": "input.resale",
        "programme.operating_cost": "input.operating_cost", "drivers.arpu.margin": "input.margin",
        "drivers.price.longrun": "input.longrun", "drivers.arpu.noise": "noise.ads",
        "drivers.price.noise": "noise.price",
        "drivers.funding.rate": "noise.rate", "drivers.funding.spread": "noise.spread",
    }  # fmt: skip
    # generations, prices, eps and delays are summaries of the world; defaults and sales are figures of a plan
    events = (
        "drivers.silicon.", "drivers.price.jump.", "drivers.price.regime.", "drivers.arpu.eps", "regions.", "sites.",
        "plans.",
    )  # fmt: skip
    for stream in frozen.draw_names:
        assert stream.startswith(events) or seen[stream] in columns, stream


def test_one_random_driver_gets_everything(tmp_path):
    """Only building costs vary: no other driver may have a part, and nothing else is shifted in the tail."""
    fixed = [
        "drivers.silicon.gap=2", "drivers.silicon.performance=0.57", "drivers.silicon.efficiency=0.55",
        "drivers.silicon.factor_share=0", "drivers.silicon.paradigm_rate=0", "drivers.grid.queue=36",
        "drivers.grid.build=15", "drivers.grid.behind_meter=24", "drivers.grid.slip=0",
        "drivers.grid.fail_probability=0", "drivers.grid.national_share=0", "drivers.grid.regional_share=0",
        "drivers.arpu.elasticity=0", "drivers.price.sigma=0", "drivers.price.jump_rate=0",
        "drivers.price.factor_level=0",
    ]  # fmt: skip
    simulator.run(SMOKE, tmp_path / "run", overrides=fixed, paths=2048, threads=1, draw=False)
    answer = simulator.explain(tmp_path / "run", paths=1024, threads=1)
    attribution = answer["attribution"]
    assert [group["name"] for group in attribution["groups"]] == ["costs"]
    assert value(attribution["groups"][0]["variance_share"]) == 1.0
    assert len(attribution["idle"]) == 7
    assert answer["profile"][0]["name"] == "input.cost_multiplier"
    assert value(answer["profile"][0]["shift"]) > 1.5
    others = [entry["shift"] for entry in answer["profile"][1:]]
    assert sum(shift["low"] <= 0.0 <= shift["high"] for shift in others) >= 0.8 * len(others)


def test_an_event_is_explained_by_its_probability(run):
    answer = simulator.explain(run, metric="npv < 0", paths=256, threads=1)
    attribution = answer["attribution"]
    assert (answer["measure"], attribution["tail"]) == ("probability", None)
    parts = sum(value(group["mean"]) for group in attribution["groups"])
    assert attribution["median_world"] in (0.0, 1.0)
    assert attribution["median_world"] + parts == pytest.approx(value(attribution["mean"]), abs=1e-9)
    assert answer["tail"]["words"] == "worlds with npv < 0"
    npv = open_run(run).sample(["own.npv"])["own.npv"]
    assert answer["tail"]["paths"] == (npv < 0).sum()


def test_the_same_answer_on_any_number_of_threads(run, result):
    again = simulator.explain(run, paths=1024, threads=3)
    assert json.dumps(again) == json.dumps(result)


def test_drivers_of_a_rare_event_are_those_of_its_metric(run, result):
    """On 512 paths a group may flip no event although it moves npv: it has to be kept all the same."""
    rare = simulator.explain(run, metric="npv < -13", paths=64, threads=1)
    names = [[group["name"] for group in answer["attribution"]["groups"]] for answer in (rare, result)]
    assert names[0] == names[1]


def test_sentences_state_figures_of_the_profile(result):
    first = result["profile"][0]
    assert len(result["sentences"]) == 5
    assert first["title"][1:] in result["sentences"][0]
    assert re.search(r"\d", result["sentences"][0])
    shifts = [abs(value(entry["shift"])) for entry in result["profile"]]
    assert shifts == sorted(shifts, reverse=True)


def test_stories_cover_the_worst_paths_and_name_one_to_replay(run, result):
    stories = result["stories"]
    assert sum(story["paths"] for story in stories) == stories[0]["of"] == result["tail"]["paths"]
    npv = open_run(run).sample(["own.npv"])["own.npv"]
    worst = np.argsort(npv)[: stories[0]["of"]]
    assert all(story["representative"] in worst for story in stories)
    assert {plan for story in stories for plan in story["plans"]} == set(freeze(load(SMOKE)).plans)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"metric": "npw"}, "--metric: given npw, did you mean npv?"),
        ({"plan": "own2"}, "--plan: given own2, did you mean own?"),
        (
            {"metric": "partner_npv"},
            "--metric: given partner_npv, which is undefined on 4,096 of 4,096 paths of plan own",
        ),
        ({"measure": "cvar99.9", "paths": 50_000}, "has 5 of the 4,096 paths of the sample, wanted at least 50"),
        ({"paths": 999}, "--paths: given 999, wanted at least 1,000"),
        ({"measure": "median"}, "--measure: given median"),
        ({"metric": "npv < -1e9"}, "has 0 of the 4,096 paths"),
        ({"metric": "npv < 1e9"}, "has 4,096 of the 4,096 paths"),
        ({"metric": "lease_income"}, "lease_income, which is 0 on every path of plan own"),
    ],
)
def test_what_cannot_be_explained_is_refused(run, options, says):
    with pytest.raises(ConfigError) as caught:
        simulator.explain(run, **{"paths": 64, "threads": 1, **options})
    assert says in "\n".join(caught.value.mistakes)


def test_the_command_keeps_one_answer_for_each_subject_and_the_report_shows_them(run, result):
    keep_explanation(run, result)
    done = call("explain", run, "--paths", 1000, "--threads", 1, "--quiet")
    assert done.exit_code == 0, done.stderr
    assert "What it is made of: Shapley parts" in done.stdout
    assert all(len(line) <= 90 for line in done.stdout.splitlines())
    keep_explanation(run, {**result, "metric": "<script>", "plan": "own"})
    kept = json.loads((run / "explain.json").read_text())["explanations"]
    assert [(entry["metric"], entry["measure"]) for entry in kept] == [("npv", "cvar95"), ("<script>", "cvar95")]
    assert kept[0]["attribution"]["paths"] == 1000
    assert call("report", run).exit_code == 0
    page = (run / "report.html").read_text()
    assert page.count("Shapley parts: each driver") == 2
    assert "<script>" not in page
    assert open_run(run).finished


def test_json_is_the_whole_answer(run):
    answer = json.loads(call("explain", run, "--paths", 64, "--metric", "npv < 0", "--json", "--no-report").stdout)
    assert set(answer) >= {
        "figure",
        "tail",
        "profile",
        "sentences",
        "attribution",
        "lines",
        "stories",
        "information",
        "importance",
    }


@pytest.mark.parametrize("text", ["{", "[]", '{"explanations": 1}'])
def test_a_spoilt_file_of_explanations_is_named(run, result, text):
    file = run / "explain.json"
    kept = file.read_bytes() if file.exists() else None
    file.write_text(text)
    with pytest.raises(RunError, match="explain\\.json"):
        keep_explanation(run, result)
    file.unlink() if kept is None else file.write_bytes(kept)


def test_mistakes_of_the_command_are_told_together(tmp_path):
    done = call("explain", tmp_path / "none", "--paths", "-1")
    assert done.exit_code != 0
    assert "holds no finished run" in done.stderr
    assert "--paths: given -1" in done.stderr


def held(frozen, measure="mean"):
    spec = parse_metric("npv", frozen.world, frozen.plan)
    wanted, size = parse_measure(measure, spec.metric), SampleSize(1, 1024, 1, True)
    return hold_drivers(only_plan(frozen.model, 0), frozen.draw_names, spec, wanted, size)


def test_a_number_held_is_the_config_with_that_number_to_the_bit():
    frozen = freeze(load(SMOKE))
    spec = parse_metric("npv", frozen.world, frozen.plan)
    bars = {bar["name"]: bar for bar in held(frozen)["bars"]}
    with Stop() as stop:
        base = figure(only_plan(frozen.model, 0), spec.row, 1, 1024, stop)
        keys = {"programme.cost_multiplier": "input.cost_multiplier", "drivers.arpu.elasticity": "world.eps"}
        for key, name in keys.items():
            for end in ("p10", "p50", "p90"):
                point = bars[name][end]
                fixed = frozen.with_input(key, point["value"])
                values = figure(only_plan(fixed.model, 0), spec.row, 1, 1024, stop)
                assert point["change"]["value"] == pytest.approx(values.mean() - base.mean(), rel=1e-9, abs=1e-9)


def test_a_factor_held_is_that_score_and_no_other_factor_moves():
    model = freeze(load(SMOKE)).model
    z = np.random.default_rng(1).standard_normal((model.draws.rows, 500))
    base, changed = np.empty((2, 6, 500))
    dependence.factors(model.dependence, model.marginals, z, base)
    fixed = fix_factor(model, "price", -1.2816)
    dependence.factors(fixed.dependence, fixed.marginals, z, changed)
    row = dependence.FACTORS.index("price")
    assert np.array_equal(changed[row], np.full(500, -1.2816))
    assert np.array_equal(np.delete(changed, row, axis=0), np.delete(base, row, axis=0))


def test_bars_are_widest_first_and_a_pair_adds_up(run):
    answer = held(freeze(load(SMOKE)), measure="cvar95")
    widths = [abs(bar["p90"]["change"]["value"] - bar["p10"]["change"]["value"]) for bar in answer["bars"]]
    assert widths == sorted(widths, reverse=True)
    assert len(answer["curves"]) == 5
    assert len(answer["interactions"]) == 6
    for pair in answer["interactions"]:
        corners = {name: value(entry) for name, entry in pair["corners"].items()}
        joint = corners["p90 p90"] - corners["p90 p10"] - corners["p10 p90"] + corners["p10 p10"]
        assert value(pair["interaction"]) == pytest.approx(joint, rel=1e-9, abs=1e-9)
        assert pair["interaction"]["low"] <= joint <= pair["interaction"]["high"]


@pytest.mark.parametrize("file", ["explain.json", "reverse.json"])
@pytest.mark.parametrize("entry", [1, {}, {"plan": "own", "metric": "npv", "measure": "cvar95", "event": "breach"}])
def test_a_report_names_what_is_no_explanation(run, file, entry):
    kept = {name: (run / name).read_bytes() for name in ("explain.json", "reverse.json") if (run / name).exists()}
    key = {"explain.json": "explanations", "reverse.json": "scenarios"}[file]
    content = {key: [entry]} if file == "explain.json" or entry == 1 else {**entry, key: []}
    (run / file).write_text(json.dumps(content))
    try:
        done = call("report", run)
        assert done.exit_code != 0
        assert f"{file}: is not what {file.removesuffix('.json')} writes" in done.stderr
    finally:
        (run / file).unlink()
        for name, data in kept.items():
            (run / name).write_bytes(data)


def test_an_interval_that_holds_zero_is_told_with_both_signs():
    entry = DriverProfile("x", Figure(-0.06, -0.14, 0.02), (0.0, 1.0, 2.0), (0.0, 1.5, 2.0), 1.0, 1.1, None, None, None)
    column = InputColumn("x", "Factor of x", "sd", "price")
    assert "is lower by 0.06 standard deviations (-0.02 to 0.14)" in profile_sentence(entry, column, "the tail")
