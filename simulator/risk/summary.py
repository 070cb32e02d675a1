"""The contents of summary.json as typed objects: every measure of every metric, and what the run itself was.

`to_dict` gives summary.json, `from_dict` reads one, those of older versions too: keys that they lack are empty. A
figure is {"value", "low", "high"} (95 %), with "note" where there is a reservation; null where it is not to be trusted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal
from weakref import WeakKeyDictionary

from simulator.errors import RunError
from simulator.results.columns import WORLD
from simulator.results.scope_tally import Extreme
from simulator.results.store import SUMMARY, Run
from simulator.risk.comparison_summary import ComparisonSummary
from simulator.risk.convergence_rows import ConvergenceRow, ConvergenceWarning
from simulator.risk.intervals import ALWAYS, CONFIDENCE, NO_FIGURE, NOWHERE, Figure, mean_interval
from simulator.risk.typed_reading import type_check

__all__ = ["MetricSummary", "PlanSummary", "RunSummary", "StopSummary", "read_summary"]


CONVENTIONS = (
    "The loss is minus the value where low is bad, the value where high is bad; VaR and CVaR are positive losses.",
    "VaR at level a is the ceil(a n)-th smallest loss of n; CVaR is VaR + mean((loss - VaR)+) / (1 - a).",
    "The quantile of a share p is the ceil(p n)-th smallest value.",
    "Intervals are 95 %: Student's t for means, binomial ranks for quantiles and VaR (outward to bin edges), "
    "Clopper-Pearson for probabilities, Tango's score interval for their differences, normal for CVaR.",
    "Tail figures from fewer than 50 tail paths are not given, from fewer than 300 they are flagged.",
    "Undefined values are left out of every measure and counted apart: `undefined` is their share.",
    "Months count from the start of the programme, 0 first; one that never comes ranks after the horizon.",
    "Plans are compared path by path: a difference is the plan less the first plan, it beats it where it is better on "
    "a path, values nearer than 1e-6 tie; regret is what the best plan of a path has beyond a plan.",
)

Side = Literal["low", "high"]
ByNumber = Mapping[float, Figure]  # by share of a quantile, or level of VaR or CVaR


@dataclass(frozen=True)
class MetricSummary:
    """One metric of the world or of a plan: what it is, how often it is defined, and its measures."""

    title: str
    unit: str
    kind: str
    bad: Side
    n: int  # paths on which it is defined
    undefined: float  # share of paths
    mean: float | None
    stderr: float | None
    note: str | None  # on the mean
    sd: Figure
    quantiles: ByNumber
    var: ByNumber
    cvar: ByNumber
    probability: Mapping[str, Figure]  # by label of the event
    lowest: Extreme | None
    highest: Extreme | None

    def mean_figure(self) -> Figure:
        """The mean with its interval; of an event its probability, which has an exact interval."""
        if self.kind == "event":
            return next(iter(self.probability.values()), NO_FIGURE)
        if self.mean is None:
            return Figure(None, None, None, self.note or NOWHERE)
        if self.note is not None and self.note.startswith(ALWAYS):
            return Figure(self.mean, None, None, self.note)
        if self.stderr is None or not math.isfinite(self.stderr):
            return Figure(self.mean, None, None, self.note)
        return Figure(self.mean, *mean_interval(self.mean, self.stderr, max(self.n, 2)))

    def explained(self, reason: str) -> MetricSummary:
        """The same with `reason` as note wherever a figure is undefined on every path."""

        def explain(figure: Figure) -> Figure:
            return figure._replace(note=reason) if figure.note == NOWHERE else figure

        return replace(
            self,
            note=reason if self.note == NOWHERE else self.note,
            sd=explain(self.sd),
            quantiles={share: explain(figure) for share, figure in self.quantiles.items()},
            var={level: explain(figure) for level, figure in self.var.items()},
            cvar={level: explain(figure) for level, figure in self.cvar.items()},
            probability={label: explain(figure) for label, figure in self.probability.items()},
        )

    def to_dict(self) -> dict[str, Any]:
        """One metric of summary.json."""
        return {
            "title": self.title,
            "unit": self.unit,
            "kind": self.kind,
            "bad": self.bad,
            "n": self.n,
            "undefined": self.undefined,
            "mean": self.mean,
            "stderr": self.stderr,
            **({"note": self.note} if self.note else {}),
            "sd": self.sd.to_dict(),
            "quantiles": _figures_dict(self.quantiles),
            "var": _figures_dict(self.var),
            "cvar": _figures_dict(self.cvar),
            "probability": _figures_dict(self.probability),
            "lowest": self.lowest and self.lowest._asdict(),
            "highest": self.highest and self.highest._asdict(),
        }

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> MetricSummary:
        """One metric of a summary.json."""
        lowest, highest = (entry.get(name) for name in ("lowest", "highest"))
        return cls(
            title=entry["title"],
            unit=entry["unit"],
            kind=entry["kind"],
            bad=entry["bad"],
            n=entry["n"],
            undefined=entry["undefined"],
            mean=entry["mean"],
            stderr=entry["stderr"],
            note=entry.get("note"),
            sd=Figure.from_dict(entry.get("sd")),
            quantiles=_by_number(entry.get("quantiles", {})),
            var=_by_number(entry.get("var", {})),
            cvar=_by_number(entry.get("cvar", {})),
            probability={label: Figure.from_dict(figure) for label, figure in entry.get("probability", {}).items()},
            lowest=None if lowest is None else Extreme(**lowest),
            highest=None if highest is None else Extreme(**highest),
        )


PlanSummary = Mapping[str, MetricSummary]  # by name of the metric


@dataclass(frozen=True)
class PrecisionSummary:
    """The precision that one --precision asked for, and what was reached."""

    target: str
    reached: str
    met: bool
    figure: Figure

    def to_dict(self) -> dict[str, Any]:
        """One entry of `stop.precision`."""
        return {"asked": self.target, "reached": self.reached, "met": self.met, **self.figure.to_dict()}

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> PrecisionSummary:
        """One entry of `stop.precision`."""
        return cls(entry["asked"], entry["reached"], entry["met"], Figure.from_dict(entry))


@dataclass(frozen=True)
class StopSummary:
    """The rule that ended the run: paths, precision, until or signal; its request, and what was reached."""

    rule: str
    request: Any  # a number of paths, a list of precisions or a time
    reached: Any
    precision: tuple[PrecisionSummary, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """`stop` of summary.json."""
        precision = {"precision": [entry.to_dict() for entry in self.precision]} if self.precision else {}
        return {"rule": self.rule, "asked": self.request, "reached": self.reached, **precision}

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> StopSummary:
        """`stop` of a summary.json."""
        precision = tuple(map(PrecisionSummary.from_dict, entry.get("precision", ())))
        return cls(entry["rule"], entry["asked"], entry["reached"], precision)


@dataclass(frozen=True)
class TimingSummary:
    """The time that the simulation took."""

    simulate_s: float
    paths_per_s: float | None
    peak_memory: float | None = None  # bytes

    def to_dict(self) -> dict[str, Any]:
        """`timing` of summary.json."""
        memory = {} if self.peak_memory is None else {"peak_memory": self.peak_memory}
        return {"simulate_s": self.simulate_s, "paths_per_s": self.paths_per_s, **memory}


@dataclass(frozen=True)
class RunSummary:
    """The contents of summary.json."""

    digest: str
    paths: int
    seed: int
    sampler: str
    stop: StopSummary
    resumed_at: tuple[int, ...]
    stress: tuple[str, ...]  # sets that the config contains
    world: PlanSummary
    plans: Mapping[str, PlanSummary]
    comparison: ComparisonSummary | None  # None with a single plan
    timing: TimingSummary
    warnings: tuple[ConvergenceWarning, ...] = ()
    convergence: tuple[ConvergenceRow, ...] = ()
    conventions: tuple[str, ...] = CONVENTIONS

    def scope(self, name: str) -> PlanSummary:
        """The metrics of the world or of a plan; none of a plan that the run does not have."""
        return self.world if name == WORLD else self.plans.get(name, {})

    def to_dict(self) -> dict[str, Any]:
        """The contents of summary.json."""
        return {
            "digest": self.digest,
            "paths": self.paths,
            "seed": self.seed,
            "sampler": self.sampler,
            "stop": self.stop.to_dict(),
            "resumed_at": list(self.resumed_at),
            "stress": list(self.stress),
            "confidence": CONFIDENCE,
            "conventions": list(self.conventions),
            "world": _scope_dict(self.world),
            "plans": {plan: _scope_dict(metrics) for plan, metrics in self.plans.items()},
            "comparison": {} if self.comparison is None else self.comparison.to_dict(),
            "timing": self.timing.to_dict(),
            "warnings": [warning.to_dict() for warning in self.warnings],
            "convergence": [row.to_dict() for row in self.convergence],
        }

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> RunSummary:
        """The contents of a summary.json, of this or an older version."""
        timing = body.get("timing", {})
        return cls(
            digest=body["digest"],
            paths=body["paths"],
            seed=body["seed"],
            sampler=body.get("sampler", ""),
            stop=StopSummary.from_dict(body["stop"]),
            resumed_at=tuple(body.get("resumed_at", ())),
            stress=tuple(body.get("stress") or ()),
            world=_scope(body.get("world", {})),
            plans={plan: _scope(metrics) for plan, metrics in body["plans"].items()},
            comparison=ComparisonSummary.from_dict(body.get("comparison")),
            timing=TimingSummary(
                timing.get("simulate_s", math.nan), timing.get("paths_per_s"), timing.get("peak_memory")
            ),
            warnings=tuple(map(ConvergenceWarning.from_dict, body.get("warnings", ()))),
            convergence=tuple(map(ConvergenceRow.from_dict, body.get("convergence", ()))),
            conventions=tuple(body.get("conventions", ())),
        )


_SUMMARIES: WeakKeyDictionary[Run, RunSummary] = WeakKeyDictionary()  # a file is verified once for a run, too


def read_summary(run: Run) -> RunSummary:
    """The summary of a finished run; RunError if its file is none that a run wrote."""
    if run in _SUMMARIES:
        return _SUMMARIES[run]
    body = run.summary
    try:
        summary = RunSummary.from_dict(body)
        mistyped = type_check(RunSummary)(summary)
        if mistyped is not None:
            raise TypeError(f"{mistyped.removeprefix('.')} is of another type")
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        what = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise RunError(f"{run.path / SUMMARY}: is no summary of a run ({what}); run the config again") from error
    _SUMMARIES[run] = summary
    return summary


def _figures_dict(figures: Mapping[Any, Figure]) -> dict[str, Any]:
    return {str(key): figure.to_dict() for key, figure in figures.items()}


def _by_number(entries: Mapping[str, Any]) -> dict[float, Figure]:
    return {float(key): Figure.from_dict(figure) for key, figure in entries.items()}


def _scope_dict(metrics: PlanSummary) -> dict[str, Any]:
    return {name: metric.to_dict() for name, metric in metrics.items()}


def _scope(entries: Mapping[str, Any]) -> dict[str, MetricSummary]:
    return {name: MetricSummary.from_dict(entry) for name, entry in entries.items()}
