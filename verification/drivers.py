"""Do a million draws of each driver average what theory says? Every figure with its closed form, by month.

The compiled equations of a driver run alone, on NumPy's normal scores. Every check is the mean of a function of one
path (a power of the distance from the known mean serves for a variance) against its expectation, in standard errors.
One fails beyond 5 of them: with 139 checks a false alarm has probability below 1e-4.

    python -m verification.drivers [--paths 1000000] [--seed 1] [--out DIR]
"""

from __future__ import annotations

import argparse
import csv
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from scipy import stats

from simulator.drivers import arpu, funding, grid, price, reverting, silicon
from simulator.drivers.forwards import RegimeLaw
from simulator.drivers.laws import condition_on_exceeding, named, truncated, zero_inflated
from tests.drawing import draw_arpu, draw_funding, draw_grid, draw_price, draw_silicon

BLOCK = 50_000  # paths drawn at a time
LIMIT = 5.0  # standard errors
MONTHS = (3, 12, 24, 48, 84, 120)

Array = NDArray[np.float64]


class Check(NamedTuple):
    """One expectation: a function of the drawn arrays that gives a value per path, and its mean."""

    figure: str  # checks of one figure make one curve
    at: float  # place on the curve
    expected: float
    observe: Callable[[SimpleNamespace], Array]


class Result(NamedTuple):
    """A check after all paths."""

    driver: str
    figure: str
    at: float
    expected: float
    mean: float
    error: float  # standard error

    @property
    def away(self) -> float:
        """Distance in standard errors."""
        return (self.mean - self.expected) / max(self.error, 1e-300)

    @property
    def passed(self) -> bool:
        return abs(self.away) <= LIMIT


def observe(
    driver: str, draw: Callable[[str], SimpleNamespace], checks: Sequence[Check], paths: int
) -> Iterator[Result]:
    """Draw block by block; `draw` takes a name that seeds the block."""
    total, square, blocks = np.zeros(len(checks)), np.zeros(len(checks)), math.ceil(paths / BLOCK)
    for block in range(blocks):
        drawn = draw(f"{driver} {block}")
        for i, check in enumerate(checks):
            away = check.observe(drawn) - check.expected
            total[i] += away.sum()
            square[i] += (away**2).sum()
    n = blocks * BLOCK
    for check, first, second in zip(checks, total / n, square / n, strict=True):
        error = math.sqrt(max(second - first**2, 0.0) / n)
        yield Result(driver, check.figure, check.at, check.expected, check.expected + first, error)


def moments(
    figure: str, month: int, mean: float, variance: float, series: Callable[[SimpleNamespace], Array]
) -> list[Check]:
    """Checks of a mean and a variance; `series` gives the (months, lanes) array of which row month - 1 is meant."""
    return [
        Check(f"{figure}, mean", month, mean, lambda d: series(d)[month - 1]),
        Check(f"{figure}, variance", month, variance, lambda d: (series(d)[month - 1] - mean) ** 2),
    ]


def study_silicon(seed: int, paths: int) -> Iterator[Result]:
    """Renewal with a systematic factor, wear and paradigm shifts."""
    gap = named("gamma", shape=12, mean=2.0)
    checks = []
    for month in MONTHS:
        t = month / 12.0
        arrived = silicon.arrivals(t, 12.0, 2.0, 1.0)
        mean_gain, variance = silicon.log_gain_moments(arrived, 0.57, 0.20, 0.3)
        left = math.exp(-0.03 * t) * silicon.expected_survival(t, 0.05, 0.4)
        value = left * silicon.gain_power(arrived, 0.7, 0.57, 0.20, 0.3)
        checks += moments("ln A", month, mean_gain, variance, lambda d: np.log(d.value / d.work) / -0.7)
        checks.append(Check("V", month, value, lambda d, m=month: d.value[m - 1]))
        checks.append(Check("work", month, left, lambda d, m=month: d.work[m - 1]))
    arrived = silicon.arrivals(10.0, 12.0, 2.0, 1.0)
    for n in range(2, 8):
        checks.append(Check("P(generations)", n, float(arrived[n]), lambda d, n=n: (d.generations == n) * 1.0))
    for loss in (0.0, 0.25, 0.5, 0.75):
        below = math.exp(-0.5 * float(stats.beta.sf(loss, 2, 3)))
        checks.append(Check("P(worst loss <= x)", loss, below, lambda d, x=loss: (d.worst <= x) * 1.0))

    def draw(name: str) -> SimpleNamespace:
        return draw_silicon(
            seed, name, BLOCK, share=0.3, partner=3 / 7, age=1.0, gap_first=condition_on_exceeding(gap, 1.0)
        )

    yield from observe("silicon", draw, checks, paths)


def study_grid(seed: int, paths: int) -> Iterator[Result]:
    """A site that builds, queues and may fail; three alike share the nation, two of them the region."""
    build, queue = named("lognormal", median=15, sigma=0.20), named("lognormal", median=36, sigma=0.45)
    pending, instead, fail = condition_on_exceeding(queue, 12.0), named("lognormal", median=24, sigma=0.25), 0.05

    def law(x: Array) -> Array:
        return build.cdf(x - 6.0) * grid.power_cdf(x, -12.0, pending.cdf, fail, instead.cdf)

    def both(x: float, correlation: float) -> float:
        """P(two sites are energised by x): queues with correlated scores, all else independent."""
        queued, other = float(pending.cdf(x + 12.0)), float(instead.cdf(x))
        z = stats.norm.ppf(queued)
        together = stats.multivariate_normal([0, 0], [[1, correlation], [correlation, 1]]).cdf([z, z])
        power = (1 - fail) ** 2 * together + 2 * fail * (1 - fail) * queued * other + (fail * other) ** 2
        return float(build.cdf(x - 6.0)) ** 2 * float(power)

    checks = []
    for x in (18.0, 24.0, 36.0, 60.0, 96.0):
        excess = grid.mean_excess(law, x, 2000.0)
        checks.append(Check("P(E <= x)", x, float(law(np.array(x))), lambda d, x=x: (d.energised[0] <= x) * 1.0))
        checks.append(Check("E[(E - x)+]", x, excess, lambda d, x=x: np.maximum(d.energised[0] - x, 0.0)))
        for other, correlation in ((1, 0.38), (2, 0.05)):
            figure = f"P(two sites by x), r = {correlation}"
            checks.append(Check(figure, x, both(x, correlation),
                                lambda d, x=x, i=other: ((d.energised[0] <= x) & (d.energised[i] <= x)) * 1.0)
            )  # fmt: skip

    def draw(name: str) -> SimpleNamespace:
        site = {"start": 6.0, "requested": -12.0, "queue": pending, "build": build}
        sites = [site, site, site | {"region": "b"}]
        return draw_grid(seed, name, BLOCK, sites, national=0.05, regional=0.33, fail=fail, instead=instead)

    yield from observe("grid", draw, checks, paths)


def study_arpu(seed: int, paths: int) -> Iterator[Result]:
    """Noise with an uncertain mean, and the mixture law of the elasticity."""
    mu, sigma, cap, zero = math.log(0.05), 0.7, 0.30, 0.10
    law = zero_inflated(truncated(named("lognormal", median=0.05, sigma=sigma), high=cap), zero)
    checks = []
    for month in MONTHS:
        variance = float(reverting.variance(month / 12.0, 1.4, 0.08, 0.03))
        checks += moments("x", month, 0.0, variance, lambda d: np.log(d.noise))
        checks.append(Check("exp(x)", month, math.exp(0.5 * variance), lambda d, m=month: d.noise[m - 1]))
    for n in (1, 2, 3, 4):
        moment = arpu.elasticity_moment(n, zero, mu, sigma, cap)
        checks.append(Check("E[(eps / .05)^n]", n, moment / 0.05**n, lambda d, n=n: (d.epsilon / 0.05) ** n))

    def draw(name: str) -> SimpleNamespace:
        return draw_arpu(seed, name, BLOCK, months=120, level=0.03, epsilon=law, share=0.3)

    yield from observe("arpu", draw, checks, paths)


def study_price(seed: int, paths: int) -> Iterator[Result]:
    """Mean reversion with jumps: forward curve and cumulants of ln P."""
    block = draw_price(seed, "law", 1)
    law, start = price.jump_law(block.p, block.tables), math.log(40.0 / 12.0)
    checks = []
    for month in MONTHS:
        t = month / 12.0
        mean, variance = float(law.log_mean(t, start)), float(law.log_variance(t))
        fourth = (3.0 + float(law.log_excess_kurtosis(t))) * variance**2
        checks += moments("ln P / longrun", month, mean, variance, lambda d: np.log(d.price / 12.0))
        checks.append(Check("ln P / longrun, 4th central moment", month, fourth,
                            lambda d, m=month, mean=mean: (np.log(d.price[m - 1] / 12.0) - mean) ** 4))  # fmt: skip
        checks.append(
            Check("forward curve", month, float(law.expected(t, 40.0, 12.0)), lambda d, m=month: d.price[m - 1])
        )
    for tenor in (12, 36, 60):
        checks.append(
            Check("mean price to month", tenor, float(law.expected(
                (np.arange(tenor) + 1) / 12.0, 40.0, 12.0).mean()), lambda d, k=tenor: d.price[:k].mean(axis=0))
        )  # fmt: skip
    yield from observe("price", lambda name: draw_price(seed, name, BLOCK, months=120), checks, paths)


def study_regimes(seed: int, paths: int) -> Iterator[Result]:
    """Three regimes: who is where, and the mean price."""
    law = RegimeLaw((1.5, 2.0, 1.5), (7.0, 12.0, 35.0), 3.0, 0.25)
    checks = []
    for month in MONTHS:
        t = month / 12.0
        expected = float(law.expected(t, price.SHORTAGE))
        checks.append(Check("mean price", month, expected, lambda d, m=month: d.price[m - 1]))

    def draw(name: str) -> SimpleNamespace:
        return draw_price(seed, name, BLOCK, months=120, kind=price.REGIME, kappa=3.0, sigma=0.25)

    yield from observe("regimes", draw, checks, paths)
    shares = []
    for month in MONTHS:
        of_time = law.shares(month / 12.0)[price.SHORTAGE]
        for state, name in enumerate(("glut", "normal", "shortage")):
            shares.append(Check(f"share in {name}", month, float(of_time[state]),
                                lambda d, m=month, p=law.level[state]: (d.price[m - 1] == p) * 1.0))  # fmt: skip

    def frozen(name: str) -> SimpleNamespace:
        return draw_price(seed, name, BLOCK, months=120, kind=price.REGIME, kappa=3.0, sigma=0.0)

    yield from observe("regimes", frozen, shares, paths)


def study_funding(seed: int, paths: int) -> Iterator[Result]:
    """Rate and spread from elsewhere than their means, with uncertain means."""
    checks = []
    for month in MONTHS:
        rate = funding.rate_moments(month / 12.0, 0.03, 0.0447, 0.0075, 0.20, 0.0075)
        spread = funding.spread_moments(month / 12.0, 0.02, 0.0091, 0.25, 0.39, 0.28)
        mean, variance = (float(rate[i] + spread[i]) for i in range(2))
        checks += moments("r + s, %", month, 100.0 * mean, 1e4 * variance, lambda d: 100.0 * d.funding[1:])

    def draw(name: str) -> SimpleNamespace:
        return draw_funding(seed, name, BLOCK, months=120, rate0=0.03, spread0=0.02, rate_load=0.0075, spread_load=0.25)

    yield from observe("funding", draw, checks, paths)


STUDIES = (study_silicon, study_grid, study_arpu, study_price, study_regimes, study_funding)


def draw_figure(results: Sequence[Result], path: Path) -> None:
    """A panel a figure: closed form (line) and draws (points, bars of 5 standard errors); last all distances."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figures = list(dict.fromkeys((result.driver, result.figure) for result in results))
    rows = -(-(len(figures) + 1) // 5)
    figure, axes = plt.subplots(rows, 5, figsize=(15, 2.6 * rows), layout="constrained")
    for axis, (driver, name) in zip(axes.flat, figures, strict=False):
        mine = sorted((r for r in results if (r.driver, r.figure) == (driver, name)), key=lambda r: r.at)
        at = [result.at for result in mine]
        axis.plot(at, [result.expected for result in mine], color="tab:blue", linewidth=1)
        axis.errorbar(at, [r.mean for r in mine], [LIMIT * r.error for r in mine], fmt=".", color="black")
        axis.set_title(f"{driver}: {name}", fontsize=8)
    last = axes.flat[len(figures)]
    stats.probplot([result.away for result in results], plot=last)
    last.set_title("all distances, in standard errors", fontsize=8)
    for axis in axes.flat[len(figures) + 1 :]:
        axis.set_axis_off()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main(argv: Sequence[str] | None = None) -> int:
    """Run all studies; 0 if every check holds."""
    parser = argparse.ArgumentParser(description="Draws of each driver against its closed forms")
    parser.add_argument("--paths", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("runs/verification"), help="folder for table and plot")
    chosen = parser.parse_args(argv)
    results = [result for study in STUDIES for result in study(chosen.seed, chosen.paths)]
    chosen.out.mkdir(parents=True, exist_ok=True)
    with open(chosen.out / "drivers.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*Result._fields, "away", "passed"])
        writer.writerows([*result, result.away, result.passed] for result in results)
    draw_figure(results, chosen.out / "drivers.png")
    print(f"{chosen.paths:,} paths, seed {chosen.seed}")
    print(f"{'driver':<9}{'figure':<36}{'at':>6}{'expected':>12}{'mean':>12}{'error':>10}{'away':>7}")
    for r in results:
        line = f"{r.driver:<9}{r.figure:<36}{r.at:>6g}{r.expected:>12.6g}{r.mean:>12.6g}{r.error:>10.2g}{r.away:>7.1f}"
        print(f"{line}{'' if r.passed else '  FAILED'}")
    failed = sum(not result.passed for result in results)
    print(f"{failed} of {len(results)} failed" if failed else f"all {len(results)} hold")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
