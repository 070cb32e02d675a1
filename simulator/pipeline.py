"""From a config to a report, on one page: load -> freeze -> simulate -> measure -> report.

config (TOML) -> model (frozen numbers) -> draws -> world -> value of each plan -> tallies -> measures -> report
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from shlex import quote

from simulator.cluster.client import check_address, connect
from simulator.config import Config, freeze, load
from simulator.config.stress_files import find_sets
from simulator.engine import simulation, trace
from simulator.engine.continuity import SAMPLER
from simulator.engine.cost_forecast import peak_memory
from simulator.engine.run_request import CHECKPOINT_SECONDS, RunRequest
from simulator.engine.session import Session, Simulated, open_session
from simulator.errors import RunError
from simulator.event_log import StageListener
from simulator.file_access import expand_user
from simulator.results import store
from simulator.results.digest import run_digest
from simulator.results.sample import SampleReader, write_tail
from simulator.results.store import Run, open_run
from simulator.risk.convergence import convergence_warnings
from simulator.risk.structure import describe_structure
from simulator.risk.summarise import RunFacts, summarise
from simulator.risk.summary import RunSummary, StopSummary
from simulator.risk.undefined import untested_plans


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
    checkpoint: float = CHECKPOINT_SECONDS,
    cluster: str | None = None,
    say: StageListener | None = None,
) -> Run:
    """Simulate a config and leave a run folder (default runs/<name>-<UTC>-s<seed>); return the run, open for reading.

    `config` is a path, changed by `overrides` (KEY=VALUE strings), or a config as `load` returns it. `draw` requests
    the report; `say` receives a line per stage and turns progress on. The run ends after `paths` (default: the
    config's), once every `precision` (`own.npv.cvar95:1%`: half its 95 % interval) is reached, or at a time (`until`
    06:00 or +5min), whichever comes first; with one of the latter the config's paths are no limit. A state to go on
    from is committed every `checkpoint` seconds; `resume` goes on with the run in `out`, `accept_changes` even if
    config, code or bits have changed. `cluster` is the address of a dask scheduler, tcp://HOST:PORT, whose workers
    simulate.
    """
    request = RunRequest(
        config=config,
        out=None if out is None else expand_user(out),
        overrides=tuple(overrides),
        paths=paths,
        precision=tuple(precision),
        until=until,
        threads=threads,
        seed=seed,
        resume=resume,
        accept_changes=accept_changes,
        checkpoint=checkpoint,
        cluster=cluster,
        report=draw,
    )
    return execute(request, say)


def execute(request: RunRequest, on_stage: StageListener | None = None) -> Run:
    """Carry out a request and return the run; `on_stage` receives a line per stage and turns progress on."""
    frozen = freeze(_load_config(request))  # config -> model
    check_address(request.cluster)
    with open_session(request, frozen, on_stage) as session:
        if not session.done:
            with connect(request.cluster, session.report_stage) as make_executor:
                simulated = session.simulate(make_executor)  # draws -> world -> value of each plan -> tallies
            summary = _measure(session, simulated)  # tallies -> measures
            session.finish(summary.digest)
    if request.report:
        draw_report(session.folder.path, on_stage)  # measures -> report
    return open_run(session.folder.path)


def _load_config(request: RunRequest) -> Config:
    """Return the checked config of a request."""
    if isinstance(request.config, Config):
        return request.config
    return load(request.config, request.overrides, find_sets(request.stress))


def _measure(session: Session, simulated: Simulated) -> RunSummary:
    """Write the results of a simulation into its folder: bands by month, worst paths, summary; return the summary."""
    job, tallies, frozen, folder = simulated.job, simulated.tallies, session.frozen, session.folder
    session.report_stage("writing the run folder")
    folder.write_table(store.SERIES, trace.fan(job.model, frozen.plans, job.seed, job.paths, job.threads))
    tallied = {column.name for column in tallies.columns}
    untallied = [column.name for column in job.columns if column.name not in tallied]
    with SampleReader(folder.path / store.SAMPLE, keep=untallied) as sample:
        write_tail(folder, job.columns, *simulation.find_worst(job, tallies, sample.read))
        summary = _summarise(session, simulated, sample)
    rows = simulated.tracker.final_rows(tallies)
    warnings = convergence_warnings(rows, tallies, frozen.levels)
    summary = replace(summary, warnings=tuple(warnings), convergence=tuple(rows))
    folder.write_json(store.SUMMARY, summary.to_dict())
    return summary


def _summarise(session: Session, simulated: Simulated, sample: SampleReader) -> RunSummary:
    """Return the measures of a simulation and what the run itself was."""
    job, tallies, frozen = simulated.job, simulated.tallies, session.frozen
    facts = RunFacts(
        digest=run_digest(tallies, simulated.sample_hash),
        paths=job.paths,
        seed=job.seed,
        sampler=SAMPLER,
        stop=StopSummary.from_dict(simulated.verdict),
        resumed_at=simulated.resumed_at,
        simulate_s=simulated.seconds,
        stress=frozen.config.stress,
        peak_memory=peak_memory(),
    )
    return summarise(
        facts, tallies, job.columns, months=job.model.months, levels=frozen.levels, sample=sample.take,
        untested=untested_plans(job.model, frozen.plans),
        structure=describe_structure(job.model, frozen.plans, frozen.calendar),
    )  # fmt: skip


def draw_report(run: Path, on_stage: StageListener | None = None) -> None:
    """Draw the report of a run, which is complete without it, unless it was drawn from these very results."""
    page, results = run / store.REPORT, run / store.MANIFEST
    if page.exists() and page.stat().st_mtime_ns > results.stat().st_mtime_ns:
        return
    if on_stage is not None:
        on_stage("drawing the report")
    from simulator import report

    try:
        report.build(run)
    except RunError as error:
        raise RunError(
            f"{error}\nThe run is complete without its report; simulator report {quote(str(run))} draws it."
        ) from error
