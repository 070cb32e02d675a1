"""Elementary functions: accuracy, extremes, and the two things they exist for: same bits, packed loops."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from decimal import Decimal, localcontext
from pathlib import Path

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from simulator.numerics import special_functions
from simulator.numerics.special_functions import (
    NEAR,
    asinh,
    cos_sin_turns,
    exp,
    exp_less_one_near,
    log,
    log_normal_number,
    phi_cdf,
    phi_inv,
)
from tests.bits import fingerprint

# Phi(x) in 20 digits, from 60-digit arithmetic
PHI = {
    -37.5: "4.6053530095819548438e-308",
    -30.0: "4.9067139271481870595e-198",
    -20.0: "2.7536241186062336951e-89",
    -8.3: "5.2055697448902540246e-17",
    -5.0: "2.8665157187919391167e-7",
    -1.0: "0.15865525393145705141",
    -0.1: "0.46017216272297101633",
    0.5: "0.69146246127401310364",
    3.0: "0.99865010196836990547",
}


def ulps(value: float, exact: Decimal) -> float:
    return float(abs(Decimal(value) - exact) / Decimal(math.ulp(float(exact))))


@given(st.floats(-708.0, 709.7))
def test_exp_is_within_one_ulp(x):
    with localcontext(prec=40):
        assert ulps(exp(x), Decimal(x).exp()) < 1.0


@given(st.floats(-NEAR, NEAR))
def test_exp_less_one_near_zero_is_within_two_ulp(x):
    with localcontext(prec=60):
        exact = Decimal(x).exp() - 1 if abs(x) > 1e-20 else Decimal(x)
        assert ulps(exp_less_one_near(x), exact) < 2.0


@given(st.floats(min_value=5e-324, allow_infinity=False))
def test_log_is_within_one_ulp(x):
    with localcontext(prec=40):
        assert ulps(log(x), Decimal(x).ln()) < 1.0 if x != 1.0 else log(x) == 0.0


@given(st.floats(0.7, 1.5))
def test_log_near_one_is_within_one_ulp_without_the_special_cases(x):
    with localcontext(prec=40):
        assert ulps(log_normal_number(x), Decimal(x).ln()) < 1.0 if x != 1.0 else log(x) == 0.0


@given(st.floats(-1e300, 1e300))
def test_asinh_is_within_three_ulp_and_odd(x):
    assert abs(asinh(x) - math.asinh(x)) <= 3.0 * math.ulp(math.asinh(x))
    assert asinh(-x) == -asinh(x)


@pytest.mark.parametrize("x", PHI)
def test_phi_cdf_keeps_its_digits_in_the_far_tail(x):
    assert float(abs(Decimal(phi_cdf(x)) / Decimal(PHI[x]) - 1)) < 1e-15


@given(st.floats(-37.0, 8.0))
def test_phi_cdf_agrees_with_scipy(x):
    assert math.log(phi_cdf(x)) == pytest.approx(special.log_ndtr(x), rel=1e-13, abs=1e-15)
    assert phi_cdf(x) + phi_cdf(-x) == pytest.approx(1.0, abs=2e-16)


@given(st.floats(1e-300, 1.0, exclude_max=True))
def test_phi_inv_agrees_with_scipy(p):
    assert phi_inv(p) == pytest.approx(special.ndtri(p), rel=3e-15, abs=1e-16)


@given(st.floats(-37.0, 5.0))
def test_phi_inv_undoes_phi_cdf(x):
    spread = math.ulp(phi_cdf(x)) / max(math.exp(-0.5 * x * x) / 2.51, 1e-320)  # what one ulp of p is worth in x
    assert phi_inv(phi_cdf(x)) == pytest.approx(x, rel=1e-14, abs=8.0 * spread)


@given(st.floats(0.0, 1.0))
def test_the_circle(u):
    cosine, sine = cos_sin_turns(u)
    assert cosine == pytest.approx(math.cos(2.0 * math.pi * u), abs=1e-15)
    assert sine == pytest.approx(math.sin(2.0 * math.pi * u), abs=1e-15)
    assert cosine**2 + sine**2 == pytest.approx(1.0, abs=1e-15)


def test_quarters_of_the_circle_are_exact():
    assert [cos_sin_turns(u) for u in (0.0, 0.25, 0.5, 0.75, 1.0)] == [(1, 0), (0, 1), (-1, 0), (0, -1), (1, 0)]


def test_extremes():
    inf, nan = math.inf, math.nan
    for function, inputs, wanted in (
        (exp, [-inf, -1e300, -708.1, 0.0, 709.79, 1e300, inf, nan], [0, 0, 0, 1, inf, inf, inf, nan]),
        (log, [-inf, -1.0, -0.0, 0.0, 1.0, inf, nan], [nan, nan, -inf, -inf, 0, inf, nan]),
        (asinh, [-inf, 0.0, inf, nan], [-inf, 0, inf, nan]),
        (phi_cdf, [-inf, -38.0, 0.0, 9.0, inf, nan], [0, 0, 0.5, 1, 1, nan]),
        (phi_inv, [-1.0, 0.0, 0.5, 1.0, 2.0, nan], [-inf, -inf, 0, inf, inf, nan]),
    ):
        np.testing.assert_array_equal([function(x) for x in inputs], wanted, str(function))


@pytest.mark.parametrize("name", ["exp", "exp_less_one_near", "log", "asinh", "phi_cdf", "phi_inv"])
def test_loops_over_lanes_are_packed_and_call_no_c_library(name):
    function = getattr(special_functions, name)

    @numba.njit(error_model="numpy")
    def loop(x, out):
        for l in range(x.size):
            out[l] = function(x[l])

    loop(np.full(64, 0.5), np.empty(64))
    (code,) = loop.inspect_asm().values()
    assert len(re.findall(r"\bv?mulpd\b|\bfmul\s+v\d+\.2d", code)) > 5
    (code,) = loop.inspect_llvm().values()
    assert not re.search(r"@(llvm\.)?(exp|log|sin|cos|erf|asinh|fma|fmuladd)\w*\b", code)


@pytest.mark.parametrize("setting", [{"NUMBA_CPU_NAME": "generic"}, {"NUMBA_DISABLE_JIT": "1"}])
def test_bits_do_not_depend_on_the_processor_or_on_compiling(setting):
    command = [sys.executable, "-W", "error", "-m", "tests.bits"]
    root = Path(__file__).parent.parent
    done = subprocess.run(command, env=os.environ | setting, cwd=root, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == fingerprint(), done.stderr
