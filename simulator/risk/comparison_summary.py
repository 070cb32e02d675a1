"""`comparison` of summary.json as typed objects: every plan less the first plan, and the regret of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from simulator.risk import figures
from simulator.risk.intervals import Figure

__all__: list[str] = []  # used in this folder only


@dataclass(frozen=True)
class DifferenceSummary:
    """One plan less the first in one metric: its mean with the paired error, and how often the plan is better."""

    unit: str
    bad: Literal["low", "high"]
    n: int
    mean: Figure
    stderr: float | None
    beats: Figure
    ties: Figure

    def to_dict(self) -> dict[str, Any]:
        """One metric of `comparison.differences.<plan>`."""
        return {
            "unit": self.unit,
            "bad": self.bad,
            "n": self.n,
            **self.mean.to_dict(),
            "stderr": self.stderr,
            "beats": self.beats.to_dict(),
            "ties": self.ties.to_dict(),
        }

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> DifferenceSummary:
        """One metric of `comparison.differences.<plan>`; older versions kept of ties the share alone."""
        n, ties = entry["n"], entry.get("ties")
        return cls(
            unit=entry["unit"],
            bad=entry["bad"],
            n=n,
            mean=Figure.from_dict(entry),
            stderr=entry["stderr"],
            beats=Figure.from_dict(entry["beats"]),
            ties=Figure.from_dict(ties)
            if isinstance(ties, Mapping)
            else figures.probability(round((ties or 0.0) * n), n),
        )


@dataclass(frozen=True)
class RegretSummary:
    """Mean and quantiles of a plan's regret, and how often no plan is better."""

    unit: str
    n: int
    mean: Figure
    stderr: float | None
    quantiles: Mapping[float, Figure]
    best: Figure

    def to_dict(self) -> dict[str, Any]:
        """One plan of `comparison.regret`."""
        return {
            "unit": self.unit,
            "n": self.n,
            **self.mean.to_dict(),
            "stderr": self.stderr,
            "quantiles": {str(share): figure.to_dict() for share, figure in self.quantiles.items()},
            "best": self.best.to_dict(),
        }

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> RegretSummary:
        """One plan of `comparison.regret`."""
        quantiles = {float(share): Figure.from_dict(figure) for share, figure in entry["quantiles"].items()}
        mean, best = Figure.from_dict(entry), Figure.from_dict(entry["best"])
        return cls(entry["unit"], entry["n"], mean, entry["stderr"], quantiles, best)


@dataclass(frozen=True)
class ComparisonSummary:
    """Every plan less the first plan, by plan and metric, and the regret of each plan, over all paths of a run."""

    first: str
    differences: Mapping[str, Mapping[str, DifferenceSummary]]
    regret: Mapping[str, RegretSummary]

    def to_dict(self) -> dict[str, Any]:
        """`comparison` of summary.json."""
        return {
            "first": self.first,
            "differences": {
                plan: {name: difference.to_dict() for name, difference in metrics.items()}
                for plan, metrics in self.differences.items()
            },
            "regret": {plan: regret.to_dict() for plan, regret in self.regret.items()},
        }

    @classmethod
    def from_dict(cls, body: Mapping[str, Any] | None) -> ComparisonSummary | None:
        """`comparison` of a summary.json; None where it is empty or missing."""
        if not body:
            return None
        differences = {
            plan: {name: DifferenceSummary.from_dict(entry) for name, entry in metrics.items()}
            for plan, metrics in body["differences"].items()
        }
        regret = {plan: RegretSummary.from_dict(entry) for plan, entry in body["regret"].items()}
        return cls(body["first"], differences, regret)
