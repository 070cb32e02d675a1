"""Probability laws of uncertain numbers: the side that needs SciPy, used before a run and never inside it.

    constant(value)
    named(law, **parameters)      normal(mean, sd) lognormal(median, sigma) gamma(shape, mean) weibull(shape, scale)
                                  beta(a, b[, low, high]) triangular(low, mode, high) pert(low, mode, high)
                                  uniform(low, high) exponential(mean)
    percentiles(p10, p50, p90[, low, high])    three-term metalog
    empirical(values)             linear between order statistics
    truncated(law[, low, high]), zero_inflated(law, probability), condition_on_exceeding(law, age)

    freeze(laws)                  the tables that compiled code samples from
    slots(law, horizon)           how long a list of renewal events must be

Bad parameters raise ValueError with a text `given .., wanted ..`.
"""

from simulator.drivers.laws.base import NEGLIGIBLE, Constant, Law
from simulator.drivers.laws.empirical import empirical
from simulator.drivers.laws.metalog import percentiles
from simulator.drivers.laws.modified import condition_on_exceeding, truncated, zero_inflated
from simulator.drivers.laws.named import named
from simulator.drivers.laws.renewal import slots
from simulator.drivers.laws.tables import freeze

constant = Constant

__all__ = [
    "NEGLIGIBLE",
    "Law",
    "condition_on_exceeding",
    "constant",
    "empirical",
    "freeze",
    "named",
    "percentiles",
    "slots",
    "truncated",
    "zero_inflated",
]
