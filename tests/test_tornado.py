"""Sensitivity on programmes so simple that the answer is known."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from simulator.errors import ConfigError
from simulator.finance.metrics import Metric, plan_metrics, world_metrics
from simulator.risk import intervals, undefined
from simulator.risk.estimates import influence_estimate, paired_error
from simulator.risk.metric_spec import MeasureSpec, MetricSpec, parse_measure
from simulator.risk.sensitivity import Swing, bar_width, refuse_undefined, tornado_bars

NPV = Metric("npv", "amount", "USD bn", "low", False, "Net present value")
GAP = Metric("gap", "amount", "USD bn", "high", True, "Gap")
BREACH = Metric("breach", "event", "", "high", False, "Breach")
PAYBACK = Metric("payback", "month", "month", "high", False, "Payback")
DSCR = Metric("dscr_min", "ratio", "", "low", True, "DSCR")
N = 20_000


def toy(key=None, value=0.0, seed=1, n=N):
    """npv = 2 price + size noise - 3; an idle input does nothing. Price ~ N(5, 1), size = 1."""
    noise = np.random.default_rng(seed).standard_normal((2, n))
    price = np.full(n, value) if key == "price" else 5 + noise[0]
    return 2 * price + (value if key == "size" else 1.0) * noise[1] - 3


def one_bar(wanted, key, low, high, metric=NPV):
    base, bars = tornado_bars(metric, wanted, toy(), [Swing(key, low, high)], toy)
    return base, bars[0]


def test_a_fixed_input_moves_the_mean_by_its_own_change():
    base, bar = one_bar(MeasureSpec("mean"), "price", 4.0, 6.0)
    noise = np.random.default_rng(1).standard_normal((2, N))
    assert base["value"] == pytest.approx(7 + 2 * noise[0].mean() + noise[1].mean())
    assert base["high"] - base["value"] == pytest.approx(1.96 * toy().std() / math.sqrt(N), rel=1e-3)
    assert bar["interval_low"][1] - bar["delta_low"] == pytest.approx(1.96 * bar["stderr_low"], rel=1e-3)
    assert bar["delta_low"] == pytest.approx(-2 - 2 * noise[0].mean())
    assert bar["delta_high"] == pytest.approx(2 - 2 * noise[0].mean())
    assert bar["stderr_low"] == pytest.approx(2 * noise[0].std(ddof=1) / math.sqrt(N))


def test_common_random_numbers_beat_independent_ones():
    """Noise is common to both ends: paired errors of a difference are smaller than those of two separate runs."""
    for wanted in (MeasureSpec("mean"), MeasureSpec("var", 0.95), MeasureSpec("cvar", 0.95)):
        base, low = influence_estimate(toy(), NPV, wanted), influence_estimate(toy("size", 1.1), NPV, wanted)
        apart = math.hypot(base.influence.std(), low.influence.std()) / math.sqrt(N)
        assert paired_error(low, base) < 0.5 * apart


@pytest.mark.parametrize(
    ("wanted", "sign"), [(MeasureSpec("mean"), 1), (MeasureSpec("var", 0.95), -1), (MeasureSpec("cvar", 0.99), -1)]
)
def test_var_and_cvar_are_losses_and_a_sure_change_has_no_error(wanted, sign):
    base, shifted = influence_estimate(toy(), NPV, wanted), influence_estimate(toy() + 4, NPV, wanted)
    assert shifted.value - base.value == pytest.approx(4 * sign)
    assert paired_error(shifted, base) < 1e-12


def test_var_is_the_documented_order_statistic_and_cvar_the_mean_beyond():
    x = np.arange(1.0, 101.0)
    np.random.default_rng(3).shuffle(x)
    high = Metric("gap", "amount", "USD bn", "high", False, "Gap")
    assert influence_estimate(x, high, MeasureSpec("var", 0.95)).value == 95
    assert influence_estimate(x, high, MeasureSpec("cvar", 0.95)).value == pytest.approx(98)
    assert influence_estimate(x, NPV, MeasureSpec("var", 0.95)).value == -6
    assert influence_estimate(x, NPV, MeasureSpec("cvar", 0.95)).value == pytest.approx(-3)


@pytest.mark.parametrize("wanted", [MeasureSpec("mean"), MeasureSpec("var", 0.95), MeasureSpec("cvar", 0.95)])
def test_paired_errors_are_the_spread_of_repetitions(wanted):
    """400 repetitions: their standard deviation has an error of 3.5 %, so 15 % fails once in 10,000."""
    deltas, errors = [], []
    for seed in range(400):
        base = influence_estimate(toy(seed=seed, n=2000), NPV, wanted)
        high = influence_estimate(toy("size", 2.0, seed=seed, n=2000), NPV, wanted)
        deltas.append(high.value - base.value)
        errors.append(paired_error(high, base))
    assert np.mean(errors) == pytest.approx(np.std(deltas, ddof=1), rel=0.15)


def test_an_input_that_does_not_matter_has_a_bar_of_zeros_and_stands_last():
    base, bars = tornado_bars(NPV, MeasureSpec("cvar", 0.95), toy(), [Swing("idle", 0, 1), Swing("price", 4, 6)], toy)
    assert [bar["input"] for bar in bars] == ["price", "idle"]
    names = ("delta_low", "delta_high", "stderr_low", "stderr_high")
    assert [bars[1][name] for name in names] == [0.0] * 4
    assert bars[1]["interval_low"] == bars[1]["interval_high"] == [0.0, 0.0]
    assert json.loads(json.dumps(bars)) == bars
    assert base["high"] < 0  # even the mean of the worst paths earns something


def test_bars_are_ordered_by_the_distance_of_their_ends():
    _, bars = tornado_bars(
        NPV, MeasureSpec("mean"), toy(), [Swing("size", 0, 9), Swing("price", 4, 6), Swing("price", 0, 9)], toy
    )
    widths = [bar_width(bar) for bar in bars]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] == pytest.approx(18)


def test_probability_of_an_event_and_its_paired_error():
    base = (toy() < 5).astype(float)
    worse = (toy() < 6).astype(float)
    first, second = (
        influence_estimate(base, BREACH, MeasureSpec("probability")),
        influence_estimate(worse, BREACH, MeasureSpec("probability")),
    )
    flips = float((worse - base).mean())
    assert second.value - first.value == pytest.approx(flips)
    assert paired_error(second, first) == pytest.approx(math.sqrt(flips * (1 - flips) / N), rel=1e-3)


def test_undefined_paths_are_left_out_and_counted_in_the_error():
    """A mean over the defined paths is a ratio: its error is sd / sqrt(number of defined paths)."""
    x = toy()
    x[::4] = np.nan
    estimate = influence_estimate(x, GAP, MeasureSpec("mean"))
    assert estimate.value == pytest.approx(np.nanmean(x))
    assert estimate.influence.std() / math.sqrt(N) == pytest.approx(np.nanstd(x) / math.sqrt(0.75 * N))
    assert math.isnan(influence_estimate(np.full(9, np.nan), GAP, MeasureSpec("mean")).value)


@pytest.mark.parametrize(
    ("text", "metric", "wanted"),
    [
        ("mean", NPV, MeasureSpec("mean")),
        ("cvar95", NPV, MeasureSpec("cvar", 0.95)),
        ("var99.5", GAP, MeasureSpec("var", 0.995)),
        ("probability", BREACH, MeasureSpec("probability")),
        ("mean", DSCR, MeasureSpec("mean")),
    ],
)
def test_measures_are_read(text, metric, wanted):
    assert parse_measure(text, metric) == wanted


@pytest.mark.parametrize(
    ("text", "metric", "says"),
    [
        ("cvar", NPV, "given cvar, wanted mean, probability, var95"),
        ("median", NPV, "given median"),
        ("cvar100", NPV, "given cvar100"),
        ("cvar95", DSCR, "dscr_min is no amount"),
        ("mean", PAYBACK, "may never come"),
        ("probability", NPV, "npv is no event"),
    ],
)
def test_measures_that_make_no_sense_are_refused(text, metric, says):
    with pytest.raises(ConfigError, match=says):
        parse_measure(text, metric)


def test_thin_tails_have_no_bars_and_few_paths_a_flag():
    """49 paths beyond VaR: no figure and nothing simulated; 299: a figure with a flag; 300: one without."""

    def base_and_bar(n, simulate):
        return tornado_bars(NPV, MeasureSpec("cvar", 0.95), toy(n=n), [Swing("size", 0.5, 2.0)], simulate)

    base, (bar,) = base_and_bar(999, None)
    assert base == {"value": None, "low": None, "high": None, "note": intervals.TOO_FEW}
    assert (bar["delta_low"], bar["stderr_high"], bar["interval_low"], bar["note"]) == (None, None, None, base["note"])
    base, (bar,) = base_and_bar(5999, lambda key, value: toy(key, value, n=5999))
    assert base["note"] == bar["note"] == intervals.FEW
    assert base["low"] < base["value"] < base["high"]
    base, (bar,) = base_and_bar(6000, lambda key, value: toy(key, value, n=6000))
    assert "note" not in base | bar


def test_an_event_that_changes_on_no_path_still_has_an_interval():
    breach = (toy() < -3).astype(float)
    _, (bar,) = tornado_bars(
        BREACH, MeasureSpec("probability"), breach, [Swing("idle", 0, 1)], lambda key, value: breach
    )
    assert (bar["delta_low"], bar["stderr_low"]) == (0.0, 0.0)
    assert bar["interval_low"] == pytest.approx([-3.8415 / (N + 3.8415), 3.8415 / (N + 3.8415)], rel=1e-4)


def test_events_that_are_undefined_on_other_paths_are_not_paired():
    first, other = np.zeros(20), np.zeros(20)
    other[:5] = np.nan
    base, (bar,) = tornado_bars(BREACH, MeasureSpec("probability"), first, [Swing("x", 0, 1)], lambda key, value: other)
    assert base["high"] > 0.0
    assert bar["interval_low"] == pytest.approx(intervals.unpaired_proportion_interval(0, 15, 0, 20))


def test_a_tail_that_is_one_value_has_no_interval_of_its_change():
    atom, spread = np.concatenate([np.zeros(4000), np.full(4000, -5.0)]), np.linspace(-9.0, 9.0, 8000)
    _, (bar,) = tornado_bars(NPV, MeasureSpec("cvar", 0.95), atom, [Swing("x", 0, 1)], lambda key, value: atom - 1.0)
    assert (bar["delta_low"], bar["interval_low"], bar["note"]) == (1.0, None, intervals.ATOM)
    _, (bar,) = tornado_bars(
        NPV, MeasureSpec("cvar", 0.95), spread, [Swing("x", 0, 1)], lambda key, value: spread - 1.0
    )
    assert bar["interval_low"] == pytest.approx([1.0, 1.0])


def test_a_metric_that_is_undefined_everywhere_is_refused_with_the_reason():
    partner = Metric("partner_npv", "amount", "USD bn", "low", True, "Partner")
    with pytest.raises(
        ConfigError, match=r"given partner_npv, which is undefined on all 3 paths of plan own \(without"
    ):
        refuse_undefined(np.full(3, np.nan), MetricSpec(partner, 0), "own")
    assert refuse_undefined(np.array([np.nan, 1.0]), MetricSpec(partner, 0), "own").size == 2


def test_every_metric_that_may_be_undefined_has_a_reason():
    may = {metric.name for metric in (*world_metrics(()), *plan_metrics(())) if metric.undefined}
    assert set(undefined._WHEN) == may
