"""Quantiles and roots have the bits that SciPy gives, and need neither scipy.stats nor scipy.optimize."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from scipy import optimize, stats

from simulator.risk import quantile_functions
from simulator.risk.root_finding import find_root

SIZES = (1, 2, 10, 1000, 65_536, 123_456_789, 10**9)


def test_quantiles_have_the_bits_of_scipy_stats(seed):
    rng = np.random.default_rng(seed)
    for level in rng.uniform(size=200):
        normal = stats.norm.ppf(level)
        assert quantile_functions.normal_quantile(level) == normal
        assert quantile_functions.normal_density(normal) == stats.norm.pdf(normal)
    for n in SIZES:
        assert quantile_functions.student_quantile(0.975, n) == stats.t.ppf(0.975, n)
        events = int(rng.integers(0, n))
        for level in (0.025, 0.975):
            assert quantile_functions.beta_quantile(level, events + 1, n - events) == stats.beta.ppf(
                level, events + 1, n - events
            )
            for share in (0.05, 0.5, 0.95, 0.999):
                assert quantile_functions.binomial_quantile(level, n, share) == int(stats.binom.ppf(level, n, share))


CASES = {
    "cubic": lambda x: x**3 - 2.0 * x - 5.0,
    "flat": lambda x: math.tanh(20.0 * (x - 0.3)),
    "exponential": lambda x: math.exp(x) - 3.0,
    "step": lambda x: -1.0 if x < 0.7 else 1.0,
    "root at an end": lambda x: x + 4.0,
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("steps", [3, 100])
@pytest.mark.parametrize("tolerance", [1e-15, 1e-3])
def test_roots_have_the_bits_of_scipy_optimize(name, steps, tolerance):
    function = CASES[name]
    expected = optimize.brentq(function, -4.0, 4.0, xtol=tolerance, maxiter=steps, disp=False)
    assert find_root(function, -4.0, 4.0, tolerance, steps) == expected


def test_a_root_needs_a_change_of_sign():
    with pytest.raises(ValueError, match="different signs"):
        find_root(lambda x: x * x + 1.0, -1.0, 1.0, 1e-9)


def test_the_pipeline_loads_neither_scipy_stats_nor_tables_nor_pictures():
    heavy = ["scipy.stats", "scipy.optimize", "pandas", "matplotlib", "distributed", "rich.progress"]
    code = f"import sys, simulator.pipeline; print([name for name in {heavy} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
