"""Do the 95 % intervals of a comparison hold the truth in 95 of 100 runs? Two pairs of plans with closed forms.

Each replicate is a run of 30,000 paths of two plans with a common world (correlation .9): normal values, as npv, and
lognormal ones, whose tail is heavy, as a cost. Measured as in `simulator compare`: paired differences of mean,
quantile, VaR and CVaR, how often the first beats the second, regret (Margrabe's formula for the lognormal pair), the
simultaneous bands of dominance, and the break-even value of a constant added to the first plan.

A cell fails if its count is improbable (1e-5) under its floor: 95 % where the method is exact or sums many like terms,
less where a tail is so heavy that the sum is not yet normal. Bands of dominance may hold more than 95 %: Sidak's bound
is for independent errors. With 22 cells a false alarm has probability below 3e-4.

    python -m verification.comparing [--replicates 1000] [--seed 1] [--out DIR]
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import matplotlib as mpl
import numpy as np
from scipy import stats

from simulator.finance.metrics import Metric
from simulator.risk import dominance
from simulator.risk.break_even import break_even
from simulator.risk.metric_spec import MeasureSpec
from simulator.risk.paired_comparison import ComparisonTerms, compare_pair, more_is_better, sample_regret

PATHS = 30_000
CORRELATION = 0.9
ALARM = 1e-5
LEVELS = (0.95, 0.99)
SHARE = 0.05


class Law(NamedTuple):
    """Two plans: location and scale of either normal, or of its logarithm; how low coverage may fall."""

    name: str
    bad: Literal["low", "high"]
    first: tuple[float, float]
    other: tuple[float, float]
    floor: dict[str, float]

    @property
    def metric(self) -> Metric:
        return Metric("x", "amount", "USD bn", self.bad, False, self.name)

    def mean(self, at: tuple[float, float]) -> float:
        return at[0] if self.name == "normal" else float(np.exp(at[0] + at[1] ** 2 / 2))

    def quantile(self, at: tuple[float, float], share: Any) -> Any:
        value = at[0] + at[1] * stats.norm.ppf(share)
        return value if self.name == "normal" else np.exp(value)

    def beyond(self, at: tuple[float, float], level: Any) -> Any:
        """Mean of the values above the quantile of `level`."""
        z = stats.norm.ppf(level)
        if self.name == "normal":
            return at[0] + at[1] * stats.norm.pdf(z) / (1 - level)
        return self.mean(at) * stats.norm.cdf(at[1] - z) / (1 - level)

    def loss(self, at: tuple[float, float]) -> tuple[float, float]:
        """The law of the loss."""
        return (-at[0], at[1]) if self.bad == "low" else at

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        x, y = rng.standard_normal((2, PATHS))
        y = CORRELATION * x + np.sqrt(1 - CORRELATION**2) * y
        pair = self.first[0] + self.first[1] * x, self.other[0] + self.other[1] * y
        return pair if self.name == "normal" else (np.exp(pair[0]), np.exp(pair[1]))

    def truth(self) -> dict[str, float]:
        """Exact measures by name, of the first plan less the other."""
        losses = self.loss(self.first), self.loss(self.other)
        sign = 1.0 if self.bad == "low" else -1.0
        sd = np.sqrt(self.first[1] ** 2 + self.other[1] ** 2 - 2 * CORRELATION * self.first[1] * self.other[1])
        ahead = sign * (self.first[0] - self.other[0]) / sd
        measures = {
            "mean": self.mean(self.first) - self.mean(self.other),
            "q05": self.quantile(self.first, SHARE) - self.quantile(self.other, SHARE),
            "beats": stats.norm.cdf(ahead),
            "regret": sd * stats.norm.pdf(ahead) - ahead * sd * stats.norm.cdf(-ahead),
            "break-even": self.mean(self.other) - self.mean(self.first),
        }
        if self.name != "normal":  # Margrabe (1978): E (A - B)+
            measures["regret"] = self.mean(self.first) * stats.norm.cdf(
                (np.log(self.mean(self.first) / self.mean(self.other)) + sd**2 / 2) / sd
            ) - self.mean(self.other) * stats.norm.cdf(
                (np.log(self.mean(self.first) / self.mean(self.other)) - sd**2 / 2) / sd
            )
        for level in LEVELS:
            measures[f"VaR{level:.0%}"] = self.quantile(losses[0], level) - self.quantile(losses[1], level)
            measures[f"CVaR{level:.0%}"] = self.beyond(losses[0], level) - self.beyond(losses[1], level)
        return {name: float(value) for name, value in measures.items()}

    def gaps(self, order: str, share: np.ndarray) -> np.ndarray:
        """True gaps of the other plan over the first."""
        measure = self.quantile if order == "first" else self.beyond
        first, other = (measure(self.loss(at), 1 - np.minimum(share, 1 - 1e-12)) for at in (self.first, self.other))
        return np.asarray(first - other)


HEAVY = {"CVaR95%": 0.92, "CVaR99%": 0.91, "second order": 0.93}
LAWS = (
    Law("normal", "low", (-60.0, 60.0), (-50.0, 45.0), {}),
    Law("lognormal", "high", (0.0, 1.0), (0.2, 0.8), HEAVY),
)


def covers(law: Law, first: np.ndarray, other: np.ndarray) -> Iterator[tuple[str, bool]]:
    """Yield every interval of one replicate by name, and True if it holds the truth."""
    terms = ComparisonTerms(law.metric, LEVELS, (SHARE,))
    paired = compare_pair("a", "b", first, other, terms)
    figures = {"mean": paired["mean"], "q05": paired["quantiles"][str(SHARE)], "beats": paired["beats"]}
    figures["regret"] = sample_regret({"a": first, "b": other}, terms)["a"]
    for level in LEVELS:
        figures |= {
            f"VaR{level:.0%}": paired["var"][str(level)],
            f"CVaR{level:.0%}": paired["cvar"][str(level)],
        }
    true = law.truth()
    wide = 20.0 * float(np.std(first - other)) / PATHS**0.5 + 1e-9
    ends = true["break-even"] - wide, true["break-even"] + wide
    (figures["break-even"],) = break_even(lambda v: (first + v, other), law.metric, MeasureSpec("mean"), *ends)["roots"]
    for name, figure in figures.items():
        yield name, figure["low"] <= true[name] <= figure["high"]
    orders: tuple[dominance.Order, ...] = ("first", "second")
    for order in orders:
        gaps = dominance.gaps(more_is_better(first, law.metric), more_is_better(other, law.metric), order)
        off = np.abs(gaps.gap - law.gaps(order, gaps.share)) > dominance.sidak_bound(gaps.gap.size) * gaps.stderr
        yield f"{order} order", not off.any()


def draw_figure(rows: Sequence[tuple[str, str, float, float]], replicates: int, path: Path) -> None:
    """Coverage of every cell with its own binomial 95 % interval."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axis = plt.subplots(figsize=(7, 6), layout="constrained")
    for y, (_, _, share, floor) in enumerate(rows):
        low, high = stats.binomtest(round(share * replicates), replicates).proportion_ci(method="exact")
        axis.plot([low, high], [y, y], color="black")
        axis.plot(share, y, "o", color="black", markersize=4)
        axis.plot(floor, y, "|", color="tab:red", markersize=12)
    axis.axvline(0.95, color="grey", linewidth=0.8)
    axis.set_yticks(range(len(rows)), [f"{law} {name}" for law, name, _, _ in rows])
    axis.set_xlabel("share of replicates that hold the truth (red: claimed at least)")
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the study; 0 if every interval keeps its claim."""
    parser = argparse.ArgumentParser(description="Coverage of the intervals of comparisons on two known pairs")
    parser.add_argument("--replicates", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("runs/verification"), help="folder for table and plot")
    chosen = parser.parse_args(argv)
    rows, failed = [], 0
    print(f"{chosen.replicates} replicates of {PATHS:,} paths, seed {chosen.seed}")
    for k, law in enumerate(LAWS):
        rng, counts = np.random.default_rng([chosen.seed, k]), dict[str, int]()
        for _ in range(chosen.replicates):
            for name, holds in covers(law, *law.draw(rng)):
                counts[name] = counts.get(name, 0) + holds
        for name, count in counts.items():
            floor = law.floor.get(name, 0.95)
            passed = count >= stats.binom.ppf(ALARM, chosen.replicates, floor)
            failed += not passed
            rows.append((law.name, name, count / chosen.replicates, floor))
            print(
                f"{law.name:<10}{name:<13}{count / chosen.replicates:>8.4f}{floor:>6.2f}{'' if passed else '  FAILED'}"
            )
    chosen.out.mkdir(parents=True, exist_ok=True)
    with open(chosen.out / "comparing.csv", "w", newline="") as file:
        csv.writer(file).writerows([("law", "measure", "coverage", "claimed"), *rows])
    draw_figure(rows, chosen.replicates, chosen.out / "comparing.png")
    print(f"{failed} of {len(rows)} failed" if failed else f"all {len(rows)} hold")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
