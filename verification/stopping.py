"""Do the 95 % intervals still hold the truth when the run ended because they had become narrow?

Stopping at a look that finds the interval narrow enough favours looks at which it is narrow by chance. Each replicate
is a run of its own under `simulator.engine.stopping`, tallied and looked at as a run is, on a law whose measures are
known; it ends at one of its first looks. What is claimed: 94 % at least, one point less than without stopping. A cell
fails if its count is improbable (1e-5) under that: a false alarm has probability below 6e-5.

    python -m verification.stopping [--replicates 600] [--seed 1]
"""

from __future__ import annotations

import argparse
import sys
from typing import NamedTuple

import numpy as np
from scipy import stats

from simulator.engine.stopping import StoppingCriteria, StoppingRule
from simulator.finance.metrics import Metric
from simulator.results.columns import Column
from simulator.results.sizes import TASK_PATHS
from simulator.results.tallies import Tallies
from simulator.risk.precision import precision_target
from verification.coverage import ALARM, LAWS, Law, draw

CLAIMED = 0.94
MOST = 1_000_000  # paths of a replicate
# law, measure, half-width asked for: each ends most runs within a few looks
CASES = (
    ("normal", "own.x.mean:0.33", "mean"),
    ("normal", "own.x.var95:0.8", "VaR95%"),
    ("normal", "own.x.cvar95:0.75", "CVaR95%"),
    ("lognormal", "own.x.mean:0.6%", "mean"),
    ("lognormal", "own.x.var95:1.1%", "VaR95%"),
    ("lognormal", "own.x.cvar95:1.5%", "CVaR95%"),
)


class Cell(NamedTuple):
    """Coverage of one measure in runs that it ended."""

    law: str
    request: str
    replicates: int
    covered: int
    paths: float  # mean number at the end
    looks: float  # mean number of looks

    @property
    def passed(self) -> bool:
        return self.covered >= stats.binom.ppf(ALARM, self.replicates, CLAIMED)


def run_until_met(law: Law, request: str, rng: np.random.Generator) -> tuple[float, float, int, int]:
    """Low and high end, paths and looks of a run that ended for its precision."""
    column = Column("own", Metric("x", "amount", "USD bn", law.bad, False, law.name), 0)
    rules = StoppingRule(StoppingCriteria(MOST, (request,)), [precision_target(request, (column,), ())], 120)
    values = draw(law, rules.look_at, rng).reshape(1, -1)
    tallies, looks = Tallies((column,), (float(values[0, :256].mean()),)), 0
    while not rules.met and tallies.paths < MOST:
        tallies.record(tallies.paths, values)
        rules.look(tallies)
        looks += 1
        values = draw(law, max(rules.look_at - tallies.paths, TASK_PATHS), rng).reshape(1, -1)
    figure = rules.estimates[0].figure
    assert figure.low is not None
    assert figure.high is not None
    return figure.low, figure.high, tallies.paths, looks


def study(name: str, request: str, measure: str, replicates: int, seed: int) -> Cell:
    """Coverage of one case."""
    law = next(law for law in LAWS if law.name == name)
    true, rng = law.truth()[measure], np.random.default_rng([seed, CASES.index((name, request, measure))])
    runs = [run_until_met(law, request, rng) for _ in range(replicates)]
    covered = sum(low <= true <= high for low, high, _, _ in runs)
    paths, looks = (float(np.mean([run[k] for run in runs])) for k in (2, 3))
    return Cell(name, request, replicates, covered, paths, looks)


def main() -> int:
    """Run every case; 0 if all kept what is claimed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicates", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    fine = True
    for case in CASES:
        cell = study(*case, options.replicates, options.seed)
        fine &= cell.passed
        share = f"{100 * cell.covered / cell.replicates:.1f} %"
        size = f"{cell.paths:,.0f} paths, {cell.looks:.1f} looks{'' if cell.passed else '   TOO FEW'}"
        print(f"{cell.law:<10}{cell.request:<20}{share:>7} of {cell.replicates}, {size}", flush=True)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
