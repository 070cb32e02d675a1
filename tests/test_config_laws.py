"""Numbers that are distributions: forms, ranges, files, dependence."""

from __future__ import annotations

import re

import numpy as np
import pytest

from simulator.config import freeze
from simulator.config.drivers.dependence import Correlation, correlation_matrix
from simulator.config.laws import build_law, condition_on_elapsed, is_fixed
from simulator.config.mistakes import sampled_key_names
from simulator.drivers import laws
from simulator.drivers.correlation import smallest_eigenvalue
from tests.config_case import ONE_SITE, PLAN, mistake, read

FORMS = {
    "3": 3.0,
    "{value = 3, low = 1, high = 4}": 3.0,
    "{law = 'normal', mean = 3, sd = 0.1}": 3.0,
    "{law = 'lognormal', median = 3, sigma = 0.1}": 3.0,
    "{law = 'gamma', shape = 1, mean = 3}": 3 * np.log(2),
    "{law = 'weibull', shape = 2, scale = 3}": 3 * np.log(2) ** 0.5,
    "{law = 'exponential', mean = 3}": 3 * np.log(2),
    "{law = 'exponential', mean = 3, low = 1}": 1 + 3 * np.log(2),
    "{law = 'lognormal', median = 3, sigma = 0.5, high = 3}": 3 * np.exp(-0.5 * 0.6744897501960817),
    "{law = 'beta', a = 2, b = 2}": 0.5,
    "{law = 'beta', a = 2, b = 2, low = 2, high = 4}": 3.0,
    "{law = 'uniform', low = 2, high = 4}": 3.0,
    "{law = 'uniform', low = 2, high = 4, zero = 0.25}": 2 + 2 / 3,
    "{law = 'triangular', low = 2, mode = 3, high = 4}": 3.0,
    "{law = 'pert', low = 2, mode = 3, high = 4}": 3.0,
    "{p10 = 2, p50 = 3, p90 = 4, low = 0}": 3.0,
    "{p10 = 2, p50 = 3, p90 = 4, low = 1, high = 5}": 3.0,
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_number_has_its_median(tmp_path, form):
    config = read(tmp_path, f"drivers.grid.slip = {form}\n" + ONE_SITE + PLAN)
    assert build_law(config.drivers.grid.slip, tmp_path).ppf(0.5) == pytest.approx(FORMS[form], rel=1e-9)


WRONG = {
    "{law = 'lognomal'}": 'given law = "lognomal", did you mean lognormal?',
    "{law = 3}": "given law = 3, wanted one of normal, lognormal, gamma, ",
    "{law = 'normal', mean = 60, sd = 1, sgima = 2}": ".sgima: unknown key, wanted one of zero, low, high, law,",
    "{law = 'normal', mean = 60, sd = 0}": ".sd: given 0, wanted a number above 0",
    "{law = 'normal', mean = 60}": ".sd: given nothing, wanted standard deviation",
    "{law = 'normal', mean = 6, sd = 3}": "given a law that reaches -15.1, wanted one that stays at or above 0: add",
    "{law = 'lognormal', median = 9, sigma = 5}": "given a law that reaches 1.6",
    "{law = 'uniform', low = 4, high = 3}": "given low = 4, high = 3, wanted low < high",
    "{law = 'normal', mean = 60, sd = 1, low = 90}": "given the range 90 .. inf, wanted one that the law reaches",
    "{law = 'gamma', shape = 2, mean = 3, zero = 1}": "given probability = 1, wanted 0 <= probability < 1",
    "{p10 = 2, p50 = 2, p90 = 4}": "given p10 = 2, p50 = 2, p90 = 4, wanted low < p10 < p50 < p90 < high",
    "{p10 = 2, p50 = 3.9, p90 = 4}": "given p10 = 2, p50 = 3.9, p90 = 4, wanted p50 between 2.333 and 3.667",
    "{p10 = 2, p50 = 3, p90 = 4}": "given a law that reaches -9.575",
    "{p10 = 2, p50 = 3}": ".p90: given nothing, wanted 90th percentile",
    "{csv = 'none.csv', column = 'a'}": 'given "none.csv", wanted a CSV file (No such file or directory; looked for ',
    "{csv = '.', column = 'a'}": 'given ".", wanted a CSV file (Is a directory; looked for ',
    "{csv = '/dev/zero', column = 'a'}": 'given "/dev/zero", wanted a CSV file (it is a device, not a regular file',
    "{csv = 'q.csv', column = 'mnths'}": 'given "mnths", did you mean months?',
    "{csv = 'q.csv', column = 'bad'}": 'given "x" in row 3, "" in row 4, "nan" in row 6 and 1 more of "q.csv", wanted',
    "{csv = 'none-at-all.csv', column = 'a'}": 'given an empty column "a" of "none-at-all.csv", wanted at least one',
    "{csv = 'latin.csv', column = 'a'}": 'given "latin.csv", wanted a CSV file in UTF-8',
    "{csv = 'q.csv', column = 'negative'}": "given a law that reaches -1, wanted one that stays at or above 0",
    "{csv = 'q.csv'}": ".column: given nothing, wanted name in the header row",
}


@pytest.mark.parametrize("form", WRONG)
def test_a_wrong_distribution(tmp_path, form):
    rows = ["months,bad,negative", "1,2,3", "30,x,4", "40,,-1", "50,1,2", "60,nan,3", "70,inf,3"]
    (tmp_path / "q.csv").write_text("\n".join(rows))
    (tmp_path / "none-at-all.csv").write_text("a,b\n\n")
    (tmp_path / "latin.csv").write_bytes(b"a\n\xe9\n")
    said = mistake(tmp_path, f"drivers.grid.behind_meter = {form}\n" + ONE_SITE + PLAN)
    where = "my.toml:1: drivers.grid.behind_meter"
    assert said.startswith(where + ("" if WRONG[form].startswith(".") else ": ") + WRONG[form])


def test_a_column_of_a_file_beside_the_config(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "q.csv").write_text('"months",note\n30,a\n\n 40,"b, c"\n50,\n', encoding="utf-8-sig")
    config = read(tmp_path, "drivers.grid.queue = {csv = 'data/q.csv', column = 'months'}\n" + ONE_SITE + PLAN)
    assert build_law(config.drivers.grid.queue, tmp_path).ppf(0.5) == 40.0
    assert freeze(config).model.marginals.numbers.size


def test_what_is_sampled():
    assert {name.rpartition(".")[2] for name in sampled_key_names()} == {
        "gap", "performance", "efficiency", "paradigm_loss", "queue", "build", "behind_meter", "slip", "elasticity",
        "margin", "longrun", "jump_size", "cost_multiplier", "operating_cost", "resale", "ratio",
    }  # fmt: skip


def test_the_elasticity_needs_an_upper_end(tmp_path):
    line = "drivers.arpu.elasticity = {law = 'lognormal', median = 0.05, sigma = 0.7}\n"
    assert "given a law that reaches 6.879, wanted one that stays at or below 2: add high" in mistake(
        tmp_path, line + ONE_SITE + PLAN
    )


def test_zero_is_no_price(tmp_path):
    line = "drivers.price.longrun = {law = 'uniform', low = 1, high = 2, zero = 0.1}\n"
    assert "given a law that reaches 0, wanted one that stays above 0" in mistake(tmp_path, line + ONE_SITE + PLAN)


def test_what_is_under_way_must_be_able_to_last_longer(tmp_path):
    line = "drivers.grid.{} = {{law = 'uniform', low = 1, high = 3}}\n"
    said = mistake(tmp_path, line.format("queue") + ONE_SITE + PLAN)
    assert said == (
        "my.toml:8: sites[0].requested: given -20, wanted a date that queue allows: P(queue > 20 months) is 0"
    )
    said = mistake(tmp_path, line.format("build") + ONE_SITE + PLAN)
    assert said.startswith("my.toml:7: sites[0].start: given -3, wanted a date that build allows")
    near = ONE_SITE.replace("planned = 18", "planned = 12")  # follows the slip: no queue
    assert read(tmp_path, line.format("queue") + near + PLAN)
    own = ONE_SITE + "queue = {law = 'uniform', low = 1, high = 30}\n"
    assert read(tmp_path, line.format("queue") + own + PLAN)
    said = mistake(tmp_path, "drivers.silicon.age = 45\n" + ONE_SITE + PLAN)
    assert said.startswith("my.toml:1: drivers.silicon.age: given 45, wanted an age that gap allows: P(gap > 45) is")


@pytest.mark.parametrize("gap", ["0.01", "{law = 'exponential', mean = 0.01}"])
def test_generations_do_not_come_by_the_day(tmp_path, gap):
    said = mistake(tmp_path, f"drivers.silicon.gap = {gap}\n" + ONE_SITE + PLAN)
    assert said == "my.toml:1: drivers.silicon.gap: given a mean of 0.01 years, wanted at least 0.05"


def test_what_is_fixed_is_over_at_month_0_at_the_earliest():
    fixed, gamma = laws.constant(12.0), laws.named("gamma", shape=12.0, mean=2.0)
    assert is_fixed(fixed)
    assert not is_fixed(gamma)
    assert condition_on_elapsed(fixed, 20.0).mean == 20.0
    assert condition_on_elapsed(fixed, -5.0).mean == 12.0
    assert condition_on_elapsed(gamma, 1.0).ppf(1e-9) >= 1.0


def test_the_default_correlations_are_valid(tmp_path):
    config = read(tmp_path, ONE_SITE + PLAN)
    pairs = config.dependence.correlation.model_dump()
    assert len(pairs) == 15
    assert smallest_eigenvalue(correlation_matrix(pairs)) == pytest.approx(0.471, abs=5e-4)


def test_a_table_of_correlations_replaces_all_of_them(tmp_path):
    config = read(tmp_path, "[dependence.correlation]\ngrid_price = 0.1\n" + ONE_SITE + PLAN)
    assert config.dependence.correlation == Correlation(grid_price=0.1)


def test_an_invalid_matrix_names_its_eigenvalue_and_the_nearest_valid_one(tmp_path):
    table = "[dependence.correlation]\nsilicon_grid = 0.9\nsilicon_arpu = 0.9\ngrid_arpu = -0.9\n"
    said = mistake(tmp_path, table + ONE_SITE + PLAN)
    assert said.startswith(
        "my.toml:1: dependence.correlation: given a matrix whose smallest eigenvalue is -0.800000, wanted a positive "
        "definite one; the nearest valid matrix has silicon_grid = 0."
    )
    pasted = re.sub(", ", "\n", said.partition("matrix has ")[2])
    assert read(tmp_path, f"[dependence.correlation]\n{pasted}\n" + ONE_SITE + PLAN)


def test_a_misspelt_pair_is_named(tmp_path):
    said = mistake(tmp_path, "[dependence.correlation]\nprice_grid = 0.9\n" + ONE_SITE + PLAN)
    assert said == ("my.toml:2: dependence.correlation.price_grid: unknown key, did you mean grid_price?")
