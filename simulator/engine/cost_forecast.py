"""Forecasts the cost of a run from a pilot: time, memory, disk. For its precision see `run_forecast`."""

from __future__ import annotations

import resource
import sys
from typing import NamedTuple

from simulator.engine.progress import Silent
from simulator.engine.simulation import Job, empty_tallies, simulate, simulate_canary
from simulator.kernel import SAMPLE_PATHS
from simulator.results.columns import WORLD, tally_columns
from simulator.results.sizes import TASK_PATHS, TRACED_PATHS, trace_memory
from simulator.results.tallies import Tallies

_COMPRESSED = 0.65  # of a float64 in the sample after compression
_TAIL = 4_000  # rows a plan adds to the tail: the worst 1,000 of its figures overlap, and those of other plans
_STATE = 17e3, 24.0, 7_500  # bytes of a tallied figure in a state: worst paths and sums; a bin; the most bins there are
_FIXED, _A_PLAN = 2e6, 1e6  # bytes: report, figures, model, bands and summary


class CostForecast(NamedTuple):
    """The cost of one run."""

    seconds: float
    paths_per_s: float
    memory: float  # bytes
    disk: float  # bytes


class Pilot(NamedTuple):
    """The first paths of a run, simulated and tallied to forecast it."""

    tallies: Tallies
    paths: int
    seconds: float


def run_pilot(job: Job, paths: int) -> Pilot:
    """Simulate the first `paths` paths of a job, its kernel being compiled."""
    canary = simulate_canary(job)
    tallies = empty_tallies(job, canary)
    tallies.record(0, canary)  # compiled before the clock starts
    tallies = empty_tallies(job, canary)
    seconds = simulate(job._replace(paths=paths), tallies, None, Silent())
    return Pilot(tallies, paths, seconds)


def forecast_cost(job: Job, pilot: Pilot | None = None) -> CostForecast:
    """Scale the cost of a pilot, by default one of a task per thread: well under a second once compiled."""
    if pilot is None:
        pilot = run_pilot(job, min(job.paths, job.threads * TASK_PATHS))
    speed = pilot.paths / pilot.seconds
    return CostForecast(job.paths / speed, speed, peak_memory() + _later_memory(job), _disk(job))


def peak_memory() -> float:
    """Return the most memory that this process has held so far, bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(most if sys.platform == "darwin" else 1024 * most)


def _plans(job: Job) -> int:
    return int(job.model.plans.order.size)


def _later_memory(job: Job) -> float:
    """Return the bytes that the pilot did not hold: monthly series of the traced paths, rows of the sample."""
    traced = trace_memory(min(job.paths, TRACED_PATHS), job.model.months)
    rows = 8 * len(job.columns) * min(job.paths, SAMPLE_PATHS)
    return float(traced + rows)


def _disk(job: Job) -> float:
    rows = min(job.paths, SAMPLE_PATHS) + min(job.paths, _TAIL * _plans(job))
    fixed, a_bin, bins = _STATE
    tallied = tally_columns(job.columns, job.tally, job.events)
    tracked = sum(column.metric.kind == "amount" and column.scope != WORLD for column in tallied)
    state = len(tallied) * fixed + (len(tallied) + tracked) * a_bin * min(job.paths / 4, bins)
    return _COMPRESSED * 8 * len(job.columns) * rows + state + _FIXED + _A_PLAN * _plans(job)
