"""The training-run calculator against the published runs it is quoted for."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.finance.training import TrainingRun

LLAMA = {"parameters": 405e9, "tokens": 15.6e12, "chips": 16_384, "peak_flops": 989e12, "mfu": 0.404}


def test_llama_3_405b_takes_67_days_of_pure_computing():
    run = TrainingRun(**LLAMA)
    assert run.flop == pytest.approx(3.79e25, rel=1e-3)
    assert run.days == pytest.approx(67.0, abs=0.05)
    assert run.months == 3


def test_its_reported_duration_is_a_goodput_of_three_quarters():
    assert TrainingRun(**LLAMA, goodput=0.75).days == pytest.approx(89.3, abs=0.1)


@given(st.floats(1e6, 1e13), st.floats(1.0, 100.0))
def test_at_a_fixed_ratio_of_tokens_to_parameters_compute_grows_with_the_square(parameters, factor):
    def flop(size: float) -> float:
        return TrainingRun(size, 20 * size, 1, 1, 1).flop

    assert flop(factor * parameters) == pytest.approx(factor**2 * flop(parameters), rel=1e-12)


def test_twice_the_chips_halve_the_days():
    assert TrainingRun(**{**LLAMA, "chips": 32_768}).days == pytest.approx(TrainingRun(**LLAMA).days / 2)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"tokens": 0}, "tokens: given 0, wanted a number above 0"),
        ({"chips": -1}, "chips: given -1"),
        ({"mfu": math.nan}, "mfu: given nan"),
        ({"peak_flops": math.inf}, "peak_flops: given inf"),
        ({"mfu": 1.2}, "mfu: given 1.2, wanted a share between 0 and 1"),
    ],
)
def test_impossible_runs_are_refused(change, text):
    with pytest.raises(ValueError, match=text):
        TrainingRun(**{**LLAMA, **change})
