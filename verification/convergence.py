"""Does the warning "an interval fails to shrink" come when it should, and only then?

Each replicate is a run of one figure as `simulator run` follows it: tallied, looked at after 2^14, 2^15, ... paths by
`simulator.engine.convergence_tracker` and judged by `simulator.risk.convergence` as one of FIGURES figures of a run.
False alarms are counted under a normal law, a lognormal one (sigma 1: kurtosis 114) and Student's t with 3 degrees of
freedom (no fourth moment); a replicate counts once, whichever of its five measures is warned about. Power is counted
under laws that must be warned about: Pareto with index 1.5 (no variance), and paths in clusters of 64 that
share half their variance (the intervals are far too narrow).

    python -m verification.convergence [--replicates 300] [--paths 2e5] [--seed 1] [--out DIR]
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from scipy import stats

from simulator.engine.convergence_tracker import ConvergenceTracker
from simulator.finance.metrics import Metric
from simulator.results.columns import Column
from simulator.results.tallies import Tallies
from simulator.risk.convergence import convergence_warnings
from simulator.risk.convergence_rows import ConvergenceRow

LEVELS = (0.95, 0.99)
FIGURES = 325  # of the flagship: 65 amounts, five measures each
ALARM = 1e-5  # of a cell here
COLUMN = Column("own", Metric("x", "amount", "USD bn", "high", False, "x"), 0)
Draw = Callable[[np.random.Generator, int], NDArray[np.float64]]


class Law(NamedTuple):
    """A law, whether its runs must get a warning, and at most (false alarms) or at least (power) how often they do."""

    name: str
    draw: Draw
    warned: bool
    claim: float


def clusters(rng: np.random.Generator, paths: int) -> NDArray[np.float64]:
    """Paths that are not independent: 64 in a row share half their variance."""
    shared = np.repeat(rng.normal(0.0, 1.0, -(-paths // 64)), 64)[:paths]
    return 60.0 + 40.0 * (shared + rng.normal(0.0, 1.0, paths)) / np.sqrt(2.0)


LAWS = (
    Law("normal", lambda rng, n: rng.normal(60.0, 60.0, n), False, 0.01),
    Law("lognormal", lambda rng, n: rng.lognormal(0.0, 1.0, n), False, 0.02),
    Law("Student t, 3", lambda rng, n: rng.standard_t(3, n), False, 0.05),
    Law("Pareto 1.5", lambda rng, n: 1.0 + rng.pareto(1.5, n), True, 0.9),
    Law("clusters", clusters, True, 0.85),
)


class Cell(NamedTuple):
    """The number of runs of a law with a warning."""

    law: Law
    replicates: int
    runs: int  # with a warning
    reasons: Counter[str]  # measure and reason, by figure

    @property
    def passed(self) -> bool:
        """True if the count is probable enough under the claim."""
        if self.law.warned:
            return self.runs >= stats.binom.ppf(ALARM, self.replicates, self.law.claim)
        return self.runs <= stats.binom.isf(ALARM, self.replicates, self.law.claim)


def follow(values: NDArray[np.float64]) -> tuple[list[ConvergenceRow], Tallies]:
    """The rows of a run of one figure, and its tallies."""
    tallies = Tallies((COLUMN,), (float(values[:256].mean()),))
    tracker = ConvergenceTracker(LEVELS)
    while tallies.paths < values.size:
        until = min(tracker.next_paths, values.size)
        tallies.record(tallies.paths, values[None, tallies.paths : until])
        tracker.update(tallies)
    return tracker.final_rows(tallies), tallies


def warned(values: NDArray[np.float64]) -> Counter[str]:
    """Return the warnings of a run of one figure, judged as one of FIGURES, by measure and reason."""
    rows, tallies = follow(values)
    warnings = convergence_warnings(rows, tallies, LEVELS, FIGURES)
    return Counter(f"{warning.measure}: {warning.reason}" for warning in warnings)


def study(law: Law, replicates: int, paths: int, seed: int) -> Cell:
    """Count how often runs of a law get a warning."""
    rng = np.random.default_rng([seed, LAWS.index(law)])
    reasons = [warned(law.draw(rng, paths)) for _ in range(replicates)]
    return Cell(law, replicates, sum(bool(run) for run in reasons), sum(reasons, Counter()))


def draw_figure(paths: int, seed: int, file: Path) -> None:
    """Half-width of the mean's interval against paths, one run a law."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    for k, law in enumerate(LAWS):
        rows, _ = follow(law.draw(np.random.default_rng([seed, k]), paths))
        paths_of_mean = [row.paths for row in rows if row.measure == "mean"]
        bounds = [row.cumulative[1:3] for row in rows if row.measure == "mean"]
        half = np.diff(np.array(bounds, dtype=float), axis=1)[:, 0] / 2
        axes.loglog(paths_of_mean, half / half[0], marker="o", label=law.name)
    first = paths_of_mean
    axes.loglog(first, np.sqrt(first[0] / np.array(first)), "k:", label="1/sqrt(paths)")
    axes.set_xlabel("paths")
    axes.set_ylabel("half-width over the first")
    axes.legend()
    figure.savefig(file, dpi=120)
    plt.close(figure)


def main() -> int:
    """Run the study; 0 if every law keeps its claim."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicates", type=int, default=300)
    parser.add_argument("--paths", type=lambda text: int(float(text)), default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("runs/verification"), help="folder for the plot")
    options = parser.parse_args()
    fine = True
    for law in LAWS:
        cell = study(law, options.replicates, options.paths, options.seed)
        fine &= cell.passed
        share, what = f"{100 * cell.runs / cell.replicates:.1f} %", "power" if law.warned else "false alarms"
        reasons = ", ".join(f"{name} {count}" for name, count in cell.reasons.most_common())
        print(f"{law.name:<14}{what:<14}{share:>8}{'' if cell.passed else '   FAILED'}   {reasons}", flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    draw_figure(options.paths, options.seed, options.out / "convergence.png")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
