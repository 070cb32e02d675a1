"""From a config to a report, on one page: the way of the data.

config (TOML) -> model (frozen numbers) -> draws -> world -> value of each plan -> tallies -> measures -> report
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from simulator import event_log, report
from simulator.cluster import client as clusters
from simulator.cluster.client import Cluster
from simulator.config import Config, Frozen, freeze, load
from simulator.config.events import parse_event
from simulator.config.loader import reload
from simulator.config.stress_files import find_sets, shipped
from simulator.engine import session, simulation, thread_pool, trace, warmup
from simulator.engine.checkpoint import Keeper
from simulator.engine.continuity import SAMPLER
from simulator.engine.cost_forecast import peak_memory
from simulator.engine.interrupt import Stop
from simulator.engine.progress import meter
from simulator.engine.scenario_samples import figure, figures, only_plan
from simulator.engine.session import Ask
from simulator.engine.simulation import Job
from simulator.engine.stopping import UNLIMITED, Asked
from simulator.errors import ConfigError, RunError
from simulator.results import store
from simulator.results.columns import all_columns
from simulator.results.digest import run_digest
from simulator.results.sample import write_tail
from simulator.results.store import Run, RunFolder, open_run
from simulator.risk import convergence, sensitivity
from simulator.risk.sensitivity import Swing
from simulator.risk.stress import Comparison
from simulator.risk.summary import Facts, summarise
from simulator.risk.undefined import blank, untested

CHECKPOINT = 30.0  # seconds between states to go on from
Say = Callable[[str], None]


def run(
    config: str | Path | Config,
    out: str | Path | None = None,
    *,
    overrides: Sequence[str] = (),
    paths: int | None = None,
    precision: Sequence[str] = (),
    until: str | None = None,
    threads: int | None = None,
    seed: int | None = None,
    draw: bool = True,
    resume: bool = False,
    accept_changes: bool = False,
    checkpoint: float = CHECKPOINT,
    cluster: str | None = None,
    say: Say | None = None,
) -> Run:
    """Simulate a config and leave a run folder (default runs/<name>-<UTC>-s<seed>); returns the run, open for reading.

    `config` is a path, changed by `overrides` (KEY=VALUE strings), or a config as `load` gives it. `draw` asks for the
    report; `say` gets a line per stage and turns progress on. The run ends after `paths` (default: the config's), once
    every `precision` (`own.npv.cvar95:1%`: half its 95 % interval) is reached, or at a time (`until` 06:00 or +5min),
    whichever comes first; with one of the latter the config's paths are no limit. A state to go on from is committed
    every `checkpoint` seconds; `resume` goes on with the run in `out`, `accept_changes` even if config, code or bits
    are not as they were. `cluster` is the address of a dask scheduler, tcp://HOST:PORT, whose workers simulate.
    """
    started, tell = datetime.now(UTC), _stages(say)
    checked = config if isinstance(config, Config) else load(config, overrides)
    frozen = freeze(checked)  # config -> model
    if resume and out is None:
        raise ConfigError(["--resume: given no --out, wanted the folder of the run to go on with"])
    name = "-".join((checked.name, *checked.stress))
    if cluster is not None:
        clusters.check(cluster)
    folder = RunFolder.create(out or default_folder(name, checked.seed if seed is None else seed, started), resume)
    with (
        event_log.of(folder.path),
        folder.alone(resume),
        session.kept(folder),
        clusters.connected(cluster, tell) as client,
    ):
        found = session.look(
            folder, frozen, Ask(Asked(paths, tuple(precision), until), seed, resume, accept_changes), tell
        )
        if not found.done:
            job = found.job(job_of(found.frozen, found.paths, threads, found.seed))
            rules = found.rules(job)
            found.announce(job)
            warm(job, tell)
            keeper = session.keeper(folder, found, job, rules, accept_changes, started)
            place = Cluster(client, cluster, job, keeper.tallies, tell) if cluster else None
            _simulate(folder, found.frozen, job, keeper, checkpoint, say, place)
    if draw:
        draw_report(folder.path, say)  # measures -> report
    return open_run(folder.path)


def _simulate(
    folder: RunFolder, frozen: Frozen, job: Job, keeper: Keeper, every: float, say: Say | None, place: Cluster | None
) -> None:
    """Simulate a job from where it stands, here or on a cluster, and write its results."""
    tell, before, tallies, rules = _stages(say), keeper.begun, keeper.tallies, keeper.rules
    limit = None if job.paths == UNLIMITED else job.paths
    stands = f" from {before.paths:,} on" if before.paths else ""
    goal = f"{job.paths:,} paths" if limit else "paths until it is enough"
    with keeper:  # draws -> world -> value of each plan -> tallies
        with Stop() as stop:
            tell(f"simulating {goal}{stands}, {count(job.threads, 'thread')}")
            keeper.replay(stop)
            if place is not None:
                keeper.cluster = place.told
                place.muster(lambda: bool(stop))
            seconds = before.seconds + simulation.simulate(
                job,
                tallies,
                keeper,
                meter(limit, quiet=say is None, before=before.paths),
                first=before.paths,
                commit=keeper.commit,
                every=every,
                rules=rules,
                doublings=keeper.doublings,
                stop=stop,
                place=place,
            )
        sample_hash = keeper.close_sample()
    job = job._replace(paths=tallies.paths)
    verdict = rules.verdict(tallies)
    event_log.event("stop", **verdict, paths=job.paths, seconds=seconds)
    tell("writing the run folder")
    folder.write_table(store.SERIES, trace.fan(job.model, frozen.plans, job.seed, job.paths))
    sample = _sampled(folder)
    write_tail(folder, job.columns, *simulation.worst(job, tallies, sample))
    facts = Facts(
        digest=run_digest(tallies, sample_hash),
        paths=job.paths,
        seed=job.seed,
        sampler=SAMPLER,
        stop=verdict,
        resumed_at=keeper.resumed_at,
        simulate_s=seconds,
        stress=frozen.config.stress,
    )
    measured = summarise(
        facts, tallies, job.columns, months=job.model.months, levels=frozen.levels, sample=sample,
        untested=untested(job.model, frozen.plans),
    )  # fmt: skip
    rows = keeper.doublings.finished(tallies)
    measured["warnings"] = convergence.warnings(rows, tallies, frozen.levels)
    measured["convergence"] = rows
    measured["timing"]["peak_memory"] = peak_memory()
    folder.write_json(store.SUMMARY, measured)  # tallies -> measures
    keeper.finish(paths=job.paths, digest=facts.digest, ended=datetime.now(UTC))


def tornado(
    config: str | Path | Config,
    metric: str = "npv",
    measure: str = "cvar95",
    *,
    plan: str | None = None,
    overrides: Sequence[str] = (),
    paths: int = 20_000,
    threads: int | None = None,
    seed: int | None = None,
    say: Say | None = None,
) -> dict[str, Any]:
    """How far a measure of a metric moves when one input at a time is held at either end; bars widest first.

    Every scenario runs on the same seed and paths. The plan defaults to the first; a metric of the world needs none.
    """
    frozen = freeze(config if isinstance(config, Config) else load(config, overrides))
    plan = frozen.plans[0] if plan is None else plan
    if plan not in frozen.plans:
        raise ConfigError([f"--plan: given {plan}, wanted one of {', '.join(frozen.plans)}"])
    asked = sensitivity.target(metric, parse_event(metric), frozen.world, frozen.plan)
    wanted = sensitivity.measure(measure, asked.metric)
    job = job_of(frozen, paths, threads, seed)
    inputs = frozen.inputs(plan)
    warm(job, say or (lambda _: None))
    with Stop() as stop, meter(len(inputs), quiet=say is None, what="inputs") as shown:

        def values(scenario: Frozen) -> NDArray[np.float64]:
            model = only_plan(scenario.model, scenario.plans.index(plan))
            why = untested(scenario.model, scenario.plans).get(plan)
            return asked.read(blank(figure(model, asked.row, job.seed, job.paths, stop), asked.name, why))

        def spread(one: Callable[[Swing], dict[str, Any]], swings: Iterable[Swing]) -> Iterator[dict[str, Any]]:
            for bar in thread_pool.in_threads(one, swings, job.threads):
                shown.advance(1)
                yield bar

        base, bars = sensitivity.bars(
            asked.metric,
            wanted,
            sensitivity.known(values(frozen), asked, plan, untested(frozen.model, frozen.plans).get(plan)),
            [Swing(one.key, one.low, one.high) for one in inputs],
            lambda key, value: values(frozen.with_input(key, value)),
            spread,
        )
    return {
        "config": frozen.config.name,
        "stress": list(frozen.config.stress),
        "metric": asked.metric.name,
        "plan": plan,
        "measure": measure,
        "unit": asked.metric.unit,
        "kind": asked.metric.kind,
        "base": base,
        "paths": job.paths,
        "seed": job.seed,
        "bars": bars,
    }


def stress(
    config: str | Path | Config,
    sets: Sequence[str] | None = None,
    metric: str = "npv",
    measure: str = "cvar95",
    *,
    overrides: Sequence[str] = (),
    paths: int = 20_000,
    threads: int | None = None,
    seed: int | None = None,
    say: Say | None = None,
) -> dict[str, Any]:
    """What a measure of a metric becomes, plan by plan, under each stress set alone (default: all that ship).

    `sets` are names of shipped sets or paths of TOML files. Every scenario runs on the same seed and paths.
    """
    checked = config if isinstance(config, Config) else load(config, overrides)
    chosen = find_sets(shipped() if sets is None else sets)
    base, *stressed = map(freeze, (checked, *(reload(checked, (), (one,)) for one in chosen)))
    asked = sensitivity.target(metric, parse_event(metric), base.world, base.plan)
    wanted = sensitivity.measure(measure, asked.metric)
    job = job_of(base, paths, threads, seed)
    warm(job, say or (lambda _: None))
    with Stop() as stop, meter(1 + len(stressed), quiet=say is None, what="scenarios") as shown:

        def values(scenario: Frozen) -> dict[str, NDArray[np.float64]]:
            rows = {column.scope: column.row for column in job_of(scenario).columns if column.metric.name == asked.name}
            found = figures(scenario.model, list(rows.values()), job.seed, job.paths, stop)
            shown.advance(1)
            why = untested(scenario.model, scenario.plans)
            return {scope: asked.read(blank(found[k], asked.name, why.get(scope))) for k, scope in enumerate(rows)}

        held = Comparison(values(base), asked.metric, wanted)
        against = dict(
            thread_pool.in_threads(lambda k: (k, held.against(values(stressed[k]))), range(len(chosen)), job.threads)
        )
    return {
        "config": checked.name,
        "stress": list(checked.stress),
        "metric": asked.metric.name,
        "measure": measure,
        "unit": asked.metric.unit,
        "kind": asked.metric.kind,
        "paths": job.paths,
        "seed": job.seed,
        "base": held.base(),
        "sets": [{**chosen[k].told(), "plans": against[k]} for k in range(len(chosen))],
    }


def job_of(frozen: Frozen, paths: int | None = None, threads: int | None = None, seed: int | None = None) -> Job:
    """What the engine is asked for; what is not given comes from the config, threads from the machine."""
    return Job(
        model=frozen.model,
        columns=all_columns(frozen.world, frozen.plan, frozen.plans),
        tally=frozen.tally,
        events=frozen.events,
        seed=frozen.config.seed if seed is None else seed,
        paths=frozen.config.paths if paths is None else paths,
        threads=thread_pool.cores() if threads is None else threads,
    )


def warm(job: Job, tell: Say) -> float:
    """Compile or load the kernel; says so where it takes long. Returns the seconds."""
    if cold := warmup.is_cold():
        tell(warmup.compile_notice())
    seconds = warmup.warm(job)
    event_log.event("compile", seconds=seconds, cold=cold)
    return seconds


def _stages(say: Say | None) -> Say:
    """Tells a stage to whoever listens, and to the journal."""

    def tell(stage: str) -> None:
        event_log.event("stage", message=stage)
        if say is not None:
            say(stage)

    return tell


def default_folder(name: str, seed: int, moment: datetime) -> Path:
    """runs/<name>-<UTC>-s<seed>."""
    return Path("runs") / f"{name}-{moment:%Y%m%dT%H%M%SZ}-s{seed}"


def draw_report(run: Path, say: Say | None = None) -> None:
    """Draw the report of a run, which is complete without it, unless it was drawn from these very results."""
    page, results = run / store.REPORT, run / store.MANIFEST
    if page.exists() and page.stat().st_mtime_ns > results.stat().st_mtime_ns:
        return
    if say is not None:
        say("drawing the report")
    try:
        report.build(run)
    except RunError as error:
        raise RunError(f"{error}\nThe run is complete without its report; simulator report {run} draws it.") from error


def count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _sampled(folder: RunFolder) -> Callable[[str], NDArray[np.float64]]:
    """Values of a column of the sample just written, for measures of what has no tally."""
    file = pq.ParquetFile(folder.path / store.SAMPLE)  # once: its footer takes longer to read than a column

    def values(name: str) -> NDArray[np.float64]:
        column: NDArray[np.float64] = file.read(columns=[name])[name].to_numpy()
        return column

    return values
