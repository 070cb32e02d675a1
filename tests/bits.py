"""A fingerprint of the numerical ground floor; run as a script to take it under other settings of numba."""

from __future__ import annotations

import hashlib

import numpy as np

from simulator.drivers.dependence import factors, freeze_dependence, inverse_scale_law
from simulator.drivers.laws import empirical, freeze, named, zero_inflated
from simulator.drivers.marginals import sample
from simulator.finance.valuation.returns import IRR_ROWS, compute_internal_rate
from simulator.numerics.jit import disjoint, njit
from simulator.numerics.special_functions import asinh, exp, log, phi_cdf, phi_inv
from simulator.sampling.draws import Layout
from simulator.sampling.sampler import fill


@disjoint
def _pay(price: np.ndarray, share: np.ndarray, revenue: np.ndarray, total: np.ndarray) -> None:
    """Book a month of a small plan: a share of a price is earned, a cost paid; the final value repays the losses."""
    for lane in range(total.size):
        revenue[lane] = exp(0.01 * price[lane]) * share[lane] - 1.0
        total[lane] -= 1.1 * revenue[lane]


@njit
def _rates_of_return(prices: np.ndarray, flows: np.ndarray, total: np.ndarray, out: np.ndarray) -> None:
    """Fill flows (months, lanes) month by month and `out` (lanes,) with their internal rate of return."""
    for m in range(flows.shape[0]):
        _pay(prices[m], prices[m + 1], flows[m], total)
    compute_internal_rate(flows, total, np.zeros((IRR_ROWS, out.size)), out)


def fingerprint() -> str:
    """SHA-256 of some scores, factors, samples, elementary functions and rates of return."""
    layout = Layout()
    rows = [layout.add("first", 7), layout.add("second", 3)]
    z = np.empty((12, 24))
    fill(layout.freeze(), -5, np.arange(24) + 2**32 - 10, z)
    laws = [inverse_scale_law(6.0), zero_inflated(named("gamma", shape=2, mean=3.0), 0.3), empirical([3.0, 1.0, 2.0])]
    tables = freeze([*laws, named("lognormal", median=2.0, sigma=0.4), named("uniform", low=1.0, high=2.0)])
    systematic = np.empty((6, 24))
    factors(freeze_dependence(0.8 * np.eye(6) + 0.2, "t", 6.0, rows[0], 0), tables, z, systematic)
    digest = hashlib.sha256(z.tobytes() + systematic.tobytes())
    for i in range(tables.kind.size):
        out = np.empty(24)
        sample(tables, i, z[rows[1]], out)
        digest.update(out.tobytes())
    for x in np.linspace(-30.0, 30.0, 61):
        values = [exp(x), log(abs(x) + 0.1), asinh(x), phi_cdf(x), phi_inv(1.0 / (31.0 + x))]
        digest.update(np.array(values).tobytes())
    total, out = np.zeros(24), np.empty(24)
    _rates_of_return(z[:9], np.empty((8, 24)), total, out)
    assert np.isfinite(out).any()
    digest.update(total.tobytes() + out.tobytes())
    return digest.hexdigest()


if __name__ == "__main__":
    print(fingerprint())  # noqa: T201
