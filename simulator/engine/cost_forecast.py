"""What a run will take, measured on a pilot: time, memory, disk. For its precision see `run_forecast`."""

from __future__ import annotations

import resource
import sys
from typing import NamedTuple

from simulator.engine import thread_pool
from simulator.engine.progress import Silent
from simulator.engine.simulation import Job, empty_tallies, pilot, simulate
from simulator.engine.trace import TRACED
from simulator.finance.series import PLAN_SERIES, WORLD_SERIES
from simulator.results.columns import WORLD, tally_columns
from simulator.results.sample import SAMPLE_PATHS
from simulator.results.tallies import Tallies

_KEPT = 0.65  # of a float64 in the sample after compression
_TAIL = 4_000  # rows a plan adds to the tail: the worst 1,000 of its figures overlap, and those of other plans
_STATE = 17e3, 24.0, 7_500  # bytes of a tallied figure in a state: worst paths and sums; a bin; the most bins there are
_FIXED, _A_PLAN = 2e6, 1e6  # bytes: report, figures, model, bands and summary


class Forecast(NamedTuple):
    """Of one run."""

    seconds: float
    paths_per_s: float
    memory: float  # bytes
    disk: float  # bytes


class Trial(NamedTuple):
    """A pilot: the first paths of the run, tallied."""

    tallies: Tallies
    paths: int
    seconds: float


def trial(job: Job, paths: int) -> Trial:
    """Simulate the first `paths` paths of a job, its kernel being compiled."""
    first = pilot(job)
    tallies = empty_tallies(job, first)
    tallies.record(0, first)  # compiled before the clock starts
    tallies = empty_tallies(job, first)
    seconds = simulate(job._replace(paths=paths), tallies, None, Silent())
    return Trial(tallies, paths, seconds)


def forecast(job: Job, tried: Trial | None = None) -> Forecast:
    """Scale a trial, by default one of a task per thread: well under a second once compiled."""
    found = trial(job, min(job.paths, job.threads * thread_pool.TASK)) if tried is None else tried
    speed = found.paths / found.seconds
    return Forecast(job.paths / speed, speed, peak_memory() + _still_to_come(job), _disk(job))


def peak_memory() -> float:
    """The most memory this process has held so far, bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(most if sys.platform == "darwin" else 1024 * most)


def _plans(job: Job) -> int:
    return int(job.model.plans.chips.size)


def _still_to_come(job: Job) -> float:
    """Bytes that the pilot did not hold: monthly series of the traced paths, sample rows, and what writes them."""
    series = len(WORLD_SERIES) + len(PLAN_SERIES)  # of a plan at a time
    traced = 4 * min(job.paths, TRACED) * job.model.months * series
    rows = 8 * len(job.columns) * min(job.paths, SAMPLE_PATHS)
    return float(traced + rows)


def _disk(job: Job) -> float:
    rows = min(job.paths, SAMPLE_PATHS) + min(job.paths, _TAIL * _plans(job))
    fixed, a_bin, bins = _STATE
    counted = tally_columns(job.columns, job.tally, job.events)
    followed = sum(column.metric.kind == "amount" and column.scope != WORLD for column in counted)
    state = len(counted) * fixed + (len(counted) + followed) * a_bin * min(job.paths / 4, bins)
    return _KEPT * 8 * len(job.columns) * rows + state + _FIXED + _A_PLAN * _plans(job)
