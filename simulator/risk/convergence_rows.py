"""Rows of the convergence table and its warnings, as typed objects and as in summary.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from simulator.risk.intervals import Figure

__all__ = ["ConvergenceRow"]


@dataclass(frozen=True)
class ConvergenceRow:
    """One measure at a power of two of paths: of all paths so far, and of those since the last power alone."""

    paths: int
    subset_paths: int
    plan: str
    metric: str
    measure: str
    cumulative: Figure
    subset: Figure

    def to_dict(self) -> dict[str, Any]:
        """One entry of `convergence`."""
        return {
            "paths": self.paths,
            "subset_paths": self.subset_paths,
            "plan": self.plan,
            "metric": self.metric,
            "measure": self.measure,
            "cumulative": self.cumulative.to_dict(),
            "subset": self.subset.to_dict(),
        }

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> ConvergenceRow:
        """One entry of `convergence`."""
        figures = {part: Figure.from_dict(entry[part]) for part in ("cumulative", "subset")}
        return cls(**{**entry, **figures})


@dataclass(frozen=True)
class ConvergenceWarning:
    """A figure whose interval fails to shrink, and why."""

    plan: str
    metric: str
    measure: str
    reason: str
    text: str

    def to_dict(self) -> dict[str, Any]:
        """One entry of `warnings`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> ConvergenceWarning:
        """One entry of `warnings`."""
        return cls(**entry)
