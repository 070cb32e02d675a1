"""Do the 95 % intervals of a summary hold the truth in 95 of 100 runs? Three laws whose measures are known exactly.

Each replicate is a small run: values are tallied and measured as in `simulator run`, through histogram and exact sums.
30,000 paths leave 1,500 in the tail at 95 % and 300 at 99 %, the fewest from which a figure is given without a flag.

What is claimed of each interval is its `floor`: 95 % where the method is exact or sums many like terms. For CVaR and
sd of laws whose tail is so heavy that the sum is not yet normal the claim is lower, and was set after looking: it says
how far such an interval can be trusted. A cell fails if its count is improbable (1e-5 each side) under the floor below
or under 98 % above: with 26 cells a false alarm has probability below 6e-4.

    python -m verification.coverage [--replicates 2000] [--seed 1] [--out DIR]
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import matplotlib as mpl
import numpy as np
from scipy import stats
from scipy.stats.distributions import rv_frozen

from simulator.finance.metrics import Metric
from simulator.results.columns import Column, Event
from simulator.results.tallies import Tallies
from simulator.risk import figures as risk_figures
from simulator.risk.distribution import distribution_of_tally
from simulator.risk.intervals import Figure

PATHS = 30_000
MONTHS = 120
CEILING = 0.98
ALARM = 1e-5  # each side of each cell
LEVELS = (0.95, 0.99)


class Law(NamedTuple):
    """A law and how low coverage may fall: `floor` by measure, 0.95 where none is given."""

    name: str
    law: rv_frozen
    bad: Literal["low", "high"]
    floor: dict[str, float]
    fourth: bool = True  # has a fourth moment, without which the interval of sd means nothing

    @property
    def threshold(self) -> float:
        """A value with 1 % beyond it on the bad side."""
        return float(self.law.ppf(0.01) if self.bad == "low" else self.law.ppf(0.99))

    def truth(self) -> dict[str, float]:
        """Exact measures by name."""
        measures = {
            "mean": float(self.law.mean()),
            "P": 0.01,
            "q05": float(self.law.ppf(0.05)),
            "q50": float(self.law.median()),
        }
        measures |= {"sd": float(self.law.std())} if self.fourth else {}
        for level in LEVELS:
            share, sign = (1.0 - level, -1.0) if self.bad == "low" else (level, 1.0)
            measures[f"VaR{level:.0%}"] = sign * float(self.law.ppf(share))
            measures[f"CVaR{level:.0%}"] = float(_cvar(self.name, level))
        return measures


def _cvar(name: str, level: float) -> float:
    """Expected loss beyond VaR, in closed form."""
    z = stats.norm.ppf(level)
    if name == "normal":
        return 60.0 + 60.0 * stats.norm.pdf(z) / (1.0 - level)
    if name == "lognormal":
        return np.exp(0.5) * stats.norm.cdf(1.0 - z) / (1.0 - level)
    q = stats.t.ppf(level, 3)
    return stats.t.pdf(q, 3) * (3.0 + q * q) / 2.0 / (1.0 - level)


LAWS = (
    Law("normal", stats.norm(-60.0, 60.0), "low", {}),
    Law("lognormal", stats.lognorm(1.0), "high", {"sd": 0.90, "CVaR95%": 0.92, "CVaR99%": 0.92}),
    Law("t3", stats.t(3), "high", {"CVaR95%": 0.92, "CVaR99%": 0.91}, fourth=False),
)


class Cell(NamedTuple):
    """Coverage of one measure under one law."""

    law: str
    measure: str
    truth: float
    replicates: int
    covered: int
    width: float  # mean width of the interval
    floor: float

    @property
    def coverage(self) -> float:
        return self.covered / self.replicates

    @property
    def passed(self) -> bool:
        """True if the count is probable enough under the floor and under the ceiling."""
        least = stats.binom.ppf(ALARM, self.replicates, self.floor)
        most = stats.binom.isf(ALARM, self.replicates, CEILING)
        return bool(least <= self.covered <= most)


def intervals_of(law: Law, values: np.ndarray) -> dict[str, Figure]:
    """Figures of one replicate by measure, made as a run makes them."""
    metric = Metric("x", "amount", "USD bn", law.bad, False, law.name)
    event = Event("x", "<" if law.bad == "low" else ">", law.threshold)
    tallies = Tallies((Column("own", metric, 0),), (float(np.mean(values[:256])),), (event,))
    tallies.record(0, values.reshape(1, -1))
    distribution = distribution_of_tally(tallies.column("own.x"))
    figures = {
        "mean": risk_figures.mean(distribution.moments),
        "sd": risk_figures.sd(distribution),
        "q05": risk_figures.quantile(distribution, 0.05, MONTHS),
        "q50": risk_figures.quantile(distribution, 0.5, MONTHS),
        "P": risk_figures.probabilities(distribution, MONTHS)[event.label],
    }
    for level in LEVELS:
        figures[f"VaR{level:.0%}"] = risk_figures.var(distribution, level)
        figures[f"CVaR{level:.0%}"] = risk_figures.cvar(distribution, level)
    return figures


def study(law: Law, replicates: int, seed: int, paths: int = PATHS) -> Iterator[Cell]:
    """Coverage of every measure of a law."""
    truth = law.truth()
    covered, width = dict.fromkeys(truth, 0), dict.fromkeys(truth, 0.0)
    rng = np.random.default_rng([seed, LAWS.index(law)])
    for _ in range(replicates):
        figures = intervals_of(law, draw(law, paths, rng))
        for measure, true in truth.items():
            low, high = figures[measure].low, figures[measure].high
            assert low is not None
            assert high is not None
            covered[measure] += low <= true <= high
            width[measure] += (high - low) / replicates
    for measure, true in truth.items():
        floor = law.floor.get(measure, 0.95)
        yield Cell(law.name, measure, true, replicates, covered[measure], width[measure], floor)


def draw(law: Law, paths: int, rng: np.random.Generator) -> np.ndarray:
    """Independent values of a law."""
    if law.name == "normal":
        return rng.normal(-60.0, 60.0, paths)
    return rng.lognormal(0.0, 1.0, paths) if law.name == "lognormal" else rng.standard_t(3, paths)


def draw_figure(cells: Sequence[Cell], path: Path) -> None:
    """Coverage of every cell with its own binomial 95 % interval."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, len(LAWS), figsize=(11, 4), sharex=True, sharey=True, layout="constrained")
    measures = list(dict.fromkeys(cell.measure for cell in cells))
    for axis, law in zip(axes, LAWS, strict=True):
        mine = [cell for cell in cells if cell.law == law.name]
        y = [measures.index(cell.measure) for cell in mine]
        bounds = [stats.binomtest(cell.covered, cell.replicates).proportion_ci(method="exact") for cell in mine]
        error = [[c.coverage - b.low for c, b in zip(mine, bounds, strict=True)]]
        error.append([b.high - c.coverage for c, b in zip(mine, bounds, strict=True)])
        axis.errorbar([cell.coverage for cell in mine], y, xerr=error, fmt="o", color="black", markersize=4)
        axis.plot([cell.floor for cell in mine], y, "|", color="tab:red", markersize=12, label="claimed")
        axis.axvline(0.95, color="grey", linewidth=0.8)
        axis.set_title(law.name)
        axis.set_xlabel("share of replicates that hold the truth")
    axes[0].set_yticks(range(len(measures)), measures)
    axes[0].invert_yaxis()
    axes[0].legend(loc="lower left")
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the study; 0 if every interval keeps its claim."""
    parser = argparse.ArgumentParser(description="Coverage of the 95 %% intervals on three known laws")
    parser.add_argument("--replicates", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("runs/verification"), help="folder for table and plot")
    chosen = parser.parse_args(argv)
    cells = [cell for law in LAWS for cell in study(law, chosen.replicates, chosen.seed)]
    chosen.out.mkdir(parents=True, exist_ok=True)
    with open(chosen.out / "coverage.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*Cell._fields, "coverage", "passed"])
        writer.writerows([*cell, cell.coverage, cell.passed] for cell in cells)
    draw_figure(cells, chosen.out / "coverage.png")
    print(f"{chosen.replicates} replicates of {PATHS:,} paths, seed {chosen.seed}")
    print(f"{'law':<10}{'measure':<9}{'truth':>10}{'mean width':>12}{'coverage':>10}{'claimed':>9}")
    for cell in cells:
        line = f"{cell.law:<10}{cell.measure:<9}{cell.truth:>10.4f}{cell.width:>12.4f}{cell.coverage:>10.4f}"
        print(f"{line}{cell.floor:>9.2f}{'' if cell.passed else '  FAILED'}")
    failed = sum(not cell.passed for cell in cells)
    print(f"{failed} of {len(cells)} failed" if failed else f"all {len(cells)} hold")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
